"""May this be sent, and may this be tracked? Pure: everything it rests on is handed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from preferences.decisions.covering import Stated, deciding_statement
from preferences.decisions.situation import Point, Situation
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
from preferences.rules.evaluate import ALLOWING, Facts, evaluate, too_young
from preferences.rules.values import ProfilingRow, Rule, RuleSet
from preferences.scope import Scope

# The kind of contact point a message on this channel needs. The other channels need none.
REACHED_AT = {
    Channel.EMAIL: ContactKind.EMAIL,
    Channel.SMS: ContactKind.PHONE,
    Channel.PHONE: ContactKind.PHONE,
    Channel.POST: ContactKind.POSTAL,
}

_ALLOWING = ALLOWING | {Reason.SERVICE_MESSAGE, Reason.CHOICE_OPTED_IN}
# The person's own word, on which neither age nor law has any bearing.
_STOPPED = frozenset(
    {
        Reason.CHOICE_OPTED_OUT,
        Reason.CHOICE_OPTED_OUT_BROADLY,
        Reason.CHOICE_PENDING,
        Reason.CHOICE_PENDING_EXPIRED,
    }
)
_BASIS = {
    Reason.SERVICE_MESSAGE: LegalBasis.CONTRACT,
    Reason.CHOICE_OPTED_IN: LegalBasis.CONSENT,
    Reason.CHOICE_OPTED_OUT: LegalBasis.OBJECTION,
    Reason.CHOICE_OPTED_OUT_BROADLY: LegalBasis.OBJECTION,
    Reason.LAW_ALLOWS: LegalBasis.LEGITIMATE_INTEREST,
    Reason.LAW_ALLOWS_CUSTOMERS: LegalBasis.LEGITIMATE_INTEREST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For how many days a yes waits for its confirmation, and a look into the do-not-call register counts."""

    confirm_days: int
    screening_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked about: a topic on a channel, or a profiling purpose (`channel` None).

    `key` is the purpose's, `brand` the name of a topic's brand. `not_offered` says why it is not offered at all, None
    where it is; `retired_at` is since when, where it is retired. `asks_age` says that it is offered to children too.
    `tracking` is the purpose of e-mail tracking, None where there is none.
    """

    scope: Scope
    key: str
    brand: str = ""
    not_offered: Reason | None = None
    retired_at: dt.datetime | None = None
    asks_age: bool = False
    tracking: Ask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer of the read path.

    `rule` is the id of the national rule that applies, also where a choice decides ("" where none was asked), and
    `version` the version of the rules it stands in. `statement` is the choice it rests on, None where nobody has said
    anything. `tracking` says whether opens and clicks of an e-mail may be measured. `point` is the id of the contact
    point to use, None where none is needed or usable. Where only the address stands in the way, `obstructed` is the
    reason for which it would have been allowed, and `permitted` is True.
    """

    allowed: bool
    reason: Reason
    rule: str = ""
    version: str = ""
    statement: Stated | None = field(default=None)
    tracking: bool = False
    point: int | None = None
    obstructed: Reason | None = None

    @property
    def event(self) -> int | None:
        """The id of the Event the verdict rests on."""
        return self.statement.event if self.statement else None

    @property
    def legal_basis(self) -> LegalBasis | None:
        """By what the company may, or what the person's no is in law; None where there is no basis."""
        return _BASIS.get(self.reason)

    @property
    def permitted(self) -> bool:
        return self.allowed or self.obstructed is not None


def verdict_on(
    *,
    person: Situation | None,
    ask: Ask,
    message_class: MessageClass,
    rules: RuleSet,
    limits: Limits,
    now: dt.datetime,
) -> Verdict:
    """Whether `person` (None for somebody unknown) may be sent what `ask` is about, now.

    The latest covering statement decides; where nobody has said anything, what national law requires.
    """
    channel = ask.scope.channel
    tracking = False
    if person is not None and not person.erased and ask.tracking and channel in (None, Channel.EMAIL):
        tracked, _rule, _statement = _permission(
            person=person, ask=ask.tracking, point=None, rules=rules, limits=limits, now=now
        )
        tracking = tracked in _ALLOWING
    # Profiling is no message.
    if message_class is MessageClass.SERVICE and ask.scope.kind is Kind.MARKETING:
        return Verdict(allowed=True, reason=Reason.SERVICE_MESSAGE, tracking=tracking)
    if person is None:
        return Verdict(allowed=False, reason=Reason.RECIPIENT_UNKNOWN)
    if person.erased:
        return Verdict(allowed=False, reason=Reason.ERASED)
    if ask.not_offered and not (ask.retired_at and ask.retired_at > now):
        return Verdict(allowed=False, reason=ask.not_offered, tracking=tracking)
    points = _points_in_question(person=person, channel=channel)
    needed = channel in REACHED_AT
    usable = next((point for point in points if point.usable), None) if needed else None
    reason, rule, statement = _permission(
        person=person, ask=ask, point=usable, rules=rules, limits=limits, now=now
    )
    permitted = reason in _ALLOWING
    obstacle = _obstacle(points, needed=needed) if permitted else None
    return Verdict(
        allowed=permitted and obstacle is None,
        reason=obstacle or reason,
        rule=rule.id if rule else "",
        version=rules.version,
        statement=statement,
        tracking=tracking,
        point=usable.id if usable else None,
        obstructed=reason if obstacle else None,
    )


type Required = tuple[Requirement, Rule | ProfilingRow | None]


def required_for(*, ask: Ask, country: str, relationship: Relationship | None, rules: RuleSet) -> Required:
    """What national law requires for `ask` of somebody of this country and relationship, and by which rule.

    Without a rule, the strictest. A profiling purpose has no sale to rest on, so `soft_opt_in` counts as `opt_in`.
    """
    rule: Rule | ProfilingRow | None
    if ask.scope.kind is Kind.PROFILING:
        rule = rules.profiling_rule(purpose=ask.key, country=country)
        if rule and rule.requirement is Requirement.SOFT_OPT_IN:
            return Requirement.OPT_IN, rule
    elif ask.scope.channel is None:
        raise ValueError("Marketing is asked about on a channel.")
    else:
        rule = rules.marketing_rule(country=country, channel=ask.scope.channel, relationship=relationship)
    return (rule.requirement if rule else Requirement.DOUBLE_OPT_IN), rule


def _permission(
    *, person: Situation, ask: Ask, point: Point | None, rules: RuleSet, limits: Limits, now: dt.datetime
) -> tuple[Reason, Rule | ProfilingRow | None, Stated | None]:
    """What choices and law say, whether or not there is an address: the reason, the rule that applies, and the
    statement it rests on. `point` is the contact point that would be used."""
    requirement, rule = required_for(
        ask=ask, country=person.country, relationship=person.relationship, rules=rules
    )
    statement = deciding_statement(choices=person.choices, scope=ask.scope)
    reason = _said(statement=statement, scope=ask.scope, requirement=requirement, limits=limits, now=now)
    if reason in _STOPPED:
        return reason, rule, statement
    if reason is Reason.CHOICE_OPTED_IN and requirement is Requirement.DOUBLE_OPT_IN and point:
        reason = _unproven(point) or reason
    country = rules.country_facts(person.country)
    facts = Facts(
        born_on=person.born_on,
        asks_age=ask.asks_age,
        sold=ask.scope.brand in person.sold_by,
        screening=point.screening if point and ask.scope.channel is Channel.PHONE else None,
    )
    reason = too_young(facts=facts, country=country, today=now.date()) or reason
    if reason is None:
        reason = evaluate(
            requirement=requirement,
            facts=facts,
            country=country,
            now=now,
            screening_days=limits.screening_days,
        )
    return reason, rule, statement


def _said(
    *,
    statement: Stated | None,
    scope: Scope,
    requirement: Requirement,
    limits: Limits,
    now: dt.datetime,
) -> Reason | None:
    """What the deciding statement comes to; None where nobody has said anything."""
    if statement is None:
        return None
    match statement.state:
        case State.OPTED_OUT if statement.scope != scope:
            return Reason.CHOICE_OPTED_OUT_BROADLY
        case State.OPTED_OUT:
            return Reason.CHOICE_OPTED_OUT
        case State.OPTED_IN if requirement is Requirement.DOUBLE_OPT_IN and not statement.confirmed:
            return Reason.CHOICE_UNCONFIRMED
        case State.OPTED_IN:
            return Reason.CHOICE_OPTED_IN
        case _:
            expired = confirmable_until(statement, limits=limits) <= now
            return Reason.CHOICE_PENDING_EXPIRED if expired else Reason.CHOICE_PENDING


def _unproven(point: Point) -> Reason | None:
    """Why a confirmed yes does not count at this contact point; None where it does.

    Whoever confirmed has read one mailbox. Nothing follows for an address or number that somebody adds to the record.
    """
    if point.verified:
        return None
    return Reason.CHOICE_UNCONFIRMED if point.kind is ContactKind.EMAIL else Reason.NUMBER_UNCONFIRMED


def confirmable_until(statement: Stated, *, limits: Limits) -> dt.datetime:
    """The moment from which a pending statement can no longer be confirmed."""
    return statement.occurred_at + dt.timedelta(days=limits.confirm_days)


def _points_in_question(*, person: Situation, channel: Channel | None) -> list[Point]:
    """The contact points of the kind the channel needs, or all of them where it needs none.

    Where the person was named by an address of that kind, the question is about this address alone.
    """
    kind = REACHED_AT.get(channel) if channel else None
    points = [point for point in person.points if kind in (None, point.kind)]
    named = [point for point in points if kind and point.id == person.named_point]
    return named or points


def _obstacle(points: Iterable[Point], *, needed: bool) -> Reason | None:
    """What stands in the way of a message that is permitted."""
    points = list(points)
    if not needed:
        return Reason.SUPPRESSED if any(point.suppressed for point in points) else None
    if any(point.usable for point in points):
        return None
    if any(point.suppressed for point in points):
        return Reason.SUPPRESSED
    return Reason.UNREACHABLE if points else Reason.NO_CONTACT_POINT
