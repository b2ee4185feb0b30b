"""Recognise what a person asks for in an e-mail, in ten languages. Pure; what people say is data (phrases.csv).

Precision first: what is sure is decided in certain.py, by a closed rule. All the rest is only what staff are shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from preferences.enums import MessageKind
from preferences.inbox.certain import certain_wishes
from preferences.inbox.find_wishes import find_wishes, kind_of
from preferences.inbox.read_phrases import Lexicon, Meaning, shipped_phrases
from preferences.inbox.read_quotes import Mark, shipped_quotes
from preferences.inbox.sentences import Known, sentences_of

_PREFIX = re.compile(r"(?:\[[^\]]{1,30}\] ?)?([^\W\d_]{1,10}) ?(?:\[\d{1,3}\]|\(\d{1,3}\))? ?[:：] ?")


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
    brand they wrote to. The subject of a reply or of a forwarded message was somebody else's: it asks for nothing.

    Words such as "all marketing" and "all e-mails" mean those of the brand written to: everything of the group is
    meant only where companies, brands or the group are named.
    """
    own_subject = _own_subject(subject)
    named = Known.of(known)
    readings = [
        _read(own_subject, text, lexicon=lexicon, known=named) for lexicon in shipped_phrases().values()
    ]
    best = max(readings, key=_weight)
    # The same words may be a plain wish in one language and something else in the next.
    others = [reading for reading in readings if reading.kind in _OTHER_WISHES]
    return max(others, key=_weight) if best.sure and others else best


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


def _own_subject(subject: str) -> str:
    """The subject as its writer wrote it, "" for that of a reply and of a forwarded message."""
    quotes = shipped_quotes()
    match = _PREFIX.match(subject.lstrip())
    if match and (quotes[Mark.FORWARD].fullmatch(match[1]) or quotes[Mark.REPLY].fullmatch(match[1])):
        return ""
    return subject


def _read(subject: str, text: str, *, lexicon: Lexicon, known: Known) -> Recognised:
    """What a message says in one language."""
    certain = certain_wishes(subject=subject, text=text, lexicon=lexicon, known=known)
    in_subject = find_wishes(sentences_of(subject, language=lexicon.language), lexicon=lexicon)
    in_text = find_wishes(sentences_of(text, language=lexicon.language), lexicon=lexicon)
    found = [*in_subject, *in_text]
    everything = any(one.meaning is Meaning.EVERYTHING for one in found)
    phrases = tuple(dict.fromkeys(one.phrase for one in found))
    if certain:
        return Recognised(
            kind=MessageKind.STOP if Meaning.ASK in certain else MessageKind.PROFILING,
            sure=True,
            everything=everything,
            profiling=Meaning.NO_PROFILING in certain,
            phrases=phrases,
        )
    kind = kind_of({one.meaning for one in found})
    if kind is MessageKind.STOP and kind_of({one.meaning for one in in_text}) is MessageKind.START:
        kind = MessageKind.START  # The subject is the older part: "Unsubscribe", and then "I want it again".
    return Recognised(
        kind=kind,
        everything=everything,
        profiling=any(one.meaning is Meaning.PROFILING for one in found),
        phrases=phrases,
    )
