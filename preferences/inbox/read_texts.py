"""Read the texts of a message: of alternatives the one that says something, of HTML its words, of attachments none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from preferences.inbox.decode_text import (
    clean_text,
    decode_charset,
    decode_header,
    decode_parameters,
    decode_transfer,
    decode_words,
)
from preferences.inbox.html_to_text import html_to_text
from preferences.inbox.read_quotes import Mark, shipped_quotes
from preferences.inbox.split_mime import Part, Split, split_mime

# Of one text part so much is read: HTML carries styles many times the length of its words.
_BYTES_READ = 1_048_576
_CHARACTERS_READ = 100_000
# So many parts, and so many characters of all together.
_PARTS_READ = 50
_CHARACTERS_IN_ALL = 200_000

_WRITTEN = {"text/plain", "text/html", "text/enriched", "text/richtext"}
_MARKED_UP = {"text/html", "text/enriched", "text/richtext"}
_ATTACHED_MESSAGES = {"message/rfc822", "message/global"}
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_IS_HTML = re.compile(r"\s*<(?:!doctype html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of one part. `attached` is set where it is hardly the writer's: a message that was attached, and what
    comes after a first text that is blank.
    """

    text: str
    attached: bool = False


def read_texts(raw: bytes, split: Split) -> list[Text]:
    """The texts of a message from top to bottom, those left out that say nothing."""
    read = _read(raw, split)
    if read and not read[0].text.strip():
        # They wrote nothing. What comes below was added on the way: the footer of a list, a newsletter passed on.
        read = [Text(text=text.text, attached=True) for text in read]
    for part in split.parts:
        if part.media_type in _ATTACHED_MESSAGES and len(read) < _PARTS_READ:
            read.append(Text(text=_attached_text(raw, part), attached=True))
    return [text for text in read if text.text.strip()]


def file_name(part: Part) -> str:
    """The name of the file in a part, "" where it has none; no more than a name, whatever path was given."""
    _kind, parameters = decode_parameters(decode_header(part.first("content-disposition")))
    name = parameters.get("filename") or part.parameters.get("name") or ""
    return re.split(r"[/\\]", decode_words(name))[-1].strip()


def is_body_text(part: Part) -> bool:
    """True for a part whose text is shown as the message, not as a file beside it."""
    if part.media_type not in _WRITTEN:
        return False
    if part.parent is None:
        return True
    disposition = decode_header(part.first("content-disposition")).strip().lower()
    return not disposition.startswith("attachment") and not file_name(part)


def _read(raw: bytes, split: Split) -> list[Text]:
    children: dict[int, list[Part]] = {}
    for part in split.parts:
        if part.parent is not None:
            children.setdefault(id(part.parent), []).append(part)
    known: dict[int, str] = {}
    left_out: set[int] = set()
    found: list[Text] = []
    length = 0
    for part in split.parts:
        if len(found) >= _PARTS_READ or length >= _CHARACTERS_IN_ALL:
            break
        if id(part) in left_out or (part.parent is not None and id(part.parent) in left_out):
            left_out.add(id(part))
        elif part.media_type == "multipart/alternative":
            left_out |= _worse_alternatives(raw, children.get(id(part), []), known)
        elif is_body_text(part) or part.is_hollow:
            text = known.get(id(part)) or _part_text(raw, part)
            found.append(Text(text=text, attached=part.is_hollow))
            length += len(text)
    return found


def _worse_alternatives(raw: bytes, parts: list[Part], known: dict[int, str]) -> set[int]:
    """Those of several alternatives not to be read. What `known` gets is the text of the one that was looked into."""
    plain = next((part for part in parts if part.media_type == "text/plain" and is_body_text(part)), None)
    if plain is None:
        return set()
    known[id(plain)] = text = _part_text(raw, plain)
    others = {id(part) for part in parts if part is not plain}
    return {id(plain)} if others and _says_nothing(text) else others


def _says_nothing(text: str) -> bool:
    """True for an empty text, and for a short one that only says that the message is HTML."""
    words = " ".join(text.split())
    return not words or (len(words) <= 300 and shipped_quotes()[Mark.NO_HTML].search(words) is not None)


def _part_text(raw: bytes, part: Part) -> str:
    data = decode_transfer(raw[part.start : min(part.end, part.start + _BYTES_READ)], part.encoding)
    charset = part.parameters.get("charset", "")
    if not charset and (meta := _META_CHARSET.search(data, 0, 4_096)):
        charset = meta[1].decode("ascii")
    text = decode_charset(data, charset)
    if part.media_type in _MARKED_UP or _IS_HTML.match(text):
        return clean_text(html_to_text(text)[:_CHARACTERS_READ])
    text = clean_text(text[:_CHARACTERS_READ])
    if part.parameters.get("format", "").lower() == "flowed":
        return unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return text


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Text of format=flowed (RFC 3676) with its lines put together again; quotes keep their marks."""
    lines: list[str] = []
    depth_before, open_line = 0, False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        content = content[:-1] if flows and delete_space else content
        if open_line and depth == depth_before and content.rstrip() != "--":
            lines[-1] += content
        else:
            lines.append(f"{'>' * depth} {content}" if depth else content)
        depth_before, open_line = depth, flows
    return "\n".join(lines)


def _attached_text(raw: bytes, part: Part) -> str:
    """The text of a message that is attached, below whom it is from and what about. Messages within it are not read."""
    inner = decode_transfer(raw[part.start : min(part.end, part.start + _BYTES_READ)], part.encoding)
    split = split_mime(inner)
    message = split.parts[0]
    head = [
        f"{name.capitalize()}: {decode_words(decode_header(value))[:500]}"
        for name in ("from", "subject")
        if (value := message.first(name))
    ]
    return "\n".join([*head, "", *(text.text for text in _read(inner, split))])
