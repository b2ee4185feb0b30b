"""`make bench`: what the hot paths cost beside the least that could be done, as ratios."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

SMALL, LARGE = "preferences_bench_small", "preferences_bench_large"
os.environ.update(
    DEMO="1",
    ENV_FILE=os.devnull,
    DJANGO_SETTINGS_MODULE="tests.bench.settings",
    BENCH_DATABASE=LARGE,
    SECRET_KEY="only-for-the-benchmark",
)

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from tests.bench import ledger  # noqa: E402
from tests.bench.populate import free_topic, populate  # noqa: E402
from tests.bench.servers import ROOT, serving  # noqa: E402

FIGURES = """
{title}
    {measured}
"""


class Load:
    """The process that sends the requests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *, port: int, connections: int, paths: list[str], body: str = "") -> dict[str, Any]:
        """Send every request once; the answer of the job. Raises where one was not answered with 200."""
        job = {
            "port": port,
            "connections": connections,
            "method": "POST" if body else "GET",
            "body": body,
            "paths": paths,
        }
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The load generator ended.")
        result = json.loads(line)
        if set(result["statuses"]) != {"200"}:
            raise RuntimeError(f"Not every answer was 200: {result['statuses']}")
        return {**result, "rate": len(paths) / result["seconds"]}

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


ONE_CLICK = "List-Unsubscribe=One-Click"


def make_databases(sizes: dict[str, tuple[int, int]]) -> None:
    settings_dict = connection.settings_dict
    with connection._nodb_cursor() as cursor:
        for name in sizes:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {SMALL}")
    settings_dict["NAME"] = SMALL
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {LARGE} TEMPLATE {SMALL}")
    for name, (people, events) in sizes.items():
        connection.close()
        settings_dict["NAME"] = name
        start = time.perf_counter()
        populate(people=people, events=events)
        print(f"{name}: {people:,} recipients, {events:,} events ({time.perf_counter() - start:.1f} s)")
    connection.close()
    settings_dict["NAME"] = LARGE


def stop_path(*, person: int, topic: int) -> str:
    from preferences.enums import Channel
    from preferences.tokens import StopToken, make_stop_token

    token = StopToken(
        recipient=person, contact_point=person, brand=1 + topic % 3, topic=topic, channel=Channel.EMAIL
    )
    return f"/u/{make_stop_token(token)}/"


def reset_small() -> None:
    """Take back what the last round stopped, so that every round finds the same hundred people."""
    settings_dict = connection.settings_dict
    connection.close()
    settings_dict["NAME"] = SMALL
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM preferences_choice WHERE event_id > 500")
        cursor.execute("VACUUM preferences_choice")
    connection.close()
    settings_dict["NAME"] = LARGE


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--keep", action="store_true", help="use the databases of the last run")
    parser.add_argument("--only", default="stop,page,ledger")
    options = parser.parse_args()

    sizes = {SMALL: (100, 500), LARGE: (100_000, 500_000)}
    folder = Path(settings.VAR_DIR) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    if not options.keep:
        make_databases(sizes)
    print(connection.settings_dict["NAME"], connection.pg_version)
    log = folder / "server.log"
    load = Load()
    with ExitStack() as stack:
        stack.callback(load.close)
        kind = {"workers": options.workers, "threads": options.threads, "log": log}

        def server(app, db):
            return stack.enter_context(serving(app, BENCH_DATABASE=db, BENCH_TEMPLATES=str(folder), **kind))

        if "stop" in options.only:
            bare = server("tests.bench.bare:application", LARGE)
            small, large = server("config.wsgi:application", SMALL), server("config.wsgi:application", LARGE)
            n = options.requests
            offset = int(time.time()) % 90000 if options.keep else 0
            results = {"bare": [], "small": [], "large": [], "repeat": []}
            for r in range(-1, options.rounds):
                bare_paths = [f"/insert/{stop_path(person=i + 1, topic=1)[3:]}" for i in range(n)]
                small_paths = [
                    stop_path(person=1 + i % 100, topic=free_topic(person=1 + i % 100, round_number=i // 100))
                    for i in range(n)
                ]
                people = [1 + (offset + (r + 1) * n + i) * 7919 % 100_000 for i in range(n)]
                large_paths = [
                    stop_path(person=p, topic=free_topic(person=p, round_number=((r + 1) * n + i) // 100_000))
                    for i, p in enumerate(people)
                ]
                round_ = {}
                for name, port, paths in (
                    ("bare", bare, bare_paths),
                    ("small", small, small_paths),
                    ("large", large, large_paths),
                    ("repeat", large, large_paths),
                ):
                    round_[name] = load.run(
                        port=port, connections=options.connections, paths=paths, body=ONE_CLICK
                    )
                reset_small()
                if r >= 0:
                    for name, result in round_.items():
                        results[name].append(result)
            for name, values in results.items():
                ratio = statistics.median(v["rate"] / b["rate"] for v, b in zip(values, results["bare"]))
                print(
                    name,
                    f"{statistics.median(v['rate'] for v in values):.0f}/s",
                    f"median {statistics.median(v['median_ms'] for v in values):.2f} ms p99 {statistics.median(v['p99_ms'] for v in values):.2f}",
                    f"ratio {ratio:.2f}",
                )
        if "ledger" in options.only:
            ledger.measure(connection)


main()
