"""What a mail server means by refusing mail: the address is wrong, not now, or not from us."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

_STATUSES = Path(__file__).with_name("statuses.csv")
_DIAGNOSTICS = Path(__file__).with_name("diagnostics.csv")

# Addresses, URLs and names of hosts: a host may be called antispam, and a person Spamela.
_NAMES = re.compile(
    r"(?<!\S)\S{1,64}@\S{1,255}|\b\w{1,16}://\S+|(?<![\w-])[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}\.[a-z]{2,64}\b",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_LONGEST_TEXT = 2000


class Meaning(Enum):
    """What a status says about the address. The weaker it blames the address, the earlier it stands: where a server
    says several things, the first of these holds."""

    REFUSED = "refused"
    """They do not want this message, or mail from us: says nothing about the address, and is not counted."""
    PASSING = "passing"
    """It cannot be delivered now. Counted."""
    ADDRESS = "address"
    """There is no such mailbox."""
    UNSAID = "unsaid"
    """Nothing is said, so it is taken for passing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """`status` is the one that decided, in the shape of RFC 3463 (`5.1.1`)."""

    status: str
    meaning: Meaning

    @property
    def permanent(self) -> bool:
        return self.meaning is Meaning.ADDRESS


def assess(*, status: str = "", diagnostic: str = "") -> Assessment:
    """What a server meant by an RFC 3463 status, by the text it answered with, or by both.

    An address is only called wrong where the status or the text says so, and neither says otherwise: mail that is
    refused as spam, or because a mailbox is full, comes back with any number. A server that gave up trying (4.x.x)
    never said that the address is wrong.
    """
    text = " ".join(_NAMES.sub(" ", diagnostic[:_LONGEST_TEXT]).lower().split())
    codes = [match.groups() for match in (_ENHANCED.search(status), _ENHANCED.search(text)) if match]
    classes = {group for group, _subject, _detail in codes}
    if reply := _REPLY.search(text):
        classes.add(reply[1])
    group = "4" if "4" in classes else "5"
    said = [f"{subject}.{detail}" for _group, subject, detail in codes]
    said += [_diagnostics()[phrase] for phrase in _phrases().findall(text)]
    meanings = list(Meaning)
    decisive = min(said or ["0.0"], key=lambda code: meanings.index(_meaning(code)))
    meaning = _meaning(decisive)
    if meaning is Meaning.UNSAID or (meaning is Meaning.ADDRESS and group == "4"):
        meaning = Meaning.PASSING
    return Assessment(status=f"{group}.{decisive}", meaning=meaning)


def is_counted(status: str) -> bool:
    """Whether a soft bounce with this status (of an Assessment) tells against the address when it keeps coming."""
    return _meaning(status.partition(".")[2]) is not Meaning.REFUSED


def _meaning(code: str) -> Meaning:
    subject = code.partition(".")[0]
    known = _statuses()
    return known.get(code) or known.get(f"{subject}.*") or known["*"]


@cache
def _statuses() -> Mapping[str, Meaning]:
    """`1.1` → what it means, from statuses.csv."""
    with _STATUSES.open(encoding="utf-8", newline="") as file:
        return {row["status"]: Meaning(row["meaning"]) for row in csv.DictReader(file, strict=True)}


@cache
def _diagnostics() -> Mapping[str, str]:
    """`mailbox full` → `2.2`, from diagnostics.csv."""
    with _DIAGNOSTICS.open(encoding="utf-8", newline="") as file:
        return {row["phrase"]: row["status"] for row in csv.DictReader(file, strict=True)}


@cache
def _phrases() -> re.Pattern[str]:
    """Finds the phrases of diagnostics.csv at the beginning of a word, the longest first."""
    phrases = sorted(_diagnostics(), key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, phrases))})")
