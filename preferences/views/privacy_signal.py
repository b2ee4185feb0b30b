"""Global Privacy Control on the pages: whether a browser sends it, and what the preference page says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils.translation import gettext as _

from preferences.decisions.covering import says_all, stated_state
from preferences.decisions.in_words import in_words
from preferences.decisions.page import PreferencePage, Switch
from preferences.decisions.privacy_signal import GPC_REFUSES, signal_on_record
from preferences.enums import Outcome, State
from preferences.ledger import ChangeResult
from preferences.scope import Scope
from preferences.views.outcomes import OutcomeLine, outcome_lines


def sends_gpc(request: HttpRequest) -> bool:
    """Whether the browser sends Global Privacy Control. The specification knows one value; any other is no signal."""
    return request.META.get("HTTP_SEC_GPC") == "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One thing the signal refuses. `since` is when that went on record; None while it is not there.

    `so_anyway` says that it is not there because all of it is refused already. `taken_back` says that it was undone
    since, or that nothing of it holds any more. `yes` are the switches within it that the person has turned on.
    """

    name: str
    since: dt.datetime | None
    so_anyway: bool
    taken_back: bool
    yes: tuple[Switch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNote:
    """What the page says of the signal."""

    refused: tuple[Refused, ...]

    @property
    def is_due(self) -> bool:
        """Whether putting the signal on record would refuse anything."""
        return any(not refused.since and not refused.so_anyway for refused in self.refused)


def signal_note(*, page: PreferencePage) -> SignalNote:
    """How the signal stands beside what the person has said. One query."""
    on_record = signal_on_record(recipient=page.recipient.pk)
    return SignalNote(
        refused=tuple(_refused(scope=scope, since=on_record.get(scope), page=page) for scope in GPC_REFUSES)
    )


def signal_lines(
    *, results: Iterable[ChangeResult], contact_point: int | None, now: dt.datetime
) -> list[OutcomeLine]:
    """What the signal changed, in words, each with the link that takes it back."""
    lines = outcome_lines(
        results=[result for result in results if result.outcome is Outcome.CHANGED],
        names={scope: _name(scope) for scope in GPC_REFUSES},
        contact_point=contact_point,
        now=now,
    )
    return [replace(line, sentence=_("Stopped by the privacy signal of your browser.")) for line in lines]


def _refused(*, scope: Scope, since: dt.datetime | None, page: PreferencePage) -> Refused:
    return Refused(
        name=_name(scope),
        since=since,
        so_anyway=since is None
        and says_all(choices=page.choices, scope=scope, state=State.OPTED_OUT) is not None,
        taken_back=since is not None
        and stated_state(choices=page.choices, scope=scope) is not State.OPTED_OUT,
        yes=tuple(switch for switch in page.switches if scope.covers(switch.scope) and _is_yes(switch)),
    )


def _is_yes(switch: Switch) -> bool:
    statement = switch.verdict.statement
    return statement is not None and statement.state in {State.OPTED_IN, State.PENDING}


def _name(scope: Scope) -> str:
    return in_words(kind=scope.kind, brand=None, purpose=None, channel=scope.channel)
