"""The scene of every journey: a visitor, links as programs get them, and what is on record as programs read it."""

import datetime as dt
import io
import json
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db.models import F
from django_tasks_db.models import DBTaskResult
from i18nfield.strings import LazyI18nString

from preferences.models import WordingTemplate
from tests.journeys.screen import Visitor

KARI = "kari@example.com"
ANONYMOUS = "anonymous@example.com"
type Person = dict[str, Any]


@pytest.fixture
def visitor() -> Visitor:
    """Somebody whose browser nobody has used before; it asks for English."""
    return Visitor()


@pytest.fixture
def person() -> Callable[[str], Person]:
    """What `manage.py person EMAIL --json` prints."""
    return read_person


@pytest.fixture
def links() -> Callable[..., dict[str, Any]]:
    """What `manage.py links EMAIL --topic KEY --json` prints."""

    def links(email: str, *, topic: str = "acme-news", channel: str = "email") -> dict[str, Any]:
        return _printed("links", email, topic=topic, channel=channel)

    return links


@pytest.fixture
def stop_link(links: Any, anonymous: Any, news: Any) -> str:
    """The stop link that `anonymous` has in a mail about "Product news"."""
    return links(ANONYMOUS)["stop_url"]


@pytest.fixture
def manage_link(links: Any, anonymous: Any, news: Any, events: Any, activity: Any) -> str:
    """The manage link that `anonymous` has in a mail about "Product news"."""
    return links(ANONYMOUS)["manage_url"]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Runs the worker until nothing is left to do, as `manage.py db_worker --batch` does."""
    # The connection belongs to the test, with all it has stored.
    monkeypatch.setattr("django_tasks_db.management.commands.db_worker.close_old_connections", lambda: None)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
    before = [signal.getsignal(number) for number in numbers]
    yield lambda: call_command("db_worker", "--batch", "--no-startup-delay", "--no-reload", verbosity=0)
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def clock_forward(db: None) -> Callable[[dt.timedelta], None]:
    """Lets time pass for whatever waits for the worker."""

    def clock_forward(passed: dt.timedelta) -> None:
        DBTaskResult.objects.update(run_after=F("run_after") - passed)

    return clock_forward


@pytest.fixture
def reword(db: None) -> Callable[[str, str], None]:
    """Staff write another wording, in English: `reword("stop_topic", "Stop {topic}.")`."""

    def reword(key: str, text: str) -> None:
        WordingTemplate.objects.filter(key=key).update(text=LazyI18nString({"en": text}))

    return reword


@pytest.fixture
def without_wordings(db: None) -> None:
    """No template is left of what staff wrote."""
    WordingTemplate.objects.all().delete()


def read_person(email: str) -> Person:
    return _printed("person", email)


def said(person: Person) -> list[tuple[str, ...]]:
    """The events of a person, the oldest first: (about what, state, source)."""
    return [
        (
            "/".join(event[name] or "*" for name in ("brand", "purpose", "channel")),
            event["state"],
            event["source"],
        )
        for event in person["events"]
    ]


def link_in(message: mail.EmailMessage) -> str:
    """The link in a mail, which is the same in both of its bodies."""
    (link,) = re.findall(r"^https?://\S+$", message.body, re.MULTILINE)
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    assert f'href="{link}"' in html
    return link


def _printed(command: str, *words: str, **options: Any) -> Any:
    out = io.StringIO()
    call_command(command, *words, json=True, stdout=out, stderr=io.StringIO(), **options)
    return json.loads(out.getvalue())
