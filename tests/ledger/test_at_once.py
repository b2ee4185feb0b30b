"""Two sources at once end in one order. Real connections, real locks."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import stated_state
from preferences.enums import Channel, Kind, Outcome, Relationship, Source, State
from preferences.ledger import Change, Evidence, confirm, merge, rebuild, record, undo
from preferences.ledger.append import lock_recipient
from preferences.models import ConfirmationRequest, Event, Merge
from preferences.scope import Scope
from tests.at_once import at_once
from tests.factories import RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db(transaction=True)


def say(recipient, scope, state, **evidence):
    return record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT, **evidence),
        now=timezone.now(),
    ).results[0]


def test_the_same_stop_eight_times_is_one_event():
    recipient = RecipientFactory()
    results = at_once(*[lambda: say(recipient, Scope.all_marketing(), State.OPTED_OUT)] * 8)
    outcomes = sorted(result.outcome for result in results)
    assert outcomes == [Outcome.ALREADY_SO] * 7 + [Outcome.CHANGED]
    assert Event.objects.count() == 1
    assert len({result.event for result in results}) == 1


def test_a_yes_that_waited_for_a_stop_sees_it():
    """The second save waits for the lock of the first, and must then judge by what the first wrote."""
    recipient, topic = RecipientFactory(), TopicFactory()
    leaf = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
    waiting = ThreadPoolExecutor(1)

    def widen():
        try:
            return say(recipient, leaf, State.OPTED_IN, seen_version=0)
        finally:
            connection.close()

    with transaction.atomic():
        lock_recipient(recipient.pk)
        second = waiting.submit(widen)
        first = say(recipient, Scope.all_marketing(), State.OPTED_OUT)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
    assert first.outcome == Outcome.CHANGED
    assert second.result(timeout=10).refusal == "stale"
    waiting.shutdown()


def test_one_undo_of_two_wins():
    recipient = RecipientFactory()
    event = say(recipient, Scope.all_marketing(), State.OPTED_OUT).event
    results = at_once(
        *[lambda: undo(event=event, evidence=Evidence(source=Source.UNDO), now=timezone.now())] * 4
    )
    assert sorted(result.outcome for result in results) == [Outcome.CHANGED] + [Outcome.REFUSED] * 3
    assert rebuild(check=True) == []


def test_two_merges_of_one_pair_do_not_block_each_other():
    one, other = RecipientFactory(), RecipientFactory()
    now = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)

    def attempt(surviving, absorbed):
        try:
            return merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=now)
        except Exception as error:  # noqa: BLE001 - which error it was is what is asked below
            return error

    results = at_once(lambda: attempt(one, other), lambda: attempt(other, one))
    assert sorted(type(result).__name__ for result in results) == ["Merge", "MergeImpossible"]
    assert Merge.objects.count() == 1


@pytest.fixture
def pending():
    """A yes of a German prospect that waits: the recipient, its scope and its event."""
    recipient = RecipientFactory(country="DE", relationship=Relationship.CONSUMER_PROSPECT)
    topic = TopicFactory()
    leaf = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
    return recipient, leaf, say(recipient, leaf, State.OPTED_IN).event


def test_the_same_confirmation_eight_times_is_one_event(pending):
    recipient, _leaf, event = pending
    results = at_once(*[lambda: confirm(recipient=recipient.pk, up_to=event, now=timezone.now())] * 8)
    outcomes = sorted(result.outcome for recorded in results for result in recorded.results)
    assert outcomes == [Outcome.ALREADY_SO] * 7 + [Outcome.CHANGED]
    assert Event.objects.count() == 2


def test_a_stop_beside_a_confirmation_is_never_lost(pending):
    """Either was first: a stop before it leaves nothing to confirm, a stop after it stops what was confirmed."""
    recipient, leaf, event = pending
    at_once(
        lambda: confirm(recipient=recipient.pk, up_to=event, now=timezone.now()),
        lambda: say(recipient, Scope.all_marketing(), State.OPTED_OUT),
    )
    assert stated_state(choices=load_choices(recipient.pk), scope=leaf) == State.OPTED_OUT
    assert rebuild(check=True) == []


def test_eight_yeses_are_one_mail():
    recipient = RecipientFactory(country="DE", relationship=Relationship.CONSUMER_PROSPECT)
    leaves = [
        Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
        for topic in TopicFactory.create_batch(8)
    ]
    results = at_once(*[lambda leaf=leaf: say(recipient, leaf, State.OPTED_IN) for leaf in leaves])
    assert {result.outcome for result in results} == {Outcome.CHANGED}
    assert ConfirmationRequest.objects.count() == 1
