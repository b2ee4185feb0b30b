"""The audience of a topic beside a bare COPY of the same columns, what its links cost, and the memory it takes."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Buffer, Callable, Iterable, Iterator

from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from psycopg import ClientCursor

from preferences.decisions.decide import ask_about
from preferences.decisions.verdict import Ask
from preferences.enums import Channel
from preferences.exports.audience import Audience, stream_audience
from tests.bench.compare import Round, ratio, say, show, take_turns
from tests.bench.database import connected_to, create_database
from tests.bench.servers import ROOT, counted
from tests.bench.sizes import CROWD, CROWD_SIZES

TOPIC = "tallvik-product-news"
BARE, AUDIENCE, LINKS = "bare COPY", "audience", "with --links"

# A line for everybody who has an address, with what they last said about this topic and about tracking; no law, no
# sale, no suppression, no wider statement, and nobody left out.
BARE_COPY = """
COPY (SELECT person.id, person.external_id, point.value, person.language, tracked.state, said.state
        FROM preferences_recipient AS person
        JOIN preferences_contactpoint AS point ON point.recipient_id = person.id AND point.kind = 'email'
        LEFT JOIN preferences_choice AS said
               ON said.recipient_id = person.id AND said.purpose_id = %s AND said.channel = 'email'
        LEFT JOIN preferences_choice AS tracked
               ON tracked.recipient_id = person.id AND tracked.purpose_id = %s)
  TO STDOUT (FORMAT csv)
"""

# One address in five hundred, and twenty domains where nobody is.
SUPPRESSIONS = """
INSERT INTO preferences_suppression (kind, address_hash, domain, reason, note, created_at)
SELECT 'address', address_hash, '', 'complaint', '', now() FROM preferences_contactpoint WHERE id % 500 = 0
 UNION ALL
SELECT 'domain', NULL, 'domain' || n || '.example', 'competitor', '', now() FROM generate_series(1, 20) AS n
    ON CONFLICT DO NOTHING
"""


def measure(*, rounds: int) -> None:
    """Print how the crowd's audience compares, at each of its sizes. The crowd is there, whole, when this returns."""
    peaks = []
    for people in crowds():
        with connected_to(CROWD):
            compare(people=people, rounds=rounds)
            peaks.append(
                f"{people:,} people {peak_of_command()} MB, with --links {peak_of_command('--links')} MB"
            )
    say(f"\nmanage.py audience, most memory ever held: {'; '.join(peaks)}.")


def crowds() -> Iterator[int]:
    """Make the crowd anew and let it grow; give each number of recipients when so many are there."""
    create_database(CROWD)
    there = 0
    for seed, people in enumerate(CROWD_SIZES):
        start = time.monotonic()
        with connected_to(CROWD):
            if not there:
                call_command("migrate", verbosity=0, interactive=False)
            call_command(
                "demo_population", recipients=people - there, seed=seed, add=True, stdout=io.StringIO()
            )
            with connection.cursor() as cursor:
                cursor.execute(SUPPRESSIONS)
                cursor.execute("VACUUM (ANALYZE)")
                cursor.execute("CHECKPOINT")
        say(f"\ndemo_population, {people - there:,} people: {time.monotonic() - start:.0f} s.")
        there = people
        yield people


def compare(*, people: int, rounds: int) -> None:
    ask = ask_about(key=TOPIC, channel=Channel.EMAIL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM preferences_choice")
        (choices,) = cursor.fetchone()
    lines = {
        BARE: sum(bytes(row).count(b"\n") for row in bare_copy(ask)),
        AUDIENCE: sum(block.count(b"\n") for block in audience(ask)) - 1,
    }
    results = take_turns(
        {
            BARE: timed(lambda: bare_copy(ask), people=people),
            AUDIENCE: timed(lambda: audience(ask), people=people),
            LINKS: timed(lambda: audience(ask, links=True), people=people),
        },
        rounds=rounds,
    )
    show(
        f"Audience of a topic among {people:,} people with {choices / people:.1f} choices each"
        f" (1 process, 1 connection; {counted(rounds, 'round')})",
        results,
        unit="people/s",
        notes=[
            f"Lines: {BARE} {lines[BARE]:,}, {AUDIENCE} {lines[AUDIENCE]:,}.",
            f"With --links {1 / ratio(results, LINKS, to=AUDIENCE):.1f} times the time without.",
        ],
    )


def bare_copy(ask: Ask) -> Iterator[Buffer]:
    assert ask.tracking
    connection.ensure_connection()
    with ClientCursor(connection.connection) as cursor:
        statement = cursor.mogrify(BARE_COPY, [ask.scope.purpose, ask.tracking.scope.purpose])
        with cursor.copy(statement.encode()) as rows:
            yield from rows


def audience(ask: Ask, *, links: bool = False) -> Iterator[bytes]:
    return stream_audience(audience=Audience(ask=ask, links=links), now=timezone.now())


def timed(blocks: Callable[[], Iterable[Buffer]], *, people: int) -> Callable[[int], Round]:
    """A contestant that reads it all and keeps none; its rate is people looked at, not lines written."""

    def run(_round: int) -> Round:
        start = time.perf_counter()
        for _block in blocks():
            pass
        seconds = time.perf_counter() - start
        return Round(rate=people / seconds, median_ms=seconds * 1000, p99_ms=seconds * 1000)

    return run


def peak_of_command(*options: str) -> int:
    """The most memory that `manage.py audience` ever held, in MB."""
    command = [sys.executable, "manage.py", "audience", "--topic", TOPIC, "--channel", "email", *options]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench.peak", *command],
        cwd=ROOT,
        env={**os.environ, "BENCH_DATABASE": CROWD},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(ended.stdout) // 1024
