"""Find what a message may be about: phrases anywhere in it, whatever stands around them. Never enough to act."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preferences.enums import MessageKind
from preferences.inbox.read_phrases import Lexicon, Meaning
from preferences.inbox.sentences import Clause

_WISHES = (Meaning.STOP, Meaning.PROFILING, Meaning.START, Meaning.ACCESS, Meaning.ERASURE, Meaning.HINT)

_LONGEST_LINE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A phrase in a sentence: which of its words it holds, and which of those it spells out."""

    meaning: Meaning
    phrase: str
    held: frozenset[int]
    spelled: frozenset[int]


def find_wishes(sentences: Sequence[Clause], *, lexicon: Lexicon) -> list[Found]:
    """The phrases in some sentences. One within another that says something else is not meant."""
    found: list[Found] = []
    for sentence in sentences:
        here = [one for meaning in _WISHES for one in _find(meaning, sentence, lexicon=lexicon)]
        found += [one for one in here if not any(_overrules(other, one) for other in here)]
        found += _find(Meaning.EVERYTHING, sentence, lexicon=lexicon)
    return found


def kind_of(meanings: set[Meaning]) -> MessageKind:
    """What a message is most likely about, and where it says several things, the one that asks most of staff."""
    if Meaning.ERASURE in meanings:
        return MessageKind.ERASURE
    if Meaning.ACCESS in meanings:
        return MessageKind.ACCESS
    if Meaning.START in meanings and Meaning.STOP not in meanings:
        return MessageKind.START
    if Meaning.STOP in meanings or (Meaning.HINT in meanings and Meaning.PROFILING not in meanings):
        return MessageKind.STOP
    return MessageKind.PROFILING if Meaning.PROFILING in meanings else MessageKind.UNCLEAR


def _find(meaning: Meaning, sentence: Clause, *, lexicon: Lexicon) -> Iterable[Found]:
    line = sentence.line[:_LONGEST_LINE]
    for phrase in lexicon.phrases[meaning]:
        for match in _places(phrase.expression, line):
            held = _word_numbers(line, *match.span())
            gaps = {
                number
                for group in range(1, (match.re.groups or 0) + 1)
                for number in _word_numbers(line, *match.span(group))
            }
            yield Found(
                meaning=meaning,
                phrase=phrase.phrase,
                held=frozenset(held),
                spelled=frozenset(held - gaps),
            )


def _overrules(other: Found, one: Found) -> bool:
    """True where `other` says what is meant by words that are also in `one`.

    The longer phrase does, but "want ... newsletter" is no wish to get one where what stands between is a refusal.
    """
    refusals = {Meaning.STOP, Meaning.PROFILING}
    if other.meaning in refusals and one.meaning is Meaning.START:
        return bool(other.held & one.held)
    if {one.meaning, other.meaning} == refusals:
        # Both may be asked in one sentence, of which each phrase leaves the other's words open.
        return one.spelled < other.spelled
    return one.held < other.held and not (one.meaning in refusals and other.meaning is Meaning.START)


def _places(expression: re.Pattern[str], line: str) -> Iterable[re.Match[str]]:
    """Where a phrase is found. Where its first word comes twice before its end, the second is meant: "no, no more"."""
    match = expression.search(line)
    while match:
        first = line[match.start() : line.index(" ", match.start()) + 1]
        again = line.find(f" {first}", match.start(), match.end())
        inner = expression.match(line, again + 1) if again >= 0 else None
        if not inner or inner.end() != match.end():
            yield match
            inner = expression.search(line, match.end())
        match = inner


def _word_numbers(line: str, start: int, end: int) -> set[int]:
    first = line.count(" ", 0, start) - 1
    return set(range(first, first + line.count(" ", start, end)))
