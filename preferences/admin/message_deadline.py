"""How long there is to answer a message, as staff read it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from preferences.enums import MessageKind, MessageState
from preferences.models import Message
from preferences.rules.deadlines import Clock, clock_of

_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
# From here on hours are counted, and the sign changes its colour.
_SOON = 2 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When a message is due and in how many days or hours; `sign` is `no` when overdue, `pending` when soon, or ``."""

    due_at: dt.datetime
    words: str
    sign: str
    is_overdue: bool
    clock: Clock | None


def deadline_of(message: Message, *, now: dt.datetime) -> Deadline | None:
    """The deadline of a message with its recipient loaded; None where it has none, or does not wait any more."""
    if message.due_at is None or message.state != MessageState.WAITING:
        return None
    left = message.due_at - now
    return Deadline(
        due_at=message.due_at,
        words=_overdue(-left) if left < dt.timedelta() else _left(left),
        sign="no" if left < dt.timedelta() else "pending" if left < _SOON else "",
        is_overdue=left < dt.timedelta(),
        clock=_clock(message),
    )


def _clock(message: Message) -> Clock | None:
    """The clock the deadline came from; None where it came from another, for the person was not known then."""
    country = message.recipient.country if message.recipient else ""
    kind = MessageKind(message.kind or MessageKind.UNCLEAR)
    clock = clock_of(kind=kind, country=country, received_at=message.received_at)
    return clock if clock and clock.ends_at(message.received_at) == message.due_at else None


def _overdue(by: dt.timedelta) -> str:
    if by < _HOUR:
        return gettext("Overdue")
    if by < _DAY:
        hours = by // _HOUR
        return ngettext("%(count)d hour overdue", "%(count)d hours overdue", hours) % {"count": hours}
    return ngettext("%(count)d day overdue", "%(count)d days overdue", by.days) % {"count": by.days}


def _left(left: dt.timedelta) -> str:
    if left < _HOUR:
        return gettext("Less than an hour left")
    if left < _SOON:
        hours = left // _HOUR
        return ngettext("%(count)d hour left", "%(count)d hours left", hours) % {"count": hours}
    return ngettext("%(count)d day left", "%(count)d days left", left.days) % {"count": left.days}
