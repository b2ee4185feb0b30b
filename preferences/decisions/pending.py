"""What a person has said yes to and has yet to confirm (double opt-in)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from preferences.decisions.covering import Stated, deciding_statement
from preferences.decisions.decide import limits_in_force
from preferences.decisions.in_words import in_words
from preferences.decisions.situation import PersonRef, Situation, load_situations
from preferences.decisions.verdict import confirmable_until
from preferences.enums import ContactKind, State
from preferences.models import ContactPoint, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One thing to confirm: the Event that said yes, with brand, purpose and wording loaded, and its scope in words."""

    event: Event
    what: str


def pending_statements(*, choices: Sequence[Stated], now: dt.datetime) -> list[Stated]:
    """The statements that wait for confirmation and can still be confirmed, oldest first. Pure but for the settings.

    One that something newer covers waits for nothing any more.
    """
    limits = limits_in_force()
    return sorted(
        (
            choice
            for choice in choices
            if choice.state is State.PENDING
            and confirmable_until(choice, limits=limits) > now
            and deciding_statement(choices=choices, scope=choice.scope) is choice
        ),
        key=lambda choice: choice.order,
    )


def pending_in_words(*, choices: Sequence[Stated], now: dt.datetime) -> list[Pending]:
    """The same in the active language; one query."""
    waiting = [statement.event for statement in pending_statements(choices=choices, now=now)]
    events = Event.objects.select_related("brand", "purpose", "wording").in_bulk(waiting)
    return [
        Pending(
            event=events[pk],
            what=in_words(
                kind=events[pk].kind,
                brand=events[pk].brand,
                purpose=events[pk].purpose,
                channel=events[pk].channel,
            ),
        )
        for pk in waiting
    ]


def confirmation_point(*, recipient: int, now: dt.datetime) -> tuple[Situation | None, ContactPoint | None]:
    """Who is to confirm, and the e-mail address the mail goes to; None where there is no usable one. Two queries."""
    (person,) = load_situations(people=[PersonRef(recipient=recipient)], today=now.date()).people
    if person is None or person.erased:
        return None, None
    usable = next(
        (point for point in person.points if point.kind is ContactKind.EMAIL and point.usable), None
    )
    if usable is None:
        return person, None
    return person, ContactPoint.objects.select_related("recipient").filter(pk=usable.id).first()
