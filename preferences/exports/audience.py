"""Everyone who may be sent something now: one set-based query, streamed.

The query gives exactly the answers of `decisions.decide`; a test compares the two on random populations. What a verdict
needs of national law travels as a small relation, one row for each country and relationship.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import Enum
from tempfile import SpooledTemporaryFile
from typing import Any

from django.db import connection, transaction
from psycopg import ClientCursor, sql

from preferences.decisions.decide import limits_in_force
from preferences.decisions.rules_in_force import current_rules
from preferences.decisions.situation import PersonRef
from preferences.decisions.verdict import REACHED_AT, Ask, required_for
from preferences.enums import Channel, ContactKind, Relationship
from preferences.links import LinkMaker
from preferences.rules.evaluate import born_before
from preferences.rules.values import ANY, RuleSet


class Format(Enum):
    """How the lines are written: CSV with a head (RFC 4180), or one JSON object a line."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whoever may be sent what `ask` (a topic on a channel) is about; of one `country` alone, unless it is "".

    `links` adds the stop and the manage link of each.
    """

    ask: Ask
    country: str = ""
    format: Format = Format.CSV
    links: bool = False


COLUMNS = ("recipient", "external_id", "address", "language", "tracking", "reason")
LINK_COLUMNS = ("stop_url", "manage_url")

# So many bytes are handed on at a time.
_BLOCK = 64 * 1024

# The conditions in the order of `verdict_on`; what denies is left out of the answer.
_SELECT = """
WITH law AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(law)s::jsonb)
        AS row (people text, requirement text, tracking text, born_by date, has_register boolean)
), said AS (
    SELECT DISTINCT ON (recipient_id) recipient_id, state, confirmed
      FROM preferences_choice
     WHERE kind = 'marketing' AND (brand_id IS NULL OR brand_id = %(brand)s::bigint)
       AND (purpose_id IS NULL OR purpose_id = %(topic)s::bigint) AND (channel IS NULL OR channel = %(channel)s)
       {of_asked}
     ORDER BY recipient_id, occurred_at DESC, event_id DESC
), tracked AS (
    SELECT DISTINCT ON (recipient_id) recipient_id, state, confirmed
      FROM preferences_choice
     WHERE kind = 'profiling' AND (purpose_id IS NULL OR purpose_id = %(tracking)s::bigint)
       AND %(tracking)s::bigint IS NOT NULL
       {of_asked}
     ORDER BY recipient_id, occurred_at DESC, event_id DESC
), sold AS (
    SELECT DISTINCT recipient_id FROM preferences_sale
     WHERE brand_id = %(brand)s::bigint AND refusal_offered AND sold_on <= %(today)s::date
       {of_asked}
), point AS (
    {points}
)
SELECT {distinct} {columns}
  FROM {people}
  JOIN law ON law.people = CASE WHEN person.country = ANY (%(countries)s) THEN person.country ELSE '' END
                           || '/' || person.relationship
  {reached}
  LEFT JOIN said ON said.recipient_id = person.id
  LEFT JOIN tracked ON tracked.recipient_id = person.id
  LEFT JOIN sold ON sold.recipient_id = person.id
 CROSS JOIN LATERAL (SELECT
       CASE WHEN law.born_by IS NULL THEN false
            WHEN person.born_on IS NULL THEN %(asks_age)s
            ELSE person.born_on > law.born_by END AS too_young,
       CASE WHEN law.born_by IS NULL THEN false
            WHEN person.born_on IS NULL THEN %(tracking_asks_age)s
            ELSE person.born_on > law.born_by END AS too_young_to_track,
       CASE WHEN said.state = 'opted_in' AND (law.requirement <> 'double_opt_in' OR said.confirmed AND {proven})
                 THEN 'choice_opted_in'
            WHEN said.state IS NOT NULL THEN NULL
            WHEN law.requirement = 'opt_out' THEN 'law_allows'
            WHEN law.requirement = 'soft_opt_in' AND sold.recipient_id IS NOT NULL THEN 'law_allows_customers'
       END AS reason) AS found
 CROSS JOIN LATERAL (SELECT
       law.tracking IS NOT NULL AND NOT found.too_young_to_track
       AND CASE WHEN tracked.state = 'opted_in' THEN law.tracking <> 'double_opt_in' OR tracked.confirmed
                WHEN tracked.state IS NOT NULL THEN false
                ELSE law.tracking = 'opt_out' END AS tracking) AS measured
 WHERE person.erased_at IS NULL AND person.merged_into_id IS NULL
   AND found.reason IS NOT NULL AND NOT found.too_young
   AND (%(country)s = '' OR person.country = %(country)s)
   {further}
"""

# Each by itself, so that PostgreSQL meets all addresses with all suppressions at once and not one by one.
_USABLE = """
point.unreachable_at IS NULL
   AND NOT EXISTS (SELECT FROM preferences_suppression AS suppression
                    WHERE suppression.lifted_at IS NULL AND suppression.address_hash = point.address_hash)
   AND NOT EXISTS (SELECT FROM preferences_suppression AS suppression
                    WHERE suppression.lifted_at IS NULL AND point.kind = 'email'
                      AND suppression.domain = split_part(point.normalized, '@', -1) AND suppression.domain <> '')
"""
# The address to use: of the kind the channel needs, usable, verified first.
_POINTS = """
SELECT DISTINCT ON (recipient_id) recipient_id, NULL::bigint AS named, id, value, screened_at, on_register,
       verified_at
  FROM preferences_contactpoint AS point
 WHERE point.kind = %(kind)s AND {usable}
 ORDER BY recipient_id, verified_at NULLS LAST, id
"""
# Whoever was named by an address of that kind is reached at this one or not at all.
_POINTS_OF_ASKED = """
SELECT DISTINCT ON (asked.recipient_id, asked.named)
       asked.recipient_id, asked.named, point.id, value, screened_at, on_register,
       verified_at
  FROM preferences_asked AS asked
  JOIN preferences_contactpoint AS point
    ON point.recipient_id = asked.recipient_id AND (asked.named = 0 OR asked.named = point.id)
 WHERE point.kind = %(kind)s AND {usable}
 ORDER BY asked.recipient_id, asked.named, verified_at NULLS LAST, point.id
"""
_NOT_SUPPRESSED = """
AND NOT EXISTS (SELECT FROM preferences_contactpoint AS point
                  JOIN preferences_suppression AS suppression USING (address_hash)
                 WHERE point.recipient_id = person.id AND suppression.lifted_at IS NULL)
AND NOT EXISTS (SELECT FROM preferences_contactpoint AS point
                  JOIN preferences_suppression AS suppression
                    ON suppression.domain = split_part(point.normalized, '@', -1) AND suppression.domain <> ''
                 WHERE point.recipient_id = person.id AND point.kind = 'email' AND suppression.lifted_at IS NULL)
"""
_NOT_ON_REGISTER = """
AND (found.reason = 'choice_opted_in' OR NOT law.has_register
     OR point.screened_at > %(screened_since)s AND NOT point.on_register)
"""

_VALUES = {
    "recipient": "person.id",
    "external_id": "coalesce(person.external_id, '')",
    "address": "coalesce(point.value, '')",
    "language": "person.language",
    "tracking": "measured.tracking",
    "reason": "found.reason",
}

# For this transaction alone: with the usual 4 MB a million people are sorted on disk, and whoever stops taking part
# must not keep a connection.
_FOR_THIS_ALONE = "SET LOCAL work_mem = '64MB'; SET LOCAL idle_in_transaction_session_timeout = '60s'"
# So much of a list stays in memory, the rest goes to disk.
_SPOOLED = 1024 * 1024

# `named` is the contact point by which somebody was named, 0 for none. Of comparisons with a null PostgreSQL expects
# one row to come out, and would join hundreds of thousands one by one.
_ASKED = """
DROP TABLE IF EXISTS pg_temp.preferences_named, pg_temp.preferences_asked;
CREATE TEMPORARY TABLE preferences_named (id bigint, external_id text, kind text, normalized text) ON COMMIT DROP;
CREATE TEMPORARY TABLE preferences_asked (recipient_id bigint, named bigint NOT NULL) ON COMMIT DROP;
"""
_RESOLVE = """
INSERT INTO preferences_asked
SELECT DISTINCT coalesce(recipient.merged_into_id, recipient.id), found.point
  FROM (SELECT id AS recipient_id, 0 AS point FROM preferences_named WHERE id IS NOT NULL
         UNION ALL
        SELECT recipient.id, 0 FROM preferences_named AS named
          JOIN preferences_recipient AS recipient USING (external_id)
         UNION ALL
        SELECT point.recipient_id, CASE WHEN point.kind = %s THEN point.id ELSE 0 END FROM preferences_named AS named
          JOIN preferences_contactpoint AS point USING (kind, normalized)) AS found
  JOIN preferences_recipient AS recipient ON recipient.id = found.recipient_id;
ANALYZE preferences_asked;
"""


def stream_audience(
    *, audience: Audience, now: dt.datetime, asked: Iterable[PersonRef] | None = None
) -> Iterator[bytes]:
    """The audience in blocks of bytes, its head first; each person once, in no order.

    With `asked`, only those of these people who may be sent it: they are taken in whole before the first block comes
    out and before a transaction is opened, and whoever is unknown is passed over. Somebody named by an address of the
    kind that the channel needs is reached there or not at all; named by two addresses, they come once for each. Any
    other repetition is passed over.

    Everything is of one moment. The memory taken does not grow with the number of people. Close the iterator to end
    early; keep it on the thread it was made on.
    """
    kind = REACHED_AT.get(_channel(audience.ask))
    with ExitStack() as held:
        spool = held.enter_context(SpooledTemporaryFile(_SPOOLED, mode="w+", encoding="utf-8", newline=""))
        if asked is not None:
            # A sender may take its time: no transaction waits for it.
            _spool(asked, into=spool)
        held.enter_context(transaction.atomic())
        with connection.cursor() as settings:
            settings.execute(_FOR_THIS_ALONE)
        if asked is not None:
            _take_in(spool, kind=kind)
        # psycopg's own cursor, whose errors Django does not see by itself.
        with connection.wrap_database_errors, closing(ClientCursor(connection.connection)) as cursor:
            query = cursor.mogrify(*_query(audience, now=now, kind=kind, of_asked=asked is not None))
            rows = cursor.copy(
                sql.SQL("COPY ({}) TO STDOUT (FORMAT csv{})").format(
                    sql.SQL(query),
                    sql.SQL(_AS_IT_IS if audience.format is Format.NDJSON else ""),
                )
            )
            with rows as lines:
                yield from blocks(
                    _with_links(lines, audience=audience, now=now) if audience.links else iter(lines),
                    head=_head(audience),
                )


# JSON holds neither of these characters, so that the lines come out as they are.
_AS_IT_IS = ", DELIMITER E'\\x02', QUOTE E'\\x01'"


def _query(
    audience: Audience, *, now: dt.datetime, kind: ContactKind | None, of_asked: bool
) -> tuple[str, dict[str, Any]]:
    """The query and its parameters."""
    ask, channel, rules = audience.ask, _channel(audience.ask), current_rules()
    further = _NOT_SUPPRESSED if kind is None else ""
    if channel is Channel.PHONE:
        further += _NOT_ON_REGISTER
    named = " AND point.named = asked.named" if of_asked else ""
    points = (_POINTS_OF_ASKED if of_asked else _POINTS).format(usable=_USABLE)
    people = "preferences_recipient AS person"
    if of_asked:
        people = "preferences_asked AS asked JOIN preferences_recipient AS person ON person.id = asked.recipient_id"
    query = _SELECT.format(
        points=points,
        of_asked="AND recipient_id IN (SELECT recipient_id FROM preferences_asked)" if of_asked else "",
        distinct="DISTINCT" if of_asked else "",
        columns=_columns(audience),
        people=people,
        reached=f"{'LEFT' if kind is None else ''} JOIN point ON point.recipient_id = person.id{named}",
        further=further,
        # Whoever confirmed has read one mailbox; see verdict._unproven.
        proven="true" if kind is None else "point.verified_at IS NOT NULL",
    )
    limits = limits_in_force()
    tracking = ask.tracking if channel is Channel.EMAIL else None
    return query, {
        "law": json.dumps(_law(ask, tracking=tracking, rules=rules, today=now.date())),
        "countries": sorted(_countries(rules)),
        "brand": ask.scope.brand,
        "topic": ask.scope.purpose,
        "channel": channel.value,
        "tracking": tracking.scope.purpose if tracking else None,
        "asks_age": ask.asks_age,
        "tracking_asks_age": tracking.asks_age if tracking else False,
        "kind": (kind or ContactKind.EMAIL).value,
        "screened_since": now - dt.timedelta(days=limits.screening_days),
        "today": now.date(),
        # Of what is not offered nothing may be sent to anybody; no country has this code.
        "country": "--" if ask.not_offered else audience.country,
    }


def _columns(audience: Audience) -> str:
    values = [_VALUES[name] for name in COLUMNS]
    if audience.format is Format.NDJSON:
        pairs = ", ".join(f"'{name}', {_VALUES[name]}" for name in COLUMNS)
        values = [f"json_build_object({pairs})::text"]
    return ", ".join(["person.id AS who", "point.id AS reached_at", *values] if audience.links else values)


def _law(ask: Ask, *, tracking: Ask | None, rules: RuleSet, today: dt.date) -> list[dict[str, Any]]:
    """What the rules come to, for each country they name ("" for all others) and each relationship."""
    law: list[dict[str, Any]] = []
    for country in ["", *sorted(_countries(rules))]:
        facts = rules.country_facts(country)
        born_by = born_before(today, facts.minimum_age).isoformat() if facts.minimum_age is not None else None
        law += [
            {
                # One key, because PostgreSQL takes two for a join that hardly anybody survives, and plans for that.
                "people": f"{country}/{relationship.value if relationship else ''}",
                "requirement": _requirement(ask, country, relationship, rules),
                "tracking": _requirement(tracking, country, relationship, rules) if tracking else None,
                "born_by": born_by,
                "has_register": facts.has_register,
            }
            for relationship in (None, *Relationship)
        ]
    return law


def _requirement(ask: Ask, country: str, relationship: Relationship | None, rules: RuleSet) -> str:
    requirement, _rule = required_for(ask=ask, country=country, relationship=relationship, rules=rules)
    return requirement.value


def _countries(rules: RuleSet) -> set[str]:
    """The countries for which the rules say anything of their own."""
    named = {rule.country for rule in rules.marketing.values()} | {
        row.country for row in rules.profiling.values()
    }
    return named - {ANY}


def _spool(asked: Iterable[PersonRef], *, into: SpooledTemporaryFile[str]) -> None:
    """Write down the people asked about as the database reads them."""
    # What is None comes out empty without quotes, which is how PostgreSQL reads a null.
    rows = csv.writer(into, quoting=csv.QUOTE_NOTNULL, lineterminator="\n")
    for person in asked:
        address_kind = person.kind.value if person.kind else None
        rows.writerow((person.recipient, person.external_id, address_kind, person.address))
    into.seek(0)


def _take_in(spool: SpooledTemporaryFile[str], *, kind: ContactKind | None) -> None:
    """Put the people asked about into a temporary table, found by whatever they were named by."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.execute(_ASKED)
        with cursor.cursor.copy("COPY preferences_named FROM STDIN (FORMAT csv)") as copy:
            while block := spool.read(_BLOCK):
                copy.write(block)
        with ClientCursor(connection.connection) as client:
            client.execute(_RESOLVE, [kind.value if kind else None])


def _head(audience: Audience) -> bytes:
    if audience.format is Format.NDJSON:
        return b""
    return ",".join(COLUMNS + (LINK_COLUMNS if audience.links else ())).encode() + b"\n"


def _with_links(rows: Iterable[Any], *, audience: Audience, now: dt.datetime) -> Iterator[bytes]:
    """Each row without the two ids it begins with, and with the links made of them. A row is one piece of COPY data."""
    scope = audience.ask.scope
    if scope.brand is None or scope.purpose is None:
        raise ValueError("Links are for a topic.")
    make = LinkMaker(brand=scope.brand, topic=scope.purpose, channel=_channel(audience.ask), now=now)
    ndjson = audience.format is Format.NDJSON
    divider = b"\x02" if ndjson else b","
    for row in rows:
        who, reached_at, rest = bytes(row).split(divider, 2)
        if reached_at:
            recipient, point = int(who), int(reached_at)
            stop, manage = make.stop_url(recipient, point), make.manage_url(recipient, point)
        else:
            stop = manage = ""
        if ndjson:
            yield b'%b, "stop_url" : "%b", "manage_url" : "%b"}\n' % (
                rest[:-2],
                stop.encode(),
                manage.encode(),
            )
        else:
            yield b"%b,%b,%b\n" % (rest[:-1], stop.encode(), manage.encode())


def blocks(rows: Iterable[Any], *, head: bytes) -> Iterator[bytes]:
    """The head and the rows, many at a time."""
    block = bytearray(head)
    for row in rows:
        block += row
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _channel(ask: Ask) -> Channel:
    if ask.scope.channel is None:
        raise ValueError("An audience is for a topic on a channel.")
    return ask.scope.channel
