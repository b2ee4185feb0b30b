"""A synthetic population, large and quick: people with addresses, facts and statements, for benchmarks and trials.

Written by COPY in one transaction. Statements are events with the choices that follow from them, so that
`rebuild_choices` finds nothing to mend; nothing is changed that was there before.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

from preferences.enums import Channel, ContactKind, Kind, Relationship, State
from preferences.identity import address_hash
from preferences.models import Brand, Purpose

_BATCH = 20_000
# As a group of business software in Europe and Latin America might have them, per thousand.
_COUNTRY_SHARES = {
    "NO": 190,
    "SE": 130,
    "DK": 90,
    "FI": 80,
    "NL": 90,
    "DE": 90,
    "FR": 50,
    "ES": 60,
    "IT": 30,
    "GB": 30,
    "PL": 40,
    "RO": 30,
    "BR": 30,
    "MX": 20,
    "CL": 10,
    "CO": 10,
    "PE": 10,
    "": 10,
}
_RELATIONSHIP_SHARES = {
    Relationship.BUSINESS_CUSTOMER.value: 600,
    Relationship.BUSINESS_PROSPECT.value: 250,
    Relationship.CONSUMER_CUSTOMER.value: 80,
    Relationship.CONSUMER_PROSPECT.value: 50,
    "": 20,
}
_COUNTRIES = list(_COUNTRY_SHARES), list(_COUNTRY_SHARES.values())
_RELATIONSHIPS = list(_RELATIONSHIP_SHARES), list(_RELATIONSHIP_SHARES.values())
_LANGUAGES = {"NO": "nb"}
_SALES = 0.7
# The share of statements about more than one thing.
_BROAD = 0.12
# How many statements a person has made, per thousand: three on average.
_STATEMENTS = {0: 80, 1: 130, 2: 190, 3: 230, 4: 170, 5: 110, 6: 90}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The lines of one batch, by table, as COPY reads them."""

    recipients: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    sales: list[str] = field(default_factory=list)
    said: list[tuple[int, str, str]] = field(default_factory=list)


_COPY = {
    "recipients": "preferences_recipient (id, external_id, language, country, relationship, organisation, created_at)",
    "points": """preferences_contactpoint
                 (recipient_id, kind, value, normalized, address_hash, verified_at, unreachable_at, screened_at,
                  on_register, created_at)""",
    "sales": "preferences_sale (recipient_id, brand_id, sold_on, subject, refusal_offered, recorded_at)",
    "events": """preferences_event
                 (id, recipient_id, kind, brand_id, purpose_id, channel, state, confirmed, occurred_at, recorded_at,
                  previous_state, source, actor, route, reason, superseded)""",
    "choices": """preferences_choice
                  (event_id, recipient_id, kind, brand_id, purpose_id, channel, state, confirmed, occurred_at)""",
}


def make_population(
    *, recipients: int, seed: int, now: dt.datetime, progress: Callable[[int], None] = lambda people: None
) -> None:
    """Add `recipients` people; the same ones for the same seed, catalogue and day. `progress` hears how many there are.

    What they have spoken about is taken from the catalogue, which must hold a topic. Addresses end in example.com with
    the seed before it, so that another seed adds others. Raises django.db.IntegrityError where this population is there
    already.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    speech = _Speech(chance=chance, now=now)
    brands = list(Brand.objects.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic(), _references_checked_at_the_end():
        for first in range(0, recipients, _BATCH):
            size = min(_BATCH, recipients - first)
            rows = _Rows()
            for number, person in zip(
                range(first, first + size), _reserve("preferences_recipient", size), strict=True
            ):
                _add_person(
                    rows, person=person, number=number, seed=seed, chance=chance, brands=brands, now=now
                )
                speech.add(rows, person=person)
            events = _reserve("preferences_event", len(rows.said))
            for name, target in _COPY.items():
                _copy(target, _statements(rows.said, events, name) or getattr(rows, name, []))
            progress(first + size)
    with connection.cursor() as cursor:
        for name in ("recipient", "contactpoint", "sale", "event", "choice"):
            cursor.execute(f"ANALYZE preferences_{name}")


_REFERENCES = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE contype = 'f' AND conrelid IN ('preferences_event'::regclass, 'preferences_choice'::regclass)
"""


@contextmanager
def _references_checked_at_the_end() -> Iterator[None]:
    """Take the foreign keys of the statements away and put them back, which checks all rows by one join each instead of
    each row by itself. Inside a transaction, so that nobody ever sees the tables without them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(_REFERENCES)
        references = cursor.fetchall()
        for table, name, _definition in references:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name, definition in references:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _add_person(
    rows: _Rows,
    *,
    person: int,
    number: int,
    seed: int,
    chance: random.Random,
    brands: Sequence[int],
    now: dt.datetime,
) -> None:
    """The recipient with its addresses and sales. Every fifth has a phone, one in fifty an address that is dead."""
    country = chance.choices(*_COUNTRIES)[0]
    relationship = chance.choices(*_RELATIONSHIPS)[0]
    language = _LANGUAGES.get(country, "en")
    rows.recipients.append(
        f"{person}\tpop{seed}-{number}\t{language}\t{country}\t{relationship}\t\t{now.isoformat()}\n"
    )
    value = f"person{number}@pop{seed}.example.com"
    digest = address_hash(kind=ContactKind.EMAIL, normalized=value).hex()
    verified = now.isoformat() if number % 3 == 0 else "\\N"
    unreachable = now.isoformat() if number % 50 == 7 else "\\N"
    rows.points.append(
        f"{person}\temail\t{value}\t{value}\t\\\\x{digest}\t{verified}\t{unreachable}\t\\N\t\\N\t{now.isoformat()}\n"
    )
    if number % 5 == 0:
        value = f"+999{seed:03}{number:08}"
        digest = address_hash(kind=ContactKind.PHONE, normalized=value).hex()
        screened = (
            f"{now.isoformat()}\t{'t' if number % 20 == 0 else 'f'}" if number % 10 == 0 else "\\N\t\\N"
        )
        rows.points.append(
            f"{person}\tphone\t{value}\t{value}\t\\\\x{digest}\t\\N\t\\N\t{screened}\t{now.isoformat()}\n"
        )
    if relationship.endswith("_customer") and chance.random() < _SALES:
        rows.sales.append(
            f"{person}\t{chance.choice(brands)}\t{now.date().isoformat()}\tsubscription\tt\t{now.isoformat()}\n"
        )


class _Speech:
    """What people say: mostly about one topic on one channel, now and then about more at once."""

    def __init__(self, *, chance: random.Random, now: dt.datetime) -> None:
        self._chance = chance
        self._counts = list(_STATEMENTS), list(_STATEMENTS.values())
        self._times = [(now - dt.timedelta(minutes=n)).isoformat() for n in range(1, 500_000, 97)]
        purposes = list(Purpose.objects.order_by("pk"))
        topics = [purpose for purpose in purposes if purpose.kind == Kind.MARKETING]
        single: list[tuple[str, int | None, int | None, str | None]] = [
            (Kind.MARKETING, topic.brand_id, topic.pk, channel)
            for topic in topics
            for channel in topic.channels
        ]
        single += [
            (Kind.PROFILING, None, purpose.pk, None) for purpose in purposes if purpose.kind == Kind.PROFILING
        ]
        broad = [
            (Kind.MARKETING, None, None, None),
            (Kind.PROFILING, None, None, None),
            *((Kind.MARKETING, None, None, channel.value) for channel in Channel),
            *(
                (Kind.MARKETING, brand, None, None)
                for brand in sorted({topic.brand_id or 0 for topic in topics})
            ),
        ]
        # A scope with a state, as the columns of both tables begin and end.
        self._single = [
            (_scope(scope), state, confirmed)
            for scope in single
            for state, confirmed in ((State.OPTED_IN, "t"), (State.OPTED_IN, "f"), (State.OPTED_OUT, "f"))
        ]
        self._broad = [(_scope(scope), State.OPTED_OUT, "f") for scope in broad]

    def add(self, rows: _Rows, *, person: int) -> None:
        """Append what one person said; about each thing once."""
        chance = self._chance
        said: dict[str, str] = {}
        for _ in range(chance.choices(*self._counts)[0]):
            pool = self._broad if chance.random() < _BROAD else self._single
            scope, state, confirmed = pool[int(chance.random() * len(pool))]
            said.setdefault(
                scope, f"{state.value}\t{confirmed}\t{self._times[int(chance.random() * len(self._times))]}"
            )
        rows.said.extend((person, scope, state) for scope, state in said.items())


def _scope(scope: tuple[str, int | None, int | None, str | None]) -> str:
    return "\t".join("\\N" if part is None else str(part) for part in scope)


def _statements(said: Sequence[tuple[int, str, str]], events: range, table: str) -> list[str]:
    """The lines of the events or of the choices; empty for any other table."""
    if table == "events":
        return [
            f"{event}\t{person}\t{scope}\t{state}\t{state.rpartition('\t')[2]}\tunstated\timport\tsystem\t\t\tf\n"
            for event, (person, scope, state) in zip(events, said, strict=True)
        ]
    if table == "choices":
        return [
            f"{event}\t{person}\t{scope}\t{state}\n"
            for event, (person, scope, state) in zip(events, said, strict=True)
        ]
    return []


def _copy(target: str, lines: Iterable[str]) -> None:
    with (
        connection.cursor() as cursor,
        # Django's cursor hands out psycopg's COPY, whose errors are psycopg's own.
        connection.wrap_database_errors,
        cursor.cursor.copy(f"COPY {target} FROM STDIN") as copy,
    ):
        copy.write("".join(lines))


def _reserve(table: str, size: int) -> range:
    """The next `size` ids of a table, taken out of its sequence."""
    if not size:
        return range(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(sequence, nextval(sequence) + %s - 1)"
            " FROM CAST(pg_get_serial_sequence(%s, 'id') AS regclass) AS sequence",
            [size, table],
        )
        (last,) = cursor.fetchone()
    return range(last - size + 1, last + 1)
