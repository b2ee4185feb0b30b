"""Recognise what a person asks for in an e-mail, in ten languages. Pure; what people say is data (phrases.csv).

Precision first: a request is sure only where every word of the sentence it stands in is understood, and nothing else in
the message could mean something more. All the rest is for a person to read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from preferences.enums import MessageKind
from preferences.inbox.read_phrases import Lexicon, Meaning, shipped_phrases, words_of
from preferences.inbox.read_quotes import Mark, shipped_quotes
from preferences.inbox.sentences import REQUESTS, Sentence, sentences_of

# Own words of a message that can still be sure. Whoever writes more has more to say.
_MOST_WORDS = 80
# A request that counts stands among the first sentences.
_FIRST_SENTENCES = 6
# So many lines, and words in each, make a signature.
_LINES_OF_A_SIGNATURE = 12
_WORDS_OF_A_SIGNATURE_LINE = 8
_WORDS_OF_A_GREETING = 6

_PREFIX = re.compile(r"\s*(?:\[[^\]]{1,30}\]\s*)?([^\W\d_]{1,10})\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*")


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
    title = Sentence(text=subject, lexicon=lexicon, known=names)
    if is_reply and not (title.is_plain and title.has(Meaning.STOP, Meaning.PROFILING)):
        title = Sentence(text="", lexicon=lexicon, known=names)
    body = sentences_of(text, lexicon=lexicon, known=names)
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


_SILENT = {Meaning.PRAISE, Meaning.REASON, Meaning.REQUEST}


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


def _says_plainly(meaning: Meaning, title: Sentence, body: Sequence[Sentence]) -> bool:
    return any(sentence.has(meaning) and sentence.is_plain for sentence in [title, *body[:_FIRST_SENTENCES]])


def _nothing_else(title: Sentence, body: Sequence[Sentence]) -> bool:
    """True where nothing beside the request could mean something more."""
    polite = _polite_turns(body)
    if any(
        (sentence.says(Meaning.TWIST) and number not in polite) or sentence.names_an_address
        for number, sentence in enumerate([*body, title])
    ):
        return False
    if title.is_question or title.says(Meaning.MATTER):
        return False
    signature = _signature_from(title, body, polite=polite)
    if signature is None:
        return False
    before, after = body[:signature], body[signature:]
    if sum(len(sentence.words) for sentence in [title, *before]) > _MOST_WORDS:
        return False
    return len(after) <= _LINES_OF_A_SIGNATURE and all(
        len(sentence.words) <= _WORDS_OF_A_SIGNATURE_LINE
        and not sentence.is_question
        and not sentence.is_matter
        and not sentence.says(Meaning.MORE)
        for sentence in after
    )


def _polite_turns(body: Sequence[Sentence]) -> set[int]:
    """The numbers of the sentences in which "but" turns nothing, for a plain request stands in a later one."""
    asking = [
        number for number, sentence in enumerate(body[:_FIRST_SENTENCES]) if _is_plain_request(sentence)
    ]
    return {
        number
        for number, sentence in enumerate(body[: max(asking, default=0)])
        if sentence.turns_politely(after_praise=number > 0 and _is_plain_praise(body[number - 1]))
    }


def _is_plain_request(sentence: Sentence) -> bool:
    return sentence.is_plain and sentence.has(Meaning.STOP, Meaning.PROFILING)


def _is_plain_praise(sentence: Sentence) -> bool:
    return sentence.is_plain and sentence.has(Meaning.PRAISE)


def _signature_from(title: Sentence, body: Sequence[Sentence], *, polite: Collection[int]) -> int | None:
    """The number of the sentence with which the signature begins; None where one before it is not understood."""
    asked = _is_plain_request(title)
    for number, sentence in enumerate(body):
        if not sentence.words or number in polite:
            continue
        closes = sentence.begins(Meaning.CLOSING) and not sentence.has(*REQUESTS, Meaning.PRAISE)
        if asked and closes and len(sentence.words) <= _WORDS_OF_A_SIGNATURE_LINE:
            return number
        if _is_plain_request(sentence):
            asked = True
        elif (
            sentence.says(Meaning.MATTER, Meaning.MORE)
            or sentence.is_question
            or sentence.has(*REQUESTS, Meaning.HINT)
        ):
            return None
        elif asked and sentence.is_name:
            return number
        elif not (sentence.is_familiar or _is_greeting(number, sentence) or sentence.begins(Meaning.PROGRAM)):
            return None
    return len(body)


def _is_greeting(number: int, sentence: Sentence) -> bool:
    return number == 0 and sentence.begins(Meaning.GREETING) and len(sentence.words) <= _WORDS_OF_A_GREETING
