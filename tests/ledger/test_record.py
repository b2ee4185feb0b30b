"""The one write path, statement by statement."""

import datetime as dt

import pytest
from django.db import IntegrityError
from django.utils import timezone

from preferences.enums import Actor, Channel, Kind, Outcome, Refusal, Route, Source, State
from preferences.ledger import Change, Evidence, RecipientGone, erase, merge, rebuild, record, undo
from preferences.ledger.policy import WIDENING
from preferences.models import Choice, Event, Wording
from preferences.models.wording import WordingText
from preferences.scope import Scope
from tests.factories import (
    BrandFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    StaffFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
ACCOUNT = Evidence(source=Source.ACCOUNT)


def on(topic, channel=Channel.EMAIL):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def say(recipient, *changes, evidence=ACCOUNT, now=NOW):
    """Record (scope, state) pairs and return the results."""
    return record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state) for scope, state in changes],
        evidence=evidence,
        now=now,
    ).results


def test_a_stop_writes_one_event_and_one_choice_resting_on_it():
    recipient, topic = RecipientFactory(), TopicFactory()
    wording = WordingText(language="en", text="Stop this.")
    change = Change(scope=on(topic), state=State.OPTED_OUT, wording=wording)

    recorded = record(
        recipient=recipient.pk, changes=[change], evidence=Evidence(source=Source.LINK), now=NOW
    )

    event, choice = Event.objects.get(), Choice.objects.get()
    assert (event.scope, event.state, event.previous_state) == (on(topic), State.OPTED_OUT, State.UNSTATED)
    assert (event.source, event.actor, event.occurred_at, event.recorded_at) == (
        Source.LINK,
        Actor.RECIPIENT,
        NOW,
        NOW,
    )
    assert (choice.scope, choice.state, choice.event_id) == (on(topic), State.OPTED_OUT, event.pk)
    assert event.wording == Wording.objects.get(language="en", text="Stop this.")
    assert event.wording_id == wording.content_hash
    (result,) = recorded.results
    assert (recorded.recipient, result.outcome, result.event) == (recipient.pk, Outcome.CHANGED, event.pk)


def test_the_same_wording_is_stored_once():
    wording = WordingText(language="en", text="Stop this.")
    for _ in range(2):
        record(
            recipient=RecipientFactory().pk,
            changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT, wording=wording)],
            evidence=ACCOUNT,
            now=NOW,
        )
    assert Wording.objects.count() == 1
    assert Event.objects.filter(wording=wording.content_hash).count() == 2


def test_repeating_writes_nothing_and_names_the_event_it_rests_on():
    recipient, topic = RecipientFactory(), TopicFactory()
    (first,) = say(recipient, (on(topic), State.OPTED_OUT))
    (second,) = say(recipient, (on(topic), State.OPTED_OUT), now=NOW + MINUTE)
    assert (second.outcome, second.event) == (Outcome.ALREADY_SO, first.event)
    assert Event.objects.count() == 1


def test_stopping_a_topic_after_stop_all_was_already_so():
    recipient, topic = RecipientFactory(), TopicFactory()
    (everything,) = say(recipient, (Scope.all_marketing(), State.OPTED_OUT))
    (result,) = say(recipient, (on(topic), State.OPTED_OUT), now=NOW + MINUTE)
    assert (result.outcome, result.event) == (Outcome.ALREADY_SO, everything.event)


def test_stop_all_again_after_one_topic_was_opened_is_a_change():
    recipient, topic = RecipientFactory(), TopicFactory()
    say(recipient, (Scope.all_marketing(), State.OPTED_OUT))
    say(recipient, (on(topic), State.OPTED_IN), now=NOW + MINUTE)
    (again,) = say(recipient, (Scope.all_marketing(), State.OPTED_OUT), now=NOW + 2 * MINUTE)
    assert (again.outcome, again.previous_state) == (Outcome.CHANGED, State.OPTED_OUT)
    (topic_again,) = say(recipient, (on(topic), State.OPTED_OUT), now=NOW + 3 * MINUTE)
    assert topic_again.outcome == Outcome.ALREADY_SO


def test_later_changes_of_a_call_see_the_earlier_ones():
    recipient, topic = RecipientFactory(), TopicFactory()
    stop_brand = Scope(kind=Kind.MARKETING, brand=topic.brand_id)
    results = say(
        recipient,
        (stop_brand, State.OPTED_OUT),
        (on(topic), State.OPTED_OUT),
        (on(topic), State.OPTED_IN),
        (on(topic), State.OPTED_OUT),
    )
    assert [r.outcome for r in results] == [
        Outcome.CHANGED,
        Outcome.ALREADY_SO,
        Outcome.CHANGED,
        Outcome.CHANGED,
    ]
    assert results[1].event == results[0].event
    assert [r.previous_state for r in results] == [
        State.UNSTATED,
        State.OPTED_OUT,
        State.OPTED_OUT,
        State.OPTED_IN,
    ]
    assert Choice.objects.get(purpose=topic).event_id == results[3].event


def test_refusing_profiling_leaves_marketing_alone():
    recipient, topic, purpose = RecipientFactory(), TopicFactory(), ProfilingPurposeFactory()
    say(recipient, (on(topic), State.OPTED_IN))
    say(recipient, (Scope.all_profiling(), State.OPTED_OUT), now=NOW + MINUTE)
    (marketing,) = say(recipient, (on(topic), State.OPTED_IN), now=NOW + 2 * MINUTE)
    assert marketing.outcome == Outcome.ALREADY_SO
    (profiling,) = say(
        recipient,
        (Scope(kind=Kind.PROFILING, purpose=purpose.pk), State.OPTED_OUT),
        now=NOW + 2 * MINUTE,
    )
    assert profiling.outcome == Outcome.ALREADY_SO


class TestLateStatements:
    """A statement made before the one it would replace goes into the history and moves nothing."""

    def test_a_letter_opened_late_does_not_replace_what_was_said_since(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        say(recipient, (on(topic), State.OPTED_IN), now=NOW)
        late = Evidence(source=Source.IMPORT, actor=Actor.SYSTEM, occurred_at=NOW - MINUTE)
        (result,) = say(recipient, (on(topic), State.OPTED_OUT), evidence=late, now=NOW + MINUTE)
        assert result.outcome == Outcome.SUPERSEDED
        assert Choice.objects.get().state == State.OPTED_IN
        event = Event.objects.get(pk=result.event)
        assert (event.occurred_at, event.recorded_at) == (NOW - MINUTE, NOW + MINUTE)

    def test_a_late_yes_does_not_open_what_was_stopped_with_everything(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        say(recipient, (Scope.all_marketing(), State.OPTED_OUT))
        late = Evidence(source=Source.IMPORT, actor=Actor.SYSTEM, occurred_at=NOW - MINUTE)
        (result,) = say(recipient, (on(topic), State.OPTED_IN), evidence=late, now=NOW + MINUTE)
        assert result.outcome == Outcome.SUPERSEDED
        (still,) = say(recipient, (on(topic), State.OPTED_OUT), now=NOW + 2 * MINUTE)
        assert still.outcome == Outcome.ALREADY_SO

    def test_a_late_yes_does_not_come_to_life_when_the_stop_is_undone(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        (stop,) = say(recipient, (on(topic), State.OPTED_OUT))
        late = Evidence(source=Source.IMPORT, actor=Actor.SYSTEM, occurred_at=NOW - MINUTE)
        say(recipient, (on(topic), State.OPTED_IN), evidence=late, now=NOW + MINUTE)
        undone = undo(event=stop.event, evidence=Evidence(source=Source.UNDO), now=NOW + 2 * MINUTE)
        assert undone.change.state == State.UNSTATED
        assert not Choice.objects.exists()
        assert rebuild(check=True) == []

    def test_a_late_stop_does_come_to_life_when_the_yes_is_undone(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        (opened,) = say(recipient, (on(topic), State.OPTED_IN))
        late = Evidence(source=Source.IMPORT, actor=Actor.SYSTEM, occurred_at=NOW - MINUTE)
        say(recipient, (on(topic), State.OPTED_OUT), evidence=late, now=NOW + MINUTE)
        undone = undo(event=opened.event, evidence=Evidence(source=Source.UNDO), now=NOW + 2 * MINUTE)
        assert undone.change.state == State.OPTED_OUT
        assert rebuild(check=True) == []

    @pytest.mark.parametrize("source", [Source.COMPLAINT, Source.BOUNCE, Source.ONE_CLICK])
    def test_a_late_yes_from_a_source_that_may_only_narrow_is_refused(self, source):
        recipient, topic = RecipientFactory(), TopicFactory()
        say(recipient, (on(topic), State.OPTED_OUT))
        late = Evidence(source=source, actor=Actor.SYSTEM, occurred_at=NOW - MINUTE)
        (result,) = say(recipient, (on(topic), State.OPTED_IN), evidence=late, now=NOW + MINUTE)
        assert result.refusal == Refusal.MAY_ONLY_NARROW

    def test_a_stop_whose_request_started_before_a_yes_that_was_quicker_still_stops(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        say(recipient, (on(topic), State.OPTED_IN), now=NOW + MINUTE)
        (stop,) = say(recipient, (on(topic), State.OPTED_OUT), now=NOW)
        assert stop.outcome == Outcome.CHANGED
        assert Choice.objects.get().state == State.OPTED_OUT

    def test_a_clock_that_runs_ahead_does_not_outlive_the_stop_after_it(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        ahead = Evidence(source=Source.API, actor=Actor.SYSTEM, occurred_at=NOW + 4 * MINUTE)
        (opened,) = say(recipient, (on(topic), State.OPTED_IN), evidence=ahead)
        assert Event.objects.get(pk=opened.event).occurred_at == NOW
        (stop,) = say(recipient, (on(topic), State.OPTED_OUT), now=NOW + MINUTE)
        assert stop.outcome == Outcome.CHANGED

    def test_a_time_to_come_is_refused(self):
        early = Evidence(source=Source.ACCOUNT, occurred_at=NOW + 10 * MINUTE)
        (result,) = say(RecipientFactory(), (Scope.all_marketing(), State.OPTED_OUT), evidence=early)
        assert (result.outcome, result.refusal, result.event) == (
            Outcome.REFUSED,
            Refusal.IN_THE_FUTURE,
            None,
        )
        assert not Event.objects.exists()


class TestWidening:
    """A yes needs the evidence of its source; a no never needs any."""

    @pytest.mark.parametrize("source", [s for s in Source if s not in {Source.STAFF, Source.UNDO}])
    def test_every_source_may_narrow(self, source):
        (result,) = say(
            RecipientFactory(), (Scope.all_marketing(), State.OPTED_OUT), evidence=Evidence(source=source)
        )
        assert result.outcome == Outcome.CHANGED

    @pytest.mark.parametrize(
        ("evidence", "after_stop", "where_nothing_was_said"),
        [
            (Evidence(source=Source.ACCOUNT), None, None),
            (Evidence(source=Source.LINK, fresh=True), None, None),
            (Evidence(source=Source.LINK, fresh=False), Refusal.LINK_TOO_OLD, Refusal.LINK_TOO_OLD),
            (Evidence(source=Source.ONE_CLICK), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.EMAIL_REQUEST), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.API), Refusal.ALREADY_STATED, None),
            (Evidence(source=Source.IMPORT), Refusal.ALREADY_STATED, None),
            (Evidence(source=Source.COOKIE_BANNER), Refusal.ALREADY_STATED, None),
            (Evidence(source=Source.GPC), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.COMPLAINT), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.BOUNCE), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.UNDO), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.MERGE), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
            (Evidence(source=Source.ERASURE), Refusal.MAY_ONLY_NARROW, Refusal.MAY_ONLY_NARROW),
        ],
        ids=lambda value: f"{value.source}-{value.fresh}" if isinstance(value, Evidence) else str(value),
    )
    def test_by_source(self, evidence, after_stop, where_nothing_was_said):
        topic = TopicFactory()
        (fresh,) = say(RecipientFactory(), (on(topic), State.OPTED_IN), evidence=evidence)
        assert fresh.refusal == where_nothing_was_said

        stopped = RecipientFactory()
        say(stopped, (on(topic), State.OPTED_OUT))
        (reopened,) = say(stopped, (on(topic), State.OPTED_IN), evidence=evidence, now=NOW + MINUTE)
        assert reopened.refusal == after_stop

    def test_every_source_has_an_entry(self):
        assert set(WIDENING) == set(Source)

    @pytest.mark.parametrize("missing", ["staff", "route", "reason", "occurred_at"])
    def test_staff_give_route_time_and_reason(self, missing):
        without = {"staff": None, "route": None, "reason": "", "occurred_at": None}
        complete = {"staff": StaffFactory().pk, "route": Route.PHONE, "reason": "asked", "occurred_at": NOW}
        for evidence, refusal in [
            (complete, None),
            (complete | {missing: without[missing]}, Refusal.EVIDENCE_MISSING),
        ]:
            (result,) = say(
                RecipientFactory(),
                (on(TopicFactory()), State.OPTED_IN),
                evidence=Evidence(source=Source.STAFF, actor=Actor.STAFF, **evidence),
            )
            assert result.refusal == refusal

    def test_a_stop_is_kept_and_its_reason_left_out_where_that_names_an_address(self):
        reason = "asked by kari@example.com"
        programs = Evidence(source=Source.API, actor=Actor.SYSTEM, reason=reason)
        (stopped,) = say(RecipientFactory(), (Scope.all_marketing(), State.OPTED_OUT), evidence=programs)
        assert (stopped.outcome, Event.objects.get(pk=stopped.event).reason) == (Outcome.CHANGED, "")
        (opened,) = say(RecipientFactory(), (on(TopicFactory()), State.OPTED_IN), evidence=programs)
        assert opened.refusal == Refusal.PERSONAL_DATA
        staff = Evidence(
            source=Source.STAFF,
            actor=Actor.STAFF,
            staff=StaffFactory().pk,
            route=Route.PHONE,
            reason=reason,
            occurred_at=NOW,
        )
        (asked,) = say(RecipientFactory(), (Scope.all_marketing(), State.OPTED_OUT), evidence=staff)
        assert asked.refusal == Refusal.PERSONAL_DATA

    @pytest.mark.parametrize(
        "scope",
        [
            lambda topic: Scope.all_marketing(),
            lambda topic: Scope(kind=Kind.MARKETING, brand=topic.brand_id),
            lambda topic: Scope(kind=Kind.MARKETING, channel=Channel.EMAIL),
            lambda topic: Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk),
            lambda topic: Scope.all_profiling(),
        ],
    )
    def test_a_yes_is_for_one_thing(self, scope):
        (result,) = say(RecipientFactory(), (scope(TopicFactory()), State.OPTED_IN))
        assert result.refusal == Refusal.TOO_BROAD

    def test_a_yes_to_what_is_not_offered_is_refused(self):
        recipient, topic, other = RecipientFactory(), TopicFactory(channels=["email"]), BrandFactory()
        retired = TopicFactory(retired_at=timezone.now())
        closed = TopicFactory(brand=BrandFactory(retired_at=timezone.now()))
        purpose = ProfilingPurposeFactory()
        asked = [
            (Scope(kind=Kind.MARKETING, brand=1, purpose=0, channel=Channel.EMAIL), Refusal.PURPOSE_UNKNOWN),
            (
                Scope(kind=Kind.MARKETING, brand=other.pk, purpose=topic.pk, channel=Channel.EMAIL),
                Refusal.PURPOSE_UNKNOWN,
            ),
            (
                Scope(kind=Kind.MARKETING, brand=None, purpose=purpose.pk, channel=Channel.EMAIL),
                Refusal.PURPOSE_UNKNOWN,
            ),
            (on(topic, Channel.SMS), Refusal.CHANNEL_NOT_OFFERED),
            (on(retired), Refusal.PURPOSE_RETIRED),
            (on(closed), Refusal.PURPOSE_RETIRED),
        ]
        results = say(recipient, *((scope, State.OPTED_IN) for scope, _ in asked))
        assert [result.refusal for result in results] == [refusal for _, refusal in asked]
        assert not Event.objects.exists()

    def test_a_retired_topic_can_still_be_stopped(self):
        (result,) = say(RecipientFactory(), (on(TopicFactory(retired_at=timezone.now())), State.OPTED_OUT))
        assert result.outcome == Outcome.CHANGED


class TestStalePages:
    """A page that was opened before a stop cannot undo it; it can still stop things."""

    def seen(self, version):
        return Evidence(source=Source.ACCOUNT, seen_version=version)

    def test_a_yes_from_a_page_older_than_the_stop_is_refused(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        (shown,) = say(recipient, (on(topic, Channel.SMS), State.OPTED_OUT))
        for scope in (on(topic), Scope.all_marketing(), Scope(kind=Kind.MARKETING, channel=Channel.EMAIL)):
            other = RecipientFactory()
            (shown,) = say(other, (on(topic, Channel.SMS), State.OPTED_OUT))
            (stop,) = say(other, (scope, State.OPTED_OUT), now=NOW + MINUTE)
            (stale,) = say(
                other, (on(topic), State.OPTED_IN), evidence=self.seen(shown.event), now=NOW + 2 * MINUTE
            )
            assert stale.refusal == Refusal.STALE
            (current,) = say(
                other, (on(topic), State.OPTED_IN), evidence=self.seen(stop.event), now=NOW + 2 * MINUTE
            )
            assert current.outcome == Outcome.CHANGED

    def test_a_newer_stop_of_something_else_does_not_get_in_the_way(self):
        recipient, topic, purpose = RecipientFactory(), TopicFactory(), ProfilingPurposeFactory()
        say(recipient, (Scope.all_profiling(), State.OPTED_OUT), (on(topic, Channel.SMS), State.OPTED_OUT))
        (result,) = say(recipient, (on(topic), State.OPTED_IN), evidence=self.seen(0), now=NOW + MINUTE)
        assert result.outcome == Outcome.CHANGED
        (refused,) = say(
            recipient,
            (Scope(kind=Kind.PROFILING, purpose=purpose.pk), State.OPTED_IN),
            evidence=self.seen(0),
            now=NOW + MINUTE,
        )
        assert refused.refusal == Refusal.STALE

    def test_a_stop_from_a_stale_page_stands(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        say(recipient, (on(topic), State.OPTED_IN))
        (result,) = say(recipient, (on(topic), State.OPTED_OUT), evidence=self.seen(0), now=NOW + MINUTE)
        assert result.outcome == Outcome.CHANGED

    def test_a_version_that_does_not_exist_yet_cannot_widen_but_can_narrow(self):
        recipient, topic = RecipientFactory(), TopicFactory()
        (first,) = say(recipient, (on(topic), State.OPTED_OUT))
        (opened,) = say(recipient, (on(topic), State.OPTED_IN), evidence=self.seen(first.event + 1))
        assert opened.refusal == Refusal.VERSION_UNKNOWN
        (stopped,) = say(
            recipient, (Scope.all_marketing(), State.OPTED_OUT), evidence=self.seen(first.event + 1)
        )
        assert stopped.outcome == Outcome.CHANGED


class TestWhoIsGone:
    def test_an_unknown_recipient(self):
        with pytest.raises(RecipientGone) as gone:
            record(recipient=0, changes=[], evidence=ACCOUNT, now=NOW)
        assert gone.value.code == "recipient_unknown"

    def test_an_erased_recipient(self):
        recipient = RecipientFactory()
        erase(recipient=recipient.pk, now=NOW)
        with pytest.raises(RecipientGone) as gone:
            say(recipient, (Scope.all_marketing(), State.OPTED_OUT))
        assert gone.value.code == "recipient_erased"

    def test_a_merged_recipient_is_the_surviving_one(self):
        surviving, absorbed, topic = RecipientFactory(), RecipientFactory(), TopicFactory()
        merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW)
        recorded = record(
            recipient=absorbed.pk,
            changes=[Change(scope=on(topic), state=State.OPTED_OUT)],
            evidence=ACCOUNT,
            now=NOW,
        )
        assert recorded.recipient == surviving.pk
        assert Choice.objects.get().recipient_id == surviving.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "scope",
    [
        lambda topic, purpose: Scope(kind=Kind.MARKETING, brand=0),
        lambda topic, purpose: Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=0),
        lambda topic, purpose: Scope(kind=Kind.MARKETING, brand=BrandFactory().pk, purpose=topic.pk),
        lambda topic, purpose: Scope(kind=Kind.MARKETING, purpose=topic.pk),
        lambda topic, purpose: Scope(kind=Kind.PROFILING, purpose=topic.pk),
        lambda topic, purpose: Scope(kind=Kind.PROFILING, purpose=purpose.pk, channel=Channel.SMS),
        lambda topic, purpose: Scope(kind=Kind.PROFILING, purpose=purpose.pk, brand=topic.brand_id),
    ],
    ids=[
        "no brand",
        "no topic",
        "another brand",
        "topic without brand",
        "topic as purpose",
        "channel",
        "brand",
    ],
)
def test_a_stop_that_would_stop_nothing_is_refused_by_the_database(scope):
    recipient, topic, purpose = RecipientFactory(), TopicFactory(), ProfilingPurposeFactory()
    with pytest.raises(IntegrityError):
        say(recipient, (scope(topic, purpose), State.OPTED_OUT))
    assert not Event.objects.exists()


@pytest.mark.parametrize("changes", [1, 12])
def test_the_number_of_queries_does_not_depend_on_the_number_of_changes(changes, django_assert_num_queries):
    recipient = RecipientFactory()
    scopes = [on(topic) for topic in TopicFactory.create_batch(changes)]
    wording = WordingText(language="en", text="Yes.")
    # Read, catalogue, rules, person, wordings, append; and a savepoint around the last two within a test.
    with django_assert_num_queries(6 + 2):
        record(
            recipient=recipient.pk,
            changes=[Change(scope=scope, state=State.OPTED_IN, wording=wording) for scope in scopes],
            evidence=Evidence(source=Source.ACCOUNT, seen_version=0),
            now=NOW,
        )
    assert Choice.objects.filter(state=State.OPTED_IN).count() == changes


def test_a_stop_takes_two_queries_and_a_repeated_one_reads_once(django_assert_num_queries):
    recipient, topic = RecipientFactory(), TopicFactory()
    with django_assert_num_queries(2 + 2):
        say(recipient, (on(topic), State.OPTED_OUT), evidence=Evidence(source=Source.ONE_CLICK))
    with django_assert_num_queries(1 + 2):
        say(recipient, (on(topic), State.OPTED_OUT), evidence=Evidence(source=Source.ONE_CLICK))
