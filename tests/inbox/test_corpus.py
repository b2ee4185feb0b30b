"""Real mail over real SMTP: every message of the corpus, from the listener to what becomes of it.

`make corpus` runs this file and prints the figures.
"""

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django_tasks_db.models import DBTaskResult

from preferences.enums import MessageKind, MessageState, State
from preferences.models import Bounce, ContactPoint, Event, Message, MessageAct
from tests.inbox.cases import CORPUS, LANGUAGES, Case, read_cases, read_people
from tests.inbox.figures import Result, count, table
from tests.inbox.scene import Outcome, Scene, scope_in_words

AUTHSERV_ID = "mx.preferences.example.com"
ENOUGH = 0.75
TO_BE_ANSWERED_IN_TIME = {
    MessageKind.STOP,
    MessageKind.PROFILING,
    MessageKind.ACCESS,
    MessageKind.ERASURE,
}


@pytest.fixture
def run_worker() -> Iterator[Callable[[], None]]:
    """Runs the worker until nothing is left to do now, as `manage.py db_worker --batch` does."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
    before = [signal.getsignal(number) for number in numbers]
    yield lambda: call_command("db_worker", "--batch", "--no-startup-delay", "--no-reload", verbosity=0)
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def scene(listener: Any, run_worker: Callable[[], None], settings: Any) -> Scene:
    settings.AUTHSERV_ID = AUTHSERV_ID
    settings.STOP_ADDRESS = "stop@preferences.example.com"
    return Scene(listener=listener, run_worker=run_worker)


def test_what_becomes_of_every_message(scene: Scene, subtests: pytest.Subtests) -> None:
    results: list[Result] = []
    unreachable: set[str] = set()
    for case in read_cases():
        with subtests.test(case.file):
            outcome = scene.send(case)
            results.append(result_of(case, outcome))
            unreachable |= {bounce.contact_point.normalized for bounce in outcome.bounces if bounce.permanent}
            assert unreachable == addresses_without_reach()
            check(case, outcome, result=results[-1])
    show(table(results))

    in_all = count(results)
    kept = [case for case in read_cases() if case.state not in {"same", "copied"}]
    assert in_all.messages == len(read_cases())
    assert Message.objects.count() == len(kept)
    assert not Message.objects.filter(state=MessageState.RECEIVED).exists()
    assert not DBTaskResult.objects.failed().exists()
    assert not Event.objects.filter(state=State.OPTED_IN).exists()
    assert in_all.wrong == 0
    assert in_all.share >= ENOUGH


def test_the_corpus_is_whole() -> None:
    cases, people = read_cases(), [person["address"] for person in read_people()]
    files = [path.name for path in CORPUS.iterdir()]
    assert sorted(files) == sorted([*(f"{case.file}.eml" for case in cases), "expected.csv", "people.csv"])
    assert len(people) == len(set(people))
    assert {case.person for case in cases} <= {*people, ""}
    by_language = Counter(case.language for case in cases)
    assert all(by_language[language] >= 5 for language in LANGUAGES)
    assert len(cases) >= 90


def result_of(case: Case, outcome: Outcome) -> Result:
    statements = words(outcome.events)
    message = outcome.message
    return Result(
        case=case,
        recognised=bool(statements) and is_one_of(statements, case.events),
        queued=message is not None and message.state == MessageState.WAITING,
        wrong=not (
            (not statements or is_one_of(statements, case.events))
            and all(event.recipient_id == recipient_of(case.person) for event in outcome.events)
            and len(outcome.mails) <= int(case.answers.rpartition("|")[2])
            and (not outcome.bounces or bool(case.bounce))
        ),
    )


def check(case: Case, outcome: Outcome, *, result: Result) -> None:
    """That one message was kept as it was sent, and led to what it had to lead to."""
    assert not result.wrong
    if case.state in {"same", "copied"}:
        assert outcome.message is None
        assert outcome.events == []
        assert (outcome.copy is not None) == (case.state == "copied")
        if outcome.copy is not None:
            assert bytes(outcome.copy.raw or b"") == outcome.raw
            check_row(case, outcome.copy.message, state=MessageState.WAITING)
        return
    message = outcome.message
    assert message is not None, "it is not on record"
    assert bytes(message.raw or b"") == outcome.raw
    assert message.size == len(outcome.raw)
    assert "<script" not in message.text
    assert "\0" not in message.text + message.subject
    acted = list(MessageAct.objects.filter(message=message).values_list("event", flat=True).order_by("event"))
    assert acted == [event.pk for event in outcome.events]
    if case.is_sure and not result.recognised:
        # Not recognised, but not lost: staff see whose it is.
        assert message.state == MessageState.WAITING
        assert message.recipient_id == recipient_of(case.person)
        return
    check_row(case, message, state=case.state)
    assert is_one_of(words(outcome.events), case.events)
    assert {event.source for event in outcome.events} <= {case.source}
    assert {event.state for event in outcome.events} <= {State.OPTED_OUT}
    check_bounce(case, outcome)
    check_answer(case, outcome)


def check_row(case: Case, message: Message, *, state: str) -> None:
    """What staff see of it."""
    brand = message.brand.key if message.brand else ""
    seen = {"kind": message.kind, "state": message.state, "hold": message.hold, "brand": brand}
    expected = {"kind": case.kind, "state": state, "hold": case.hold, "brand": case.brand}
    assert {name: word for name, word in seen.items() if not is_one_of(word, expected[name])} == {}, case.why
    assert is_one_of("yes" if message.recipient_id else "no", case.recipient)
    if message.recipient_id and case.person:
        assert message.recipient_id == recipient_of(case.person)
    if message.state == MessageState.WAITING and message.recipient_id and case.asks != "nothing":
        if message.kind in TO_BE_ANSWERED_IN_TIME:
            assert message.due_at is not None
            assert message.due_at > message.received_at
        if message.kind == MessageKind.STOP and message.brand:
            assert message.suggestion != []


def check_bounce(case: Case, outcome: Outcome) -> None:
    assert is_one_of(", ".join(map(bounce_in_words, outcome.bounces)), case.bounce)
    for bounce in outcome.bounces:
        assert (bounce.contact_point.normalized, bounce.message) == (case.person, outcome.message)


def check_answer(case: Case, outcome: Outcome) -> None:
    """An answer goes to the address on record, and says of itself that no person wrote it."""
    assert is_one_of(str(len(outcome.mails)), case.answers)
    for letter in outcome.mails:
        assert letter.to == [case.person]
        assert letter.message()["Auto-Submitted"] == "auto-replied"


def is_one_of(word: str, alternatives: str) -> bool:
    return alternatives == "*" or word in alternatives.split("|")


def words(events: list[Event]) -> str:
    return " ".join(sorted(scope_in_words(event) for event in events))


def bounce_in_words(bounce: Bounce) -> str:
    """`hard 5.1.1`"""
    return f"{'hard' if bounce.permanent else 'soft'} {bounce.status}"


def addresses_without_reach() -> set[str]:
    return set(ContactPoint.objects.exclude(unreachable_at=None).values_list("normalized", flat=True))


def recipient_of(address: str) -> int | None:
    return ContactPoint.objects.filter(normalized=address).values_list("recipient", flat=True).first()


def show(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
