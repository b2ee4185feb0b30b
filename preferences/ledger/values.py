"""The frozen values that go into the ledger and come out of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from preferences.enums import Actor, Outcome, Refusal, Route, Source, State
from preferences.models.wording import WordingText
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One statement to record: from now on, this scope is in this state.

    `wording` is the exact text the person was shown for it; None where nothing of ours was shown (one-click).
    """

    scope: Scope
    state: State
    wording: WordingText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How the statement reached us.

    `occurred_at` is when the person said it (aware; None means now). `fresh` says that the manage link used is
    within its freshness. `seen_version` is the id of the newest event the page showed (0 for none); with it, a
    stale page cannot widen what was narrowed since. `staff` is the primary key of the acting user. `notice` asks for
    the person to be told by mail what was changed, with the way back.
    """

    source: Source
    actor: Actor = Actor.RECIPIENT
    occurred_at: dt.datetime | None = None
    fresh: bool = False
    seen_version: int | None = None
    staff: int | None = None
    route: Route | None = None
    reason: str = ""
    notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """What became of one Change. `event` is the id of the Event written (changed, superseded) or, where it was
    already so, of the one the state rests on; None when refused.

    `state` is what holds for the scope by it: `pending` where a yes was asked for and the law wants it confirmed.
    `mail_due_at` is when the mail to confirm it by may go out, None where none was asked for; `lacks_address` says
    that it was, and there is no usable e-mail address to send it to.
    """

    change: Change
    outcome: Outcome
    previous_state: State
    refusal: Refusal | None = None
    event: int | None = None
    state: State | None = None
    mail_due_at: dt.datetime | None = None
    lacks_address: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The answer of the write path: the recipient written to (the surviving one after a merge), and a result
    for each change in the order given."""

    recipient: int
    results: tuple[ChangeResult, ...]

    @property
    def changed(self) -> tuple[ChangeResult, ...]:
        return tuple(result for result in self.results if result.outcome is Outcome.CHANGED)
