"""Random statements through every path, against a replay that knows only the design.

The replay keeps a list of statements for each person and asks, for every cell of a small universe, which covers it
and was made last. The universe has a topic, a brand and a channel that no statement ever names: they stand for
what is added later, which "stop all" must cover too.
"""

import datetime as dt
import itertools
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.enums import Actor, Channel, Kind, Outcome, Relationship, Route, Source, State
from preferences.ledger import (
    Change,
    Evidence,
    RecipientGone,
    ask_again,
    confirm,
    merge,
    rebuild,
    record,
    undo,
)
from preferences.models import ContactPoint, Event
from preferences.scope import Scope
from tests.factories import (
    BrandFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    StaffFactory,
    TopicFactory,
)

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CHANNELS = ["email", "sms"]
LATER = -1  # a brand, a topic or a purpose that nobody has named
PEOPLE = 3
# Of these, the law asks that a yes by e-mail or text message be confirmed within so many days.
GERMANS = 2
CONFIRM_DAYS = 14

IN, OUT, WAITING, NOTHING = "opted_in", "opted_out", "pending", "unstated"


@dataclass
class Said:
    scope: tuple
    state: str
    order: tuple
    source: str
    confirmed: bool = False
    undone: bool = False
    # A yes that came too late moved nothing, and never will.
    without_effect: bool = False

    @property
    def stands(self):
        return not (self.undone or self.without_effect)


@dataclass
class Replay:
    """The design, written down a second time and as simply as it can be."""

    topics: list[tuple[int, int]]
    purposes: list[int]
    germans: set[int]
    said: dict[int, list[Said]] = field(default_factory=dict)
    now_part_of: dict[int, int] = field(default_factory=dict)

    @property
    def cells(self):
        brands = {brand for _, brand in self.topics}
        topics = [(brand, topic) for topic, brand in self.topics]
        topics += [(brand, LATER) for brand in brands] + [(LATER, LATER)]
        yield from (("marketing", *topic, channel) for topic in topics for channel in [*CHANNELS, "post"])
        yield from (("profiling", None, purpose, None) for purpose in [*self.purposes, LATER])

    def covers(self, scope, cell):
        return scope[0] == cell[0] and all(
            mine is None or mine == its for mine, its in zip(scope[1:], cell[1:], strict=True)
        )

    def latest(self, person, cell, without=()):
        standing = [
            said
            for said in self.said[person]
            if said.stands and self.covers(said.scope, cell) and said.scope not in without
        ]
        return max(standing, key=lambda said: said.order, default=None)

    def state(self, person, cell):
        said = self.latest(person, cell)
        return said.state if said else NOTHING

    def answer(self, person, cell, without=()):
        said = self.latest(person, cell, without)
        return (said.state, said.confirmed) if said else (NOTHING, False)

    def effect(self, person, scope, state):
        """What a statement comes to under the law of the person's country."""
        said = self.latest(person, scope)
        asks = person in self.germans and scope[0] == "marketing"
        return WAITING if state == IN and asks and not (said and said.confirmed) else state

    def waiting(self, person, now, *, expired=False):
        """What can be confirmed, or with `expired` can no longer be: the latest word on its cell."""
        return [
            said
            for said in self.said[person]
            if said.stands
            and said.state == WAITING
            and self.latest(person, said.scope) is said
            and (said.order[0] + dt.timedelta(days=CONFIRM_DAYS) <= now) is expired
        ]

    def when(self, person, evidence, now):
        """What is said here and now comes after everything on record, whatever the clock of the server says."""
        if evidence.occurred_at:
            return evidence.occurred_at
        return max([now, *(said.order[0] for said in self.said[person] if said.stands)])

    def within(self, scope):
        return [cell for cell in self.cells if self.covers(scope, cell)]

    def expected(self, person, scope, state, occurred_at, evidence, now):
        deciding = self.latest(person, scope)
        anew = (
            state == WAITING
            and deciding in self.waiting(person, now, expired=True)
            and occurred_at + dt.timedelta(days=CONFIRM_DAYS) > now
        )
        if not anew and all(self.state(person, cell) == state for cell in self.within(scope)):
            return Outcome.ALREADY_SO
        if deciding and deciding.order[0] > occurred_at:
            return Outcome.SUPERSEDED
        may_open = (
            evidence.source in (Source.ACCOUNT, Source.STAFF)
            or (evidence.source == Source.LINK and evidence.fresh)
            or (
                evidence.source == Source.IMPORT
                and (deciding is None or (deciding.state, state) == (IN, WAITING))
            )
        )
        return Outcome.CHANGED if state == OUT or may_open else Outcome.REFUSED


SOURCES = ["account", "link", "old_link", "one_click", "import", "staff"]

statements = st.tuples(
    st.just("say"),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from(["topic", "topic", "topic", "brand", "channel", "all", "purpose", "all_profiling"]),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from(["email", "email", "email", "sms"]),
    st.sampled_from([IN, OUT]),
    st.sampled_from(SOURCES),
    st.sampled_from([0, 2, 10, 60]),
    st.sampled_from([0, 0, 0, 3]),
)
confirmations = st.tuples(
    st.sampled_from(["confirm", "confirm", "ask_again"]), st.integers(0, 1), st.integers(0, 40)
)
waits = st.tuples(st.just("wait"))
undos = st.tuples(st.just("undo"), st.integers(0, 40))
merges = st.tuples(st.just("merge"), st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1))


@pytest.mark.django_db
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.one_of(statements, statements, statements, undos, merges, confirmations, waits),
        min_size=10,
        max_size=40,
    )
)
def test_every_path_leads_where_the_design_says(db, steps):
    with transaction.atomic():
        _walk(steps)
        transaction.set_rollback(True)


def _walk(steps):
    brands = BrandFactory.create_batch(2)
    topics = [TopicFactory(brand=brands[0]), TopicFactory(brand=brands[0]), TopicFactory(brand=brands[1])]
    purposes = ProfilingPurposeFactory.create_batch(2)
    germans = RecipientFactory.create_batch(
        GERMANS, country="DE", relationship=Relationship.CONSUMER_PROSPECT
    )
    others = RecipientFactory.create_batch(PEOPLE - GERMANS)
    # All of them have shown to read their mail, so that what they confirm stays confirmed.
    ContactPoint.objects.update(verified_at=START)
    people = [recipient.pk for recipient in [*germans, *others]]
    staff = StaffFactory()
    replay = Replay(
        topics=[(topic.pk, topic.brand_id) for topic in topics],
        purposes=[purpose.pk for purpose in purposes],
        germans={recipient.pk for recipient in germans},
        said={person: [] for person in people},
        now_part_of={person: person for person in people},
    )
    clock, start = itertools.count(10), START

    for step in steps:
        now = start + dt.timedelta(minutes=next(clock))
        match step:
            case ("say", who, what, index, channel, state, source, minutes_ago, clock_behind):
                now -= dt.timedelta(minutes=clock_behind)
                scope = {
                    "topic": ("marketing", topics[index].brand_id, topics[index].pk, channel),
                    "brand": ("marketing", brands[index % 2].pk, None, None),
                    "channel": ("marketing", None, None, channel),
                    "all": ("marketing", None, None, None),
                    "purpose": ("profiling", None, purposes[index % 2].pk, None),
                    "all_profiling": ("profiling", None, None, None),
                }[what]
                if what not in ("topic", "purpose") or source == "one_click":
                    state = OUT
                _say(replay, people[who], scope, state, _evidence(source, staff, now, minutes_ago), now)
            case ("undo", position):
                _undo(replay, position, now)
            case ("merge", one, other):
                _merge(replay, people[one], people[other], now)
            case ("confirm", who, position):
                _confirm(replay, people[who], position, now)
            case ("ask_again", who, position):
                _ask_again(replay, people[who], position, now)
            case ("wait",):
                start += dt.timedelta(days=CONFIRM_DAYS + 1)
        for person in set(replay.now_part_of.values()):
            _compare(replay, person)

    assert rebuild(check=True) == []


def _evidence(source, staff, now, minutes_ago):
    match source:
        case "import":
            return Evidence(
                source=Source.IMPORT, actor=Actor.SYSTEM, occurred_at=now - dt.timedelta(minutes=minutes_ago)
            )
        case "staff":
            return Evidence(
                source=Source.STAFF,
                actor=Actor.STAFF,
                staff=staff.pk,
                route=Route.LETTER,
                reason="wrote a letter",
                occurred_at=now - dt.timedelta(minutes=minutes_ago),
            )
        case "link" | "old_link":
            return Evidence(source=Source.LINK, fresh=source == "link")
        case _:
            return Evidence(source=Source(source))


def _say(replay, person, scope, state, evidence, now):
    person = replay.now_part_of[person]
    kind, brand, purpose, channel = scope
    value = Scope(
        kind=Kind(kind), brand=brand, purpose=purpose, channel=Channel(channel) if channel else None
    )
    occurred_at = replay.when(person, evidence, now)
    effect = replay.effect(person, scope, state)
    expected = replay.expected(person, scope, effect, occurred_at, evidence, now)
    before = replay.state(person, scope)

    change = Change(scope=value, state=State(state))
    (result,) = record(recipient=person, changes=[change], evidence=evidence, now=now).results

    assert (result.outcome, result.previous_state) == (expected, before)
    assert result.state == (None if expected == Outcome.REFUSED else effect)
    if expected in (Outcome.CHANGED, Outcome.SUPERSEDED):
        replay.said[person].append(
            Said(
                scope=scope,
                state=effect,
                order=(occurred_at, result.event),
                source=evidence.source,
                without_effect=expected == Outcome.SUPERSEDED and state == IN,
            )
        )


def _newest(replay, person, position):
    """The id of one of the person's events, as a mail sent right after it would hold it."""
    events = sorted(said.order[1] for said in replay.said[person])
    return events[position % len(events)] if events else 0


def _confirm(replay, person, position, now):
    person = replay.now_part_of[person]
    up_to = _newest(replay, person, position)
    waiting = {said.scope for said in replay.waiting(person, now) if said.order[1] <= up_to}
    results = confirm(recipient=person, up_to=up_to, now=now).results
    started = [result for result in results if result.outcome == Outcome.CHANGED]
    assert {_tuple(result.change.scope) for result in started} == waiting
    at = max([now, *(said.order[0] for said in replay.said[person] if said.stands)])
    for result in started:
        said = Said(
            scope=_tuple(result.change.scope),
            state=IN,
            order=(at, result.event),
            source=Source.LINK,
            confirmed=True,
        )
        replay.said[person].append(said)


def _ask_again(replay, person, position, now):
    person = replay.now_part_of[person]
    up_to = _newest(replay, person, position)
    before = {said.order[1] for said in replay.said[person]}
    expired = {said.scope for said in replay.waiting(person, now, expired=True) if said.order[1] <= up_to}
    ask_again(recipient=person, up_to=up_to, now=now)
    written = Event.objects.filter(recipient=person, undoes=None).exclude(pk__in=before)
    for event in written:
        replay.said[person].append(
            Said(
                scope=_tuple(event.scope),
                state=event.state,
                order=(event.occurred_at, event.pk),
                source=event.source,
            )
        )
    assert {(_tuple(event.scope), event.state) for event in written} == {
        (scope, WAITING) for scope in expired
    }


def _tuple(scope):
    return (scope.kind, scope.brand, scope.purpose, scope.channel)


def _undo(replay, position, now):
    everything = [(person, said) for person, all_said in replay.said.items() for said in all_said]
    if not everything:
        return
    person, said = everything[position % len(everything)]
    said_since = any(
        other.order > said.order and other.stands and replay.covers(other.scope, said.scope)
        for other in replay.said[person]
    )
    evidence = Evidence(source=Source.UNDO)
    if replay.now_part_of[person] != person:
        with pytest.raises(RecipientGone):
            undo(event=said.order[1], evidence=evidence, now=now)
        return
    allowed = said.stands and not said_since and said.source != Source.MERGE
    result = undo(event=said.order[1], evidence=evidence, now=now)
    assert result.outcome == (Outcome.CHANGED if allowed else Outcome.REFUSED)
    said.undone = said.undone or allowed
    if allowed:
        assert result.change.state == replay.state(person, said.scope)


def _merge(replay, one, other, now):
    one, other = replay.now_part_of[one], replay.now_part_of[other]
    if one == other:
        return

    # What nobody confirmed in time does not come along.
    expired = {said.scope for said in replay.waiting(other, now, expired=True)}

    def combined(cell):
        answers = {replay.answer(one, cell), replay.answer(other, cell, without=expired)}
        best = ((OUT, False), (IN, True), (IN, False), (WAITING, False), (NOTHING, False))
        return next(answer for answer in best if answer in answers)

    wanted = {cell: combined(cell) for cell in replay.cells}
    merge(surviving=one, absorbed=other, reason="test", now=now)
    for event in Event.objects.filter(recipient=one, source=Source.MERGE, recorded_at=now):
        replay.said[one].append(
            Said(
                scope=(event.kind, event.brand_id, event.purpose_id, event.channel),
                state=event.state,
                order=(event.occurred_at, event.pk),
                source=event.source,
                confirmed=event.confirmed,
            )
        )
    replay.now_part_of = {person: one if at == other else at for person, at in replay.now_part_of.items()}
    assert {cell: replay.answer(one, cell) for cell in replay.cells} == wanted


def _compare(replay, person):
    """The ledger's answer for every cell is the replay's."""
    choices = load_choices(person)
    answers = {}
    for cell in replay.cells:
        kind, brand, purpose, channel = cell
        scope = Scope(
            kind=Kind(kind), brand=brand, purpose=purpose, channel=Channel(channel) if channel else None
        )
        statement = deciding_statement(choices=choices, scope=scope)
        answers[cell] = (statement.state.value, statement.confirmed) if statement else (NOTHING, False)
    assert answers == {cell: replay.answer(person, cell) for cell in replay.cells}
