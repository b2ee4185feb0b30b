"""For how long the content of mail is kept, by what it is about. Pure: no ORM, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from preferences.enums import MailKind, MessageKind
from preferences.rules.read import RulesInvalid, Word, one_of, read_rows

FILE = Path(__file__).with_name("retention.csv")

_MOST_DAYS = 36525
_COLUMNS = ("kind", "days", "why")
_KINDS = (*MessageKind, *MailKind)


def days_of(kind: MessageKind | MailKind) -> int:
    """For how many days after it came in, or was written, the content of such a mail is kept."""
    return _days()[kind.value]


def read_retention(data: bytes) -> dict[str, int]:
    """Days by kind, from a file in the shape of retention.csv (UTF-8). Every kind has one row. Raises RulesInvalid."""
    problems: list[str] = []
    words = {
        "kind": one_of(*(kind.value for kind in _KINDS)),
        "days": Word(
            lambda text: text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_DAYS,
            f"1 to {_MOST_DAYS}",
        ),
        "why": Word(lambda text: text.strip() != "", "a sentence"),
    }
    rows = read_rows(data, columns=_COLUMNS, words=words, key=("kind",), problems=problems)
    days = {row["kind"]: int(row["days"]) for _number, row in rows}
    problems += [f"There is no row for {kind.value}." for kind in _KINDS if kind.value not in days]
    if problems:
        raise RulesInvalid(problems)
    return days


@cache
def _days() -> Mapping[str, int]:
    return read_retention(FILE.read_bytes())
