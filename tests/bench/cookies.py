"""A consent in the cookie banner beside a bare view that does one INSERT, and the banner's script beside a file."""

import gzip
import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from config.management.commands.demo import collect_static_files
from preferences.cookies.served import Served, forget_served, served_site
from tests.bench.compare import Round, show, take_turns
from tests.bench.database import connected_to
from tests.bench.populate import ORIGIN, SITE
from tests.bench.servers import Load, Shape, counted, serving
from tests.bench.sizes import LARGE

UNCOUNTED = 40
CONSENT, SCRIPT = f"/cookies/{SITE}/consent", f"/cookies/{SITE}/banner.js"
BARE, RECORDED, AGAIN = "bare view, one INSERT", "consent, recorded", "the same once more"
FILE, MEMORY = "static file", "banner.js"
GZIP = {"Accept-Encoding": "gzip"}


def measure(*, shape: Shape, load: Load, rounds: int, requests: int) -> None:
    with connected_to(LARGE):
        forget_served()
        served = site_of_the_bench()
    file = write_static(served.asset.body)
    per_round = requests + UNCOUNTED
    with ExitStack() as stack:
        bare = stack.enter_context(serving("tests.bench.bare:application", shape=shape, database=LARGE))
        ours = stack.enter_context(serving("config.wsgi:application", shape=shape, database=LARGE))
        same = consent(served)

        def post(port: int, posted: list[tuple[str, str]], status: int) -> Round:
            return load.post(
                port=port,
                requests=posted,
                content_type="text/plain",
                headers={"Origin": ORIGIN},
                uncounted=UNCOUNTED,
                status=status,
            )

        # So that it is on record already when it comes again.
        post(ours, [(CONSENT, same)] + [(CONSENT, consent(served)) for _ in range(UNCOUNTED)], 201)
        results = take_turns(
            {
                BARE: lambda round_: post(
                    bare, [(f"/insert/{round_}-{n}/", same) for n in range(per_round)], 200
                ),
                RECORDED: lambda _round: post(
                    ours, [(CONSENT, consent(served)) for _ in range(per_round)], 201
                ),
                AGAIN: lambda _round: post(ours, [(CONSENT, same)] * per_round, 200),
            },
            rounds=rounds,
        )
        show(
            f"Consent in the cookie banner, POST ({shape};"
            f" {counted(rounds, 'round')} of {counted(requests, 'request')})",
            results,
            unit="requests/s",
        )
        results = take_turns(
            {
                name: lambda _round, path=path: load.get(
                    port=ours, paths=[path] * per_round, headers=GZIP, uncounted=UNCOUNTED
                )
                for name, path in ((FILE, file), (MEMORY, SCRIPT))
            },
            rounds=rounds,
        )
    show(
        f"The banner's script, GET, {len(served.asset.gzipped) / 1000:.1f} kB compressed ({shape})",
        results,
        unit="requests/s",
    )


def site_of_the_bench() -> Served:
    served = served_site(SITE)
    assert served
    return served


def consent(served: Served) -> str:
    """What the banner posts where somebody who was never here accepts everything."""
    return json.dumps(
        {
            "consent": str(uuid4()),
            "banner": served.banner,
            "language": "en",
            "action": "accept_all",
            "categories": dict.fromkeys(served.content["categories"], True),
            "gpc": False,
            "shown": ["banner"],
        }
    )


def write_static(body: bytes) -> str:
    """Put the same bytes among the collected static files, hashed and compressed as those are; the path they get."""
    collect_static_files()
    name = f"bench.{hashlib.md5(body, usedforsecurity=False).hexdigest()[:12]}.js"
    folder = Path(settings.STATIC_ROOT)
    (folder / name).write_bytes(body)
    (folder / f"{name}.gz").write_bytes(gzip.compress(body, mtime=0))
    return f"{settings.STATIC_URL}{name}"
