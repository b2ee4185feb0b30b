"""Load all that a verdict about people rests on: one query, for one person or for ten thousand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from preferences.decisions.choices import stated
from preferences.decisions.covering import Stated
from preferences.enums import ContactKind, Relationship
from preferences.rules.evaluate import Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRef:
    """How a sender names a person: by exactly one of primary key, external id, or address.

    `address` in the spelling of `normalize_address`, with its `kind`.
    """

    recipient: int | None = None
    external_id: str | None = None
    kind: ContactKind | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A contact point as far as a verdict asks. `verified` says that its owner has shown that they read it."""

    id: int
    kind: ContactKind
    suppressed: bool
    unreachable: bool
    verified: bool
    screening: Screening

    @property
    def usable(self) -> bool:
        return not (self.suppressed or self.unreachable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of one person.

    `points` come in the order in which they are used: verified first. `sold_by` holds the brands (primary keys) with
    a sale on record at which the person could refuse. `named_point` is the contact point by which the person was
    named, None for any other way of naming.
    """

    recipient: int
    erased: bool
    country: str
    relationship: Relationship | None
    born_on: dt.date | None
    choices: tuple[Stated, ...]
    points: tuple[Point, ...]
    sold_by: frozenset[int]
    named_point: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situations:
    """The people in the order asked for, None for whoever is unknown, and the id of the published rules."""

    people: list[Situation | None]
    published_rules: int | None


_MANY = """SELECT position, id AS recipient_id, NULL::bigint AS point_id
      FROM unnest(%(id_positions)s::int[], %(ids)s::bigint[]) AS named (position, id)
     UNION ALL
    SELECT position, recipient.id, NULL
      FROM unnest(%(external_positions)s::int[], %(external_ids)s::text[]) AS named (position, external_id)
      JOIN preferences_recipient AS recipient USING (external_id)
     UNION ALL
    SELECT position, point.recipient_id, point.id
      FROM unnest(%(address_positions)s::int[], %(kinds)s::text[], %(addresses)s::text[])
           AS named (position, kind, normalized)
      JOIN preferences_contactpoint AS point USING (kind, normalized)"""
# One person, by the one way in which that one is named: this plan is made once and kept, where the one for many is made
# anew each time, which takes longer than all the rest.
_ONE = {
    "recipient": "SELECT 0 AS position, %(recipient)s::bigint AS recipient_id, NULL::bigint AS point_id",
    "external_id": """SELECT 0 AS position, id AS recipient_id, NULL::bigint AS point_id
      FROM preferences_recipient WHERE external_id = %(external_id)s""",
    "address": """SELECT 0 AS position, recipient_id, id AS point_id
      FROM preferences_contactpoint WHERE kind = %(kind)s AND normalized = %(address)s""",
}
# All that is known of all of them comes in one list of rows of four kinds, which `part` tells apart; each kind fills
# the columns it needs. One trip to the database, and nothing to parse.
# OFFSET 0 keeps PostgreSQL from making joins of these, for which it would read the tables from end to end.
_LOAD = """
WITH asked AS MATERIALIZED (
    {asked}
), found AS MATERIALIZED (
    SELECT asked.position, asked.point_id, person.id, person.erased_at, person.country, person.relationship,
           person.born_on
      FROM asked
     CROSS JOIN LATERAL (
           SELECT id, merged_into_id FROM preferences_recipient WHERE id = asked.recipient_id OFFSET 0) AS named
     CROSS JOIN LATERAL (
           SELECT * FROM preferences_recipient WHERE id = {survivor} OFFSET 0) AS person
), person AS MATERIALIZED (
    SELECT DISTINCT id FROM found
)
SELECT 0 AS part, id AS person, position::bigint AS a, point_id AS b, {rules} AS c,
       country AS x, relationship AS y, NULL AS z, erased_at <= %(moment)s::timestamptz AS p, NULL::boolean AS q,
       NULL::boolean AS r, NULL::timestamptz AS at, born_on AS day, NULL::timestamptz AS rank
  FROM found
 UNION ALL
SELECT 1, person.id, brand_id, purpose_id, event_id, kind, channel, state, confirmed, NULL, NULL,
       occurred_at, NULL, NULL
  FROM person
 CROSS JOIN LATERAL (
       {choices} OFFSET 0) AS choice
 UNION ALL
SELECT 2, person.id, point.id, NULL, NULL, point.kind, NULL, NULL,
       EXISTS (SELECT FROM preferences_suppression AS suppression
                WHERE suppression.created_at <= %(moment)s::timestamptz
                  AND coalesce(suppression.lifted_at > %(moment)s::timestamptz, true)
                  AND suppression.address_hash = point.address_hash)
       OR point.kind = 'email' AND EXISTS (
               SELECT FROM preferences_suppression AS suppression
                WHERE suppression.created_at <= %(moment)s::timestamptz
                  AND coalesce(suppression.lifted_at > %(moment)s::timestamptz, true)
                  AND suppression.domain = split_part(point.normalized, '@', -1) AND suppression.domain <> ''),
       point.unreachable_at <= %(moment)s::timestamptz, point.on_register,
       CASE WHEN point.screened_at <= %(moment)s::timestamptz THEN point.screened_at END, NULL, point.verified_at
  FROM person
 CROSS JOIN LATERAL (
       SELECT * FROM preferences_contactpoint
        WHERE recipient_id = person.id AND created_at <= %(moment)s::timestamptz OFFSET 0) AS point
 UNION ALL
SELECT DISTINCT 3, person.id, sale.brand_id, NULL::bigint, NULL::bigint, NULL, NULL, NULL, NULL::boolean, NULL::boolean,
       NULL::boolean, NULL::timestamptz, NULL::date, NULL::timestamptz
  FROM person
 CROSS JOIN LATERAL (
       SELECT brand_id FROM preferences_sale
        WHERE recipient_id = person.id AND refusal_offered
          AND sold_on <= %(today)s::date AND recorded_at <= %(moment)s::timestamptz OFFSET 0) AS sale
 ORDER BY part DESC, rank NULLS LAST, a
"""
_NOW = {
    "survivor": "coalesce(named.merged_into_id, named.id)",
    "rules": "(SELECT max(id) FROM preferences_publishedrules)",
    "choices": """SELECT * FROM preferences_choice
        WHERE recipient_id = person.id
          AND (purpose_id IS NULL OR purpose_id = ANY (coalesce(%(purposes)s::bigint[], ARRAY[purpose_id])))""",
}
# The same rule as EventQuerySet.standing, by what had been recorded at the moment.
_THEN = {
    # Only merges that had been recorded, one after the other: the last of a chain has the highest id.
    "survivor": """coalesce((
          WITH RECURSIVE merged AS (
              SELECT id, surviving_id FROM preferences_merge
               WHERE absorbed_id = named.id AND recorded_at <= %(moment)s::timestamptz
               UNION ALL
              SELECT later.id, later.surviving_id
                FROM merged JOIN preferences_merge AS later ON later.absorbed_id = merged.surviving_id
               WHERE later.recorded_at <= %(moment)s::timestamptz
          ) SELECT surviving_id FROM merged ORDER BY id DESC LIMIT 1), named.id)""",
    "rules": """(SELECT max(id) FROM preferences_publishedrules WHERE in_force_from <= %(moment)s::timestamptz)""",
    "choices": """SELECT DISTINCT ON (kind, brand_id, purpose_id, channel)
              kind, brand_id, purpose_id, channel, state, occurred_at, event.id AS event_id, confirmed
         FROM preferences_event AS event
        WHERE recipient_id = person.id AND recorded_at <= %(moment)s::timestamptz AND undoes_id IS NULL
          AND (purpose_id IS NULL OR purpose_id = ANY (coalesce(%(purposes)s::bigint[], ARRAY[purpose_id])))
          AND NOT EXISTS (SELECT FROM preferences_event AS undo
                           WHERE undo.undoes_id = event.id AND undo.recorded_at <= %(moment)s::timestamptz)
          AND (NOT superseded OR state = 'opted_out')
        ORDER BY kind, brand_id, purpose_id, channel, occurred_at DESC, event.id DESC""",
}
_CHOICE, _POINT, _SALE = 1, 2, 3


def load_situations(
    *,
    people: Sequence[PersonRef],
    today: dt.date,
    as_of: dt.datetime | None = None,
    purposes: Sequence[int] | None = None,
) -> Situations:
    """What is known of each of `people`, in one query. Follows merges to the surviving recipient.

    `as_of` asks for what had been recorded at that moment. What keeps no history is that of now: country, relationship
    and date of birth; which person an address belongs to, whether it is unreachable, and its last screening; whether
    refusal was offered at a sale; and of an erased person, everything but the statements.

    Statements for single purposes are read for `purposes` (primary keys) alone; None for all. `today` is the day by
    which a sale must have been made.
    """
    asked, named = _named(people)
    sql = _LOAD.format(asked=asked, **(_THEN if as_of else _NOW))
    found: list[Situation | None] = [None] * len(people)
    published_rules: int | None = None
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                **named,
                # Without a moment everything on record counts, whatever the clock of whoever recorded it said.
                "moment": as_of or "infinity",
                "today": today,
                "purposes": list(purposes) if purposes is not None else None,
            },
        )
        # What belongs to a person comes before the person.
        choices: dict[int, list[Stated]] = {}
        points: dict[int, list[Point]] = {}
        sold_by: dict[int, set[int]] = {}
        for part, person, a, b, c, x, y, z, p, q, r, at, day, rank in cursor.fetchall():
            if part == _CHOICE:
                choices.setdefault(person, []).append(stated(x, a, b, y, z, at, c, p))
            elif part == _POINT:
                screening = Screening(screened_at=at, on_register=r)
                points.setdefault(person, []).append(
                    Point(
                        id=a,
                        kind=ContactKind(x),
                        suppressed=p,
                        unreachable=bool(q),
                        verified=rank is not None and (as_of is None or rank <= as_of),
                        screening=screening,
                    )
                )
            elif part == _SALE:
                sold_by.setdefault(person, set()).add(a)
            else:
                published_rules = c
                found[a] = Situation(
                    recipient=person,
                    erased=bool(p),
                    country=x,
                    relationship=Relationship(y) if y else None,
                    born_on=day,
                    choices=tuple(choices.get(person, ())),
                    points=tuple(points.get(person, ())),
                    sold_by=frozenset(sold_by.get(person, ())),
                    named_point=b,
                )
    return Situations(people=found, published_rules=published_rules)


def _named(people: Sequence[PersonRef]) -> tuple[str, dict[str, Any]]:
    """The part of the query by which people are found, and its parameters."""
    if len(people) == 1:
        (person,) = people
        if person.recipient is not None:
            return _ONE["recipient"], {"recipient": person.recipient}
        if person.external_id is not None:
            return _ONE["external_id"], {"external_id": person.external_id}
        if person.kind is not None and person.address is not None:
            return _ONE["address"], {"kind": person.kind.value, "address": person.address}
    named: dict[str, list[Any]] = {
        name: []
        for name in (
            *("id_positions", "ids", "external_positions", "external_ids"),
            *("address_positions", "kinds", "addresses"),
        )
    }
    for position, person in enumerate(people):
        if person.recipient is not None:
            named["id_positions"].append(position)
            named["ids"].append(person.recipient)
        elif person.external_id is not None:
            named["external_positions"].append(position)
            named["external_ids"].append(person.external_id)
        elif person.kind is not None and person.address is not None:
            named["address_positions"].append(position)
            named["kinds"].append(person.kind.value)
            named["addresses"].append(person.address)
    return _MANY, named
