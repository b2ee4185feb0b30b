"""The data goes, the objection stays."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.enums import Kind, Source, State
from preferences.ledger import Change, Evidence, erase, merge, rebuild, record
from preferences.models import ContactPoint, Event, Recipient
from preferences.scope import Scope
from tests.factories import RecipientFactory, StaffFactory, UserFactory

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


def test_what_was_merged_in_and_the_account_go_too_but_staff_keep_theirs():
    account, staff = UserFactory(), StaffFactory()
    kept = RecipientFactory(account=account, organisation="Fjord AS")
    given = RecipientFactory(organisation="Kari Hansen ENK", external_id="crm-8")
    given.refresh_from_db()
    merge(surviving=kept.pk, absorbed=given.pk, reason="test", now=NOW)
    worker = RecipientFactory(account=staff)
    for recipient in (kept, worker):
        erase(recipient=recipient.pk, now=NOW)

    given.refresh_from_db()
    assert (given.organisation, given.country, given.erased_at) == ("", "", NOW)
    assert not Recipient.objects.exclude(organisation="", country="", external_id=None).exists()
    assert set(get_user_model().objects.all()) == {staff}
    worker.refresh_from_db()
    assert (worker.account, worker.erased_at) == (None, NOW)
