"""The statements that touch the ledger's tables: read, lock, append.

Plain SQL on purpose. This is the hottest path of the system (every one-click stop runs it), and each trip to the
database costs more than all the judging in between. So there are two: `read` brings what was said, and `append` locks
the recipient, makes sure that nothing has been said since, appends the Events and moves the Choices.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from preferences.decisions.choices import stated
from preferences.decisions.covering import Stated
from preferences.enums import Actor, Route, Source, State
from preferences.ledger.store_wordings import store_wordings
from preferences.models.wording import WordingText
from preferences.scope import Scope


class RecipientGone(Exception):
    """There is no such recipient, or the data of the person was erased. `code` says which."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One Event to append. `moves` says whether the Choice of its scope now rests on it."""

    scope: Scope
    state: State
    previous_state: State
    occurred_at: dt.datetime
    moves: bool
    superseded: bool = False
    wording: WordingText | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """What the Events of one act have in common: through which source, by whom, and why."""

    source: Source
    actor: Actor
    staff: int | None = None
    route: Route | None = None
    reason: str = ""


class Overtaken(Exception):
    """Something was said about this person after `read`; nothing was written."""

    code = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a recipient had said at one moment. `version` is the id of the newest Event then, 0 for none."""

    recipient: int
    version: int
    choices: list[Stated]


_READ = """
SELECT recipient.merged_into_id, recipient.erased_at, newest.event,
       kind, brand_id, purpose_id, channel, state, occurred_at, event_id, confirmed
  FROM preferences_recipient AS recipient
 CROSS JOIN LATERAL
       (SELECT coalesce(max(id), 0) AS event FROM preferences_event WHERE recipient_id = recipient.id) AS newest
  LEFT JOIN preferences_choice AS choice ON choice.recipient_id = recipient.id
 WHERE recipient.id = %s
"""

_LOCK = "SELECT merged_into_id, erased_at FROM preferences_recipient WHERE id = %s FOR NO KEY UPDATE"

_APPEND = """
WITH event AS (
    INSERT INTO preferences_event
           (recipient_id, recorded_at, source, actor, staff_id, route, reason,
            kind, brand_id, purpose_id, channel, state, previous_state, occurred_at, wording_id, superseded,
            confirmed)
    SELECT recipient, recorded_at, source, actor, staff, route, reason,
           kind, brand, purpose, channel, state, previous_state, occurred_at, wording, superseded, confirmed
      FROM {guard}
           (VALUES {rows})
           AS entry (position, recipient, recorded_at, source, actor, staff, route, reason,
                     kind, brand, purpose, channel, state, previous_state, occurred_at, wording, superseded, confirmed)
           {condition}
     ORDER BY position
    RETURNING id, recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, confirmed
), choice AS (
    INSERT INTO preferences_choice
           (recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, event_id, confirmed)
    SELECT recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, id, confirmed
      FROM {moving}
        ON CONFLICT (recipient_id, kind, brand_id, purpose_id, channel)
        DO UPDATE SET state = EXCLUDED.state, occurred_at = EXCLUDED.occurred_at, event_id = EXCLUDED.event_id,
                      confirmed = EXCLUDED.confirmed
)
SELECT id FROM event ORDER BY id
"""
_ROW = """
({position}, %s::bigint, %s::timestamptz, %s::text, %s::text, %s::bigint, %s::text, %s::text,
 %s::text, %s::bigint, %s::bigint, %s::text, %s::text, %s::text, %s::timestamptz, %s::text, %s::boolean, %s::boolean)"""
# The function is in a migration: it locks the recipient, then looks.
_GUARD = "preferences_unchanged_since(%s, %s) AS unchanged JOIN"
_SOME = """
           (SELECT *, row_number() OVER (ORDER BY id) AS position FROM event) AS numbered
     WHERE position = ANY (%s::bigint[])
"""


def read(recipient: int) -> Known:
    """What a recipient has said so far, in one query and without a lock. Follows a merge to the surviving recipient.

    Raises RecipientGone.
    """
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_READ, [recipient])
            rows = cursor.fetchall()
            if not rows:
                raise RecipientGone(code="recipient_unknown")
            merged_into, erased_at, version = rows[0][:3]
            if merged_into is None:
                break
            recipient = merged_into
    if erased_at is not None:
        raise RecipientGone(code="recipient_erased")
    choices = [stated(*columns) for _merged_into, _erased_at, _version, *columns in rows if columns[0]]
    return Known(recipient=recipient, version=version, choices=choices)


def lock_recipient(recipient: int) -> int:
    """Lock the row that orders everything said by one person, and return its id.

    Follows a merge to the surviving recipient. Call inside a transaction; the lock goes with it.
    Raises RecipientGone.
    """
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LOCK, [recipient])
            row = cursor.fetchone()
            if row is None:
                raise RecipientGone(code="recipient_unknown")
            merged_into, erased_at = row
            if merged_into is None:
                break
            recipient = merged_into
    if erased_at is not None:
        raise RecipientGone(code="recipient_erased")
    return recipient


def append(
    *, recipient: int, entries: Sequence[Entry], author: Author, now: dt.datetime, version: int | None = None
) -> list[int]:
    """Append one Event for each entry and move the Choices that now rest on them; return the Event ids in order.

    With the `version` that was read, the recipient is locked here, and Overtaken raised if anything has been said
    since; without, call with the recipient locked. No two entries that move may have the same scope.
    """
    if not entries:
        return []
    wordings = {entry.wording.content_hash: entry.wording for entry in entries if entry.wording}
    with connection.cursor() as cursor:
        if wordings:
            store_wordings(wordings=wordings, cursor=cursor, now=now)
        shared = [
            recipient,
            now,
            author.source.value,
            author.actor.value,
            author.staff,
            author.route.value if author.route else "",
            author.reason,
        ]
        values: list[Any] = [] if version is None else [recipient, version]
        for entry in entries:
            scope, wording = entry.scope, entry.wording
            values += shared
            values += (
                scope.kind.value,
                scope.brand,
                scope.purpose,
                scope.channel.value if scope.channel else None,
                entry.state.value,
                entry.previous_state.value,
                entry.occurred_at,
                wording.content_hash if wording else None,
                entry.superseded,
                entry.confirmed,
            )
        moving = [position for position, entry in enumerate(entries, start=1) if entry.moves]
        all_move = len(moving) == len(entries)
        if not all_move:
            values.append(moving)
        cursor.execute(
            _append_sql(entries=len(entries), all_move=all_move, guarded=version is not None), values
        )
        events = [event for (event,) in cursor.fetchall()]
    if not events:
        raise Overtaken
    return events


@lru_cache(maxsize=64)
def _append_sql(*, entries: int, all_move: bool, guarded: bool) -> str:
    """A row of scalars for each entry, not arrays to unnest: that spares half the time of the usual single stop."""
    return _APPEND.format(
        rows=",".join(_ROW.format(position=position) for position in range(1, entries + 1)),
        guard=_GUARD if guarded else "",
        condition="ON unchanged" if guarded else "",
        moving="event" if all_move else _SOME,
    )
