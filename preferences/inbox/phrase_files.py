"""Read the data files that say how people and mail programs put things. A file with a mistake is refused whole."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from preferences.rules.read import RulesInvalid, Word, one_of, read_rows

# The languages in which requests are recognised; * stands for all of them.
LANGUAGES = ("en", "nb", "sv", "da", "fi", "nl", "de", "fr", "es", "pl")
ANY_LANGUAGE = "*"


def read_lines(data: bytes, *, columns: Sequence[str], what: type[StrEnum]) -> list[dict[str, str]]:
    """The lines of a file of three columns: a language, one of the words of `what`, and a text.

    Raises RulesInvalid, with every mistake named by its line: a language or a word that is unknown, the same line
    twice, a language that lacks one of the words.
    """
    problems: list[str] = []
    language, named, text = columns
    words = {
        language: one_of(ANY_LANGUAGE, *LANGUAGES),
        named: one_of(*what),
        text: Word(lambda cell: bool(cell) and cell == cell.strip(), "a text without space around it"),
    }
    rows = read_rows(data, columns=columns, words=words, key=columns, problems=problems)
    present = {(row[language], row[named]) for _number, row in rows}
    problems += [
        f"{code} has no {word}."
        for word in what
        for code in LANGUAGES
        if not {(code, word.value), (ANY_LANGUAGE, word.value)} & present
    ]
    if problems:
        raise RulesInvalid(problems)
    return [row for _number, row in rows]
