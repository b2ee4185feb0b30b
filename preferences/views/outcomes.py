"""Say in words what became of a person's changes, with the link that undoes each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from preferences.enums import Outcome, State
from preferences.ledger import ChangeResult
from preferences.links import undo_path
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeLine:
    """One line of the answer. `what` names the thing, `sentence` says what became of it; `undo_url` may be empty."""

    what: str
    sentence: str
    changed: bool
    refused: bool
    undo_url: str


def outcome_lines(
    *,
    results: Iterable[ChangeResult],
    names: Mapping[Scope, str],
    contact_point: int | None,
    now: dt.datetime,
) -> list[OutcomeLine]:
    """A line for each result; `names` says what each scope is called on the page."""
    return [
        OutcomeLine(
            what=names[result.change.scope],
            sentence=_sentence(result),
            changed=result.outcome is Outcome.CHANGED,
            refused=result.outcome is Outcome.REFUSED,
            undo_url=undo_path(event=result.event, contact_point=contact_point, now=now)
            if result.outcome is Outcome.CHANGED and result.event
            else "",
        )
        for result in results
    ]


def _sentence(result: ChangeResult) -> str:
    stop = result.change.state is State.OPTED_OUT
    match result.outcome:
        case Outcome.CHANGED | Outcome.ALREADY_SO if result.lacks_address:
            return _(
                "You would have to confirm this by e-mail, and we have no address to send you the link to."
            )
        case Outcome.CHANGED if result.state is State.PENDING:
            return _("It starts once you have confirmed it by e-mail.")
        case Outcome.ALREADY_SO if result.state is State.PENDING:
            return _("It still waits for you to confirm it by e-mail.")
        case Outcome.CHANGED:
            return _("Stopped.") if stop else _("Started.")
        case Outcome.ALREADY_SO:
            return _("This was stopped already.") if stop else _("This was on already.")
        case Outcome.REFUSED if result.refusal:
            return str(result.refusal.label)
        case _:
            return str(result.outcome.label)
