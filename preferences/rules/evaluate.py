"""What the law says about one message to one person, where the person has said nothing. Pure: no ORM, no clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from preferences.enums import Reason, Requirement
from preferences.rules.values import CountryFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What a look into the do-not-call register said about one number, and when it was looked."""

    screened_at: dt.datetime | None
    on_register: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What law asks to know besides the rule. A missing fact gets the stricter answer.

    `sold` says that a sale by the brand is on record at which the person could refuse. `asks_age` says that what is
    offered is offered to children too. `screening` is that of the number to be called, and None
    where none is.
    """

    born_on: dt.date | None = None
    asks_age: bool = False
    sold: bool = False
    screening: Screening | None = None


def too_young(*, facts: Facts, country: CountryFacts, today: dt.date) -> Reason | None:
    """Why the person's age forbids marketing and profiling, consent or not; None where it does not."""
    if country.minimum_age is None:
        return None
    if facts.born_on is None:
        return Reason.AGE_UNKNOWN if facts.asks_age else None
    return Reason.BELOW_MINIMUM_AGE if facts.born_on > born_before(today, country.minimum_age) else None


def born_before(today: dt.date, age: int) -> dt.date:
    """The last birthday of those who have reached `age` by `today`. Who is born on 29 February turns on 1 March."""
    try:
        return today.replace(year=today.year - age)
    except ValueError:
        return today.replace(year=today.year - age, day=28)


def evaluate(
    *,
    requirement: Requirement,
    facts: Facts,
    country: CountryFacts,
    now: dt.datetime,
    screening_days: int,
) -> Reason:
    """The reason for which `requirement` allows or denies; `ALLOWING` holds those that allow.

    A look into the register counts for `screening_days`.
    """
    match requirement:
        case Requirement.OPT_OUT:
            allowed = Reason.LAW_ALLOWS
        case Requirement.SOFT_OPT_IN if facts.sold:
            allowed = Reason.LAW_ALLOWS_CUSTOMERS
        case Requirement.SOFT_OPT_IN:
            return Reason.LAW_REQUIRES_SALE
        case _:
            return Reason.LAW_REQUIRES_CONSENT
    if facts.screening is None or not country.has_register:
        return allowed
    return _register(facts.screening, oldest=now - dt.timedelta(days=screening_days)) or allowed


ALLOWING = frozenset({Reason.LAW_ALLOWS, Reason.LAW_ALLOWS_CUSTOMERS})


def _register(screening: Screening, *, oldest: dt.datetime) -> Reason | None:
    """Why the register forbids a call; None where it does not."""
    if screening.screened_at is None or screening.screened_at <= oldest:
        return Reason.REGISTER_NOT_SCREENED
    return Reason.ON_REGISTER if screening.on_register else None
