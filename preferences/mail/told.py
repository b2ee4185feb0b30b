"""What a mail of ours says about changes: each in words, with the link that takes it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from preferences.decisions.covering import Stated
from preferences.decisions.history import by_whom, what_it_covers
from preferences.decisions.restorable import is_undoable
from preferences.enums import State
from preferences.links import undo_url
from preferences.mail.compose import LinkWriter
from preferences.models import ContactPoint, Event

# So many changes stand in one mail, and then how many more there are: the rest is on the person's page.
_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change in the active language. `undo_url` is empty where it cannot be taken back from this mail."""

    what: str
    became: str
    said_at: dt.datetime
    by_whom: str
    undo_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllTold:
    """The changes that a mail lists, and how many more there are."""

    changes: tuple[Told, ...]
    more: int


def tell(
    events: Sequence[Event],
    *,
    point: ContactPoint | None,
    choices: Sequence[Stated],
    link: LinkWriter,
    now: dt.datetime,
) -> AllTold:
    """The changes that these Events made (with brand, purpose and undo loaded), for a mail to the address `point`.

    Links are only for the person: without a `point`, and where an Event is another recipient's, there are none.
    `choices` are the current ones of the person.
    """

    def undo_link(event: Event) -> str:
        # An Event of another recipient rests in none of these choices.
        if point is None or not is_undoable(event=event, choices=choices, undone=hasattr(event, "undone_by")):
            return ""
        return link(lambda: undo_url(event=event.pk, contact_point=point.pk, now=now))

    listed = [
        Told(
            what=what_it_covers(event),
            became=_became(State(event.state)),
            said_at=event.occurred_at,
            by_whom=by_whom(event),
            undo_url=undo_link(event),
        )
        for event in events[:_MOST]
    ]
    return AllTold(changes=tuple(listed), more=len(events) - len(listed))


def _became(state: State) -> str:
    match state:
        case State.OPTED_IN:
            return _("Switched on")
        case State.OPTED_OUT:
            return _("Switched off")
        case State.PENDING:
            return str(state.label)
        case State.UNSTATED:
            return _("As if nothing had been said")
