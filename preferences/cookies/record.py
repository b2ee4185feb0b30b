"""Record what a browser said about a site: one row for each time, never changed.

Plain SQL on purpose, as in ledger/append.py: everybody who visits a site passes here once, and one trip to the
database finds out what was said before, judges it and writes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from preferences.enums import CookieAction
from preferences.models import Banner, CookieConsent

# Nobody changes their mind so often; a program that does must not fill the table.
MOST_RECORDS = 1000
# Each time somebody else was the first, with the same id: one browser has not that many tabs that answer at once.
_MOST_TRIES = 5
# An age is the difference of two readings of a clock in whole seconds, and may be almost one too much.
_ROUNDED = dt.timedelta(seconds=1)
_MOST_SHOWN = 100


class ConsentRefused(Exception):
    """Nothing was recorded. `code` says why: consent_of_another_site, too_many, try_again."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConsent:
    """What a browser says, judged by read_consent.py: which categories were asked about, and which of them granted,
    both in the order of the enum. `age` is how long ago it was said."""

    consent: UUID
    site: int
    banner: int
    version: int
    language: str
    wordings: tuple[str, ...]
    action: CookieAction
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    gpc: bool
    age: dt.timedelta = dt.timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of a browser. `asked` are the categories of its banner, `granted` those allowed."""

    sequence: int
    banner: int
    version: int
    language: str
    action: str
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    gpc: bool
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The record that now stands: the one that was `added`, or the newest from before, which says the same or was
    recorded after the other was said."""

    record: Record
    added: bool


# The same id said at once by two browsers is one sequence twice, and the index lets one of them in.
_RECORD = """
WITH newest AS (
    SELECT sequence, banner_id, version, language, action, categories, gpc, recorded_at,
           CASE WHEN site_id <> %(site)s::bigint THEN 'consent_of_another_site'
                WHEN version = %(version)s::integer AND action = %(action)s::text AND gpc = %(gpc)s::boolean
                     AND categories = %(categories)s::varchar[]
                     AND recorded_at > least(%(said_at)s::timestamptz, %(now)s::timestamptz
                         - (SELECT days FROM preferences_site WHERE id = site_id) * interval '24 hours')
                     THEN 'repeated'
                WHEN recorded_at > %(said_at)s::timestamptz AND NOT categories @> %(categories)s::varchar[]
                     THEN 'overtaken'
                WHEN sequence >= %(most)s::integer AND NOT (categories @> %(categories)s::varchar[]
                     AND cardinality(categories) > cardinality(%(categories)s::varchar[])) THEN 'too_many'
           END AS objection
      FROM preferences_cookieconsent
     WHERE consent = %(consent)s::uuid
     ORDER BY sequence DESC
     LIMIT 1
), added AS (
    INSERT INTO preferences_cookieconsent
           (consent, sequence, site_id, banner_id, version, language, wordings, action, categories, gpc, recorded_at)
    SELECT %(consent)s::uuid, coalesce((SELECT sequence FROM newest), 0) + 1, %(site)s::bigint, %(banner)s::bigint,
           %(version)s::integer, %(language)s::text, %(wordings)s::varchar[], %(action)s::text,
           %(categories)s::varchar[], %(gpc)s::boolean, %(now)s::timestamptz
     WHERE NOT EXISTS (SELECT FROM newest WHERE objection IS NOT NULL)
        ON CONFLICT (consent, sequence) DO NOTHING
    RETURNING sequence
)
SELECT (SELECT sequence FROM added), newest.*,
       CASE WHEN objection = 'overtaken'
            THEN ARRAY(SELECT jsonb_array_elements_text(content -> 'categories')
                         FROM preferences_banner WHERE id = banner_id) END
  FROM (VALUES (true)) AS always (so) LEFT JOIN newest ON so
"""


def record_consent(*, new: NewConsent, now: dt.datetime) -> Recorded:
    """Record what a browser said; where its newest record says the same and still holds, nothing is written.

    Nor is it where the newest was recorded after this was said, and grants less: what arrives late takes back, and
    allows nothing. Beyond MOST_RECORDS only what takes something back is taken. Raises ConsentRefused.
    """
    values: dict[str, Any] = {
        "consent": new.consent,
        "site": new.site,
        "banner": new.banner,
        "version": new.version,
        "language": new.language,
        "wordings": _array(new.wordings),
        "action": new.action.value,
        "categories": _array(new.granted),
        "gpc": new.gpc,
        "now": now,
        "said_at": now - new.age + _ROUNDED,
        "most": MOST_RECORDS,
    }
    with connection.cursor() as cursor:
        # Again where somebody else was the first: what they said is there to be seen by then.
        for _ in range(_MOST_TRIES):
            cursor.execute(_RECORD, values)
            added, *newest, objection, asked = cursor.fetchone()
            if added:
                return Recorded(record=_made_of(new, sequence=added, now=now), added=True)
            if objection in ("repeated", "overtaken"):
                return Recorded(record=_record(newest, asked=asked or new.asked), added=False)
            if objection:
                raise ConsentRefused(code=objection)
    raise ConsentRefused(code="try_again")


def records_of(*, consent: UUID, site: int) -> list[Record]:
    """What a browser said about one site, the newest first, a hundred at most; empty for an id that said nothing."""
    found = (
        CookieConsent.objects.filter(consent=consent, site=site)
        .order_by("-sequence")
        .values_list(
            *("sequence", "banner", "version", "language", "action", "categories", "gpc", "recorded_at"),
            "banner__content__categories",
        )[:_MOST_SHOWN]
    )
    return [_record(row, asked=asked) for *row, asked in found]


def _array(words: Sequence[str]) -> str:
    """An array as PostgreSQL writes it; psycopg takes longer for two lists than for all else of a record.

    Words of the enum and hashes have nothing in them that would need quotes.
    """
    return f"{{{','.join(words)}}}"


def _made_of(new: NewConsent, *, sequence: int, now: dt.datetime) -> Record:
    return Record(
        sequence=sequence,
        banner=new.banner,
        version=new.version,
        language=new.language,
        action=new.action.value,
        asked=new.asked,
        granted=new.granted,
        gpc=new.gpc,
        recorded_at=now,
    )


def _record(row: Sequence[Any], *, asked: Sequence[str]) -> Record:
    sequence, banner, version, language, action, granted, gpc, recorded_at = row
    return Record(
        sequence=sequence,
        banner=banner,
        version=version,
        language=language,
        action=action,
        asked=tuple(asked),
        granted=tuple(granted),
        gpc=gpc,
        recorded_at=recorded_at,
    )


# A banner never changes.
@lru_cache(maxsize=256)
def version_of(banner: int) -> int:
    """The version of a published banner. Raises Banner.DoesNotExist."""
    return Banner.objects.values_list("version", flat=True).get(pk=banner)
