"""Which wishes of a message are certain: those of one that is made, to its last word, of phrases we know.

The rule is closed. Nothing is left out as harmless: every clause of the subject and of the text is one of

 - a whole request (`ask`, `no_profiling`), or a lone word such as "unsubscribe" (`word`) where the text begins with it,
 - a reason (`why`), word for word,
 - a greeting, a closing, a "please", a name,

and these stand in the order of a letter. A message with any other word in it waits for a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from preferences.inbox.read_phrases import (
    ADDRESS_TOKEN,
    NAME_TOKEN,
    Lexicon,
    Meaning,
    shipped_phrases,
)
from preferences.inbox.sentences import LONGEST_READ, Clause, Known, clauses_of

REQUESTS = frozenset({Meaning.ASK, Meaning.NO_PROFILING})
_LONGEST_SUBJECT = 200
_MOST_WORDS = 80
_WORDS_OF_A_NAME = 4
_MOST_CLAUSES = 24
# Shorter numbers are no telephone.
_DIGITS_OF_A_NUMBER = 6


def certain_wishes(*, subject: str, text: str, lexicon: Lexicon, known: Known) -> frozenset[Meaning]:
    """ASK and NO_PROFILING where the message asks for them beyond doubt; nothing where any doubt is left.

    This is the one place that decides what is sure. `subject` is "" for a reply: that one is not the writer's.
    """
    if len(text) > LONGEST_READ or len(subject) > _LONGEST_SUBJECT:
        return frozenset()
    title = _joined(clauses_of(subject, language=lexicon.language, known=known), lexicon=lexicon)
    body = _joined(clauses_of(text, language=lexicon.language, known=known), lexicon=lexicon)
    if len(body) > _MOST_CLAUSES or sum(len(clause.words) for clause in body) > _MOST_WORDS:
        return frozenset()
    names = frozenset(word for word in known.words(language=lexicon.language) if not _is_ordinary(word))
    in_title = _read_title(title, lexicon=lexicon)
    in_body = _read_body(body, lexicon=lexicon, names=names)
    if in_title is None or in_body is None:
        return frozenset()
    if not in_body & REQUESTS and Meaning.WHY in in_body:
        # Beside a request that is in the subject only, anything said may take it back.
        return frozenset()
    return (in_title | in_body) & REQUESTS


def _joined(clauses: Sequence[Clause], *, lexicon: Lexicon) -> list[Clause]:
    """Clauses, of which those that are nothing but "please" or "thanks" go with the one before their comma."""
    joined: list[Clause] = []
    for clause in clauses:
        if joined and clause.follows and _is_whole(clause, Meaning.PLEASE, Meaning.CLOSING, lexicon=lexicon):
            joined[-1] = replace(joined[-1], text=f"{joined[-1].text} {clause.text}")
        else:
            joined.append(clause)
    return joined


def _read_title(title: Sequence[Clause], *, lexicon: Lexicon) -> frozenset[Meaning] | None:
    """What the clauses of a subject say; None where one of them is not understood."""
    found: set[Meaning] = set()
    for clause in title:
        meanings = _request_in(clause, lexicon=lexicon, lone_word=len(title) == 1)
        if not meanings and not _is_whole(
            clause, Meaning.TOPIC, Meaning.WHY, Meaning.GREETING, Meaning.PLEASE, lexicon=lexicon
        ):
            return None
        found |= meanings
    return frozenset(found)


def _read_body(
    body: Sequence[Clause], *, lexicon: Lexicon, names: frozenset[str]
) -> frozenset[Meaning] | None:
    """What the clauses of a text say; None where one is not understood, or where it does not belong."""
    found: set[Meaning] = set()
    signed = False
    named = False
    for number, clause in enumerate(body):
        if _is_closing(clause, lexicon=lexicon, names=names):
            signed = True
        elif _is_name(clause, lexicon=lexicon, names=names, signed=named):
            signed = named = True
        elif signed:
            return None
        elif _is_whole(clause, Meaning.PLEASE, lexicon=lexicon) or (
            not found and _is_greeting(clause, lexicon=lexicon, names=names)
        ):
            continue
        elif _is_whole(clause, Meaning.WHY, lexicon=lexicon):
            found.add(Meaning.WHY)
        elif meanings := _request_in(clause, lexicon=lexicon, lone_word=number == 0):
            found |= meanings
        else:
            return None
    return frozenset(found)


def _request_in(clause: Clause, *, lexicon: Lexicon, lone_word: bool) -> frozenset[Meaning]:
    """What a clause asks for, where it is nothing but a request."""
    if not clause.is_ordinary_text:
        return frozenset()
    line = _without_closing(clause.line, lexicon=lexicon)
    bare = _without(line, Meaning.PLEASE, lexicon=lexicon)
    asked = _after_question(line, lexicon=lexicon) | _after_question(bare, lexicon=lexicon)
    lines = asked if clause.is_question else {clause.line, line, bare} | asked
    found = {
        meaning
        for meaning in REQUESTS
        for phrase in lexicon.phrases[meaning]
        if any(phrase.expression.fullmatch(one, 1) for one in lines)
    }
    if (
        lone_word
        and not clause.is_question
        and any(_fits(one, Meaning.WORD, lexicon=lexicon) for one in lines)
    ):
        found.add(Meaning.ASK)
    return frozenset(found)


def _without(line: str, meaning: Meaning, *, lexicon: Lexicon) -> str:
    for phrase in lexicon.phrases[meaning]:
        line = phrase.expression.sub("", line)
    return line


def _without_closing(line: str, *, lexicon: Lexicon) -> str:
    """The words without "thanks" at their end."""
    for phrase in lexicon.phrases[Meaning.CLOSING]:
        for match in phrase.expression.finditer(line):
            if match.end() == len(line) and match.start() > 1:
                return line[: match.start()]
    return line


def _after_question(line: str, *, lexicon: Lexicon) -> set[str]:
    """What follows "could you", without "please"; nothing where the line does not begin so."""
    return {
        _without(line[match.end() - 1 :], Meaning.PLEASE, lexicon=lexicon)
        for phrase in lexicon.phrases[Meaning.QUESTION]
        if (match := phrase.expression.match(line, 1))
    }


def _fits(line: str, meaning: Meaning, *, lexicon: Lexicon) -> bool:
    return any(phrase.expression.fullmatch(line, 1) for phrase in lexicon.phrases[meaning])


def _is_whole(clause: Clause, *meanings: Meaning, lexicon: Lexicon) -> bool:
    """True for a clause that is nothing but a phrase of one of the meanings."""
    if clause.is_question or not clause.is_ordinary_text:
        return False
    return any(_fits(clause.line, meaning, lexicon=lexicon) for meaning in meanings)


def _is_greeting(clause: Clause, *, lexicon: Lexicon, names: frozenset[str]) -> bool:
    return _begins(clause, Meaning.GREETING, lexicon=lexicon, names=names)


def _is_closing(clause: Clause, *, lexicon: Lexicon, names: frozenset[str]) -> bool:
    return _begins(clause, Meaning.CLOSING, lexicon=lexicon, names=names)


def _begins(clause: Clause, meaning: Meaning, *, lexicon: Lexicon, names: frozenset[str]) -> bool:
    """True for a phrase of a meaning with nothing but a known name after it."""
    if clause.is_question or not clause.is_ordinary_text:
        return False
    for phrase in lexicon.phrases[meaning]:
        if match := phrase.expression.match(clause.line, 1):
            rest = clause.line[match.end() :].split()
            if len(rest) <= _WORDS_OF_A_NAME and all(_is_known(word, names=names) for word in rest):
                return True
    return False


def _is_known(word: str, *, names: frozenset[str]) -> bool:
    return word in names or word in {NAME_TOKEN, ADDRESS_TOKEN}


def _is_name(clause: Clause, *, lexicon: Lexicon, names: frozenset[str], signed: bool) -> bool:
    """True for a name in a signature: the writer's, and once that is `signed`, of what else a signature may hold.

    A word that means something in any language is no name, unless it is the writer's.
    """
    if clause.is_question or not clause.is_ordinary_text or not clause.words:
        return False
    if len(clause.words) > _WORDS_OF_A_NAME:
        return False
    if not signed:
        spelled = [word for word in clause.words if len(word) > 1 or _is_known(word, names=names)]
        return bool(spelled) and all(_is_known(word, names=names) for word in spelled)
    if 0 < len("".join(clause.words)) < _DIGITS_OF_A_NUMBER and "".join(clause.words).isdigit():
        return False
    capital = all(word[0].isupper() or word[0].isdigit() for word in re.findall(r"[^\W_]+", clause.text))
    return all(_is_known(word, names=names) or (capital and not _is_ordinary(word)) for word in clause.words)


@lru_cache(maxsize=10_000)
def _is_ordinary(word: str) -> bool:
    return any(word in lexicon.ordinary for lexicon in shipped_phrases().values())
