"""Read phrases.csv: how people put what they want, in each language. phrases.md explains the file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from preferences.inbox.phrase_files import ANY_LANGUAGE, LANGUAGES, read_lines
from preferences.rules.read import RulesInvalid

PHRASES_FILE = Path(__file__).with_name("phrases.csv")

# Letters that carry no mark which could be taken off them, and how they are written without them.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
# What people without the letters of their language write instead.
_DIGRAPHS = {
    "de": (("ae", "a"), ("oe", "o"), ("ue", "u")),
    "nb": (("ae", "a"), ("oe", "o"), ("aa", "a")),
    "da": (("ae", "a"), ("oe", "o"), ("aa", "a")),
    "sv": (("ae", "a"), ("oe", "o"), ("aa", "a")),
}
_APOSTROPHES = re.compile(r"['’‘`´]")
_WORD = re.compile(r"[^\W_]+")
_E_MAIL = re.compile(r"\be-(?=[^\W_])")
_SET = re.compile(r"\{(\w+)\}")
_TOKEN = re.compile(r"\*|\(?[\w/*{}]+\)?")


class Meaning(StrEnum):
    """What a phrase of phrases.csv says."""

    SET = "set"  # no phrase: words that can stand for one another, named at the beginning

    # Whole clauses, word for word. Only of these can a message be made that is sure.
    ASK = "ask"  # no more marketing: an imperative or a wish
    NO_PROFILING = "no_profiling"
    WORD = "word"  # a lone word that asks for no more marketing, where a message begins with it
    QUESTION = "question"  # before a request: could you
    PLEASE = "please"  # may stand anywhere in a request
    WHY = "why"  # why they want to stop; changes nothing
    GREETING = "greeting"
    CLOSING = "closing"
    TOPIC = "topic"  # a subject that names what it is about and asks for nothing

    # Found anywhere: what it may be about, for staff to look at.
    STOP = "stop"
    PROFILING = "profiling"
    EVERYTHING = "everything"  # of the whole group, not of one brand
    START = "start"
    ACCESS = "access"
    ERASURE = "erasure"
    HINT = "hint"  # may be about stopping
    ORDINARY = "ordinary"  # words that are no names


# Lists of phrases: here a slash parts phrases, not words.
PHRASE_LISTS = {Meaning.WORD, Meaning.PLEASE, Meaning.GREETING, Meaning.CLOSING, Meaning.TOPIC}
# Here every word has to be named: no gaps, no beginnings of words.
CLOSED = {Meaning.ASK, Meaning.NO_PROFILING, Meaning.QUESTION, Meaning.WHY, *PHRASE_LISTS}
# The words that stand for what may be named: the writer's own address; their name, or that of the brand.
ADDRESS_TOKEN, NAME_TOKEN = "@", "="
_TOKENS = {"address": ADDRESS_TOKEN, "name": NAME_TOKEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A phrase as it stands in the file, and the expression that finds it in words with a space around each."""

    phrase: str
    expression: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The phrases of one language, by meaning, and the words that are in any of them: those are no names."""

    language: str
    phrases: Mapping[Meaning, tuple[Phrase, ...]]
    ordinary: frozenset[str]


def words_of(text: str, *, language: str) -> list[str]:
    """The words of a text as they are compared: lower case, without accents, as people write them in that language."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    folded = _APOSTROPHES.sub(" " if language == "fr" else "", folded)
    folded = "".join(
        character
        for character in unicodedata.normalize("NFD", folded)
        if not unicodedata.combining(character)
    )
    for digraph, letter in _DIGRAPHS.get(language, ()):
        folded = folded.replace(digraph, letter)
    return _WORD.findall(_E_MAIL.sub("e", folded))


def read_phrases(data: bytes) -> dict[str, Lexicon]:
    """The lexicon of each language in a file in the shape of phrases.csv. Raises RulesInvalid."""
    lines = read_lines(data, columns=("language", "meaning", "phrase"), what=Meaning)
    return {language: _lexicon(lines, language=language) for language in LANGUAGES}


@cache
def shipped_phrases() -> Mapping[str, Lexicon]:
    """What is in phrases.csv."""
    return read_phrases(PHRASES_FILE.read_bytes())


def _lexicon(lines: list[dict[str, str]], *, language: str) -> Lexicon:
    cells: dict[Meaning, list[str]] = {meaning: [] for meaning in Meaning}
    for line in lines:
        if line["language"] in {language, ANY_LANGUAGE}:
            cells[Meaning(line["meaning"])].append(line["phrase"])
    ordinary = frozenset(
        word for found in cells.values() for cell in found for word in _words_in(cell, language=language)
    )
    sets = dict(cell.split(maxsplit=1) for cell in cells[Meaning.SET])
    for meaning in PHRASE_LISTS:
        # One expression for the whole list, in which a phrase of several words is one alternative.
        cells[meaning] = ["/".join(cells[meaning]).replace(" ", "_")]
    return Lexicon(
        language=language,
        phrases={
            meaning: tuple(
                Phrase(
                    phrase=cell,
                    expression=_compiled(cell, sets=sets, language=language, closed=meaning in CLOSED),
                )
                for cell in found
            )
            for meaning, found in cells.items()
            if meaning not in {Meaning.SET, Meaning.ORDINARY}
        },
        ordinary=ordinary,
    )


def _words_in(cell: str, *, language: str) -> list[str]:
    return words_of(_SET.sub(" ", cell).replace("/", " "), language=language)


def _compiled(phrase: str, *, sets: Mapping[str, str], language: str, closed: bool) -> re.Pattern[str]:
    """An expression whose groups are the gaps: words that the phrase leaves open."""
    if closed and "*" in phrase:
        raise RulesInvalid([f"{language}: {phrase!r} has to name every word, without *."])
    pieces = []
    for piece in phrase.split():
        if not _TOKEN.fullmatch(piece):
            raise RulesInvalid([f"{language}: {piece!r} in {phrase!r} cannot be understood."])
        if piece == "*":
            pieces.append("((?:[^ ]+ ){0,6}?)")
            continue
        words = "|".join(_alternatives(piece.strip("()"), sets=sets, phrase=phrase, language=language))
        pieces.append(f"(?:{words}){'?' if piece.startswith('(') else ''}")
    return re.compile(f"(?<= ){''.join(pieces)}")


def _alternatives(piece: str, *, sets: Mapping[str, str], phrase: str, language: str) -> list[str]:
    def words_of_set(match: re.Match[str]) -> str:
        if match[1] in _TOKENS:
            return _TOKENS[match[1]]
        if match[1] not in sets:
            raise RulesInvalid([f"{language}: {phrase!r} names the set {match[1]!r}, which there is not."])
        return sets[match[1]]

    found = []
    for option in _SET.sub(words_of_set, _SET.sub(words_of_set, piece)).split("/"):
        if option in _TOKENS.values():
            found.append(f"{option} ")
            continue
        words = words_of(option.removesuffix("*"), language=language)
        if not words:
            raise RulesInvalid([f"{language}: {phrase!r} holds an alternative without letters."])
        found.append(" ".join(words) + ("[^ ]* " if option.endswith("*") else " "))
    return sorted(set(found), key=lambda words: (-len(words), words))
