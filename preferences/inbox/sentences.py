"""The sentences of a message, and what each of them says by itself in one language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from preferences.inbox.read_phrases import Lexicon, Meaning, shipped_phrases, words_of

# Words of a message, and of a sentence, that are looked at, to tell what it may be about. Far more than may be sure.
_WORDS_READ = 400
_WORDS_OF_A_SENTENCE = 150
# A sentence counts for at least so many, for it costs as much.
_LEAST_WORDS = 3
# Of a sentence beside the request at least so many of ten words are known ones.
_KNOWN_OF_TEN = 6
# A line of its own as short as this may be a name.
_WORDS_OF_A_NAME = 4
# With so many ordinary words a line of a signature says something.
_WORDS_OF_A_CLAUSE = 2
# Lines shorter than this were ended by their writer, longer ones may be by the mail program.
_WRAPPED = 50

_ADDRESS = re.compile(r"(?:mailto:)?[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+\.\w+")
_URL = re.compile(r"<?\b(?:https?://|www\.)\S+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…;])[)\"”»'*]*\s+(?=\D)")
_QUOTATION = re.compile(r"[\"“”„«»‹›]|(?:^|\s)'\w")
_FIRST_WORD = re.compile(r"\W*([^\W\d_]+)\s*,")
# Stand for an address and a link among the words of a sentence; no word is spelled so.
_SOME_ADDRESS, _SOME_URL = "@", "://"
# Stands for the rest of a sentence that is too long.
_CUT = "…"

REQUESTS = (Meaning.STOP, Meaning.PROFILING, Meaning.START, Meaning.ACCESS, Meaning.ERASURE)
_COVERING = (*REQUESTS, Meaning.EVERYTHING, Meaning.PRAISE, Meaning.REASON, Meaning.REQUEST, Meaning.HINT)
# Where one phrase lies within another, only one of them is meant: "delete my address from your list" erases nothing.
_EXCLUSIVE = {*REQUESTS, Meaning.PRAISE, Meaning.REASON, Meaning.HINT}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A phrase in a sentence: which of its words it holds, and which of those it spells out."""

    meaning: Meaning
    phrase: str
    held: frozenset[int]
    spelled: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence, and what is found in it. `own_line`: it has its lines to itself."""

    text: str
    lexicon: Lexicon
    known: frozenset[str]
    own_line: bool = True

    @cached_property
    def words(self) -> list[str]:
        text = _URL.sub(" \0u ", self.text)
        found: list[str] = []
        for index, piece in enumerate(re.split(r"(\0[ua])", _ADDRESS.sub(" \0a ", text))):
            if index % 2:
                found.append(_SOME_URL if piece.endswith("u") else _SOME_ADDRESS)
            else:
                found += words_of(piece, language=self.lexicon.language)
        return found if len(found) <= _WORDS_OF_A_SENTENCE else [*found[:_WORDS_OF_A_SENTENCE], _CUT]

    @cached_property
    def is_question(self) -> bool:
        return "?" in _URL.sub(" ", self.text) and not self.has(Meaning.REQUEST)

    @cached_property
    def found(self) -> list[_Found]:
        """The phrases in the sentence. One within another that says something else is not meant."""
        found = [phrase for meaning in _COVERING for phrase in self._find(meaning)]
        return [one for one in found if not any(_overrules(other, one) for other in found)]

    def _find(self, meaning: Meaning) -> Iterable[_Found]:
        line = f" {' '.join(self.words)} "
        for phrase in self.lexicon.phrases[meaning]:
            for match in _places(phrase.expression, line):
                held = _word_numbers(line, *match.span())
                gaps = {
                    number
                    for group in range(1, (match.re.groups or 0) + 1)
                    for number in _word_numbers(line, *match.span(group))
                }
                yield _Found(
                    meaning=meaning,
                    phrase=phrase.phrase,
                    held=frozenset(held),
                    spelled=frozenset(held) - gaps,
                )

    def has(self, *meanings: Meaning) -> bool:
        return any(found.meaning in meanings for found in self.found)

    @cached_property
    def open_words(self) -> list[str]:
        """The words that no phrase spells out."""
        spelled = {number for found in self.found for number in found.spelled}
        return [word if number not in spelled else "" for number, word in enumerate(self.words)]

    def says(self, *meanings: Meaning) -> bool:
        """True where a phrase of one of the meanings stands among the words that no other phrase spells out."""
        return bool(_search(self.lexicon, self.open_words, *meanings))

    @property
    def names_an_address(self) -> bool:
        return _SOME_ADDRESS in self.open_words

    def begins(self, meaning: Meaning) -> bool:
        line = f" {' '.join(self.words)} "
        return any(phrase.expression.match(line, 1) for phrase in self.lexicon.phrases[meaning])

    @cached_property
    def is_plain(self) -> bool:
        """True where every word is either a phrase or says nothing more."""
        return self._is_plain(self.open_words)

    def _is_plain(self, open_words: Iterable[str]) -> bool:
        fits = all(not word or word in self.lexicon.filler or word in self.known for word in open_words)
        return fits and not self.is_question and not _QUOTATION.search(self.text) and not self._begins_with_no

    @property
    def _begins_with_no(self) -> bool:
        """True for "No, send more" where the same word is "not": with the comma it refuses what was said before."""
        begins = _FIRST_WORD.match(self.text)
        return (
            begins is not None
            and _is(words_of(begins[1], language=self.lexicon.language)[0], self.lexicon, Meaning.TWIST)
            and any(0 in found.spelled for found in self.found if found.meaning in REQUESTS)
        )

    def turns_politely(self, *, after_praise: bool) -> bool:
        """True where "but" stands between praise and why they want no more, and all the rest is plain.

        "I have enjoyed it, but I no longer have the time." `after_praise`: the praise is the sentence before.
        """
        contrasts = _search(self.lexicon, self.open_words, Meaning.CONTRAST)
        if len(contrasts) != 1:
            return False
        first, last = min(contrasts[0]), max(contrasts[0])
        rest = ["" if first <= number <= last else word for number, word in enumerate(self.open_words)]
        praises = after_praise or any(
            found.meaning is Meaning.PRAISE and max(found.held) < first for found in self.found
        )
        explains = any(
            found.meaning in {Meaning.REASON, Meaning.STOP} and max(found.held) > last for found in self.found
        )
        return (
            praises
            and explains
            and self._is_plain(rest)
            and not _search(self.lexicon, rest, Meaning.TWIST, Meaning.MATTER)
        )

    @cached_property
    def is_familiar(self) -> bool:
        """True where most words are those of people who want to stop, and none of the others turns the sense."""
        known = self.lexicon.filler | self.lexicon.context | self.known
        strange = [word for word in self.open_words if word and word not in known]
        if self.is_question or any(_turns(word) for word in strange):
            return False
        return 10 * (len(self.words) - len(strange)) >= _KNOWN_OF_TEN * len(self.words)

    @cached_property
    def is_matter(self) -> bool:
        """True where something is said about another matter; a title such as "Contract Manager" says nothing."""
        known = [word for word in self.open_words if word in self.lexicon.filler | self.lexicon.context]
        return self.says(Meaning.MATTER) and len(known) >= _WORDS_OF_A_CLAUSE

    @cached_property
    def is_name(self) -> bool:
        """True for a short line of its own that can only be a name: no word in it is one of any language here."""
        return (
            self.own_line
            and 0 < len(self.words) <= _WORDS_OF_A_NAME
            and not self.found
            and "?" not in self.text
            and all(word in self.known or (word.isalpha() and not _is_ordinary(word)) for word in self.words)
            and (all(word in self.known for word in self.words) or self.text.strip()[:1].isupper())
        )


def _overrules(other: _Found, one: _Found) -> bool:
    """True where `other` says what is meant by words that are also in `one`.

    The longer phrase does, but "want ... newsletter" is no wish to get one where what stands between is a refusal.
    """
    if not {one.meaning, other.meaning} <= _EXCLUSIVE:
        return False
    refuses = other.meaning in {Meaning.STOP, Meaning.PROFILING} and one.meaning is Meaning.START
    if refuses:
        return bool(other.held & one.held)
    if {one.meaning, other.meaning} == {Meaning.STOP, Meaning.PROFILING}:
        # Both may be asked in one sentence, of which each phrase leaves the other's words open.
        return one.spelled < other.spelled
    refused = one.meaning in {Meaning.STOP, Meaning.PROFILING} and other.meaning is Meaning.START
    return one.held < other.held and not refused


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


def _search(lexicon: Lexicon, words: Iterable[str], *meanings: Meaning) -> list[set[int]]:
    """The numbers of the words of each phrase that is among some words, where "" stands for any that is not open."""
    line = f" {' '.join(word or '|' for word in words)} "
    return [
        _word_numbers(line, *match.span())
        for meaning in meanings
        for phrase in lexicon.phrases[meaning]
        for match in phrase.expression.finditer(line)
    ]


def _word_numbers(line: str, start: int, end: int) -> set[int]:
    first = line.count(" ", 0, start) - 1
    return set(range(first, first + line.count(" ", start, end)))


@lru_cache(maxsize=10_000)
def _is_ordinary(word: str) -> bool:
    """True for a word that is listed in any language."""
    return _turns(word) or any(
        word in lexicon.filler or word in lexicon.context or _is(word, lexicon, *REQUESTS)
        for lexicon in shipped_phrases().values()
    )


@lru_cache(maxsize=10_000)
def _turns(word: str) -> bool:
    """True for a word that in any language may turn the sense, or names another matter."""
    return any(_is(word, lexicon, Meaning.TWIST, Meaning.MATTER) for lexicon in shipped_phrases().values())


def _is(word: str, lexicon: Lexicon, *meanings: Meaning) -> bool:
    return any(
        phrase.expression.fullmatch(f" {word} ", 1)
        for meaning in meanings
        for phrase in lexicon.phrases[meaning]
    )


def sentences_of(text: str, *, lexicon: Lexicon, known: frozenset[str]) -> list[Sentence]:
    """The sentences of a text. A line its writer ended is the end of a sentence, one a mail program broke is not."""
    found: list[Sentence] = []
    read = 0
    for line in _whole_lines(text):
        pieces = [piece for piece in _SENTENCE_END.split(line) if piece.strip()]
        for piece in pieces:
            sentence = Sentence(text=piece, lexicon=lexicon, known=known, own_line=len(pieces) == 1)
            found.append(sentence)
            read += max(len(sentence.words), _LEAST_WORDS) if sentence.words else 0
        if read > _WORDS_READ:
            break
    return found


def _whole_lines(text: str) -> list[str]:
    lines: list[str] = []
    broken = False
    for line in text.splitlines():
        stripped = " ".join(line.split())
        if broken and stripped:
            lines[-1] += f" {stripped}"
        elif stripped:
            lines.append(stripped)
        broken = len(stripped) >= _WRAPPED and stripped[-1] not in ".!?:;"
    return lines
