"""Find the stop tokens in the addresses a message was sent to, and in its subject."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from preferences.inbox.read_quotes import Mark, shipped_quotes
from preferences.tokens import StopToken, TokenInvalid, read_stop_token

# `stop+<token>`: what stands before the @ of an address that unsubscribes. A subject may bear the bare token.
_IN_ADDRESS = re.compile(r"\A[^+@\s]{1,64}\+([\w-]{1,300}\.[\w-]{1,300})@", re.ASCII)
_IN_SUBJECT = re.compile(r"(?<![\w.-])[\w-]{8,300}\.[\w-]{43}(?![\w.-])", re.ASCII)
# What stands before a subject that was replied to or forwarded: `Re:`, `[External] Fwd[2]:`.
_PREFIX = re.compile(r"\s*(?:\[[^\]]{1,30}\]\s*)?([^\s:：\[(]{1,20})\s*(?:[\[(]\d{1,4}[\])])?\s*[:：]")
# A long subject is broken over lines, inside a token if need be; so many pieces are put together again, and no subject
# is looked at beyond so many words.
_PIECES, _WORDS = 4, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFound:
    """A message holds what looks like stop tokens: `tokens` are those that can be read."""

    tokens: tuple[StopToken, ...]


def find_tokens(*, addresses: Sequence[str], subject: str) -> TokenFound | None:
    """The stop tokens in the addresses a message was sent to, and in its subject; None where it holds none.

    Who replies to a message or passes it on did not write its subject, so that one is not looked at. A subject may have
    been broken over lines inside a token. Whatever only looks like a token counts as one that cannot be read.
    """
    found = [match[1] for address in addresses if (match := _IN_ADDRESS.match(address))]
    if not _is_passed_on(subject):
        pieces = _joined(subject.split()[:_WORDS])
        found += [match[0] for text in pieces for match in _IN_SUBJECT.finditer(text)]
    tokens: dict[StopToken, None] = {}
    for text in found:
        try:
            tokens[read_stop_token(text)] = None
        except TokenInvalid:
            continue
    return TokenFound(tokens=tuple(tokens)) if found else None


def _is_passed_on(subject: str) -> bool:
    """Whether a subject says that it is a reply, or forwarded."""
    match = _PREFIX.match(subject)
    quotes = shipped_quotes()
    return match is not None and any(quotes[mark].fullmatch(match[1]) for mark in (Mark.REPLY, Mark.FORWARD))


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Every few words in a row as one."""
    for first in range(len(words)):
        for last in range(first + 1, min(first + _PIECES, len(words)) + 1):
            yield "".join(words[first:last])
