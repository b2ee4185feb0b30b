"""Read the fields of a report, and of the mail it is about: addresses, the Message-ID, the stop token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from preferences.enums import ContactKind
from preferences.identity import LONGEST_ADDRESS, AddressInvalid, normalize_address
from preferences.inbox.decode_text import decode_words

# Fields by their names in lower case, each as often as it stands there.
type Fields = Mapping[str, Sequence[str]]

_LONGEST_FIELD = 8192
_MOST_FIELDS = 500
_MOST_ADDRESSES = 100

_BLANK_LINES = re.compile(r"\r?\n[ \t]*\r?\n")
_FIELD = re.compile(r"^([!-9;-~]{1,80})[ \t]*:[ \t]*(.*(?:\r?\n[ \t].*)*)", re.MULTILINE)
_BETWEEN_ADDRESSES = re.compile(r"[\s<>(),;:\"]+")
_MESSAGE_ID = re.compile(r"<([^<>\s\x00-\x1f\x7f]{1,200})>")
# https://…/u/<token>/, mailto:stop+<token>@…, mailto:…?subject=<token>
_TOKEN = re.compile(r"(?:/u/|[+=\s])([\w-]{8,200}\.[\w-]{43})(?![\w-])", re.ASCII)
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")


def read_fields(text: str) -> Fields:
    """The fields at the beginning of `text`, up to the first blank line, each unfolded to one line."""
    head = _BLANK_LINES.split(text.lstrip("\r\n"), maxsplit=1)[0]
    fields: dict[str, list[str]] = {}
    for count, match in enumerate(_FIELD.finditer(head)):
        if count >= _MOST_FIELDS:
            break
        fields.setdefault(match[1].lower(), []).append(" ".join(match[2][:_LONGEST_FIELD].split()))
    return fields


def read_groups(text: str) -> list[Fields]:
    """The groups of fields in `text`, which blank lines divide."""
    return [fields for group in _BLANK_LINES.split(text) if (fields := read_fields(group))]


def first(fields: Fields, name: str) -> str:
    """The first field of that name; nothing where there is none."""
    return next(iter(fields.get(name, ())), "")


def find_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses in these texts, each once, as `normalize_address` spells them. What is none is left out."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _BETWEEN_ADDRESSES.split(text[:_LONGEST_FIELD]):
            if "@" not in word or len(word) > LONGEST_ADDRESS or len(found) >= _MOST_ADDRESSES:
                continue
            try:
                found[normalize_address(kind=ContactKind.EMAIL, value=word)] = None
            except AddressInvalid:
                continue
    return tuple(found)


def find_typed_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """The same for fields such as `rfc822; kari@example.com` and `utf-8; …` (RFC 3464, RFC 6533).

    Whether an address was written in xtext (RFC 3461) nobody can see, so it is read both ways, as it stands first.
    """
    return find_addresses(spelling for text in texts for spelling in _spellings(text))


def _spellings(text: str) -> Iterator[str]:
    kind, semicolon, address = text.partition(";")
    if semicolon and kind.strip().lower() not in {"rfc822", "utf-8", "unknown"}:
        return
    address = _UNITEXT.sub(lambda match: _character(match[1]), address if semicolon else kind)
    yield address
    yield _XTEXT.sub(lambda match: _character(match[1]), address)


def _character(number: str) -> str:
    return chr(code) if (code := int(number, 16)) <= 0x10FFFF else ""


def find_message_id(text: str) -> str:
    """The first Message-ID in a field, without its angle brackets; nothing where there is none."""
    match = _MESSAGE_ID.search("".join(text.split()))
    return match[1] if match else ""


def find_stop_token(returned: Fields) -> str:
    """The token in the List-Unsubscribe of a mail, or in the address it went to, however it was folded and encoded."""
    for name in ("list-unsubscribe", "to"):
        text = unquote(decode_words(" ".join(returned.get(name, ()))[:_LONGEST_FIELD]))
        for spelling in ("".join(text.split()), text):
            if match := _TOKEN.search(spelling):
                return match[1]
    return ""
