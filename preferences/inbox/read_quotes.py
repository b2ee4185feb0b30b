"""Read quotes.csv: the words by which mail programs mark what they quote, forward, sign and answer by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from preferences.inbox.phrase_files import read_lines

QUOTES_FILE = Path(__file__).with_name("quotes.csv")


class Mark(StrEnum):
    """What a line of quotes.csv is the sign of."""

    WROTE = "wrote"  # the line above a quote: "On Monday Kari wrote:"
    MARKER = "marker"  # all below is another message
    FROM = "from"  # the name of a header as mail programs copy it above a quote
    SENT = "sent"
    TO = "to"
    SUBJECT = "subject"
    PROGRAM = "program"  # a line the mail program adds: "Sent from my phone"
    DISCLAIMER = "disclaimer"  # a paragraph that begins so is legal boilerplate, as is all below
    AUTOMATIC = "automatic"  # the subject of an automatic reply begins so
    NO_HTML = "no_html"  # a text part that only says that the message is HTML
    REPLY = "reply"  # what stands before the colon in the subject of a reply
    FORWARD = "forward"  # and of a forwarded message


def read_quotes(data: bytes) -> dict[Mark, list[str]]:
    """The patterns of a file in the shape of quotes.csv, by what they mark. Raises RulesInvalid."""
    found: dict[Mark, list[str]] = {mark: [] for mark in Mark}
    for line in read_lines(data, columns=("language", "what", "pattern"), what=Mark):
        found[Mark(line["what"])].append(line["pattern"])
    return found


@cache
def shipped_quotes() -> Mapping[Mark, re.Pattern[str]]:
    """One expression for each mark, of quotes.csv: `match` it where a line begins. Letter case does not matter."""
    return {mark: _compiled(patterns) for mark, patterns in read_quotes(QUOTES_FILE.read_bytes()).items()}


def _compiled(patterns: list[str]) -> re.Pattern[str]:
    # Longer ones first, so that "Enviado el" is not taken for "Enviado".
    ordered = sorted(
        {pattern.casefold() for pattern in patterns}, key=lambda pattern: (-len(pattern), pattern)
    )
    return re.compile(
        "|".join(_expression(pattern) for pattern in ordered) or r"(?!)", re.IGNORECASE | re.DOTALL
    )


def _expression(pattern: str) -> str:
    """`*` stands for up to 250 characters; any white space for any other, and for none before a colon."""
    pieces = [re.escape(piece).replace(r"\ ", r"\s+") for piece in pattern.split("*")]
    return ".{0,250}?".join(pieces).replace(":", r"\s*:")
