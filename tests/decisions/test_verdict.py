"""May we? What was said decides; where nothing was, national law. Every answer bears its reason."""

import datetime as dt

import pytest

from preferences.decisions.covering import Stated
from preferences.decisions.verdict import Verdict, judge
from preferences.enums import Channel, Kind, Reason, Requirement, State
from preferences.scope import Scope

NEWS = Scope(kind=Kind.MARKETING, brand=1, purpose=10, channel=Channel.EMAIL)
NOW = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)


def stated(state, scope=NEWS, minutes=0):
    return Stated(
        scope=scope, state=state, occurred_at=NOW + dt.timedelta(minutes=minutes), event=1 + minutes
    )


@pytest.mark.parametrize(
    ("requirement", "verdict"),
    [
        (Requirement.OPT_OUT, Verdict(allowed=True, reason=Reason.LAW_ALLOWS)),
        (Requirement.SOFT_OPT_IN, Verdict(allowed=False, reason=Reason.LAW_REQUIRES_CONSENT)),
        (Requirement.OPT_IN, Verdict(allowed=False, reason=Reason.LAW_REQUIRES_CONSENT)),
        (Requirement.DOUBLE_OPT_IN, Verdict(allowed=False, reason=Reason.LAW_REQUIRES_CONSENT)),
    ],
)
def test_law_decides_where_nothing_was_said(requirement, verdict):
    assert judge(choices=[], scope=NEWS, requirement=requirement) == verdict
    elsewhere = stated(State.OPTED_IN, Scope(kind=Kind.MARKETING, brand=1, purpose=11, channel=Channel.EMAIL))
    assert judge(choices=[elsewhere], scope=NEWS, requirement=requirement) == verdict


@pytest.mark.parametrize("requirement", Requirement)
@pytest.mark.parametrize(
    ("statement", "allowed", "reason"),
    [
        (stated(State.OPTED_IN), True, Reason.CHOICE_OPTED_IN),
        (stated(State.OPTED_OUT), False, Reason.CHOICE_OPTED_OUT),
        (stated(State.OPTED_OUT, Scope.all_marketing()), False, Reason.CHOICE_OPTED_OUT_BROADLY),
        (stated(State.PENDING), False, Reason.CHOICE_PENDING),
    ],
)
def test_a_statement_decides_whatever_the_law(requirement, statement, allowed, reason):
    assert judge(choices=[statement], scope=NEWS, requirement=requirement) == Verdict(
        allowed=allowed, reason=reason, statement=statement
    )


def test_the_latest_decides():
    stop, yes = stated(State.OPTED_OUT, Scope.all_marketing()), stated(State.OPTED_IN, minutes=1)
    assert judge(choices=[yes, stop], scope=NEWS, requirement=Requirement.OPT_OUT).allowed
    later = stated(State.OPTED_OUT, Scope.all_marketing(), minutes=2)
    assert not judge(choices=[yes, later], scope=NEWS, requirement=Requirement.OPT_OUT).allowed
