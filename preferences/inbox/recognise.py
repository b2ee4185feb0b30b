"""Recognise what a person asks for in an e-mail, in ten languages. Pure; what people say is data (phrases.csv).

Precision first: a request is sure only where every word of the sentence it stands in is understood, and nothing else in
the message could mean something more. All the rest is for a person to read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from preferences.enums import MessageKind
from preferences.inbox.read_phrases import Lexicon, Meaning, shipped_phrases, words_of
from preferences.inbox.read_quotes import Mark, shipped_quotes

# Own words of a message that can still be sure. Whoever writes more has more to say.
_MOST_WORDS = 80
# A request that counts stands among the first sentences.
_FIRST_SENTENCES = 6
# Words of a message that are looked at, to tell what it may be about.
_WORDS_READ = 400
# Of a sentence beside the request at least so many of ten words are known ones.
_KNOWN_OF_TEN = 6
# A line at the end as short as this may be a name; so many lines, and words in each, make a signature.
_WORDS_OF_A_NAME = 4
_WORDS_OF_A_SIGNATURE_LINE = 8
_LINES_OF_A_SIGNATURE = 12
# With so many ordinary words a line of a signature says something.
_WORDS_OF_A_CLAUSE = 2
# Lines shorter than this were ended by their writer, longer ones may be by the mail program.
_WRAPPED = 50

_ADDRESS = re.compile(r"(?:mailto:)?[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+\.\w+")
_URL = re.compile(r"<?\b(?:https?://|www\.)\S+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…;])[)\"”»'*]*\s+(?=\D)")
_PREFIX = re.compile(r"\s*(?:\[[^\]]{1,30}\]\s*)?([^\W\d_]{1,10})\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*")
_QUOTATION = re.compile(r"[\"“”„«»‹›]|(?:^|\s)'\w")
# Stand for an address and a link among the words of a sentence; no word is spelled so.
_SOME_ADDRESS, _SOME_URL = "@", "://"

_REQUESTS = (Meaning.STOP, Meaning.PROFILING, Meaning.START, Meaning.ACCESS, Meaning.ERASURE)
_COVERING = (*_REQUESTS, Meaning.EVERYTHING, Meaning.REASON, Meaning.REQUEST, Meaning.HINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a message is about. Only where `sure` may anything be done about it before a person has read it.

    `everything`: it says that it is meant for all brands, all companies, the whole group. `profiling` with the kind
    STOP: it asks for both. `phrases` are those of phrases.csv that were found.
    """

    kind: MessageKind = MessageKind.UNCLEAR
    sure: bool = False
    everything: bool = False
    profiling: bool = False
    phrases: tuple[str, ...] = ()


def recognise(*, subject: str, text: str, known: Collection[str] = ()) -> Recognised:
    """What the writer of a message asks for. `text` is what they wrote themselves, without quotes and signature.

    `known` is what may be named without saying anything new: the writer's own addresses and name, the name of the
    brand they wrote to. Any other address makes a request doubtful. The subject of a reply counts only where it is
    nothing but a request, that of a forwarded message not at all.

    Words such as "all marketing" and "all e-mails" mean those of the brand written to: everything of the group is
    meant only where companies, brands or the group are named.
    """
    own_subject, is_reply = _own_subject(subject)
    readings = [
        _read(own_subject, text, lexicon=lexicon, is_reply=is_reply, known=known)
        for lexicon in shipped_phrases().values()
    ]
    best = max(readings, key=_weight)
    # The same words may be a plain wish in one language and something else in the next.
    if best.sure and any(reading.kind in _OTHER_WISHES for reading in readings):
        return max((reading for reading in readings if reading.kind in _OTHER_WISHES), key=_weight)
    return best


_OTHER_WISHES = {MessageKind.START, MessageKind.ACCESS, MessageKind.ERASURE}
_RANK = {
    MessageKind.ERASURE: 5,
    MessageKind.ACCESS: 4,
    MessageKind.START: 3,
    MessageKind.STOP: 2,
    MessageKind.PROFILING: 2,
    MessageKind.UNCLEAR: 0,
}


def _weight(reading: Recognised) -> tuple[bool, int, int]:
    return reading.sure, _RANK[reading.kind], sum(len(phrase) for phrase in reading.phrases)


def _own_subject(subject: str) -> tuple[str, bool]:
    """The subject without what mail programs put before it, and whether they did. "" for a forwarded message."""
    quotes = shipped_quotes()
    is_reply = False
    while match := _PREFIX.match(subject):
        if quotes[Mark.FORWARD].fullmatch(match[1]):
            return "", True
        if not quotes[Mark.REPLY].fullmatch(match[1]):
            break
        is_reply, subject = True, subject[match.end() :]
    return subject.strip(), is_reply


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A phrase in a sentence: which of its words it holds, and which of those it spells out."""

    meaning: Meaning
    phrase: str
    held: frozenset[int]
    spelled: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class _Sentence:
    """One sentence, and what is found in it. `ends_line`, `begins_line`: it has its lines to itself."""

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
        return found

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
            for match in phrase.expression.finditer(line):
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

    def says(self, meaning: Meaning) -> bool:
        """True where a phrase of that meaning stands among the words that no other phrase spells out."""
        line = f" {' '.join(word or '|' for word in self.open_words)} "
        return any(phrase.expression.search(line) for phrase in self.lexicon.phrases[meaning])

    def begins(self, meaning: Meaning) -> bool:
        line = f" {' '.join(self.words)} "
        return any(phrase.expression.match(line, 1) for phrase in self.lexicon.phrases[meaning])

    @cached_property
    def is_plain(self) -> bool:
        """True where every word is either a phrase or says nothing more."""
        fits = all(not word or word in self.lexicon.filler or word in self.known for word in self.open_words)
        return fits and not self.is_question and not _QUOTATION.search(self.text)

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


@lru_cache(maxsize=10_000)
def _is_ordinary(word: str) -> bool:
    """True for a word that is listed in any language."""
    return _turns(word) or any(
        word in lexicon.filler or word in lexicon.context or _is(word, lexicon, *_REQUESTS)
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


# Of these only one is meant where one phrase lies within another: "delete my address from your list" erases nothing.
_EXCLUSIVE = {
    Meaning.STOP,
    Meaning.PROFILING,
    Meaning.START,
    Meaning.ACCESS,
    Meaning.ERASURE,
    Meaning.REASON,
    Meaning.HINT,
}


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


def _word_numbers(line: str, start: int, end: int) -> set[int]:
    first = line.count(" ", 0, start) - 1
    return set(range(first, first + line.count(" ", start, end)))


def _read(subject: str, text: str, *, lexicon: Lexicon, is_reply: bool, known: Collection[str]) -> Recognised:
    """What a message says in one language."""
    for name in sorted(known, key=len, reverse=True):
        if "@" in name:
            text = re.sub(
                rf"(?:mailto:)?(?<![\w.+-]){re.escape(name)}(?![\w-])", " ", text, flags=re.IGNORECASE
            )
    names = frozenset(
        word for name in known if "@" not in name for word in words_of(name, language=lexicon.language)
    )
    title = _Sentence(text=subject, lexicon=lexicon, known=names)
    if is_reply and not (title.is_plain and title.has(Meaning.STOP, Meaning.PROFILING)):
        title = _Sentence(text="", lexicon=lexicon, known=names)
    body = _sentences(text, lexicon=lexicon, known=names)
    sentences = [title, *body]
    found = [phrase for sentence in sentences for phrase in sentence.found]
    kind = _kind({phrase.meaning for phrase in found})
    in_body = _kind({phrase.meaning for sentence in body for phrase in sentence.found})
    if in_body is MessageKind.START and kind is MessageKind.STOP:
        kind = in_body  # The subject is the older part: "Re: Unsubscribe", and then "I want it again".
    meanings = {
        meaning
        for meaning in (Meaning.STOP, Meaning.PROFILING)
        if any(one.meaning is meaning for one in found)
    }
    sure = (
        kind in {MessageKind.STOP, MessageKind.PROFILING}
        and not {one.meaning for one in found} & {Meaning.START, Meaning.ACCESS, Meaning.ERASURE}
        and all(_says_plainly(meaning, title, body) for meaning in meanings)
        and bool(meanings)
        and _nothing_else(title, body)
    )
    return Recognised(
        kind=kind,
        sure=sure,
        everything=any(one.meaning is Meaning.EVERYTHING for one in found),
        profiling=Meaning.PROFILING in meanings,
        phrases=tuple(dict.fromkeys(one.phrase for one in found if one.meaning not in _SILENT)),
    )


_SILENT = {Meaning.REASON, Meaning.REQUEST}


def _kind(meanings: set[Meaning]) -> MessageKind:
    if Meaning.ERASURE in meanings:
        return MessageKind.ERASURE
    if Meaning.ACCESS in meanings:
        return MessageKind.ACCESS
    if Meaning.START in meanings and Meaning.STOP not in meanings:
        return MessageKind.START
    if Meaning.STOP in meanings or (Meaning.HINT in meanings and Meaning.PROFILING not in meanings):
        return MessageKind.STOP
    return MessageKind.PROFILING if Meaning.PROFILING in meanings else MessageKind.UNCLEAR


def _says_plainly(meaning: Meaning, title: _Sentence, body: Sequence[_Sentence]) -> bool:
    return any(sentence.has(meaning) and sentence.is_plain for sentence in [title, *body[:_FIRST_SENTENCES]])


def _nothing_else(title: _Sentence, body: Sequence[_Sentence]) -> bool:
    """True where nothing beside the request could mean something more."""
    if any(
        sentence.says(Meaning.TWIST) or _SOME_ADDRESS in sentence.open_words for sentence in [title, *body]
    ):
        return False
    if title.is_question or title.says(Meaning.MATTER):
        return False
    signature = _signature_from(title, body)
    if signature is None:
        return False
    before, after = body[:signature], body[signature:]
    if sum(len(sentence.words) for sentence in before) > _MOST_WORDS:
        return False
    return len(after) <= _LINES_OF_A_SIGNATURE and all(
        len(sentence.words) <= _WORDS_OF_A_SIGNATURE_LINE
        and not sentence.is_question
        and not sentence.is_matter
        for sentence in after
    )


def _signature_from(title: _Sentence, body: Sequence[_Sentence]) -> int | None:
    """The number of the sentence with which the signature begins; None where one before it is not understood."""
    asked = title.has(Meaning.STOP, Meaning.PROFILING) and title.is_plain
    for number, sentence in enumerate(body):
        if not sentence.words:
            continue
        closes = sentence.begins(Meaning.CLOSING) and not sentence.has(*_REQUESTS)
        if asked and closes and len(sentence.words) <= _WORDS_OF_A_SIGNATURE_LINE:
            return number
        if sentence.is_plain and sentence.has(Meaning.STOP, Meaning.PROFILING):
            asked = True
        elif sentence.says(Meaning.MATTER) or sentence.is_question or sentence.has(*_REQUESTS, Meaning.HINT):
            return None
        elif asked and sentence.is_name:
            return number
        elif not (sentence.is_familiar or _is_greeting(number, sentence) or sentence.begins(Meaning.PROGRAM)):
            return None
    return len(body)


def _is_greeting(number: int, sentence: _Sentence) -> bool:
    return number == 0 and sentence.begins(Meaning.GREETING) and len(sentence.words) <= _WORDS_OF_A_NAME + 2


def _sentences(text: str, *, lexicon: Lexicon, known: frozenset[str]) -> list[_Sentence]:
    """The sentences of a text. A line its writer ended is the end of a sentence, one a mail program broke is not."""
    found: list[_Sentence] = []
    read = 0
    for line in _whole_lines(text):
        pieces = [piece for piece in _SENTENCE_END.split(line) if piece.strip()]
        for piece in pieces:
            sentence = _Sentence(text=piece, lexicon=lexicon, known=known, own_line=len(pieces) == 1)
            found.append(sentence)
            read += len(sentence.words)
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
