"""What the law says where nobody has said anything, as tables."""

import datetime as dt

import pytest

from preferences.enums import Reason, Requirement
from preferences.rules.evaluate import ALLOWING, Facts, Screening, born_before, evaluate, too_young
from preferences.rules.values import CountryFacts

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
DAYS = 31
REGISTER = CountryFacts(minimum_age=13, has_register=True)
NO_REGISTER = CountryFacts(minimum_age=13, has_register=False)

NEVER = Screening(screened_at=None, on_register=None)
ON = Screening(screened_at=NOW - dt.timedelta(days=1), on_register=True)
OFF = Screening(screened_at=NOW - dt.timedelta(days=1), on_register=False)
JUST_IN_TIME = Screening(screened_at=NOW - dt.timedelta(days=DAYS, microseconds=-1), on_register=False)
TOO_OLD = Screening(screened_at=NOW - dt.timedelta(days=DAYS), on_register=False)


@pytest.mark.parametrize(
    ("requirement", "sold", "screening", "country", "reason"),
    [
        (Requirement.OPT_OUT, False, None, REGISTER, Reason.LAW_ALLOWS),
        (Requirement.OPT_OUT, True, None, REGISTER, Reason.LAW_ALLOWS),
        (Requirement.SOFT_OPT_IN, False, None, REGISTER, Reason.LAW_REQUIRES_SALE),
        (Requirement.SOFT_OPT_IN, True, None, REGISTER, Reason.LAW_ALLOWS_CUSTOMERS),
        (Requirement.OPT_IN, False, None, REGISTER, Reason.LAW_REQUIRES_CONSENT),
        (Requirement.OPT_IN, True, None, REGISTER, Reason.LAW_REQUIRES_CONSENT),
        (Requirement.DOUBLE_OPT_IN, True, None, REGISTER, Reason.LAW_REQUIRES_CONSENT),
        # Before a call, the register, wherever there is one.
        (Requirement.OPT_OUT, False, NEVER, REGISTER, Reason.REGISTER_NOT_SCREENED),
        (Requirement.OPT_OUT, False, TOO_OLD, REGISTER, Reason.REGISTER_NOT_SCREENED),
        (Requirement.OPT_OUT, False, JUST_IN_TIME, REGISTER, Reason.LAW_ALLOWS),
        (Requirement.OPT_OUT, False, OFF, REGISTER, Reason.LAW_ALLOWS),
        (Requirement.OPT_OUT, False, ON, REGISTER, Reason.ON_REGISTER),
        (Requirement.OPT_OUT, False, NEVER, NO_REGISTER, Reason.LAW_ALLOWS),
        (Requirement.OPT_OUT, False, ON, NO_REGISTER, Reason.LAW_ALLOWS),
        (Requirement.SOFT_OPT_IN, True, NEVER, REGISTER, Reason.REGISTER_NOT_SCREENED),
        (Requirement.SOFT_OPT_IN, True, ON, REGISTER, Reason.ON_REGISTER),
        (Requirement.SOFT_OPT_IN, True, OFF, REGISTER, Reason.LAW_ALLOWS_CUSTOMERS),
        # The sale comes first: without one there is nothing to look up.
        (Requirement.SOFT_OPT_IN, False, ON, REGISTER, Reason.LAW_REQUIRES_SALE),
        (Requirement.OPT_IN, True, OFF, REGISTER, Reason.LAW_REQUIRES_CONSENT),
    ],
)
def test_what_the_law_says(requirement, sold, screening, country, reason):
    found = evaluate(
        requirement=requirement,
        facts=Facts(sold=sold, screening=screening),
        country=country,
        now=NOW,
        screening_days=DAYS,
    )
    assert found is reason


def test_two_reasons_allow():
    assert {Reason.LAW_ALLOWS, Reason.LAW_ALLOWS_CUSTOMERS} == ALLOWING


@pytest.mark.parametrize(
    ("minimum_age", "born_on", "asks_age", "reason"),
    [
        (None, None, True, None),
        (None, dt.date(2026, 1, 1), True, None),
        (15, None, False, None),
        (15, None, True, Reason.AGE_UNKNOWN),
        (15, dt.date(2011, 5, 3), False, None),
        (15, dt.date(2011, 5, 4), False, Reason.BELOW_MINIMUM_AGE),
        (15, dt.date(2011, 5, 4), True, Reason.BELOW_MINIMUM_AGE),
        (15, dt.date(1950, 1, 1), True, None),
        (15, dt.date(2030, 1, 1), False, Reason.BELOW_MINIMUM_AGE),
    ],
)
def test_the_minimum_age(minimum_age, born_on, asks_age, reason):
    country = CountryFacts(minimum_age=minimum_age, has_register=False)
    facts = Facts(born_on=born_on, asks_age=asks_age)
    assert too_young(facts=facts, country=country, today=NOW.date()) is reason


@pytest.mark.parametrize(
    ("today", "age", "last"),
    [
        (dt.date(2026, 5, 3), 13, dt.date(2013, 5, 3)),
        (dt.date(2024, 2, 29), 16, dt.date(2008, 2, 29)),
        (dt.date(2024, 2, 29), 13, dt.date(2011, 2, 28)),
        (dt.date(2026, 2, 28), 14, dt.date(2012, 2, 28)),
        (dt.date(2026, 3, 1), 14, dt.date(2012, 3, 1)),
    ],
)
def test_who_is_old_enough(today, age, last):
    assert born_before(today, age) == last
