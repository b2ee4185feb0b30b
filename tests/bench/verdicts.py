"""`decide_many` about ten and about ten thousand people of the crowd."""

import random
import time
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences.decisions.decide import ask_about, decide_many
from preferences.decisions.situation import PersonRef
from preferences.decisions.verdict import Ask
from preferences.enums import Channel, MessageClass
from tests.bench.audience import TOPIC
from tests.bench.compare import Round, show, take_turns
from tests.bench.database import connected_to
from tests.bench.servers import counted
from tests.bench.sizes import CROWD, CROWD_SIZES

FEW, MANY = 10, 10_000


def measure(*, rounds: int) -> None:
    with connected_to(CROWD):
        ask = ask_about(key=TOPIC, channel=Channel.EMAIL)
        results = take_turns(
            {f"{people:,} people": verdicts(ask, people=people) for people in (FEW, MANY)}, rounds=rounds
        )
        counts = [queries(ask, people=people) for people in (FEW, MANY)]
    show(
        f"decide_many among {CROWD_SIZES[-1]:,} people (1 process, 1 connection; {counted(rounds, 'round')})",
        results,
        unit="verdicts/s",
        notes=[f"Queries: {counts[0]} for {FEW:,} people, {counts[1]} for {MANY:,}."],
    )


def verdicts(ask: Ask, *, people: int) -> Callable[[int], Round]:
    """A contestant that asks about so many people, others each time."""

    def run(round_: int) -> Round:
        asked = some(people, seed=round_)
        start = time.perf_counter()
        decide_many(people=asked, ask=ask, message_class=MessageClass.MARKETING, now=timezone.now())
        seconds = time.perf_counter() - start
        return Round(rate=people / seconds, median_ms=seconds * 1000, p99_ms=seconds * 1000)

    return run


def queries(ask: Ask, *, people: int) -> int:
    """How many queries a question about so many people takes."""
    with CaptureQueriesContext(connection) as captured:
        verdicts(ask, people=people)(0)
    return len(captured)


def some(people: int, *, seed: int) -> list[PersonRef]:
    """So many of the crowd, at random; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    return [PersonRef(recipient=person) for person in chance.sample(range(1, CROWD_SIZES[-1] + 1), people)]
