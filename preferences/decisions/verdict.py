"""What holds for one topic on one channel, or one profiling purpose. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from preferences.decisions.covering import Stated, deciding_statement
from preferences.enums import Reason, Requirement, State
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Allowed or not, why, and the statement it rests on (None where national law decides)."""

    allowed: bool
    reason: Reason
    statement: Stated | None = None


def judge(*, choices: Sequence[Stated], scope: Scope, requirement: Requirement) -> Verdict:
    """The latest covering statement decides; where nobody has said anything, what national law requires.

    `soft_opt_in` needs facts of a sale that are not on record yet, and so counts as consent required.
    """
    statement = deciding_statement(choices=choices, scope=scope)
    if statement is None:
        if requirement is Requirement.OPT_OUT:
            return Verdict(allowed=True, reason=Reason.LAW_ALLOWS)
        return Verdict(allowed=False, reason=Reason.LAW_REQUIRES_CONSENT)
    match statement.state:
        case State.OPTED_IN:
            return Verdict(allowed=True, reason=Reason.CHOICE_OPTED_IN, statement=statement)
        case State.OPTED_OUT:
            broadly = statement.scope != scope
            reason = Reason.CHOICE_OPTED_OUT_BROADLY if broadly else Reason.CHOICE_OPTED_OUT
            return Verdict(allowed=False, reason=reason, statement=statement)
        case _:
            return Verdict(allowed=False, reason=Reason.CHOICE_PENDING, statement=statement)
