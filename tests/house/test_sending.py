"""What docs/sending.md tells senders to do works."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from preferences.models import Recipient, Topic

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs/sending.md").read_text()


@pytest.fixture
def shown() -> dict[str, Any]:
    """What the Python blocks of the page define."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(block, names)  # noqa: S102
    return names


def test_links_in_one_process_are_those_of_the_command(shown, kari: Recipient, news: Topic) -> None:
    output = StringIO()
    call_command("links", "kari@example.com", "--topic", news.key, "--json", stdout=output)
    printed, made = json.loads(output.getvalue()), shown["links_for"](address="kari@example.com", topic=news)
    assert made.keys() == printed.keys()
    assert (made["stop_url"], made["headers"]) == (printed["stop_url"], printed["headers"])


def test_the_header_stays_whole(shown, kari: Recipient, news: Topic) -> None:
    links = shown["links_for"](address="kari@example.com", topic=news)
    message = shown["newsletter"](
        sender="news@acme.example.com",
        address="kari@example.com",
        subject="Nyheter fra Acme på norsk: " + "ærlig, øvd og årvåken, " * 5,
        text="Product news",
        links=links,
    )
    lines = message.as_bytes().decode().split("\r\n\r\n")[0].split("\r\n")
    assert f"List-Unsubscribe: <{links['stop_url']}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    # Nothing else is longer than mail allows without need.
    assert [line for line in lines if len(line) > 78 and not line.startswith("List-Unsubscribe: ")] == []


def test_without_it_the_header_is_damaged(kari: Recipient, news: Topic, shown) -> None:
    """When this fails, Python has learnt better, and the page can be shortened."""
    from email.message import EmailMessage

    message = EmailMessage()
    message["List-Unsubscribe"] = shown["links_for"](address="kari@example.com", topic=news)["headers"][
        "List-Unsubscribe"
    ]
    assert "=?utf-8?q?" in message.as_string()
