"""`make bench`: what the hot paths cost beside the least that could be done, as ratios."""

import tests.bench.environment  # noqa: F401, I001 - before Django reads its settings

import argparse
import logging
import os
import platform
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402

from tests.bench import api, audience, cookies, inbox, ledger, one_click, page, verdicts  # noqa: E402
from tests.bench.compare import say  # noqa: E402
from tests.bench.database import described  # noqa: E402
from tests.bench.populate import make_population  # noqa: E402
from tests.bench.servers import Load, Shape, counted  # noqa: E402
from tests.bench.sizes import LARGE, SIZES  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="server processes (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=4, help="threads in each (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="kept busy (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=16, help="of each comparison (default: %(default)s)")
    options = parser.parse_args()

    logging.disable(logging.INFO)
    start = time.monotonic()
    folder = Path(settings.VAR_DIR) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    shape = Shape(
        workers=options.workers,
        threads=options.threads,
        connections=options.connections,
        log=folder / "server.log",
    )
    shape.log.unlink(missing_ok=True)
    for database, (people, events) in SIZES.items():
        make_population(database=database, people=people, events=events)
    say(
        f"Python {platform.python_version()}, Django {django.__version__}, {counted(os.cpu_count() or 1, 'core')}"
    )
    say(described())
    people = SIZES[LARGE][0]
    with ExitStack() as stack:
        load = Load(shape=shape)
        stack.callback(load.close)
        one_click.measure(shape=shape, load=load, rounds=options.rounds, requests=300)
        cookies.measure(shape=shape, load=load, rounds=options.rounds, requests=300)
        page.measure(shape=shape, load=load, people=people, rounds=options.rounds // 2, requests=120)
        page.show_queries(people=people)
        ledger.measure(people=people, rounds=options.rounds, stops=60)
        audience.measure(rounds=max(options.rounds // 5, 1))
        verdicts.measure(rounds=options.rounds)
        api.measure(shape=shape, load=load, rounds=options.rounds, requests=300)
    inbox.measure(connections=options.connections, log=shape.log, rounds=options.rounds, messages=300)
    say(f"\nTook {time.monotonic() - start:.0f} s.")


try:
    main()
finally:
    shutil.rmtree(os.environ["BENCH_TEMPLATES"], ignore_errors=True)
