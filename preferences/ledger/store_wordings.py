"""Store the exact texts people are shown: those of statements, and those of a banner that is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db.backends.utils import CursorWrapper

from preferences.models.wording import WordingText

# In one order by whoever it is: two who store the same texts at once wait for each other, but never in a circle.
_STORE = """
INSERT INTO preferences_wording (content_hash, language, text, created_at)
SELECT content_hash, language, text, %s
  FROM unnest(%s::text[], %s::text[], %s::text[]) AS shown (content_hash, language, text)
 ORDER BY content_hash
    ON CONFLICT DO NOTHING
"""


def store_wordings(*, wordings: Mapping[str, WordingText], cursor: CursorWrapper, now: dt.datetime) -> None:
    """Store the texts, given by their hashes, that are not stored yet. One query."""
    cursor.execute(
        _STORE,
        [now, list(wordings), [w.language for w in wordings.values()], [w.text for w in wordings.values()]],
    )
