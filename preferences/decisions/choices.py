"""Load what a recipient has said. Both paths load it here."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from preferences.decisions.covering import Stated
from preferences.enums import Channel, Kind, State
from preferences.scope import Scope

_LOAD = """
SELECT kind, brand_id, purpose_id, channel, state, occurred_at, event_id, confirmed
  FROM preferences_choice WHERE recipient_id = %s
"""


def load_choices(recipient: int) -> list[Stated]:
    """All current statements of a recipient, in no order. One query, and no model instances."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [recipient])
        return [stated(*row) for row in cursor.fetchall()]


def stated(
    kind: str,
    brand: int | None,
    purpose: int | None,
    channel: str | None,
    state: str,
    occurred_at: dt.datetime,
    event: int,
    confirmed: bool = False,
) -> Stated:
    """The columns of a Choice, in the order of the query above, as a value."""
    scope = Scope(
        kind=Kind(kind), brand=brand, purpose=purpose, channel=Channel(channel) if channel else None
    )
    return Stated(scope=scope, state=State(state), occurred_at=occurred_at, event=event, confirmed=confirmed)
