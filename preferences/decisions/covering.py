"""Which statement decides: the latest that covers. Pure; both paths reckon with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preferences.enums import State
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A Choice as a value: what was said for a scope, when, and by which Event.

    `confirmed` says of a yes that it was confirmed by double opt-in.
    """

    scope: Scope
    state: State
    occurred_at: dt.datetime
    event: int
    confirmed: bool = False

    @property
    def order(self) -> tuple[dt.datetime, int]:
        """Statements are ordered by when they were made, then by event id."""
        return (self.occurred_at, self.event)


def deciding_statement(*, choices: Iterable[Stated], scope: Scope) -> Stated | None:
    """Of all choices that cover `scope`, the latest; None where nobody has said anything."""
    return max(
        (choice for choice in choices if choice.scope.covers(scope)), key=lambda c: c.order, default=None
    )


def latest_time(*, choices: Iterable[Stated], now: dt.datetime) -> dt.datetime:
    """`now`, or the time of the newest statement where that is later: what is said next comes after all of it."""
    return max([now, *(choice.occurred_at for choice in choices)])


def stated_state(*, choices: Iterable[Stated], scope: Scope) -> State:
    """The state that holds for `scope` by what was said: `unstated` where nobody has said anything."""
    statement = deciding_statement(choices=choices, scope=scope)
    return statement.state if statement else State.UNSTATED


def says_all(*, choices: Sequence[Stated], scope: Scope, state: State) -> Stated | None:
    """The choice by which the whole of `scope` is in `state` already, or None.

    A newer statement on a part of the scope that says otherwise, and still stands, means that it is not so for
    the whole.
    """
    deciding = deciding_statement(choices=choices, scope=scope)
    if deciding is None or deciding.state is not state:
        return None
    contradicted = any(
        choice.order > deciding.order
        and choice.state is not state
        and choice.scope.overlaps(scope)
        and stated_state(choices=choices, scope=choice.scope) is not state
        for choice in choices
    )
    return None if contradicted else deciding
