"""Make text of the bytes of an e-mail: charsets that lie, encoded words that are broken, whatever came."""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_PARAMETER = re.compile(
    r';\s*([^\s=;"]{1,60})\s*=\s*(?:"((?:[^"\\]|\\.|\\\Z)*)(?:"|\Z)|([^;\s]*))', re.DOTALL
)
_CONTINUED = re.compile(r"([^*]+)\*(\d{1,3})(\*?)\Z")

# Text codecs that make other things of bytes than a mail program means, or take long over it.
_NO_CHARSETS = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "utf_7"}
# What these names are used for on the net, as browsers read them (WHATWG Encoding).
_MEANT = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030"}
# Control and invisible characters that hide what a text says, or turn its direction.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


def clean_text(text: str) -> str:
    """Text that can be stored and shown: line ends are \\n, no control characters, none that hide or turn others."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        for character in text
        if character in "\n\t" or character == "\u200d" or unicodedata.category(character) not in _INVISIBLE
    )


def decode_charset(data: bytes, charset: str) -> str:
    """The text of `data`, said to be in `charset`. UTF-8 is believed over what is said; nothing is refused."""
    name = _codec(charset)
    if name.startswith(("utf-16", "utf-32")) and b"\x00" not in data:
        name = ""
    stateful = name.startswith(("iso2022", "hz"))
    for candidate in (name, "utf-8") if stateful or name.startswith("utf-") else ("utf-8", name):
        if not candidate:
            continue
        try:
            return data.decode(candidate)
        except (LookupError, ValueError):
            continue
    fallback = _MEANT.get(name, name) or "cp1252"
    try:
        return data.decode("cp1252" if name == "utf-8" and _mostly_latin(data) else fallback, "replace")
    except (LookupError, ValueError):
        return data.decode("latin-1")


def _mostly_latin(data: bytes) -> bool:
    """True where few of the bytes beyond ASCII are UTF-8. Cut text ends in half a character, and stays UTF-8."""
    return data.decode("utf-8", "ignore").isascii()


def _codec(charset: str) -> str:
    """Python's name of a charset, "" for one that is unknown or no charset."""
    charset = charset.strip().strip("'\"")
    if not charset.isascii() or not 0 < len(charset) <= 40:
        return ""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return ""
    return "" if name.replace("-", "_") in _NO_CHARSETS else _MEANT.get(name, name)


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes behind base64 or quoted-printable; `data` itself for any other encoding."""
    match encoding.strip().lower():
        case "base64":
            return _decode_base64(data)
        case "quoted-printable":
            return quopri.decodestring(data)
        case _:
            return data


def _decode_base64(data: bytes) -> bytes:
    letters = re.sub(
        rb"[^A-Za-z0-9+/]", b"", data.partition(b"=")[0] if data.rstrip().endswith(b"=") else data
    )
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def decode_header(value: bytes) -> str:
    """A header's value as it was written: UTF-8, else Windows-1252; encoded words stay encoded."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def decode_words(value: str) -> str:
    """A header's value with its encoded words decoded (RFC 2047), in one clean line.

    Words that stand side by side are joined before they are decoded: many programs cut them within a character.
    """
    if "=?" not in value:
        return _one_line(value)
    found = ""
    for charset, data in _runs(value):
        found += decode_charset(data, charset) if charset else data.decode("utf-8", "surrogatepass")
    return _one_line(found)


def _runs(value: str) -> Iterator[tuple[str, bytes]]:
    """(charset, bytes) of the encoded words side by side, ("", UTF-8) of what stands between."""
    charset, data, at = "", b"", 0
    for match in _ENCODED_WORD.finditer(value):
        between = value[at : match.start()]
        word = match[1].partition("*")[0].lower()
        if between.strip() or not charset or word != charset:
            if charset:
                yield charset, data
            if between.strip() or not charset:
                yield "", between.encode("utf-8", "surrogatepass")
            data = b""
        charset, at = word, match.end()
        data += _decode_word(match[3], encoding=match[2].lower())
    if charset:
        yield charset, data
    yield "", value[at:].encode("utf-8", "surrogatepass")


def _decode_word(text: str, *, encoding: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return _decode_base64(data) if encoding == "b" else quopri.decodestring(data, header=True)


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())


def decode_parameters(value: str) -> tuple[str, dict[str, str]]:
    """What stands before the first semicolon, in lower case, and the parameters behind it (RFC 2045, RFC 2231)."""
    head = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in _PARAMETER.finditer(value[:8_000]):
        name = match[1].lower()
        text = re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL) if match[2] is not None else match[3]
        if continued := _CONTINUED.match(name):
            pieces.setdefault(continued[1], {})[int(continued[2])] = (bool(continued[3]), text)
        elif name.endswith("*"):
            pieces.setdefault(name[:-1], {})[0] = (True, text)
        else:
            plain.setdefault(name, text)
    return head, {**plain, **{name: _join(found) for name, found in pieces.items()}}


def _join(pieces: dict[int, tuple[bool, str]]) -> str:
    charset, data = "", b""
    for number in sorted(pieces):
        escaped, text = pieces[number]
        if number == 0 and escaped and text.count("'") >= 2:
            charset, _language, text = text.split("'", 2)
        data += unquote_to_bytes(text) if escaped else text.encode("utf-8", "surrogatepass")
    return decode_charset(data, charset or "utf-8")
