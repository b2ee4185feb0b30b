"""Global Privacy Control as a statement: once for each scope, never over what the person said after it."""

import datetime as dt
from importlib import import_module

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import says_all, stated_state
from preferences.decisions.privacy_signal import GPC_REFUSES, signal_on_record
from preferences.enums import Actor, Channel, Kind, Outcome, Refusal, Source, State
from preferences.ledger import (
    Change,
    Evidence,
    RecipientGone,
    erase,
    merge,
    rebuild,
    record,
    record_gpc,
    record_under_gpc,
    undo,
)
from preferences.models import ChangeNotice, Event
from preferences.scope import Scope
from tests.at_once import at_once
from tests.factories import ProfilingPurposeFactory, RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
ACCOUNT = Evidence(source=Source.ACCOUNT)
PROFILING, WEB, SOCIAL = GPC_REFUSES


@pytest.fixture
def person(db):
    return RecipientFactory()


@pytest.fixture
def tailoring(db):
    """One way of tailoring that is in use until the person objects."""
    return Scope(kind=Kind.PROFILING, purpose=ProfilingPurposeFactory().pk)


@pytest.fixture
def topic(db):
    return TopicFactory(channels=[channel.value for channel in Channel])


def on(topic, channel):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def say(recipient, scope, state, *, now=NOW, evidence=ACCOUNT):
    (result,) = record(
        recipient=recipient.pk, changes=[Change(scope=scope, state=state)], evidence=evidence, now=now
    ).results
    return result


def under_gpc(recipient, *changes, seen, now=NOW):
    return record_under_gpc(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state) for scope, state in changes],
        evidence=Evidence(source=Source.LINK, fresh=True, seen_version=seen),
        now=now,
    )


def state_of(recipient, scope):
    return stated_state(choices=load_choices(recipient.pk), scope=scope)


def take_back(event, *, now):
    return undo(event=event, evidence=Evidence(source=Source.UNDO), now=now)


def stated_by_signal():
    return list(Event.objects.filter(source=Source.GPC).order_by("pk"))


def newest():
    return Event.objects.latest("pk").pk


def test_the_signal_refuses_tailoring_websites_and_social_media(person):
    recorded = record_gpc(recipient=person.pk, now=NOW)

    assert [(r.change.scope, r.outcome, r.previous_state) for r in recorded.results] == [
        (scope, Outcome.CHANGED, State.UNSTATED) for scope in GPC_REFUSES
    ]
    assert [
        (e.pk, e.scope, e.state, e.actor, e.occurred_at, e.recorded_at, e.wording) for e in stated_by_signal()
    ] == [
        (result.event, result.change.scope, State.OPTED_OUT, Actor.RECIPIENT, NOW, NOW, None)
        for result in recorded.results
    ]
    assert signal_on_record(recipient=person.pk) == dict.fromkeys(GPC_REFUSES, NOW)
    assert rebuild(check=True) == []


@pytest.mark.parametrize("channel", Channel)
def test_what_we_send_a_person_ourselves_goes_on(person, topic, channel):
    record_gpc(recipient=person.pk, now=NOW)
    refused = channel in {Channel.WEB, Channel.SOCIAL}
    assert state_of(person, on(topic, channel)) is (State.OPTED_OUT if refused else State.UNSTATED)


def test_an_older_yes_is_overridden_and_comes_back_by_undo(person, tailoring):
    say(person, tailoring, State.OPTED_IN, now=NOW - MINUTE)

    profiling, *_rest = record_gpc(recipient=person.pk, now=NOW).results

    assert state_of(person, tailoring) is State.OPTED_OUT
    undo(event=profiling.event, evidence=Evidence(source=Source.UNDO), now=NOW + MINUTE)
    assert state_of(person, tailoring) is State.OPTED_IN


def test_a_later_yes_stands_however_often_the_signal_comes(person, tailoring):
    record_gpc(recipient=person.pk, now=NOW)
    say(person, tailoring, State.OPTED_IN, now=NOW + MINUTE)

    again = record_gpc(recipient=person.pk, now=NOW + 2 * MINUTE)

    assert again.results == ()
    assert state_of(person, tailoring) is State.OPTED_IN
    assert len(stated_by_signal()) == 3


def test_what_was_undone_is_not_stated_again(person):
    profiling, *_rest = record_gpc(recipient=person.pk, now=NOW).results
    undo(event=profiling.event, evidence=Evidence(source=Source.UNDO), now=NOW + MINUTE)

    assert record_gpc(recipient=person.pk, now=NOW + 2 * MINUTE).results == ()
    assert state_of(person, PROFILING) is State.UNSTATED


def test_where_all_is_refused_already_the_signal_is_silent(person):
    """The person's own word goes on to count as theirs, and can be taken back."""
    refused = say(person, PROFILING, State.OPTED_OUT, now=NOW - MINUTE)

    results = record_gpc(recipient=person.pk, now=NOW).results

    assert [(result.change.scope, result.outcome) for result in results] == [
        (WEB, Outcome.CHANGED),
        (SOCIAL, Outcome.CHANGED),
    ]
    assert signal_on_record(recipient=person.pk).keys() == {WEB, SOCIAL}
    assert take_back(refused.event, now=NOW + MINUTE).outcome is Outcome.CHANGED
    assert state_of(person, PROFILING) is State.UNSTATED


def test_a_broader_refusal_silences_it_too(person):
    say(person, Scope.all_marketing(), State.OPTED_OUT)
    assert [result.change.scope for result in record_gpc(recipient=person.pk, now=NOW).results] == [PROFILING]


def test_a_yes_said_without_the_signal_after_one_had_refused_all_is_stopped_once(person, tailoring):
    """Nothing was on record by the signal, so it is new when it comes first; and can be taken back."""
    say(person, PROFILING, State.OPTED_OUT)
    assert PROFILING not in {
        result.change.scope for result in record_gpc(recipient=person.pk, now=NOW).results
    }
    say(person, tailoring, State.OPTED_IN, now=NOW + MINUTE)

    (stopped,) = record_gpc(recipient=person.pk, now=NOW + 2 * MINUTE).results

    assert (stopped.change.scope, stopped.outcome) == (PROFILING, Outcome.CHANGED)
    assert state_of(person, tailoring) is State.OPTED_OUT
    take_back(stopped.event, now=NOW + 3 * MINUTE)
    assert state_of(person, tailoring) is State.OPTED_IN
    assert record_gpc(recipient=person.pk, now=NOW + 4 * MINUTE).results == ()


@pytest.mark.parametrize("scope", ["the same", "a part"])
def test_a_no_said_in_sight_of_the_signal_is_the_persons_own(person, tailoring, scope):
    """Undoing the signal leaves it standing; and said once more it is polite again."""
    signalled, *_rest = record_gpc(recipient=person.pk, now=NOW).results
    scope = PROFILING if scope == "the same" else tailoring

    said = say(person, scope, State.OPTED_OUT, now=NOW + MINUTE)

    assert (said.outcome, said.previous_state) == (Outcome.ALREADY_SO, State.OPTED_OUT)
    assert (Event.objects.get(pk=said.event).source, newest()) == (Source.ACCOUNT, said.event)
    again = say(person, scope, State.OPTED_OUT, now=NOW + 2 * MINUTE)
    assert (again.outcome, again.event, newest()) == (Outcome.ALREADY_SO, said.event, said.event)
    take_back(signalled.event, now=NOW + 3 * MINUTE)
    assert state_of(person, scope) is State.OPTED_OUT
    assert rebuild(check=True) == []


def test_a_no_from_before_the_signal_adds_nothing_to_it(person):
    """What others send us again every night must not become an event every night."""
    record_gpc(recipient=person.pk, now=NOW)
    before = newest()
    evidence = Evidence(source=Source.IMPORT, actor=Actor.SYSTEM, occurred_at=NOW - MINUTE)
    assert say(person, PROFILING, State.OPTED_OUT, evidence=evidence).outcome is Outcome.ALREADY_SO
    assert newest() == before


def test_the_signal_comes_after_all_that_is_on_record(person, tailoring):
    """`now` is read before the lock: whoever waited for it may hold an older time than the one who went first."""
    say(person, tailoring, State.OPTED_IN, now=NOW + MINUTE)
    record_gpc(recipient=person.pk, now=NOW)
    assert state_of(person, tailoring) is State.OPTED_OUT
    assert {event.occurred_at for event in stated_by_signal()} == {NOW + MINUTE}


@pytest.mark.parametrize("signalled", ["surviving", "absorbed", "both"])
def test_a_merge_does_not_make_the_signal_new(tailoring, signalled):
    surviving, absorbed = RecipientFactory(), RecipientFactory()
    for name, recipient in (("surviving", surviving), ("absorbed", absorbed)):
        if signalled in {name, "both"}:
            record_gpc(recipient=recipient.pk, now=NOW)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="Same.", now=NOW + MINUTE)
    before = len(stated_by_signal())
    say(surviving, tailoring, State.OPTED_IN, now=NOW + 2 * MINUTE)

    for recipient in (surviving, absorbed):
        again = record_gpc(recipient=recipient.pk, now=NOW + 3 * MINUTE)
        assert (again.recipient, again.results) == (surviving.pk, ())
    assert len(stated_by_signal()) == before
    assert state_of(surviving, tailoring) is State.OPTED_IN


def test_two_people_have_a_signal_each(person):
    other = RecipientFactory()
    record_gpc(recipient=person.pk, now=NOW)
    assert len(record_gpc(recipient=other.pk, now=NOW).results) == 3


def test_nobody_to_record_it_for(person):
    with pytest.raises(RecipientGone):
        record_gpc(recipient=0, now=NOW)
    erase(recipient=person.pk, now=NOW)
    with pytest.raises(RecipientGone):
        record_gpc(recipient=person.pk, now=NOW)


@pytest.mark.parametrize("notice", [False, True])
def test_the_person_is_told_where_that_is_asked_for(person, acme, notice):
    acme.tells_changes = True
    acme.save()
    recorded = record_gpc(recipient=person.pk, now=NOW, notice=notice)
    told = [event for waiting in ChangeNotice.objects.all() for event in waiting.events]
    assert told == ([result.event for result in recorded.results] if notice else [])


# Together with what the person says


def test_a_yes_of_the_same_form_stands(person, tailoring, topic):
    seen = say(person, on(topic, Channel.EMAIL), State.OPTED_OUT, now=NOW - MINUTE).event

    signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=seen)

    assert [result.outcome for result in signal.results] == [Outcome.CHANGED] * 3
    assert [result.outcome for result in said.results] == [Outcome.CHANGED]
    assert state_of(person, tailoring) is State.OPTED_IN
    assert state_of(person, PROFILING) is State.OPTED_OUT


def test_a_yes_from_a_page_that_showed_nothing_said_stands(person, tailoring):
    _signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=0)
    assert [result.outcome for result in said.results] == [Outcome.CHANGED]


@pytest.mark.parametrize("scope", ["the same", "all"])
def test_a_yes_from_a_stale_page_is_refused(person, tailoring, scope):
    """Even where the stop it is older than is one the signal now states over."""
    seen = say(person, WEB, State.OPTED_OUT, now=NOW - 2 * MINUTE).event
    say(person, tailoring if scope == "the same" else PROFILING, State.OPTED_OUT, now=NOW - MINUTE)

    _signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=seen)

    assert [(result.outcome, result.refusal) for result in said.results] == [(Outcome.REFUSED, Refusal.STALE)]
    assert state_of(person, tailoring) is State.OPTED_OUT


def test_a_yes_from_a_page_that_is_stale_for_the_sake_of_a_part_is_refused(person, tailoring):
    """The signal takes the place of the stop by which the page is stale, and must not hide it."""
    other = Scope(kind=Kind.PROFILING, purpose=ProfilingPurposeFactory().pk)
    say(person, PROFILING, State.OPTED_OUT, now=NOW - 2 * MINUTE)
    say(person, other, State.OPTED_IN, now=NOW - MINUTE)
    signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=0)
    assert signal.results[0].outcome is Outcome.CHANGED
    assert [result.refusal for result in said.results] == [Refusal.STALE]


def test_a_page_that_is_stale_for_another_reason_is_not_for_the_signals(person, tailoring, topic):
    say(person, on(topic, Channel.POST), State.OPTED_OUT, now=NOW - MINUTE)
    _signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=0)
    assert [result.outcome for result in said.results] == [Outcome.CHANGED]


def test_what_is_stopped_in_the_form_is_the_persons_own_and_comes_first(person, tailoring, topic):
    signal, said = under_gpc(person, (PROFILING, State.OPTED_OUT), seen=0)

    assert [result.change.scope for result in signal.results] == [WEB, SOCIAL]
    (stopped,) = said.results
    assert (stopped.outcome, Event.objects.get(pk=stopped.event).source) == (Outcome.CHANGED, Source.LINK)
    assert stopped.event < min(result.event for result in signal.results)


def test_the_results_come_in_the_order_of_the_form(person, tailoring, topic):
    changes = [
        (tailoring, State.OPTED_IN),
        (on(topic, Channel.EMAIL), State.OPTED_OUT),
        (on(topic, Channel.WEB), State.OPTED_IN),
        (on(topic, Channel.POST), State.OPTED_OUT),
    ]
    _signal, said = under_gpc(person, *changes, seen=0)
    assert [(result.change.scope, result.change.state) for result in said.results] == changes
    assert {result.outcome for result in said.results} == {Outcome.CHANGED}


def test_a_yes_in_the_form_puts_the_signal_on_record_though_all_was_refused(person, tailoring):
    """Or else it would be new, and silence the yes, when it comes after that."""
    seen = say(person, PROFILING, State.OPTED_OUT, now=NOW - MINUTE).event

    signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=seen)

    assert [result.outcome for result in signal.results] == [Outcome.ALREADY_SO, *[Outcome.CHANGED] * 2]
    assert signal.results[0].event < said.results[0].event
    assert record_gpc(recipient=person.pk, now=NOW + MINUTE).results == ()
    assert state_of(person, tailoring) is State.OPTED_IN
    assert rebuild(check=True) == []


def test_a_page_from_before_the_signal_was_recorded_is_stale(person, tailoring):
    record_gpc(recipient=person.pk, now=NOW)
    _signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=0, now=NOW + MINUTE)
    assert [result.refusal for result in said.results] == [Refusal.STALE]


def test_a_page_from_the_future_is_not_made_current(person, tailoring):
    _signal, said = under_gpc(person, (tailoring, State.OPTED_IN), seen=2**63 - 1)
    assert [result.refusal for result in said.results] == [Refusal.VERSION_UNKNOWN]


def test_evidence_without_a_page_is_left_as_it_is(person, tailoring):
    _signal, said = record_under_gpc(
        recipient=person.pk,
        changes=[Change(scope=tailoring, state=State.OPTED_IN)],
        evidence=ACCOUNT,
        now=NOW,
    )
    assert [result.outcome for result in said.results] == [Outcome.CHANGED]


def test_under_the_signal_nothing_else_needs_to_be_said(person):
    signal, said = under_gpc(person, seen=0)
    assert (len(signal.results), said.results) == (3, ())
    signal, said = under_gpc(person, seen=newest())
    assert (signal.results, said.results) == ((), ())


def fails(**_words):
    raise RuntimeError


def test_either_both_are_stored_or_neither(person, tailoring, monkeypatch):
    # The room's name for it is the act; the module is found by its own.
    monkeypatch.setattr(import_module("preferences.ledger.record_gpc"), "record", fails)
    with pytest.raises(RuntimeError):
        under_gpc(person, (tailoring, State.OPTED_OUT), seen=0)
    assert stated_by_signal() == []


@pytest.mark.django_db(transaction=True)
def test_the_signal_eight_times_at_once_is_one_event_for_each_scope():
    recipient = RecipientFactory()
    results = at_once(*[lambda: record_gpc(recipient=recipient.pk, now=NOW).results] * 8)
    assert sorted(map(len, results)) == [0] * 7 + [3]
    assert [event.scope for event in stated_by_signal()] == list(GPC_REFUSES)


# In any order

SCOPES = ("all", "one", "other", "web", "topic")
ACTS = st.one_of(
    st.tuples(st.just("no"), st.sampled_from(SCOPES), st.booleans()),
    st.tuples(st.just("yes"), st.sampled_from(("one", "other", "topic")), st.booleans()),
    st.tuples(st.just("signal")),
    st.tuples(st.just("undo"), st.integers(0, 5)),
)


class Story:
    """One person who says yes and no, with and without the signal, and takes things back."""

    def __init__(self):
        self.recipient = RecipientFactory()
        one, other = ProfilingPurposeFactory().pk, ProfilingPurposeFactory().pk
        self.scopes = {
            "all": PROFILING,
            "one": Scope(kind=Kind.PROFILING, purpose=one),
            "other": Scope(kind=Kind.PROFILING, purpose=other),
            "web": WEB,
            "topic": on(TopicFactory(channels=["web"]), Channel.WEB),
        }
        self.now = NOW

    @property
    def choices(self):
        return load_choices(self.recipient.pk)

    def act(self, name, *words):
        self.now += MINUTE
        before = self.yeses_since_signal()
        newest_before = self.newest()
        getattr(self, name)(*words)
        by_signal = Event.objects.filter(recipient=self.recipient, source=Source.GPC)
        for event in by_signal.filter(pk__gt=newest_before):
            # However the signal comes, no yes that was said in sight of it is touched.
            assert not [yes for yes in before if event.scope.covers(yes)]
        assert by_signal.count() == len({event.scope for event in by_signal})
        assert rebuild(check=True) == []

    def no(self, scope, under_signal):
        self.say(scope, State.OPTED_OUT, under_signal)
        assert says_all(choices=self.choices, scope=self.scopes[scope], state=State.OPTED_OUT)
        assert self.last_word(scope) is State.OPTED_OUT

    def yes(self, scope, under_signal):
        self.say(scope, State.OPTED_IN, under_signal)
        if under_signal:
            record_gpc(recipient=self.recipient.pk, now=self.now)
        assert stated_state(choices=self.choices, scope=self.scopes[scope]) is State.OPTED_IN

    def signal(self):
        record_gpc(recipient=self.recipient.pk, now=self.now)

    def undo(self, back):
        """Take back one of the newest events, if that can be."""
        events = list(Event.objects.filter(recipient=self.recipient).order_by("-pk")[: back + 1])
        if events:
            take_back(events[-1].pk, now=self.now)

    def say(self, scope, state, under_signal):
        change = Change(scope=self.scopes[scope], state=state)
        words = {
            "recipient": self.recipient.pk,
            "changes": [change],
            "evidence": Evidence(source=Source.LINK, fresh=True, seen_version=self.newest()),
            "now": self.now,
        }
        (result,) = (record_under_gpc(**words)[1] if under_signal else record(**words)).results
        assert result.refusal is None

    def last_word(self, scope):
        """What the person said last about all of a scope, the signal left out."""
        own = Event.objects.standing().filter(recipient=self.recipient).exclude(source=Source.GPC)
        return State(max((e for e in own if e.scope.covers(self.scopes[scope])), key=lambda e: e.pk).state)

    def newest(self):
        found = Event.objects.filter(recipient=self.recipient).order_by("-pk").first()
        return found.pk if found else 0

    def yeses_since_signal(self):
        """What holds by a yes that was said after the signal had gone on record around it."""
        signals = Event.objects.filter(recipient=self.recipient, source=Source.GPC)
        first = {event.scope: event.pk for event in signals}
        return [
            choice.scope
            for choice in self.choices
            if choice.state is State.OPTED_IN
            and any(scope.covers(choice.scope) and pk < choice.event for scope, pk in first.items())
        ]


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(ACTS, max_size=8))
def test_in_any_order_a_later_yes_stands_and_every_no_is_an_event(db, acts):
    with transaction.atomic():
        story = Story()
        for act in acts:
            story.act(*act)
        transaction.set_rollback(True)
