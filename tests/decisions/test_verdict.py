"""May we? What was said decides; where nothing was, national law. Every branch, as tables over values."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from preferences.decisions.covering import Stated
from preferences.decisions.situation import Point, Situation
from preferences.decisions.verdict import (
    REACHED_AT,
    Ask,
    Limits,
    Verdict,
    confirmable_until,
    required_for,
    verdict_on,
)
from preferences.enums import (
    Channel,
    ContactKind,
    Kind,
    LegalBasis,
    MessageClass,
    Reason,
    Relationship,
    Requirement,
    State,
)
from preferences.rules.evaluate import Screening
from preferences.rules.values import ProfilingRow, Rule, RuleSet
from preferences.scope import Scope

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
LIMITS = Limits(confirm_days=14, screening_days=31)
BRAND, NEWS, TRACKING = 1, 10, 20

TRACKING_ASK = Ask(scope=Scope(kind=Kind.PROFILING, purpose=TRACKING), key="tracking")
UNLOOKED = Screening(screened_at=None, on_register=None)
CLEAR = Screening(screened_at=NOW - dt.timedelta(days=1), on_register=False)
LISTED = Screening(screened_at=NOW - dt.timedelta(days=1), on_register=True)


def rules(requirement: Requirement = Requirement.OPT_OUT, *, tracking=Requirement.OPT_OUT) -> RuleSet:
    """One requirement for everything in Norway, where the minimum age is 15 and there is a register."""

    def rule(country: str, note: str) -> Rule:
        return Rule(
            country=country,
            channel="*",
            relationship="*",
            requirement=requirement,
            law="law",
            note=note,
            confidence="high",
        )

    row = ProfilingRow(
        purpose="tracking", country="*", requirement=tracking, law="", note="", confidence="low"
    )
    return RuleSet.of(
        marketing=[
            rule("*", ""),
            rule("NO", "min_age=15; dnc=a register"),
            rule("CH", "min_age=none; dnc=none"),
        ],
        profiling=[row],
    )


def ask(channel: Channel | None = Channel.EMAIL, **changes) -> Ask:
    scope = Scope(kind=Kind.MARKETING, brand=BRAND, purpose=NEWS, channel=channel)
    return Ask(**{"scope": scope, "key": "news", "brand": "Acme", **changes})


def point(kind: ContactKind = ContactKind.EMAIL, number: int = 1, **changes) -> Point:
    usable = {"suppressed": False, "unreachable": False, "verified": True, "screening": UNLOOKED}
    return Point(id=number, kind=kind, **{**usable, **changes})


EVERYWHERE = tuple(point(kind, number, screening=CLEAR) for number, kind in enumerate(ContactKind, start=1))


def person(**changes) -> Situation:
    """An adult in Norway who has said nothing, bought nothing, and can be reached everywhere."""
    adult = {
        "recipient": 7,
        "erased": False,
        "country": "NO",
        "relationship": Relationship.CONSUMER_CUSTOMER,
        "born_on": dt.date(1980, 1, 1),
        "choices": (),
        "points": EVERYWHERE,
        "sold_by": frozenset(),
    }
    return Situation(**{**adult, **changes})


def said(state: State, scope: Scope | None = None, *, days: float = 1, confirmed=False, event=5) -> Stated:
    """What was said so many days ago; about the topic by e-mail unless for another scope."""
    at = NOW - dt.timedelta(days=days)
    return Stated(scope=scope or ask().scope, state=state, occurred_at=at, event=event, confirmed=confirmed)


def verdict(
    who: Situation | None, about: Ask | None = None, /, law=Requirement.OPT_OUT, **changes
) -> Verdict:
    return verdict_on(
        **{
            "person": who,
            "ask": about or ask(),
            "message_class": MessageClass.MARKETING,
            "rules": law if isinstance(law, RuleSet) else rules(law),
            "limits": LIMITS,
            "now": NOW,
            **changes,
        }
    )


def answer(who, about=None, /, law=Requirement.OPT_OUT, **changes) -> tuple[bool, Reason]:
    found = verdict(who, about, law, **changes)
    return found.allowed, found.reason


# 1 and 2: what comes before any law.


@pytest.mark.parametrize(
    "who",
    [
        None,
        person(),
        person(erased=True),
        person(points=()),
        person(points=(point(suppressed=True),)),
        person(choices=(said(State.OPTED_OUT, Scope.all_marketing()),)),
        person(born_on=dt.date(2025, 1, 1)),
    ],
)
@pytest.mark.parametrize("about", [ask(), ask(not_offered=Reason.PURPOSE_RETIRED)])
def test_a_service_message_always_passes(who, about):
    found = verdict(who, about, Requirement.DOUBLE_OPT_IN, message_class=MessageClass.SERVICE)
    assert found == Verdict(allowed=True, reason=Reason.SERVICE_MESSAGE)
    assert (found.legal_basis, found.event, found.rule, found.version) == (LegalBasis.CONTRACT, None, "", "")


YES = said(State.OPTED_IN, confirmed=True)


@pytest.mark.parametrize(
    ("who", "about", "reason"),
    [
        (None, ask(), Reason.RECIPIENT_UNKNOWN),
        (None, ask(not_offered=Reason.PURPOSE_RETIRED), Reason.RECIPIENT_UNKNOWN),
        (person(erased=True, choices=(YES,)), ask(), Reason.ERASED),
        (person(erased=True), ask(not_offered=Reason.PURPOSE_RETIRED), Reason.ERASED),
        (person(choices=(YES,)), ask(not_offered=Reason.PURPOSE_RETIRED), Reason.PURPOSE_RETIRED),
        (person(choices=(YES,)), ask(not_offered=Reason.CHANNEL_NOT_OFFERED), Reason.CHANNEL_NOT_OFFERED),
    ],
)
def test_what_is_denied_whatever_was_said(who, about, reason):
    found = verdict(who, about)
    assert found == Verdict(allowed=False, reason=reason)
    assert (found.legal_basis, found.permitted) == (None, False)


# 3: what was said.


@pytest.mark.parametrize(
    ("law", "statement", "allowed", "reason", "basis"),
    [
        (law, statement, allowed, reason, basis)
        for statement, allowed, reason, basis in [
            (said(State.OPTED_OUT), False, Reason.CHOICE_OPTED_OUT, LegalBasis.OBJECTION),
            (
                said(State.OPTED_OUT, Scope.all_marketing()),
                False,
                Reason.CHOICE_OPTED_OUT_BROADLY,
                LegalBasis.OBJECTION,
            ),
            (
                said(State.OPTED_OUT, Scope(kind=Kind.MARKETING, brand=BRAND)),
                False,
                Reason.CHOICE_OPTED_OUT_BROADLY,
                LegalBasis.OBJECTION,
            ),
            (said(State.PENDING), False, Reason.CHOICE_PENDING, None),
            (said(State.PENDING, days=13.99), False, Reason.CHOICE_PENDING, None),
            (said(State.PENDING, days=14), False, Reason.CHOICE_PENDING_EXPIRED, None),
            (YES, True, Reason.CHOICE_OPTED_IN, LegalBasis.CONSENT),
        ]
        for law in Requirement
    ]
    + [
        (law, said(State.OPTED_IN), True, Reason.CHOICE_OPTED_IN, LegalBasis.CONSENT)
        for law in (Requirement.OPT_OUT, Requirement.SOFT_OPT_IN, Requirement.OPT_IN)
    ]
    + [(Requirement.DOUBLE_OPT_IN, said(State.OPTED_IN), False, Reason.CHOICE_UNCONFIRMED, None)],
)
def test_a_statement_decides(law, statement, allowed, reason, basis):
    found = verdict(person(choices=(statement,)), None, law)
    assert (found.allowed, found.reason, found.legal_basis) == (allowed, reason, basis)
    assert (found.statement, found.event) == (statement, statement.event)
    # The rule is named though the choice decides: it says what the choice had to be.
    assert (found.rule, found.version) == ("NO/*/*", rules(law).version)


OTHERS = [
    Scope(kind=Kind.MARKETING, brand=BRAND, purpose=11, channel=Channel.EMAIL),
    Scope(kind=Kind.MARKETING, brand=BRAND, purpose=NEWS, channel=Channel.SMS),
    Scope(kind=Kind.MARKETING, brand=2),
    Scope(kind=Kind.PROFILING),
]


@pytest.mark.parametrize("scope", OTHERS)
@pytest.mark.parametrize("state", [State.OPTED_IN, State.OPTED_OUT])
def test_a_statement_about_something_else_decides_nothing(scope, state):
    choices = (said(state, scope, confirmed=True),)
    assert answer(person(choices=choices)) == (True, Reason.LAW_ALLOWS)
    assert answer(person(choices=choices), None, Requirement.OPT_IN) == (False, Reason.LAW_REQUIRES_CONSENT)


def test_the_latest_decides():
    stop = said(State.OPTED_OUT, Scope.all_marketing(), days=2, event=1)
    yes = said(State.OPTED_IN, days=1, event=2)
    assert answer(person(choices=(yes, stop))) == (True, Reason.CHOICE_OPTED_IN)
    assert answer(person(choices=(replace(stop, occurred_at=NOW), yes)))[1] is Reason.CHOICE_OPTED_OUT_BROADLY
    # In the same moment, the one recorded last.
    at_once = replace(stop, occurred_at=yes.occurred_at)
    assert answer(person(choices=(at_once, yes)))[0]
    assert not answer(person(choices=(replace(at_once, event=3), yes)))[0]


# 3: age.


@pytest.mark.parametrize(
    ("country", "born_on", "asks_age", "reason"),
    [
        ("NO", dt.date(2011, 5, 3), False, None),
        ("NO", dt.date(2011, 5, 4), False, Reason.BELOW_MINIMUM_AGE),
        ("NO", None, False, None),
        ("NO", None, True, Reason.AGE_UNKNOWN),
        ("CH", dt.date(2026, 1, 1), True, None),
        ("CH", None, True, None),
        # Nobody knows where: the highest minimum age of all.
        ("", dt.date(2011, 5, 4), False, Reason.BELOW_MINIMUM_AGE),
    ],
)
@pytest.mark.parametrize(
    ("choices", "otherwise"),
    [
        ((), (True, Reason.LAW_ALLOWS)),
        ((YES,), (True, Reason.CHOICE_OPTED_IN)),
    ],
)
def test_the_age(country, born_on, asks_age, reason, choices, otherwise):
    who = person(country=country, born_on=born_on, choices=choices)
    expected = (False, reason) if reason else otherwise
    assert answer(who, ask(asks_age=asks_age)) == expected


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (said(State.OPTED_OUT), Reason.CHOICE_OPTED_OUT),
        (said(State.PENDING), Reason.CHOICE_PENDING),
        (said(State.PENDING, days=20), Reason.CHOICE_PENDING_EXPIRED),
        (said(State.OPTED_IN), Reason.BELOW_MINIMUM_AGE),
    ],
)
def test_a_no_and_a_pending_yes_are_named_before_the_age(statement, reason):
    who = person(born_on=dt.date(2020, 1, 1), choices=(statement,))
    assert verdict(who, None, Requirement.DOUBLE_OPT_IN).reason is reason


# 3: the law, where nothing was said.


@pytest.mark.parametrize(
    ("law", "sold_by", "allowed", "reason", "basis"),
    [
        (Requirement.OPT_OUT, (), True, Reason.LAW_ALLOWS, LegalBasis.LEGITIMATE_INTEREST),
        (Requirement.SOFT_OPT_IN, (), False, Reason.LAW_REQUIRES_SALE, None),
        (Requirement.SOFT_OPT_IN, (2,), False, Reason.LAW_REQUIRES_SALE, None),
        (
            Requirement.SOFT_OPT_IN,
            (BRAND, 2),
            True,
            Reason.LAW_ALLOWS_CUSTOMERS,
            LegalBasis.LEGITIMATE_INTEREST,
        ),
        (Requirement.OPT_IN, (BRAND,), False, Reason.LAW_REQUIRES_CONSENT, None),
        (Requirement.DOUBLE_OPT_IN, (BRAND,), False, Reason.LAW_REQUIRES_CONSENT, None),
    ],
)
def test_law_decides_where_nothing_was_said(law, sold_by, allowed, reason, basis):
    found = verdict(person(sold_by=frozenset(sold_by)), None, law)
    assert (found.allowed, found.reason, found.legal_basis) == (allowed, reason, basis)
    assert (found.rule, found.event, found.statement) == ("NO/*/*", None, None)


@pytest.mark.parametrize("channel", Channel)
def test_without_rules_everything_needs_confirmed_consent(channel):
    nothing = RuleSet.of(marketing=[], profiling=[])
    assert answer(person(), ask(channel), nothing) == (False, Reason.LAW_REQUIRES_CONSENT)
    yes = said(State.OPTED_IN, ask(channel).scope)
    assert answer(person(choices=(yes,)), ask(channel), nothing) == (False, Reason.CHOICE_UNCONFIRMED)
    found = verdict(person(choices=(replace(yes, confirmed=True),)), ask(channel), nothing)
    assert (found.allowed, found.rule, found.version) == (True, "", nothing.version)


# 3: the do-not-call register.


@pytest.mark.parametrize(
    ("screening", "country", "reason"),
    [
        (UNLOOKED, "NO", Reason.REGISTER_NOT_SCREENED),
        (
            Screening(screened_at=NOW - dt.timedelta(days=31), on_register=False),
            "NO",
            Reason.REGISTER_NOT_SCREENED,
        ),
        (Screening(screened_at=NOW - dt.timedelta(days=30), on_register=False), "NO", Reason.LAW_ALLOWS),
        (CLEAR, "NO", Reason.LAW_ALLOWS),
        (LISTED, "NO", Reason.ON_REGISTER),
        (UNLOOKED, "", Reason.REGISTER_NOT_SCREENED),
        (LISTED, "CH", Reason.LAW_ALLOWS),
    ],
)
def test_the_register_before_a_call(screening, country, reason):
    who = person(country=country, points=(point(ContactKind.PHONE, screening=screening),))
    assert answer(who, ask(Channel.PHONE)) == (reason is Reason.LAW_ALLOWS, reason)
    # Only a call is looked up, and a yes stands above the register.
    assert answer(who, ask(Channel.SMS)) == (True, Reason.LAW_ALLOWS)
    yes = said(State.OPTED_IN, ask(Channel.PHONE).scope)
    assert answer(replace(who, choices=(yes,)), ask(Channel.PHONE)) == (True, Reason.CHOICE_OPTED_IN)


def test_the_register_is_asked_about_the_number_that_would_be_called():
    points = (
        point(ContactKind.PHONE, 1, screening=LISTED, unreachable=True),
        point(ContactKind.PHONE, 2, screening=CLEAR),
        point(ContactKind.PHONE, 3, screening=LISTED),
    )
    who = person(points=points)
    found = verdict(who, ask(Channel.PHONE))
    assert (found.allowed, found.point) == (True, 2)
    named = verdict(replace(who, named_point=3), ask(Channel.PHONE))
    assert (named.allowed, named.reason) == (False, Reason.ON_REGISTER)


def test_without_a_usable_number_the_register_is_not_the_reason():
    who = person(points=(point(ContactKind.PHONE, unreachable=True, screening=LISTED),))
    assert answer(who, ask(Channel.PHONE)) == (False, Reason.UNREACHABLE)
    assert answer(person(points=()), ask(Channel.PHONE)) == (False, Reason.NO_CONTACT_POINT)


# 4: obstacles.


@pytest.mark.parametrize(("channel", "kind"), REACHED_AT.items())
@pytest.mark.parametrize(
    ("conditions", "reason", "used"),
    [
        ([], Reason.NO_CONTACT_POINT, None),
        ([{}], None, 1),
        ([{"suppressed": True}], Reason.SUPPRESSED, None),
        ([{"unreachable": True}], Reason.UNREACHABLE, None),
        ([{"suppressed": True, "unreachable": True}], Reason.SUPPRESSED, None),
        ([{"unreachable": True}, {"suppressed": True}], Reason.SUPPRESSED, None),
        ([{"suppressed": True}, {}], None, 2),
        ([{"unreachable": True}, {}, {}], None, 2),
    ],
)
def test_an_address_of_the_kind_is_needed(channel, kind, conditions, reason, used):
    points = [
        point(kind, number, **{"screening": CLEAR, **condition})
        for number, condition in enumerate(conditions, start=1)
    ]
    # Addresses of other kinds are no help and no hindrance.
    others = [
        replace(other, id=90 + other.id, suppressed=True) for other in EVERYWHERE if other.kind is not kind
    ]
    found = verdict(person(points=(*others, *points)), ask(channel))
    assert (found.allowed, found.reason, found.point) == (reason is None, reason or Reason.LAW_ALLOWS, used)
    assert found.permitted
    assert (found.legal_basis is None) is (reason is not None)


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel not in REACHED_AT])
def test_other_channels_need_no_address_but_heed_a_suppression(channel):
    assert answer(person(points=()), ask(channel)) == (True, Reason.LAW_ALLOWS)
    assert answer(person(points=(point(unreachable=True),)), ask(channel)) == (True, Reason.LAW_ALLOWS)
    for kind in ContactKind:
        points = (point(ContactKind.EMAIL, 8), point(kind, 9, suppressed=True))
        assert answer(person(points=points), ask(channel)) == (False, Reason.SUPPRESSED)
        # By whichever address the person was named.
        assert answer(person(points=points, named_point=8), ask(channel)) == (False, Reason.SUPPRESSED)


def test_only_the_address_somebody_was_named_by_counts():
    first, second = point(number=1, suppressed=True), point(number=2)
    who = person(points=(first, second))
    assert verdict(who).point == 2
    assert answer(replace(who, named_point=1)) == (False, Reason.SUPPRESSED)
    assert verdict(replace(who, named_point=2)).point == 2
    # Named by an address of another kind, the person is asked about.
    phone = point(ContactKind.PHONE, 3, suppressed=True)
    assert verdict(replace(who, points=(first, second, phone), named_point=3)).point == 2


@pytest.mark.parametrize(
    ("choices", "law", "reason"),
    [
        ((said(State.OPTED_OUT),), Requirement.OPT_OUT, Reason.CHOICE_OPTED_OUT),
        ((said(State.PENDING),), Requirement.OPT_OUT, Reason.CHOICE_PENDING),
        ((), Requirement.OPT_IN, Reason.LAW_REQUIRES_CONSENT),
    ],
)
def test_an_obstacle_is_named_only_where_the_rest_permits(choices, law, reason):
    who = person(choices=choices, points=(point(suppressed=True),))
    found = verdict(who, None, law)
    assert (found.reason, found.permitted) == (reason, False)


def test_an_obstacle_leaves_the_reason_that_permits_to_be_seen():
    found = verdict(person(points=()), None, Requirement.OPT_OUT)
    assert (found.reason, found.obstructed) == (Reason.NO_CONTACT_POINT, Reason.LAW_ALLOWS)
    assert (found.allowed, found.permitted) == (False, True)


# 5: e-mail tracking.

TRACKED = ask(tracking=TRACKING_ASK)
NO_TRACKING = said(State.OPTED_OUT, TRACKING_ASK.scope)
NO_PROFILING = said(State.OPTED_OUT, Scope(kind=Kind.PROFILING))
TRACK_ME = said(State.OPTED_IN, TRACKING_ASK.scope)


@pytest.mark.parametrize(
    ("law", "choices", "changes", "tracking"),
    [
        (Requirement.OPT_OUT, (), {}, True),
        (Requirement.OPT_OUT, (NO_TRACKING,), {}, False),
        (Requirement.OPT_OUT, (NO_PROFILING,), {}, False),
        # Refusing marketing says nothing about profiling, and the other way round.
        (Requirement.OPT_OUT, (said(State.OPTED_OUT, Scope.all_marketing()),), {}, True),
        (Requirement.SOFT_OPT_IN, (), {"sold_by": frozenset({BRAND})}, False),
        (Requirement.OPT_IN, (), {}, False),
        (Requirement.OPT_IN, (TRACK_ME,), {}, True),
        (Requirement.DOUBLE_OPT_IN, (TRACK_ME,), {}, False),
        (Requirement.DOUBLE_OPT_IN, (replace(TRACK_ME, confirmed=True),), {}, True),
        (Requirement.OPT_OUT, (), {"born_on": dt.date(2020, 1, 1)}, False),
        (Requirement.OPT_IN, (TRACK_ME,), {"born_on": dt.date(2020, 1, 1)}, False),
        # Whether a message may go out at all is another question.
        (Requirement.OPT_OUT, (), {"points": ()}, True),
    ],
)
def test_whether_an_e_mail_may_be_tracked(law, choices, changes, tracking):
    who = person(choices=choices, **changes)
    law = rules(tracking=law)
    assert verdict(who, TRACKED, law).tracking is tracking
    service = verdict(who, TRACKED, law, message_class=MessageClass.SERVICE)
    assert (service.allowed, service.tracking) == (True, tracking)


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.EMAIL])
def test_only_e_mail_is_tracked(channel):
    assert verdict(person(), TRACKED).tracking
    assert not verdict(person(), ask(channel, tracking=TRACKING_ASK)).tracking


@pytest.mark.parametrize("who", [None, person(erased=True)])
@pytest.mark.parametrize("message_class", MessageClass)
def test_nobody_unknown_or_erased_is_tracked(who, message_class):
    assert not verdict(who, TRACKED, message_class=message_class).tracking


def test_without_a_purpose_for_it_nothing_is_tracked():
    assert not verdict(person(choices=(TRACK_ME,)), ask(tracking=None)).tracking


# Profiling.


@pytest.mark.parametrize(
    ("law", "choices", "allowed", "reason"),
    [
        (Requirement.OPT_OUT, (), True, Reason.LAW_ALLOWS),
        (Requirement.SOFT_OPT_IN, (), False, Reason.LAW_REQUIRES_CONSENT),
        (Requirement.OPT_IN, (), False, Reason.LAW_REQUIRES_CONSENT),
        (Requirement.DOUBLE_OPT_IN, (), False, Reason.LAW_REQUIRES_CONSENT),
        (Requirement.OPT_OUT, (NO_TRACKING,), False, Reason.CHOICE_OPTED_OUT),
        (Requirement.OPT_OUT, (NO_PROFILING,), False, Reason.CHOICE_OPTED_OUT_BROADLY),
        (Requirement.SOFT_OPT_IN, (TRACK_ME,), True, Reason.CHOICE_OPTED_IN),
        (Requirement.DOUBLE_OPT_IN, (TRACK_ME,), False, Reason.CHOICE_UNCONFIRMED),
    ],
)
def test_profiling(law, choices, allowed, reason):
    who = person(choices=choices, sold_by=frozenset({BRAND}), points=())
    found = verdict(who, replace(TRACKING_ASK, tracking=TRACKING_ASK), rules(tracking=law))
    assert (found.allowed, found.reason, found.rule) == (allowed, reason, "tracking/*")
    assert found.tracking is allowed


def test_profiling_heeds_age_and_suppression():
    asked = replace(TRACKING_ASK, asks_age=True)
    assert answer(person(born_on=None), asked) == (False, Reason.AGE_UNKNOWN)
    assert answer(person(points=(point(suppressed=True),)), asked) == (False, Reason.SUPPRESSED)
    assert answer(person(points=(point(unreachable=True),)), asked) == (True, Reason.LAW_ALLOWS)


# What the ledger asks.


@pytest.mark.parametrize(
    ("law", "profiling", "expected"),
    [
        (Requirement.SOFT_OPT_IN, False, (Requirement.SOFT_OPT_IN, "NO/*/*")),
        (Requirement.SOFT_OPT_IN, True, (Requirement.OPT_IN, "tracking/*")),
        (Requirement.DOUBLE_OPT_IN, True, (Requirement.DOUBLE_OPT_IN, "tracking/*")),
    ],
)
def test_what_is_required(law, profiling, expected):
    asked = TRACKING_ASK if profiling else ask()
    requirement, rule = required_for(
        ask=asked, country="NO", relationship=None, rules=rules(law, tracking=law)
    )
    assert (requirement, rule.id) == expected


def test_what_is_required_where_nothing_is_known():
    nothing = RuleSet.of(marketing=[], profiling=[])
    for asked in (ask(), TRACKING_ASK):
        required = required_for(ask=asked, country="NO", relationship=None, rules=nothing)
        assert required == (Requirement.DOUBLE_OPT_IN, None)
    with pytest.raises(ValueError, match="channel"):
        required_for(ask=ask(None), country="NO", relationship=None, rules=nothing)


def test_until_when_a_yes_can_be_confirmed():
    pending = said(State.PENDING, days=0)
    assert confirmable_until(pending, limits=LIMITS) == NOW + dt.timedelta(days=14)


@pytest.mark.parametrize(
    ("channel", "kind", "reason"),
    [
        (Channel.EMAIL, ContactKind.EMAIL, Reason.CHOICE_UNCONFIRMED),
        (Channel.SMS, ContactKind.PHONE, Reason.NUMBER_UNCONFIRMED),
        (Channel.PHONE, ContactKind.PHONE, Reason.NUMBER_UNCONFIRMED),
        (Channel.POST, ContactKind.POSTAL, Reason.NUMBER_UNCONFIRMED),
    ],
)
def test_a_confirmed_yes_counts_only_where_somebody_has_shown_to_read(channel, kind, reason):
    """Whoever confirmed read one mailbox; an address added to the record since is another."""
    about = ask(channel)
    yes = said(State.OPTED_IN, about.scope, confirmed=True)
    unread = person(choices=(yes,), points=(point(kind, verified=False),))
    read = person(choices=(yes,), points=(point(kind, verified=True),))
    law = Requirement.DOUBLE_OPT_IN
    assert answer(unread, about, law) == (False, reason)
    assert answer(read, about, law) == (True, Reason.CHOICE_OPTED_IN)
    assert answer(unread, about, Requirement.OPT_IN) == (True, Reason.CHOICE_OPTED_IN)


def test_profiling_is_no_service_message():
    who = person(choices=(NO_TRACKING,))
    assert answer(who, TRACKING_ASK, message_class=MessageClass.SERVICE) == (False, Reason.CHOICE_OPTED_OUT)


def test_what_was_offered_at_the_time_is_judged_as_offered():
    retired = ask(not_offered=Reason.PURPOSE_RETIRED, retired_at=NOW)
    assert answer(person(), retired) == (False, Reason.PURPOSE_RETIRED)
    assert answer(person(), retired, now=NOW - dt.timedelta(days=1)) == (True, Reason.LAW_ALLOWS)


def test_every_reason_is_the_answer_to_something():
    """Each of them occurs in a test above, or is one a verdict never gives."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in text] == []
