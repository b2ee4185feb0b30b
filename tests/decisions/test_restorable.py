"""What an undo would lead back to, and when it is too late. `ledger.undo` acts on this; the pages show it."""

import datetime as dt

import pytest

from preferences import ledger
from preferences.decisions.choices import load_choices
from preferences.decisions.restorable import is_undoable, restorable
from preferences.enums import Channel, Kind, Refusal, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Event
from preferences.scope import Scope

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
ALL = Scope.all_marketing()
YES, NO, NOTHING = State.OPTED_IN, State.OPTED_OUT, State.UNSTATED


@pytest.fixture
def leaf(news):
    return Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)


def say(recipient, scope, state, minutes):
    (result,) = ledger.record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT, occurred_at=NOW + dt.timedelta(minutes=minutes)),
        now=NOW + dt.timedelta(days=1),
    ).results
    return result.event


def found(recipient, event):
    row = Event.objects.get(pk=event)
    choices = load_choices(recipient.pk)
    answer = restorable(event=row, choices=choices)
    undone = Event.objects.filter(undoes=row).exists()
    assert is_undoable(event=row, choices=choices, undone=undone) is (answer.refusal is None)
    return answer.state_after, answer.refusal


def test_nothing_before(kari, leaf):
    assert found(kari, say(kari, leaf, YES, 0)) == (NOTHING, None)


def test_the_statement_before(kari, leaf):
    say(kari, leaf, YES, 0)
    assert found(kari, say(kari, leaf, NO, 1)) == (YES, None)


def test_a_statement_on_another_scope_is_not_restored(kari, leaf):
    """A stop of everything goes; what was said for the parts stands by itself again."""
    say(kari, leaf, YES, 0)
    assert found(kari, say(kari, ALL, NO, 1)) == (NOTHING, None)


@pytest.mark.parametrize("broad", [False, True])
def test_too_late_once_something_newer_covers_it(kari, leaf, broad):
    event = say(kari, leaf, YES, 0)
    say(kari, ALL if broad else leaf, NO, 1)
    assert found(kari, event)[1] == Refusal.NEWER_STATEMENT


def test_something_newer_and_narrower_does_not_matter(kari, leaf):
    event = say(kari, ALL, NO, 0)
    say(kari, leaf, YES, 1)
    assert found(kari, event) == (NOTHING, None)


def test_a_late_and_older_yes_is_not_gone_back_to(kari, leaf):
    event = say(kari, leaf, NO, 5)
    say(kari, leaf, YES, 1)
    assert found(kari, event) == (NOTHING, None)


def test_a_late_and_older_no_is(kari, leaf):
    event = say(kari, leaf, YES, 5)
    say(kari, leaf, NO, 1)
    assert found(kari, event) == (NO, None)


def test_an_event_that_moved_nothing_has_nothing_to_undo(kari, leaf):
    say(kari, leaf, NO, 5)
    late = say(kari, leaf, YES, 1)
    assert found(kari, late)[1] == Refusal.NEWER_STATEMENT


def test_undone_once_is_enough_and_the_undo_stays(kari, leaf):
    say(kari, leaf, YES, 0)
    event = say(kari, leaf, NO, 1)
    undo = ledger.undo(event=event, evidence=Evidence(source=Source.UNDO), now=NOW + dt.timedelta(days=2))
    assert found(kari, event)[1] == Refusal.ALREADY_UNDONE
    assert found(kari, undo.event)[1] == Refusal.NOT_UNDOABLE


def test_what_was_undone_is_not_restored(kari, leaf):
    say(kari, leaf, YES, 0)
    event = say(kari, leaf, NO, 1)
    ledger.undo(event=event, evidence=Evidence(source=Source.UNDO), now=NOW + dt.timedelta(days=2))
    (result,) = ledger.record(
        recipient=kari.pk,
        changes=[Change(scope=leaf, state=NO)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW + dt.timedelta(days=3),
    ).results
    assert found(kari, result.event) == (YES, None)


def test_erasure_and_merge_are_final(kari, anonymous):
    say(anonymous, ALL, NO, 0)
    ledger.merge(surviving=kari.pk, absorbed=anonymous.pk, reason="Same.", now=NOW + dt.timedelta(days=1))
    ledger.erase(recipient=kari.pk, now=NOW + dt.timedelta(days=2))
    for event in Event.objects.filter(source__in=[Source.MERGE, Source.ERASURE]):
        assert found(kari, event.pk)[1] == Refusal.NOT_UNDOABLE
