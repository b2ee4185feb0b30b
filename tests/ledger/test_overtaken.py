"""What was read is judged without a lock; what is then written is written only if it still holds."""

import datetime as dt
import sys

import pytest
from django.utils import timezone

from preferences.enums import Actor, Channel, Kind, Outcome, Source, State
from preferences.ledger import Change, Evidence, RecipientGone, append, erase, merge, record, undo
from preferences.models import Choice, Event
from preferences.scope import Scope
from tests.factories import RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
STOP_ALL = Scope.all_marketing()


def say(recipient, scope=STOP_ALL, state=State.OPTED_OUT):
    return record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=timezone.now(),
    ).results[0]


def write(known):
    """Append a stop judged by `known`."""
    entry = append.Entry(
        scope=STOP_ALL,
        state=State.OPTED_OUT,
        previous_state=State.UNSTATED,
        occurred_at=NOW,
        moves=True,
    )
    author = append.Author(source=Source.LINK, actor=Actor.RECIPIENT)
    return append.append(
        recipient=known.recipient, entries=[entry], author=author, now=NOW, version=known.version
    )


def test_what_was_read_is_the_choices_and_the_newest_event():
    recipient = RecipientFactory()
    assert append.read(recipient.pk) == append.Known(recipient=recipient.pk, version=0, choices=[])
    event = say(recipient).event
    known = append.read(recipient.pk)
    assert (known.version, [choice.event for choice in known.choices]) == (event, [event])
    undone = undo(event=event, evidence=Evidence(source=Source.UNDO), now=timezone.now()).event
    assert append.read(recipient.pk) == append.Known(recipient=recipient.pk, version=undone, choices=[])


def test_nothing_said_since_is_written():
    recipient = RecipientFactory()
    assert write(append.read(recipient.pk)) == [Event.objects.get().pk]
    assert Choice.objects.get().recipient_id == recipient.pk


@pytest.mark.parametrize("act", ["said", "undone", "merged", "erased"])
def test_whatever_happened_since_nothing_is_written(act):
    recipient, other = RecipientFactory(), RecipientFactory()
    event = say(recipient).event
    known = append.read(recipient.pk)
    match act:
        case "said":
            say(recipient, Scope.all_profiling())
        case "undone":
            undo(event=event, evidence=Evidence(source=Source.UNDO), now=timezone.now())
        case "merged":
            merge(surviving=other.pk, absorbed=recipient.pk, reason="test", now=timezone.now())
        case "erased":
            erase(recipient=recipient.pk, now=timezone.now())
    events, choices = set(Event.objects.values_list("pk")), set(Choice.objects.values_list("pk", "event"))

    with pytest.raises(append.Overtaken):
        write(known)

    assert set(Event.objects.values_list("pk")) == events
    assert set(Choice.objects.values_list("pk", "event")) == choices


def overtake(monkeypatch, act):
    """Let `act` happen once, between the reading and the writing of the next record."""
    acts = [act]

    def read_then_act(recipient):
        known = append.read(recipient)
        if acts:
            acts.pop()()
        return known

    # By name, since `preferences.ledger.record` is the function.
    monkeypatch.setattr(sys.modules["preferences.ledger.record"], "read", read_then_act)


def test_who_is_overtaken_judges_again_by_what_the_other_said(monkeypatch):
    recipient, topic = RecipientFactory(), TopicFactory()
    single = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
    overtake(monkeypatch, lambda: say(recipient))
    result = say(recipient, single)
    assert (result.outcome, result.event) == (Outcome.ALREADY_SO, Event.objects.get().pk)


def test_who_is_overtaken_by_a_merge_writes_to_the_surviving_recipient(monkeypatch):
    recipient, other = RecipientFactory(), RecipientFactory()
    overtake(
        monkeypatch,
        lambda: merge(surviving=other.pk, absorbed=recipient.pk, reason="test", now=timezone.now()),
    )
    assert say(recipient).outcome == Outcome.CHANGED
    assert Choice.objects.get().recipient_id == other.pk


def test_who_is_overtaken_by_an_erasure_finds_nobody(monkeypatch):
    recipient = RecipientFactory()
    overtake(monkeypatch, lambda: erase(recipient=recipient.pk, now=timezone.now()))
    with pytest.raises(RecipientGone, match="recipient_erased"):
        say(recipient)
