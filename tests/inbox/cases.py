"""The messages of the corpus, with what has to become of each.

corpus/<file>.eml is what a mail program sent, written for this project, with its lines ended by LF; it is sent with
CRLF and otherwise byte by byte. Words in double braces stand for what differs from run to run, or would make the file
too large: tokens and mails of ours (`Scene` in scene.py knows those), and

    {{null}}         a null byte
    {{filler:N}}     a line of N characters
    {{base64:N}}     N bytes in base64, in lines of 76 characters
    {{open:N}}       the heads of N multiparts, each in the one before, and the empty line before the first
    {{close:N}}      their ends

corpus/expected.csv has a line for each, in the order in which they are sent: who sends it to whom, what a careful
reader takes it to ask for (`asks`: nothing, stop, profiling, both), and what has to become of it. There `|` stands
between values that are equally right, and `*` for any. corpus/people.csv are those on record.
"""

import base64
import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
LANGUAGES = ("en", "nb", "sv", "da", "fi", "nl", "de", "fr", "es", "pl")
_PLACEHOLDER = re.compile(rb"\{\{(\w+)(?::([^{}]+))?\}\}")
_LINE = 57


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of expected.csv.

    `person` is whom it is about: their address, empty where they are not to be found; `recipient` whether the message
    bears them (yes, no). `events` are scopes as kind:brand/purpose/channel with `*` for all, separated by spaces;
    `bounce` is "hard 5.1.1" or "soft 4.2.2", or empty; `answers` the number of mails sent in answer. The state "same"
    stands for a message that is on record already, "copied" for one that was, with another text.
    """

    file: str
    language: str
    asks: str
    envelope_sender: str
    envelope_recipients: str
    kind: str
    state: str
    hold: str
    brand: str
    person: str
    recipient: str
    events: str
    source: str
    bounce: str
    answers: str
    why: str

    @cached_property
    def template(self) -> bytes:
        return (CORPUS / f"{self.file}.eml").read_bytes()

    @property
    def is_sure(self) -> bool:
        """A person on record asks for something, in words that leave no doubt and a language we have phrases for."""
        return (
            self.asks != "nothing"
            and self.state == "acted"
            and self.kind in {"stop", "profiling"}
            and self.language in LANGUAGES
        )


def read_cases() -> list[Case]:
    with (CORPUS / "expected.csv").open(encoding="utf-8", newline="") as file:
        return [Case(**row) for row in csv.DictReader(file)]


def read_people() -> list[dict[str, str]]:
    """The address, language and country of each."""
    with (CORPUS / "people.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fill(template: bytes, *, known: Callable[[str, str], bytes]) -> bytes:
    """A message as it is sent. `known` gives what a placeholder that is not made here stands for."""

    def made(match: re.Match[bytes]) -> bytes:
        name, argument = match[1].decode(), (match[2] or b"").decode()
        match name:
            case "null":
                return b"\0"
            case "filler":
                return (b"all work and no play " * (int(argument) // 21 + 1))[: int(argument)]
            case "base64":
                return _base64(int(argument))
            case "open":
                return b"".join(map(_head, range(int(argument))))
            case "close":
                return b"".join(b"\n--level-%d--\n" % level for level in reversed(range(int(argument))))
        return known(name, argument)

    return _PLACEHOLDER.sub(made, template).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _base64(size: int) -> bytes:
    lines, rest = divmod(size, _LINE)
    line = base64.b64encode(bytes(range(_LINE))) + b"\n"
    return line * lines + base64.b64encode(bytes(rest))


def _head(level: int) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="level-%d"\n\n--level-%d\n' % (level, level)
