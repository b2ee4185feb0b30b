"""Load what a recipient has said. Both paths load it here."""

from __future__ import annotations

from django.db import connection

from preferences.decisions.covering import Stated
from preferences.enums import Channel, Kind, State
from preferences.scope import Scope

_LOAD = """
SELECT kind, brand_id, purpose_id, channel, state, occurred_at, event_id
  FROM preferences_choice WHERE recipient_id = %s
"""


def load_choices(recipient: int) -> list[Stated]:
    """All current statements of a recipient, in no order. One query, without model instances: it runs in every stop."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [recipient])
        return [
            Stated(
                scope=Scope(
                    kind=Kind(kind),
                    brand=brand,
                    purpose=purpose,
                    channel=Channel(channel) if channel else None,
                ),
                state=State(state),
                occurred_at=occurred_at,
                event=event,
            )
            for kind, brand, purpose, channel, state, occurred_at, event in cursor.fetchall()
        ]
