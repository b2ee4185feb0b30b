"""The data goes, the objection stays."""

import datetime as dt

import pytest

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.enums import Kind, Source, State
from preferences.ledger import Change, Evidence, erase, rebuild, record
from preferences.models import ContactPoint, Event
from preferences.scope import Scope
from tests.factories import RecipientFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def test_nothing_personal_is_left_and_everything_is_refused():
    recipient = RecipientFactory(account=UserFactory(), organisation="Fjord AS", external_id="crm-7")
    record(
        recipient=recipient.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    erase(recipient=recipient.pk, now=NOW + dt.timedelta(minutes=1))

    recipient.refresh_from_db()
    assert (recipient.account, recipient.external_id, recipient.organisation, recipient.country) == (
        None,
        None,
        "",
        "",
    )
    assert recipient.erased_at == NOW + dt.timedelta(minutes=1)
    assert not ContactPoint.objects.exists()
    choices = load_choices(recipient.pk)
    for kind in Kind:
        statement = deciding_statement(choices=choices, scope=Scope(kind=kind))
        assert statement.state == State.OPTED_OUT
    before = Event.objects.filter(source=Source.ERASURE, kind=Kind.MARKETING).get().previous_state
    assert before == State.OPTED_OUT
    assert rebuild(check=True) == []
