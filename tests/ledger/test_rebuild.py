"""Every Choice follows from the Events."""

import datetime as dt

import pytest

from preferences.decisions.choices import load_choices
from preferences.enums import Channel, Kind, Relationship, Source, State
from preferences.ledger import Change, Difference, Evidence, confirm, rebuild, record
from preferences.models import Choice
from preferences.scope import Scope
from tests.factories import RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


@pytest.fixture
def choice():
    recipient = RecipientFactory()
    for minutes, scope in enumerate([Scope.all_marketing(), Scope.all_profiling()]):
        record(
            recipient=recipient.pk,
            changes=[Change(scope=scope, state=State.OPTED_OUT)],
            evidence=Evidence(source=Source.ACCOUNT),
            now=NOW + dt.timedelta(minutes=minutes),
        )
    return Choice.objects.get(kind="marketing")


def spoil(choice, how):
    """Damage the table behind the ledger's back; return the difference that must be found."""
    match how:
        case "state":
            Choice.objects.filter(pk=choice.pk).update(state=State.OPTED_IN)
            return Difference(
                recipient=choice.recipient_id,
                choice=choice.pk,
                event_found=choice.event_id,
                event_expected=choice.event_id,
            )
        case "missing":
            Choice.objects.filter(pk=choice.pk).delete()
            return Difference(
                recipient=choice.recipient_id, choice=None, event_found=None, event_expected=choice.event_id
            )
        case "unfounded":
            other = RecipientFactory()
            extra = Choice.objects.create(
                recipient=other, kind="marketing", state="opted_in", occurred_at=NOW, event_id=choice.event_id
            )
            return Difference(
                recipient=other.pk, choice=extra.pk, event_found=choice.event_id, event_expected=None
            )


@pytest.mark.parametrize("how", ["state", "missing", "unfounded"])
def test_differences_are_found_and_mended(choice, how):
    recipient = choice.recipient_id
    before = set(load_choices(recipient))
    difference = spoil(choice, how)
    assert rebuild(check=True) == [difference]
    assert rebuild(check=True) == [difference]
    assert rebuild() == [difference]
    assert rebuild(check=True) == []
    assert set(load_choices(recipient)) == before
    assert Choice.objects.count() == 2


@pytest.mark.parametrize("change", [{"confirmed": False}, {"state": State.PENDING, "confirmed": False}])
def test_a_lost_confirmation_is_found_and_mended(change):
    recipient, topic = (
        RecipientFactory(country="DE", relationship=Relationship.CONSUMER_PROSPECT),
        TopicFactory(),
    )
    leaf = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
    asked = record(
        recipient=recipient.pk,
        changes=[Change(scope=leaf, state=State.OPTED_IN)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    confirm(recipient=recipient.pk, up_to=asked.results[0].event, now=NOW)
    before = load_choices(recipient.pk)
    Choice.objects.update(**change)
    assert len(rebuild()) == 1
    assert load_choices(recipient.pk) == before


def test_a_confirmation_nobody_gave_is_found_and_mended():
    recipient, topic = RecipientFactory(), TopicFactory()
    leaf = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
    record(
        recipient=recipient.pk,
        changes=[Change(scope=leaf, state=State.OPTED_IN)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    Choice.objects.update(confirmed=True)
    assert len(rebuild()) == 1
    assert [choice.confirmed for choice in load_choices(recipient.pk)] == [False]


def test_nothing_differs(choice):
    assert rebuild() == []
