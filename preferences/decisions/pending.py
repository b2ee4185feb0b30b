"""What a person has said yes to and has yet to confirm (double opt-in)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preferences.decisions.covering import Stated, deciding_statement
from preferences.decisions.decide import limits_in_force
from preferences.decisions.in_words import in_words
from preferences.decisions.verdict import confirmable_until
from preferences.enums import State
from preferences.models import Brand, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One thing to confirm: the Event that said yes, with brand, purpose and wording loaded, its scope in words, and
    the moment from which a confirmation comes too late."""

    event: Event
    what: str
    until: dt.datetime


def pending_statements(*, choices: Sequence[Stated], now: dt.datetime, expired: bool = False) -> list[Stated]:
    """The statements that wait for confirmation, oldest first: those that can still be confirmed, or with `expired`
    those that nobody confirmed in time. Pure but for the settings.

    One that something newer covers waits for nothing any more.
    """
    limits = limits_in_force()
    return sorted(
        (
            choice
            for choice in choices
            if choice.state is State.PENDING
            and (confirmable_until(choice, limits=limits) <= now) is expired
            and deciding_statement(choices=choices, scope=choice.scope) is choice
        ),
        key=lambda choice: choice.order,
    )


def pending_in_words(*, choices: Sequence[Stated], now: dt.datetime, expired: bool = False) -> list[Pending]:
    """The same in the active language, without what is no longer offered. One query, none where nothing waits."""
    limits = limits_in_force()
    waiting = {
        statement.event: statement
        for statement in pending_statements(choices=choices, now=now, expired=expired)
    }
    events = Event.objects.select_related("brand", "purpose", "wording").in_bulk(list(waiting))
    return [
        Pending(
            event=events[pk],
            what=in_words(
                kind=events[pk].kind,
                brand=events[pk].brand,
                purpose=events[pk].purpose,
                channel=events[pk].channel,
            ),
            until=confirmable_until(statement, limits=limits),
        )
        for pk, statement in waiting.items()
        if _is_offered(events[pk])
    ]


def brand_of(events: Iterable[Event]) -> Brand | None:
    """The brand that all of these are of; None where there are several, or none."""
    brands = {event.brand for event in events}
    return brands.pop() if len(brands) == 1 else None


def _is_offered(event: Event) -> bool:
    purpose, brand = event.purpose, event.brand
    return bool(
        purpose
        and not purpose.retired_at
        and not (brand and brand.retired_at)
        and (event.channel is None or event.channel in purpose.channels)
    )
