"""The latest covering statement decides. Pure: statements in, the deciding one out."""

import datetime as dt

import pytest

from preferences.decisions.covering import Stated, deciding_statement, says_all, stated_state
from preferences.enums import Channel, Kind, State
from preferences.scope import Scope

ALL = Scope.all_marketing()
ACME = Scope(kind=Kind.MARKETING, brand=1)
EMAIL = Scope(kind=Kind.MARKETING, channel=Channel.EMAIL)
NEWS = Scope(kind=Kind.MARKETING, brand=1, purpose=10, channel=Channel.EMAIL)
NEWS_SMS = Scope(kind=Kind.MARKETING, brand=1, purpose=10, channel=Channel.SMS)
OTHER = Scope(kind=Kind.MARKETING, brand=2, purpose=20, channel=Channel.EMAIL)
ACTIVITY = Scope(kind=Kind.PROFILING, purpose=30)
YES, NO, PENDING, NOTHING = State.OPTED_IN, State.OPTED_OUT, State.PENDING, State.UNSTATED


def said(*statements):
    """Statements as (scope, state, day[, event id]); without an id they are numbered in order."""
    return [
        Stated(
            scope=scope,
            state=state,
            occurred_at=dt.datetime(2026, 5, day, tzinfo=dt.UTC),
            event=event[0] if event else number,
        )
        for number, (scope, state, day, *event) in enumerate(statements, start=1)
    ]


@pytest.mark.parametrize(
    ("choices", "scope", "state"),
    [
        ([], NEWS, NOTHING),
        ([(NEWS, YES, 1)], NEWS, YES),
        ([(NEWS, YES, 1)], NEWS_SMS, NOTHING),
        ([(NEWS, PENDING, 1)], NEWS, PENDING),
        ([(ALL, NO, 1)], NEWS, NO),
        ([(ALL, NO, 1)], ACTIVITY, NOTHING),
        ([(ACTIVITY, NO, 1)], NEWS, NOTHING),
        ([(ALL, NO, 1), (NEWS, YES, 2)], NEWS, YES),
        ([(ALL, NO, 1), (NEWS, YES, 2)], NEWS_SMS, NO),
        ([(NEWS, YES, 1), (ALL, NO, 2)], NEWS, NO),
        ([(NEWS, YES, 1), (ACME, NO, 2)], NEWS, NO),
        ([(NEWS, YES, 1), (EMAIL, NO, 2)], NEWS, NO),
        ([(OTHER, YES, 1), (ACME, NO, 2)], OTHER, YES),
        # Stated at the same moment: the later id.
        ([(NEWS, YES, 1, 8), (ALL, NO, 1, 7)], NEWS, YES),
        ([(NEWS, YES, 1, 7), (ALL, NO, 1, 8)], NEWS, NO),
        # A late import has a higher id and an earlier time.
        ([(ALL, NO, 2, 7), (NEWS, YES, 1, 8)], NEWS, NO),
        # Not covered by what is narrower.
        ([(NEWS, NO, 1)], ALL, NOTHING),
        ([(NEWS, NO, 1)], ACME, NOTHING),
    ],
)
def test_what_holds(choices, scope, state):
    for order in (said(*choices), said(*choices)[::-1]):
        assert stated_state(choices=order, scope=scope) == state


def test_deciding_statement_is_the_one_itself():
    first, second = said((ALL, NO, 1), (NEWS, YES, 2))
    assert deciding_statement(choices=[second, first], scope=NEWS) is second
    assert deciding_statement(choices=[second, first], scope=OTHER) is first
    assert deciding_statement(choices=[], scope=NEWS) is None


@pytest.mark.parametrize(
    ("choices", "scope", "resting_on"),
    [
        ([], ALL, None),
        ([(ALL, NO, 1)], ALL, 1),
        ([(ALL, NO, 1)], NEWS, 1),
        ([(ALL, NO, 1), (NEWS, YES, 2)], ALL, None),
        ([(ALL, NO, 1), (NEWS, YES, 2)], ACME, None),
        ([(ALL, NO, 1), (NEWS, YES, 2)], EMAIL, None),
        ([(ALL, NO, 1), (OTHER, YES, 2)], ACME, 1),
        # The yes came before, so the stop covers it.
        ([(NEWS, YES, 1), (ALL, NO, 2)], ALL, 2),
        # A yes that a newer, narrower stop has ended is no exception any more.
        ([(ALL, NO, 1), (NEWS, YES, 2), (ACME, NO, 3)], ALL, 1),
        ([(ALL, NO, 1), (NEWS, YES, 2), (ACME, NO, 3)], ACME, 3),
        # Every part was stopped one by one: that says nothing about topics to come.
        ([(NEWS, NO, 1), (NEWS_SMS, NO, 2)], ACME, None),
        ([(ALL, NO, 1), (NEWS, PENDING, 2)], ALL, None),
    ],
)
def test_says_all(choices, scope, resting_on):
    found = says_all(choices=said(*choices), scope=scope, state=NO)
    assert (found.event if found else None) == resting_on


def test_says_all_of_a_yes():
    assert says_all(choices=said((NEWS, YES, 1)), scope=NEWS, state=YES)
    assert says_all(choices=said((NEWS, YES, 1)), scope=NEWS, state=NO) is None
