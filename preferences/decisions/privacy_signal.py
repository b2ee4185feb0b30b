"""Global Privacy Control: what it refuses, and since when a person's history has it."""

from __future__ import annotations

import datetime as dt

from preferences.decisions.history import one_person
from preferences.enums import Channel, Kind, Source
from preferences.models import Event
from preferences.scope import Scope

# The signal asks that data be neither sold nor shared, nor used for advertising across sites. What we send a person
# ourselves (e-mail, letters, calls, in the product) it does not speak of.
GPC_REFUSES = (
    Scope.all_profiling(),
    Scope(kind=Kind.MARKETING, channel=Channel.WEB),
    Scope(kind=Kind.MARKETING, channel=Channel.SOCIAL),
)


def signal_on_record(*, recipient: int) -> dict[Scope, dt.datetime]:
    """When each scope was first refused by the signal, by the person or by one merged into them; one query.

    Those that were taken back since are among them. Those that were refused anyway when the signal came are not.
    """
    found: dict[Scope, dt.datetime] = {}
    for event in Event.objects.filter(recipient__in=one_person(recipient), source=Source.GPC).order_by("pk"):
        found.setdefault(event.scope, event.occurred_at)
    return found
