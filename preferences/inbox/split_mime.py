"""Take a raw message apart into its parts, without a full parse: bounded, in one pass, and never raising.

The standard library's parser descends part by part and reads every line of an attachment; a message of 10 MB, or one
with thousands of parts within parts, must cost next to nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from preferences.inbox.decode_text import decode_header, decode_parameters

# Deeper, or more, than any mail program makes. What lies beyond is left out, and the message counts as not readable.
_DEEPEST = 500
_MOST_PARTS = 2_000
_MOST_DELIMITERS = 100_000
_LONGEST_HEADERS = 262_144
_LONGEST_VALUE = 65_536

_HEADERS_END = re.compile(rb"\n[ \t]*\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
_NAME = re.compile(rb"([!-9;-~]{1,100})[ \t]*:[ \t]*")
_DELIMITER = re.compile(rb"\n--([^\r\n]{0,200})(?=\r?(?:\n|\Z))")


@dataclass(slots=True, kw_only=True)
class Part:
    """One part of a message. `start` and `end` say where its body lies in the raw bytes; `parent` is what it is in.

    `headers` are (name in lower case, value as it stood, unfolded).
    """

    headers: list[tuple[str, bytes]]
    start: int
    end: int
    parent: Part | None
    media_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    has_parts: bool = False

    def first(self, name: str) -> bytes:
        """The value of the first header of that name; nothing where there is none."""
        return next((value for key, value in self.headers if key == name), b"")

    def all(self, name: str) -> list[bytes]:
        """The values of all headers of that name, from top to bottom."""
        return [value for key, value in self.headers if key == name]

    @property
    def encoding(self) -> str:
        """How the body was made fit for transport, in lower case."""
        return decode_header(self.first("content-transfer-encoding")).partition(";")[0].strip().lower()

    @property
    def is_multipart(self) -> bool:
        """True for a part that is made of parts."""
        return self.media_type.startswith("multipart/")

    @property
    def is_hollow(self) -> bool:
        """True for a part that is said to be made of parts, and in which none was found."""
        return self.is_multipart and not self.has_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The parts of a message from top to bottom, itself first. `whole` is False where some were left out."""

    parts: list[Part]
    whole: bool


def split_mime(raw: bytes) -> Split:
    """The parts of a message. Parts of a message that is attached are not among them."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    message = _read_part(raw, start=0, parent=None)
    parts, opened = [message], _Opened()
    leaf = opened.add(message)
    resume = message.start
    for count, match in enumerate(_DELIMITER.finditer(raw, max(0, message.start - 1))):
        if not opened or count >= _MOST_DELIMITERS:
            return Split(parts=parts, whole=not opened)
        found = opened.find(match[1].rstrip())
        if match.start() + 1 < resume or found is None:
            continue  # In the headers of the part just opened, or no delimiter.
        depth, ends = found
        for part in [*([leaf] if leaf else []), *opened.close(depth + (not ends))]:
            part.end = max(part.start, match.start() - (raw[match.start() - 1 : match.start()] == b"\r"))
        leaf = None
        if ends:
            continue
        if len(parts) >= _MOST_PARTS or len(opened) >= _DEEPEST:
            return Split(parts=parts, whole=False)
        after = raw.find(b"\n", match.end())
        part = _read_part(raw, start=after + 1 if after >= 0 else len(raw), parent=opened.innermost)
        parts.append(part)
        leaf, resume = opened.add(part), part.start
    return Split(parts=parts, whole=True)


class _Opened:
    """The parts made of parts that have not ended yet, the innermost last, and the delimiter of each."""

    def __init__(self) -> None:
        self._parts: list[tuple[bytes, Part]] = []
        self._depths: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def innermost(self) -> Part:
        return self._parts[-1][1]

    def add(self, part: Part) -> Part | None:
        """Remember a part that is made of parts; the part itself where it is not, or names no delimiter."""
        delimiter = part.parameters.get("boundary", "").rstrip().encode("utf-8", "surrogatepass")
        if not part.is_multipart or not delimiter:
            return part
        self._depths[delimiter] = len(self._parts)
        self._parts.append((delimiter, part))
        return None

    def find(self, text: bytes) -> tuple[int, bool] | None:
        """How deep the part lies that a delimiter belongs to, and whether it ends it."""
        if text in self._depths:
            return self._depths[text], False
        if text.endswith(b"--") and text[:-2] in self._depths:
            return self._depths[text[:-2]], True
        return None

    def close(self, depth: int) -> list[Part]:
        """The parts from this depth inwards, which are closed from now on."""
        closed = [part for _delimiter, part in self._parts[depth:]]
        if closed:
            del self._parts[depth:]
            self._depths = {delimiter: at for at, (delimiter, _part) in enumerate(self._parts)}
        return closed


def _read_part(raw: bytes, *, start: int, parent: Part | None) -> Part:
    limit = min(len(raw), start + _LONGEST_HEADERS)
    if parent is not None and (delimiter := raw.find(b"\n--", start, limit)) >= 0:
        limit = delimiter + 1  # A part whose headers no blank line ends.
    blank = _LINE_END.match(raw, start, limit)
    ended = None if blank else _HEADERS_END.search(raw, start, limit)
    headers = [] if blank else _read_headers(raw[start : ended.start() if ended else limit])
    if blank:
        body = blank.end()
    elif parent is None and not headers:
        body = start  # No message at all: what there is counts as its text.
    else:
        body = ended.end() if ended else limit
    part = Part(headers=headers, start=body, end=len(raw), parent=parent)
    if parent is not None:
        parent.has_parts = True
    default = "message/rfc822" if parent and parent.media_type == "multipart/digest" else "text/plain"
    value, part.parameters = decode_parameters(decode_header(part.first("content-type")))
    part.media_type = value if _MEDIA_TYPE.fullmatch(value) else default
    return part


def _read_headers(block: bytes) -> list[tuple[str, bytes]]:
    """The headers of a block, unfolded. Lines that are none are passed over."""
    folded: list[tuple[str, list[bytes]]] = []
    for line in _LINE_END.split(block):
        if line[:1] in {b" ", b"\t"}:
            if folded:
                folded[-1][1].append(line)
        elif match := _NAME.match(line):
            folded.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
    return [(name, b"".join(lines)[:_LONGEST_VALUE].strip()) for name, lines in folded]
