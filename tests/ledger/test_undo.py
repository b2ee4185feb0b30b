"""Taking one Event back."""

import datetime as dt

import pytest

from preferences.decisions.choices import load_choices
from preferences.decisions.restorable import restorable
from preferences.enums import Channel, Kind, Outcome, Refusal, Source, State
from preferences.ledger import Change, Evidence, RecipientGone, erase, merge, rebuild, record, undo
from preferences.models import Choice, Event
from preferences.scope import Scope
from tests.factories import RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
UNDO = Evidence(source=Source.UNDO)


@pytest.fixture
def recipient():
    return RecipientFactory()


@pytest.fixture
def leaf():
    topic = TopicFactory()
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)


def say(recipient, scope, state, now=NOW):
    recorded = record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=now,
    )
    return recorded.results[0].event


def test_where_nothing_had_been_said_nothing_is_said_again(recipient, leaf):
    event = say(recipient, leaf, State.OPTED_OUT)
    result = undo(event=event, evidence=UNDO, now=NOW + MINUTE)
    assert (result.outcome, result.change.state, result.previous_state) == (
        Outcome.CHANGED,
        State.UNSTATED,
        State.OPTED_OUT,
    )
    assert not Choice.objects.exists()
    written = Event.objects.get(pk=result.event)
    assert (written.source, written.undoes_id, written.state) == (Source.UNDO, event, State.UNSTATED)


def test_the_statement_before_comes_back_with_its_own_time_and_event(recipient, leaf):
    first = say(recipient, leaf, State.OPTED_IN)
    second = say(recipient, leaf, State.OPTED_OUT, NOW + MINUTE)
    undo(event=second, evidence=UNDO, now=NOW + 2 * MINUTE)
    choice = Choice.objects.get()
    assert (choice.state, choice.event_id, choice.occurred_at) == (State.OPTED_IN, first, NOW)
    assert rebuild(check=True) == []


def test_undoing_stop_all_leaves_single_stops_alone(recipient, leaf):
    single = say(recipient, leaf, State.OPTED_OUT)
    everything = say(recipient, Scope.all_marketing(), State.OPTED_OUT, NOW + MINUTE)
    undo(event=everything, evidence=UNDO, now=NOW + 2 * MINUTE)
    assert [(choice.scope, choice.event_id) for choice in Choice.objects.all()] == [(leaf, single)]


@pytest.mark.parametrize("broader", [False, True])
def test_after_something_newer_there_is_nothing_to_undo(recipient, leaf, broader):
    first = say(recipient, leaf, State.OPTED_IN)
    say(recipient, Scope.all_marketing() if broader else leaf, State.OPTED_OUT, NOW + MINUTE)
    result = undo(event=first, evidence=UNDO, now=NOW + 2 * MINUTE)
    assert (result.outcome, result.refusal, result.event) == (Outcome.REFUSED, Refusal.NEWER_STATEMENT, None)
    assert Event.objects.count() == 2


def test_a_narrower_yes_said_since_stays(recipient, leaf):
    everything = say(recipient, Scope.all_marketing(), State.OPTED_OUT)
    opened = say(recipient, leaf, State.OPTED_IN, NOW + MINUTE)
    result = undo(event=everything, evidence=UNDO, now=NOW + 2 * MINUTE)
    assert result.outcome == Outcome.CHANGED
    assert [choice.event_id for choice in Choice.objects.all()] == [opened]


def test_twice_is_refused_the_second_time(recipient, leaf):
    event = say(recipient, leaf, State.OPTED_OUT)
    done = undo(event=event, evidence=UNDO, now=NOW + MINUTE)
    again = undo(event=event, evidence=UNDO, now=NOW + 2 * MINUTE)
    assert again.refusal == Refusal.ALREADY_UNDONE
    undone = undo(event=done.event, evidence=UNDO, now=NOW + 2 * MINUTE)
    assert undone.refusal == Refusal.NOT_UNDOABLE


def test_what_is_shown_beforehand_is_what_is_done(recipient, leaf):
    say(recipient, leaf, State.OPTED_IN)
    second = say(recipient, leaf, State.OPTED_OUT, NOW + MINUTE)
    shown = restorable(event=Event.objects.get(pk=second), choices=load_choices(recipient.pk))
    assert (shown.state_before, shown.state_after, shown.refusal) == (State.OPTED_OUT, State.OPTED_IN, None)
    result = undo(event=second, evidence=UNDO, now=NOW + 2 * MINUTE)
    assert result.change.state == shown.state_after


def test_neither_a_merge_nor_an_erasure_can_be_undone(recipient, leaf):
    other = RecipientFactory()
    theirs = say(other, leaf, State.OPTED_OUT)
    merge(surviving=recipient.pk, absorbed=other.pk, reason="test", now=NOW + MINUTE)
    merged = Event.objects.get(source=Source.MERGE)
    assert undo(event=merged.pk, evidence=UNDO, now=NOW + MINUTE).refusal == Refusal.NOT_UNDOABLE
    with pytest.raises(RecipientGone) as gone:
        undo(event=theirs, evidence=UNDO, now=NOW + MINUTE)
    assert gone.value.code == "recipient_merged"

    erase(recipient=recipient.pk, now=NOW + 2 * MINUTE)
    with pytest.raises(RecipientGone):
        undo(event=merged.pk, evidence=UNDO, now=NOW + 3 * MINUTE)


def test_an_unknown_event(db):
    with pytest.raises(Event.DoesNotExist):
        undo(event=0, evidence=UNDO, now=NOW)


def test_what_is_said_to_hold_afterwards_minds_what_was_said_more_broadly(recipient, leaf):
    say(recipient, leaf, State.OPTED_IN)
    say(recipient, Scope.all_marketing(), State.OPTED_OUT, NOW + MINUTE)
    last = say(recipient, leaf, State.OPTED_IN, NOW + 2 * MINUTE)
    shown = restorable(event=Event.objects.get(pk=last), choices=load_choices(recipient.pk))
    result = undo(event=last, evidence=UNDO, now=NOW + 3 * MINUTE)
    assert shown.state_after == result.change.state == State.OPTED_OUT
    assert Event.objects.get(pk=result.event).state == State.OPTED_OUT
    assert rebuild(check=True) == []
