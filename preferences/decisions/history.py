"""The history of one person, as people and staff read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from preferences.decisions.covering import Stated
from preferences.decisions.in_words import in_words
from preferences.decisions.restorable import is_undoable
from preferences.enums import Actor, Route, Source, State
from preferences.models import Event, Merge, Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One Event in words. `event` is the row itself, with brand, purpose, staff and its undo loaded."""

    event: Event
    what: str
    before: str
    after: str
    source: str
    route: str
    undoable: bool

    @property
    def occurred_at(self) -> dt.datetime:
        return self.event.occurred_at


def history_of(
    *, recipient: int, choices: Sequence[Stated], limit: int, before: int | None = None
) -> list[HistoryEntry]:
    """The newest `limit` events of a recipient and of those merged into it, newest first; one query.

    `before` pages on: only events with a smaller id. `choices` are the recipient's current ones.
    """
    events = (
        # The ids by a subquery: an OR across the join would read every event there is.
        Event.objects.filter(recipient__in=one_person(recipient))
        .select_related("brand", "purpose", "staff", "undone_by")
        .order_by("-pk")
    )
    if before is not None:
        events = events.filter(pk__lt=before)
    return [
        HistoryEntry(
            event=event,
            what=what_it_covers(event),
            before=str(State(event.previous_state).label),
            after=str(State(event.state).label),
            source=by_whom(event),
            route=str(Route(event.route).label) if event.route else "",
            undoable=event.recipient_id == recipient
            and is_undoable(event=event, choices=choices, undone=hasattr(event, "undone_by")),
        )
        for event in events[:limit]
    ]


def one_person(recipient: int) -> QuerySet[Recipient, int]:
    """The ids under which one person's history stands: the recipient's own, and those merged into it."""
    return Recipient.objects.filter(Q(pk=recipient) | Q(merged_into=recipient)).values_list("pk", flat=True)


def merges_of(*, recipient: int) -> list[Merge]:
    """The merges this recipient survived or was absorbed in, newest first."""
    return list(Merge.objects.filter(Q(surviving=recipient) | Q(absorbed=recipient)).order_by("-pk"))


def what_it_covers(event: Event) -> str:
    """The scope of an Event in words."""
    return in_words(kind=event.kind, brand=event.brand, purpose=event.purpose, channel=event.channel)


def by_whom(event: Event) -> str:
    """How a statement reached us, in words the person it concerns understands."""
    if event.source == Source.UNDO and event.actor == Actor.STAFF:
        return _("Our staff took an earlier change back")
    return str(Source(event.source).label)
