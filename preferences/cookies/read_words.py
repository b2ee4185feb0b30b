"""Read words.csv: what the cookie banner says by itself, in each language it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from preferences.enums import CookieCategory
from preferences.rules.read import RulesInvalid, Word, one_of, read_rows

WORDS_FILE = Path(__file__).with_name("words.csv")

TABLE = ("name", "provider", "purpose", "lifetime")
# Shown as they are, whatever the site.
LABELS = (
    "accept",
    "accept_gpc",
    "refuse",
    "details",
    "save",
    "close",
    "reopen",
    "always_on",
    "on",
    "off",
    "notice",
    "record",
    "gpc",
    "gpc_kept",
    "changed",
)
KEYS = (
    "direction",
    "title",
    "text",
    *LABELS,
    *(f"table_{column}" for column in TABLE),
    *(f"category_{category}_{what}" for category in CookieCategory for what in ("name", "description")),
    "cookie_choice_purpose",
    "cookie_choices_here_purpose",
    "day",
    "days",
)
_DAYS = "{days}"
_DIRECTIONS = ("ltr", "rtl")


def read_words(data: bytes) -> dict[str, dict[str, str]]:
    """The texts of a file in the shape of words.csv, by language and key. Raises RulesInvalid.

    Every language of the file has every key, and `days` a place for the number.
    """
    problems: list[str] = []
    columns = ("language", "key", "text")
    words = {
        "language": Word(lambda code: code.isalpha() and code.islower(), "a code such as nb"),
        "key": one_of(*KEYS),
        "text": Word(lambda cell: bool(cell) and cell == cell.strip(), "a text without space around it"),
    }
    found: dict[str, dict[str, str]] = {}
    for number, row in read_rows(data, columns=columns, words=words, key=columns[:2], problems=problems):
        if row["key"] == "days" and _DAYS not in row["text"]:
            problems.append(f"Line {number}: {_DAYS} is missing.")
        if row["key"] == "direction" and row["text"] not in _DIRECTIONS:
            problems.append(f"Line {number}: the direction is one of {', '.join(_DIRECTIONS)}.")
        found.setdefault(row["language"], {})[row["key"]] = row["text"]
    problems += [
        f"{language} has no {key}." for language, texts in found.items() for key in KEYS if key not in texts
    ]
    if problems:
        raise RulesInvalid(problems)
    return found


@cache
def shipped_words() -> Mapping[str, Mapping[str, str]]:
    """The texts of words.csv, by language and key."""
    return read_words(WORDS_FILE.read_bytes())


def words_in(language: str) -> Mapping[str, str] | None:
    """The texts in a language; those of pt for pt-br. None where there are none."""
    words = shipped_words()
    return words.get(language) or words.get(language.partition("-")[0])
