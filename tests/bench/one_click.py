"""One-click beside a bare view that does one INSERT, with few recipients and with many."""

from contextlib import ExitStack

from django.db import connection

from preferences.enums import Channel
from preferences.tokens import StopToken, make_stop_token
from tests.bench.compare import Results, Round, ratio, show, take_turns
from tests.bench.database import connected_to
from tests.bench.populate import brand_of, free_topic
from tests.bench.servers import Load, Shape, counted, serving
from tests.bench.sizes import LARGE, SIZES, SMALL

BODY = "List-Unsubscribe=One-Click"
UNCOUNTED = 40
BARE, FEW, MANY = (
    "bare view, one INSERT",
    *(f"{people:,} recipients, {events:,} events" for people, events in SIZES.values()),
)
AGAIN, UNKNOWN = "the same once more", "unknown token"
# Has no divisor in common with the number of recipients: the rounds meet them in no order of theirs.
STRIDE = 7919


def measure(*, shape: Shape, load: Load, rounds: int, requests: int) -> None:
    with ExitStack() as stack:
        bare = stack.enter_context(serving("tests.bench.bare:application", shape=shape, database=LARGE))
        few = stack.enter_context(serving("config.wsgi:application", shape=shape, database=SMALL))
        many = stack.enter_context(serving("config.wsgi:application", shape=shape, database=LARGE))

        def post(port: int, paths: list[str]) -> Round:
            return load.post(
                port=port,
                requests=[(path, BODY) for path in paths],
                content_type="application/x-www-form-urlencoded",
                uncounted=UNCOUNTED,
            )

        people = SIZES[LARGE][0]
        per_round = requests + UNCOUNTED

        def of_few(_round: int) -> list[str]:
            return [
                stop_path(person=1 + n % SIZES[SMALL][0], turn=n // SIZES[SMALL][0]) for n in range(per_round)
            ]

        def of_many(round_: int) -> list[str]:
            first = round_ * per_round
            return [
                stop_path(person=1 + (first + n) * STRIDE % people, turn=(first + n) // people)
                for n in range(per_round)
            ]

        def bare_paths(kind: str) -> list[str]:
            return [f"/{kind}/{path.split('/')[2]}/" for path in of_few(0)]

        with connected_to(SMALL), connection.cursor() as cursor:
            cursor.execute("SELECT max(id) FROM preferences_event")
            (newest,) = cursor.fetchone()

        results: Results = take_turns(
            {
                BARE: lambda _round: post(bare, bare_paths("insert")),
                "the same by a model": lambda _round: post(bare, bare_paths("model")),
                FEW: lambda round_: post(few, of_few(round_)),
                MANY: lambda round_: post(many, of_many(round_)),
            },
            rounds=rounds,
            after_each=lambda: take_back(since=newest),
        )
        show(
            f"One-click POST, each a stop that is stored ({shape};"
            f" {counted(rounds, 'round')} of {counted(requests, 'request')})",
            results,
            unit="requests/s",
            notes=[f"{MANY} against {FEW}: {ratio(results, MANY, to=FEW):.2f}"],
        )
        results = take_turns(
            {
                BARE: lambda _round: post(bare, bare_paths("insert")),
                AGAIN: lambda round_: post(many, of_many(round_)),
                UNKNOWN: lambda _round: post(many, ["/u/nobody-has-this-token/"] * per_round),
            },
            rounds=max(rounds // 2, 1),
        )
        show(f"One-click POST that stores nothing ({shape})", results, unit="requests/s")


def stop_path(*, person: int, turn: int) -> str:
    """The stop link of a topic about which the person has not said anything."""
    topic = free_topic(person=person, turn=turn)
    token = StopToken(
        recipient=person, contact_point=person, brand=brand_of(topic), topic=topic, channel=Channel.EMAIL
    )
    return f"/u/{make_stop_token(token)}/"


def take_back(*, since: int) -> None:
    """Forget what the few said in a round, so that every round finds the same hundred people."""
    with connected_to(SMALL), connection.cursor() as cursor:
        cursor.execute("DELETE FROM preferences_choice WHERE event_id > %s", [since])
        cursor.execute("VACUUM preferences_choice")
