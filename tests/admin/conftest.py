import datetime as dt

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from preferences.enums import Source
from preferences.ledger import Change, Evidence, record
from preferences.scope import Scope
from tests.factories import AdminFactory, StaffFactory


@pytest.fixture(autouse=True)
def empty_cache(db):
    """The start page keeps some of its counts; no test sees those of another."""
    cache.clear()


@pytest.fixture
def sign_in():
    """A client signed in as a member of one group, or as a superuser; `.user` is who it is."""

    def signed_in(group: str) -> Client:
        client = Client()
        client.user = AdminFactory() if group == "superuser" else StaffFactory(group=group or None)
        client.force_login(client.user)
        return client

    return signed_in


@pytest.fixture
def staff(sign_in):
    """A client signed in as support."""
    return sign_in("support")


@pytest.fixture
def say():
    """Record one statement, as the ledger records all of them; returns the id of its event."""

    def said(recipient, state, *, scope=None, now=None, wording=None, **evidence) -> int:
        now = now or timezone.now() - dt.timedelta(hours=1)
        (result,) = record(
            recipient=recipient.pk,
            changes=[Change(scope=scope or Scope.all_marketing(), state=state, wording=wording)],
            evidence=Evidence(**{"source": Source.ACCOUNT, **evidence}),
            now=now,
        ).results
        assert result.event, result
        return result.event

    return said
