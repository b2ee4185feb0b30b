"""Recompute every Choice from the Events."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max

from preferences.models import Choice, Event, Recipient

# So many recipients are compared at a time: enough to be quick, few enough to sort in memory.
_WINDOW = 50_000

# The same rule as EventQuerySet.standing, for a window of recipients: the latest standing statement of each scope.
_DIFFERENCES = """
WITH replayed AS (
    SELECT DISTINCT ON (recipient_id, kind, brand_id, purpose_id, channel)
           recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, id AS event_id, confirmed
      FROM preferences_event AS event
     WHERE recipient_id >= %(first)s AND recipient_id < %(end)s
       AND undoes_id IS NULL
       AND NOT EXISTS (SELECT FROM preferences_event AS undo WHERE undo.undoes_id = event.id)
       AND (NOT superseded OR state = 'opted_out')
     ORDER BY recipient_id, kind, brand_id, purpose_id, channel, occurred_at DESC, id DESC
), choice AS (
    SELECT * FROM preferences_choice WHERE recipient_id >= %(first)s AND recipient_id < %(end)s
)
SELECT coalesce(replayed.recipient_id, choice.recipient_id), choice.id, choice.event_id, replayed.event_id
  FROM replayed
  FULL JOIN choice
    ON choice.recipient_id = replayed.recipient_id
   AND choice.kind = replayed.kind
   AND coalesce(choice.brand_id, 0) = coalesce(replayed.brand_id, 0)
   AND coalesce(choice.purpose_id, 0) = coalesce(replayed.purpose_id, 0)
   AND coalesce(choice.channel, '') = coalesce(replayed.channel, '')
 WHERE (choice.state, choice.occurred_at, choice.event_id, choice.confirmed)
       IS DISTINCT FROM (replayed.state, replayed.occurred_at, replayed.event_id, replayed.confirmed)
 ORDER BY 1, 2, 4
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

    Goes through the recipients window by window, each compared in one statement; a recipient that differs is mended
    under its lock. It may run while the system is in use.
    """
    differences: list[Difference] = []
    highest = Recipient.objects.aggregate(highest=Max("pk"))["highest"] or 0
    with connection.cursor() as cursor:
        for first in range(0, highest + 1, _WINDOW):
            cursor.execute(_DIFFERENCES, {"first": first, "end": first + _WINDOW})
            differences += [
                Difference(recipient=recipient, choice=choice, event_found=found, event_expected=expected)
                for recipient, choice, found, expected in cursor.fetchall()
            ]
    if not check:
        for recipient in {difference.recipient for difference in differences}:
            _mend(recipient)
    return differences


def _mend(recipient: int) -> None:
    """Say it all again: the Choices of one recipient, from the Events that stand."""
    with transaction.atomic():
        Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        standing = Event.objects.standing().filter(recipient=recipient)
        scope = ("kind", "brand_id", "purpose_id", "channel")
        latest = standing.order_by(*scope, "-occurred_at", "-pk").distinct(*scope)
        Choice.objects.filter(recipient=recipient).delete()
        Choice.objects.bulk_create(
            Choice(
                recipient_id=recipient,
                kind=event.kind,
                brand_id=event.brand_id,
                purpose_id=event.purpose_id,
                channel=event.channel,
                state=event.state,
                occurred_at=event.occurred_at,
                event=event,
                confirmed=event.confirmed,
            )
            for event in latest
        )
