"""The statements that touch the ledger's tables: lock, load, append.

Plain SQL on purpose. This is the hottest path of the system (every one-click stop runs it), and four round trips
carry any number of changes: lock the recipient, load what was said, store the wordings, then append the Events
and move the Choices together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from preferences.enums import Actor, Route, Source, State
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """What the Events of one act have in common: through which source, by whom, and why."""

    source: Source
    actor: Actor
    staff: int | None = None
    route: Route | None = None
    reason: str = ""


_LOCK = "SELECT merged_into_id, erased_at FROM preferences_recipient WHERE id = %s FOR NO KEY UPDATE"

_STORE_WORDINGS = """
INSERT INTO preferences_wording (content_hash, language, text, created_at)
SELECT content_hash, language, text, %s
  FROM unnest(%s::text[], %s::text[], %s::text[]) AS shown (content_hash, language, text)
    ON CONFLICT DO NOTHING
"""

_APPEND = """
WITH event AS (
    INSERT INTO preferences_event
           (recipient_id, recorded_at, source, actor, staff_id, route, reason,
            kind, brand_id, purpose_id, channel, state, previous_state, occurred_at, wording_id, superseded)
    VALUES {rows}
    RETURNING id, recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at
), choice AS (
    INSERT INTO preferences_choice (recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, event_id)
    SELECT recipient_id, kind, brand_id, purpose_id, channel, state, occurred_at, id
      FROM {moving}
        ON CONFLICT (recipient_id, kind, brand_id, purpose_id, channel)
        DO UPDATE SET state = EXCLUDED.state, occurred_at = EXCLUDED.occurred_at, event_id = EXCLUDED.event_id
)
SELECT id FROM event ORDER BY id
"""
_ROW = f"({', '.join(['%s'] * 16)})"
_SOME = """
           (SELECT *, row_number() OVER (ORDER BY id) AS position FROM event) AS numbered
     WHERE position = ANY (%s::bigint[])
"""


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


def append(*, recipient: int, entries: Sequence[Entry], author: Author, now: dt.datetime) -> list[int]:
    """Append one Event for each entry and move the Choices that now rest on them; return the Event ids in order.

    Call with the recipient locked. No two entries that move may have the same scope.
    """
    if not entries:
        return []
    wordings = {entry.wording.content_hash: entry.wording for entry in entries if entry.wording}
    with connection.cursor() as cursor:
        if wordings:
            cursor.execute(
                _STORE_WORDINGS,
                [
                    now,
                    list(wordings),
                    [w.language for w in wordings.values()],
                    [w.text for w in wordings.values()],
                ],
            )
        shared = [
            recipient,
            now,
            author.source.value,
            author.actor.value,
            author.staff,
            author.route.value if author.route else "",
            author.reason,
        ]
        values: list[Any] = []
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
            )
        moving = [position for position, entry in enumerate(entries, start=1) if entry.moves]
        all_move = len(moving) == len(entries)
        cursor.execute(
            _append_sql(entries=len(entries), all_move=all_move), values if all_move else [*values, moving]
        )
        return [event for (event,) in cursor.fetchall()]


@lru_cache(maxsize=64)
def _append_sql(*, entries: int, all_move: bool) -> str:
    """A row of scalars for each entry, not arrays to unnest: that spares half the time of the usual single stop."""
    return _APPEND.format(rows=", ".join([_ROW] * entries), moving="event" if all_move else _SOME)
