"""Keep of a text what its sender wrote: quotes, forwarded messages, signatures and boilerplate are left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from preferences.inbox.read_quotes import Mark, shipped_quotes

_MOST_LINES = 2_000
_LONGEST_LINE = 2_000
# Mail programs break the line above a quote into as many as this.
_BROKEN_INTO = 4
# As many lines as the copied headers above a quote take, with long lists of recipients.
_HEADER_LINES = 8
_LABELS = (Mark.FROM, Mark.SENT, Mark.TO, Mark.SUBJECT)

_QUOTED = re.compile(r"\s*(?:>|\|\s)")
_SIGNATURE = re.compile(r"\s*(?:--|—|---|–)\s*\Z")
_RULE = re.compile(r"\s*(?:[_=*~-]\s?){15,}\Z")
_BETWEEN_DASHES = re.compile(r"\s*[-_]{3,}\s*(?=\S*\w).{3,150}?[-_]{3,}\s*\Z")
_DECORATION = re.compile(r"[\s*>_=-]+")
# The line above a quote in any language: it ends in a colon and names an address, or a time and a name.
_ANYBODY_WROTE = re.compile(r".{0,250}[<(\[]\s*(?:mailto:)?[^\s<>@]+@[^\s<>@]+[>)\]].{0,60}:", re.DOTALL)


def strip_quotes(text: str) -> str:
    """What the sender of a message wrote in it themselves, in lines; "" where there is nothing but quotes.

    What is not surely theirs is left out: a message from which too little is left waits for a person, and one in
    which a quoted newsletter passes for its reader's words would be acted on.
    """
    lines = [line[:_LONGEST_LINE].rstrip() for line in text.splitlines()[:_MOST_LINES]]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            kept.append("")
        elif _QUOTED.match(line):
            at = _after_quote(lines, at)
            continue
        elif length := _attribution(lines, at):
            at += length
            if not _next_is_quoted(lines, at):
                break
            continue
        elif _ends_the_message(lines, at, anything=any(kept)):
            break
        elif not _RULE.match(line) and not _is_program_line(line):
            kept.append(line)
        at += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _after_quote(lines: Sequence[str], at: int) -> int:
    """The line after a quote. A line without a mark that stands between two with one was broken off the first."""
    last = at
    while at < len(lines):
        if _QUOTED.match(lines[at]):
            last, at = at, at + 1
        elif lines[at].strip() and at == last + 1 and _is_torn_off(lines, at):
            at += 1
        else:
            break
    return at


def _is_torn_off(lines: Sequence[str], at: int) -> bool:
    before, line = lines[at - 1], lines[at]
    if at + 1 < len(lines) and _QUOTED.match(lines[at + 1]):
        return True
    return len(before) >= 60 and line.lstrip()[:1].islower() and len(line.split()) <= 3


def _attribution(lines: Sequence[str], at: int) -> int:
    """How many lines the one above a quote takes ("On Monday Kari wrote:"), 0 where none begins here."""
    wrote = shipped_quotes()[Mark.WROTE]
    for length in range(1, _BROKEN_INTO + 1):
        part = lines[at : at + length]
        if len(part) < length or not part[-1].strip() or _QUOTED.match(part[-1]):
            return 0
        joined = " ".join(" ".join(part).split())
        if len(joined) > 400:
            return 0
        quoted = _next_is_quoted(lines, at + length)
        if joined.endswith(":") and _ANYBODY_WROTE.fullmatch(joined):
            return length
        if wrote.fullmatch(joined) and (quoted or any(character.isdigit() for character in joined)):
            return length
    return 0


def _next_is_quoted(lines: Sequence[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _ends_the_message(lines: Sequence[str], at: int, *, anything: bool) -> bool:
    """True where what comes from here on is a signature, another message or boilerplate."""
    line = lines[at]
    if _SIGNATURE.match(line) or (anything and _RULE.match(line)) or _BETWEEN_DASHES.match(line):
        return True
    bare = _DECORATION.sub(" ", line).strip().rstrip(":").rstrip()
    if len(bare) <= 80 and shipped_quotes()[Mark.MARKER].fullmatch(bare):
        return True
    return _is_header_block(lines, at) or _is_disclaimer(lines, at)


def _is_header_block(lines: Sequence[str], at: int) -> bool:
    """True where copied headers begin: three of From, Sent, To and Subject, in any language, the first of them here."""
    if not _labels(lines[at]):
        return False
    following = [line for line in lines[at : at + 2 * _HEADER_LINES] if line.strip()][:_HEADER_LINES]
    kinds = {kind for line in following for kind in _labels(line)}
    return len(kinds) >= 3


def _labels(line: str) -> set[Mark]:
    """Which headers a line is a copy of. Where the line breaks were lost, it may be of several."""
    if ":" not in line:
        return set()
    line = _DECORATION.sub(" ", line[:400]).lstrip()
    return {mark for mark in _LABELS if _begins(line, mark)} and {
        mark for mark in _LABELS if _holds(line, mark)
    }


def _begins(line: str, mark: Mark) -> bool:
    match = shipped_quotes()[mark].match(line)
    return match is not None and line[match.end() :].lstrip().startswith(":")


def _holds(line: str, mark: Mark) -> bool:
    return any(
        _begins(line[start:], mark) for start in [0, *(match.end() for match in re.finditer(r"\s", line))]
    )


def _is_disclaimer(lines: Sequence[str], at: int) -> bool:
    if at and lines[at - 1].strip():
        return False
    paragraph = " ".join(line.strip(" *_") for line in lines[at : at + 5])[:600].strip()
    return shipped_quotes()[Mark.DISCLAIMER].match(paragraph) is not None


def _is_program_line(line: str) -> bool:
    bare = line.strip(" \t*_.!")
    return len(bare) <= 90 and shipped_quotes()[Mark.PROGRAM].fullmatch(bare) is not None
