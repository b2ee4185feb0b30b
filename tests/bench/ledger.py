"""`ledger.record` beside the statements it sends, sent by psycopg alone."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from preferences import ledger
from preferences.enums import Channel, Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.scope import Scope
from tests.bench.compare import Round, show, take_turns
from tests.bench.populate import brand_of, free_topic
from tests.bench.servers import counted

# Another turn than the one-click requests take, so that nobody has stopped these yet.
TURN = 4

type Statements = list[tuple[str, Any]]


def measure(*, people: int, rounds: int, stops: int) -> None:
    by_hand = {person: statements_of(person) for person in range(1, people, 2)[: (rounds + 1) * stops]}
    persons = iter(by_hand)
    others = iter(range(2, people, 2))
    raw = psycopg.connect(connection.connection.info.dsn, autocommit=True)

    def send_alone(_round: int) -> Round:
        return timed([partial(send, raw, by_hand[next(persons)]) for _ in range(stops)])

    def record(_round: int) -> Round:
        return timed([partial(stop, next(others)) for _ in range(stops)])

    results = take_turns({"psycopg alone": send_alone, "ledger.record": record}, rounds=rounds)
    raw.close()
    number = len(next(iter(by_hand.values())))
    show(
        f"ledger.record, one stop a call, {counted(number, 'statement')} each"
        f" (1 process, 1 thread, 1 connection; {counted(rounds, 'round')} of {counted(stops, 'stop')})",
        results,
        unit="stops/s",
    )


def stop(person: int) -> None:
    topic = free_topic(person=person, turn=TURN)
    scope = Scope(kind=Kind.MARKETING, brand=brand_of(topic), purpose=topic, channel=Channel.EMAIL)
    ledger.record(
        recipient=person,
        changes=[Change(scope=scope, state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.ONE_CLICK),
        now=timezone.now(),
    )


def statements_of(person: int) -> Statements:
    """What `stop` would send for this person, with its parameters; nothing of it stays."""
    statements: Statements = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "SAVEPOINT" not in sql:
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(keep):
            stop(person)
        transaction.set_rollback(True)
    return statements


def send(raw: psycopg.Connection[Any], statements: Statements) -> None:
    with raw.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(sql, params)
            cursor.fetchall()


def timed(calls: Sequence[Callable[[], None]]) -> Round:
    times = []
    for call in calls:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    rate = len(times) / sum(times)
    times.sort()
    return Round(
        rate=rate, median_ms=times[len(times) // 2] * 1000, p99_ms=times[int(len(times) * 0.99)] * 1000
    )
