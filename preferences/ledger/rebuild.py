"""Recompute every Choice from the Events."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction


# The Choice of a scope is its latest Event that was not undone; an undo itself states nothing.
_REPLAYED = """
SELECT DISTINCT ON (recipient_id, kind, brand_id, purpose_id, channel)
       recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, id AS event_id
  FROM preferences_event AS event
 WHERE undoes_id IS NULL
   AND NOT EXISTS (SELECT FROM preferences_event AS undo WHERE undo.undoes_id = event.id)
   {where}
 ORDER BY recipient_id, kind, brand_id, purpose_id, channel, occurred_at DESC, id DESC
"""

_DIFFERENCES = f"""
WITH replayed AS ({_REPLAYED.format(where="")})
SELECT coalesce(replayed.recipient_id, choice.recipient_id), choice.id, choice.event_id, replayed.event_id
  FROM replayed
  FULL JOIN preferences_choice AS choice
    ON choice.recipient_id = replayed.recipient_id
   AND choice.kind = replayed.kind
   AND coalesce(choice.brand_id, 0) = coalesce(replayed.brand_id, 0)
   AND coalesce(choice.purpose_id, 0) = coalesce(replayed.purpose_id, 0)
   AND coalesce(choice.channel, '') = coalesce(replayed.channel, '')
 WHERE (choice.state, choice.occurred_at, choice.event_id)
       IS DISTINCT FROM (replayed.state, replayed.occurred_at, replayed.event_id)
 ORDER BY 1, 2, 4
"""

_INSERT = f"""
INSERT INTO preferences_choice (recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, event_id)
{_REPLAYED.format(where="AND event.recipient_id = %s")}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A Choice that does not follow from the Events. `event_found` is the Event it rests on (None: the Choice is
    missing), `event_expected` the one it should rest on (None: it should not be there)."""

    recipient: int
    choice: int | None
    event_found: int | None
    event_expected: int | None


def rebuild(*, check: bool = False) -> list[Difference]:
    """Compare every Choice with a replay of all Events, mend those that differ unless `check`, return the differences.

    One statement compares; each recipient that differs is mended under its lock, so that it may run while the
    system is in use.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        differences = [
            Difference(recipient=recipient, choice=choice, event_found=found, event_expected=expected)
            for recipient, choice, found, expected in cursor.fetchall()
        ]
    if not check:
        for recipient in {difference.recipient for difference in differences}:
            _mend(recipient)
    return differences


def _mend(recipient: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM preferences_recipient WHERE id = %s FOR NO KEY UPDATE", [recipient])
        cursor.execute("DELETE FROM preferences_choice WHERE recipient_id = %s", [recipient])
        cursor.execute(_INSERT, [recipient])
