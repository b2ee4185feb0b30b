"""The preference page by manage link beside a template of its size, and what each hot page asks the database."""

import os
import re
from contextlib import ExitStack
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.management.commands.demo import collect_static_files
from preferences.tokens import ManageToken, make_manage_token
from tests.bench.compare import say, show, take_turns
from tests.bench.one_click import stop_path
from tests.bench.populate import BUSIEST
from tests.bench.servers import Load, Shape, counted, serving
from tests.bench.sizes import LARGE

UNCOUNTED = 20
# Grow with the number of people; nothing that a page or a stop asks may read one of these from end to end.
GROWING = {"preferences_recipient", "preferences_contactpoint", "preferences_event", "preferences_choice"}


def measure(*, shape: Shape, load: Load, people: int, rounds: int, requests: int) -> None:
    collect_static_files()
    body = Client(headers={"host": "127.0.0.1"}).get(manage_path(1)).content.decode()
    template = "{{ title }}" + re.sub(r"[{}%#]", " ", body)
    (Path(os.environ["BENCH_TEMPLATES"]) / "bare.html").write_text(template)
    with ExitStack() as stack:
        bare = stack.enter_context(serving("tests.bench.bare:application", shape=shape, database=LARGE))
        ours = stack.enter_context(serving("config.wsgi:application", shape=shape, database=LARGE))
        per_round = requests + UNCOUNTED
        results = take_turns(
            {
                "bare view, one template": lambda _round: load.get(
                    port=bare, paths=["/page/"] * per_round, uncounted=UNCOUNTED
                ),
                "preference page": lambda round_: load.get(
                    port=ours,
                    paths=[manage_path(1 + (round_ * per_round + n) % people) for n in range(per_round)],
                    uncounted=UNCOUNTED,
                ),
                f"of somebody with {BUSIEST:,} events": lambda _round: load.get(
                    port=ours, paths=[manage_path(people + 1)] * per_round, uncounted=UNCOUNTED
                ),
            },
            rounds=rounds,
        )
    show(
        f"Preference page, GET by manage link, {len(body.encode()) / 1000:.0f} kB ({shape};"
        f" {counted(rounds, 'round')} of {counted(requests, 'request')})",
        results,
        unit="requests/s",
    )


def show_queries(*, people: int) -> None:
    """Print how many queries the pages take. Raises where one does not find its rows by an index."""
    client = Client(headers={"host": "127.0.0.1"})
    stop = stop_path(person=people, turn=0)
    acts = {
        "preference page": lambda: client.get(manage_path(people + 1)),
        "stop page": lambda: client.get(stop),
        "one-click": lambda: client.post(stop, {"List-Unsubscribe": "One-Click"}),
        "one-click once more": lambda: client.post(stop, {"List-Unsubscribe": "One-Click"}),
    }
    counts = []
    for name, act in acts.items():
        with CaptureQueriesContext(connection) as queries:
            act()
        counts.append(f"{name} {len(queries)}")
        for query in queries:
            if read := read_from_end_to_end(query["sql"]):
                raise RuntimeError(f"The {name} reads all of {read}: {query['sql']}")
    say(f"\nQueries: {', '.join(counts)}; each finds its rows by an index.")


def read_from_end_to_end(sql: str) -> str | None:
    """The growing table that a statement would read without an index."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    return next((table for table in re.findall(r"Seq Scan on (\w+)", plan) if table in GROWING), None)


def manage_path(person: int) -> str:
    token = ManageToken(recipient=person, contact_point=person, brand=1, issued_at=timezone.now())
    return f"/p/{make_manage_token(token)}/"
