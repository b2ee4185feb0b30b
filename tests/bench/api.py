"""One decision over HTTP beside a bare django-ninja view that reads one row by its key, under the same server."""

import json
import random
from contextlib import ExitStack

from django.test import Client
from django.utils import timezone

from preferences.api.caller import ApiScope
from preferences.api.clients import make_client
from tests.bench.audience import TOPIC
from tests.bench.compare import show, take_turns
from tests.bench.database import connected_to
from tests.bench.servers import Load, Shape, counted, serving
from tests.bench.sizes import CROWD, CROWD_SIZES

UNCOUNTED = 40
BARE, BARE_POST, DECIDE = "bare view, GET", "bare view, POST of JSON", "decide"


def measure(*, shape: Shape, load: Load, rounds: int, requests: int) -> None:
    with connected_to(CROWD):
        token = make_token()
    per_round = requests + UNCOUNTED
    with ExitStack() as stack:
        bare = stack.enter_context(serving("tests.bench.bare:application", shape=shape, database=CROWD))
        ours = stack.enter_context(serving("config.wsgi:application", shape=shape, database=CROWD))
        results = take_turns(
            {
                BARE: lambda round_: load.get(
                    port=bare,
                    paths=[f"/api/people/{person}" for person in some(per_round, seed=round_)],
                    uncounted=UNCOUNTED,
                ),
                BARE_POST: lambda round_: load.post(
                    port=bare,
                    requests=[
                        ("/api/people", json.dumps({"person": person}))
                        for person in some(per_round, seed=round_)
                    ],
                    content_type="application/json",
                    uncounted=UNCOUNTED,
                ),
                DECIDE: lambda round_: load.post(
                    port=ours,
                    requests=[
                        ("/api/v1/decisions", question(person)) for person in some(per_round, seed=round_)
                    ],
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {token}"},
                    uncounted=UNCOUNTED,
                ),
            },
            rounds=rounds,
        )
    show(
        f"One decision over HTTP, of {CROWD_SIZES[-1]:,} people ({shape};"
        f" {counted(rounds, 'round')} of {counted(requests, 'request')})",
        results,
        unit="requests/s",
    )


def make_token() -> str:
    """A token for asking about the whole group, got as any program gets one."""
    made = make_client(name="bench", scopes=[ApiScope.DECISIONS_READ], brand=None, now=timezone.now())
    answer = Client(headers={"host": "127.0.0.1"}).post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": made.client_id,
            "client_secret": made.client_secret,
        },
    )
    return str(answer.json()["access_token"])


def question(person: int) -> str:
    return json.dumps({"person": {"recipient": person}, "topic": TOPIC, "channel": "email"})


def some(people: int, *, seed: int) -> list[int]:
    """So many of the crowd, at random; the same for the same seed."""
    return random.Random(seed).sample(range(1, CROWD_SIZES[-1] + 1), people)  # noqa: S311 - nothing secret
