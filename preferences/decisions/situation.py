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
    """A contact point as far as a verdict asks."""

    id: int
    kind: ContactKind
    suppressed: bool
    unreachable: bool
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


# Each list is one JSON text, so that a person is one row however much was said. Times travel as ISO 8601.
_LOAD = """
WITH asked AS (
    SELECT position, id AS recipient_id, NULL::bigint AS point_id
      FROM unnest(%(id_positions)s::int[], %(ids)s::bigint[]) AS named (position, id)
     UNION ALL
    SELECT position, recipient.id, NULL
      FROM unnest(%(external_positions)s::int[], %(external_ids)s::text[]) AS named (position, external_id)
      JOIN preferences_recipient AS recipient USING (external_id)
     UNION ALL
    SELECT position, point.recipient_id, point.id
      FROM unnest(%(address_positions)s::int[], %(kinds)s::text[], %(addresses)s::text[])
           AS named (position, kind, normalized)
      JOIN preferences_contactpoint AS point USING (kind, normalized)
)
SELECT asked.position, asked.point_id, {rules}, person.id, person.erased_at <= %(moment)s::timestamptz,
       person.country, person.relationship, person.born_on,
       (SELECT json_agg(json_build_array(kind, brand_id, purpose_id, channel, state, occurred_at, event_id, confirmed))
          FROM {choices}),
       (SELECT json_agg(json_build_array(id, kind, suppressed, unreachable_at <= %(moment)s::timestamptz,
                                         CASE WHEN screened_at <= %(moment)s::timestamptz THEN screened_at END,
                                         on_register)
                        ORDER BY verified_at NULLS LAST, id)
          FROM (SELECT point.*, EXISTS (
                       SELECT FROM preferences_suppression AS suppression
                        WHERE suppression.created_at <= %(moment)s::timestamptz
                          AND coalesce(suppression.lifted_at > %(moment)s::timestamptz, true)
                          AND (suppression.address_hash = point.address_hash
                               OR point.kind = 'email'
                                  AND suppression.domain = split_part(point.normalized, '@', -1))
                       ) AS suppressed
                  FROM preferences_contactpoint AS point
                 WHERE recipient_id = person.id AND created_at <= %(moment)s::timestamptz) AS point),
       (SELECT json_agg(DISTINCT brand_id) FROM preferences_sale
         WHERE recipient_id = person.id AND refusal_offered
           AND sold_on <= %(today)s::date AND recorded_at <= %(moment)s::timestamptz)
  FROM asked
  JOIN preferences_recipient AS named ON named.id = asked.recipient_id
  JOIN preferences_recipient AS person ON person.id = coalesce(named.merged_into_id, named.id)
"""
_NOW = {
    "rules": "(SELECT max(id) FROM preferences_publishedrules)",
    "choices": """preferences_choice WHERE recipient_id = person.id
                  AND (purpose_id IS NULL OR purpose_id = ANY (coalesce(%(purposes)s::bigint[], ARRAY[purpose_id])))""",
}
# The same rule as EventQuerySet.standing, by what had been recorded at the moment.
_THEN = {
    "rules": """(SELECT max(id) FROM preferences_publishedrules WHERE in_force_from <= %(moment)s::timestamptz)""",
    "choices": """
      (SELECT DISTINCT ON (kind, brand_id, purpose_id, channel)
              kind, brand_id, purpose_id, channel, state, occurred_at, id AS event_id, confirmed
         FROM preferences_event AS event
        WHERE recipient_id = person.id AND recorded_at <= %(moment)s::timestamptz AND undoes_id IS NULL
          AND (purpose_id IS NULL OR purpose_id = ANY (coalesce(%(purposes)s::bigint[], ARRAY[purpose_id])))
          AND NOT EXISTS (SELECT FROM preferences_event AS undo
                           WHERE undo.undoes_id = event.id AND undo.recorded_at <= %(moment)s::timestamptz)
          AND (NOT superseded OR state = 'opted_out')
        ORDER BY kind, brand_id, purpose_id, channel, occurred_at DESC, id DESC) AS standing""",
}


def load_situations(
    *,
    people: Sequence[PersonRef],
    today: dt.date,
    as_of: dt.datetime | None = None,
    purposes: Sequence[int] | None = None,
) -> Situations:
    """What is known of each of `people`, in one query. Follows merges to the surviving recipient.

    `as_of` asks for what had been recorded at that moment; country, relationship and date of birth keep no history
    and are those of now. Statements for single purposes are read for `purposes` (primary keys) alone; None for all.
    `today` is the day by which a sale must have been made.
    """
    sql = _LOAD.format(**(_THEN if as_of else _NOW))
    found: list[Situation | None] = [None] * len(people)
    published_rules: int | None = None
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                **_named(people),
                # Without a moment everything on record counts, whatever the clock of whoever recorded it said.
                "moment": as_of or "infinity",
                "today": today,
                "purposes": list(purposes) if purposes is not None else None,
            },
        )
        for position, point, rules, *columns in cursor.fetchall():
            published_rules = rules
            found[position] = _situation(point, *columns)
    return Situations(people=found, published_rules=published_rules)


def _named(people: Sequence[PersonRef]) -> dict[str, list[Any]]:
    """The parameters of the query by which people are found."""
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
    return named


def _situation(
    named_point: int | None,
    recipient: int,
    erased: bool | None,
    country: str,
    relationship: str,
    born_on: dt.date | None,
    choices: list[list[Any]] | None,
    points: list[list[Any]] | None,
    sold_by: list[int] | None,
) -> Situation:
    return Situation(
        recipient=recipient,
        erased=bool(erased),
        country=country,
        relationship=Relationship(relationship) if relationship else None,
        born_on=born_on,
        choices=tuple(
            stated(kind, brand, purpose, channel, state, _instant(occurred_at), event, confirmed)
            for kind, brand, purpose, channel, state, occurred_at, event, confirmed in choices or ()
        ),
        points=tuple(
            Point(
                id=point,
                kind=ContactKind(kind),
                suppressed=suppressed,
                unreachable=bool(unreachable),
                screening=Screening(
                    screened_at=_instant(screened_at) if screened_at else None, on_register=on_register
                ),
            )
            for point, kind, suppressed, unreachable, screened_at, on_register in points or ()
        ),
        sold_by=frozenset(sold_by or ()),
        named_point=named_point,
    )


_instant = dt.datetime.fromisoformat
