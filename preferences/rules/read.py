"""Read the files of rules. A file with a mistake is refused whole, with every mistake named by its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from preferences.enums import Channel, Confidence, ProfilingUse, Relationship, Requirement
from preferences.rules.countries import is_country
from preferences.rules.values import ANY, STRICTNESS, facts_missing

MARKETING_FILE = Path(__file__).with_name("marketing_rules.csv")
PROFILING_FILE = Path(__file__).with_name("profiling_rules.csv")

_LONGEST_LAW = 300
_COUNTRY_CODE = "two capital letters, ISO 3166-1"
_MARKETING = ("country", "channel", "relationship", "requirement", "law", "note", "confidence")
_PROFILING = ("country", "use", "requirement", "law", "note", "confidence")


class RulesInvalid(ValueError):
    """A file of rules that cannot be used. `problems` names all that is wrong with it, by line where there is one."""

    code = "rules_invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Word:
    """What a cell may hold, as a test and in words."""

    allows: Callable[[str], bool]
    what: str


def one_of(*words: str) -> Word:
    """One of these words, spelled so."""
    return Word(frozenset(words).__contains__, f"one of {', '.join(words)}")


def _is_text(text: str) -> bool:
    return "\x00" not in text


def _is_law(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_LAW and _is_text(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketingLine:
    """One line of marketing_rules.csv."""

    country: str
    channel: str
    relationship: str
    requirement: Requirement
    law: str
    note: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilingLine:
    """One line of profiling_rules.csv."""

    country: str
    use: ProfilingUse
    requirement: Requirement
    law: str
    note: str
    confidence: Confidence


def read_marketing_rules(data: bytes) -> list[MarketingLine]:
    """The lines of a file in the shape of marketing_rules.csv (UTF-8). Raises RulesInvalid.

    Every combination must have an answer: there is a row for all the world, and for each country one for any channel
    and relationship, whose note holds the country's facts. A row for any relationship must not be laxer than those
    beside it, since it answers for people whose relationship nobody knows.
    """
    problems: list[str] = []
    words = {
        "country": Word(lambda code: code == ANY or is_country(code), f"{_COUNTRY_CODE}, or {ANY}"),
        "channel": one_of(ANY, *Channel.values),
        "relationship": one_of(ANY, *Relationship.values),
    }
    rows = read_rows(data, columns=_MARKETING, words=words, key=_MARKETING[:3], problems=problems)
    problems += [
        f"Line {number}: the note lacks {fact}."
        for number, row in rows
        if row["country"] != ANY and row["channel"] == row["relationship"] == ANY
        for fact in facts_missing(row["note"])
    ]
    lines = {
        (row["country"], row["channel"], row["relationship"]): (number, _requirement(row))
        for number, row in rows
    }
    problems += _missing(lines.keys())
    for (country, channel, relationship), (number, requirement) in lines.items():
        general = lines.get((country, channel, ANY))
        if relationship != ANY and general and STRICTNESS[general[1]] < STRICTNESS[requirement]:
            problems.append(
                f"Line {general[0]}: {country}/{channel}/* is laxer than {relationship} in line {number};"
                " an unknown relationship must get the strictest."
            )
    if problems:
        raise RulesInvalid(problems)
    return [
        MarketingLine(
            country=row["country"],
            channel=row["channel"],
            relationship=row["relationship"],
            requirement=_requirement(row),
            law=row["law"],
            note=row["note"],
            confidence=Confidence(row["confidence"]),
        )
        for _number, row in rows
    ]


def read_profiling_rules(data: bytes) -> list[ProfilingLine]:
    """The lines of a file in the shape of profiling_rules.csv (UTF-8). Raises RulesInvalid."""
    problems: list[str] = []
    words = {"country": Word(is_country, _COUNTRY_CODE), "use": one_of(*ProfilingUse.values)}
    rows = read_rows(data, columns=_PROFILING, words=words, key=_PROFILING[:2], problems=problems)
    if problems:
        raise RulesInvalid(problems)
    return [
        ProfilingLine(
            country=row["country"],
            use=ProfilingUse(row["use"]),
            requirement=_requirement(row),
            law=row["law"],
            note=row["note"],
            confidence=Confidence(row["confidence"]),
        )
        for _number, row in rows
    ]


def read_rows(
    data: bytes,
    *,
    columns: Sequence[str],
    words: Mapping[str, Word],
    key: Sequence[str],
    problems: list[str],
) -> list[tuple[int, dict[str, str]]]:
    """The rows that are sound, with their line numbers; what is wrong with the others goes to `problems`.

    Raises RulesInvalid where nothing can be read at all.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RulesInvalid([f"Line {line}: not UTF-8."]) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, dict[str, str]]] = []
    seen: dict[tuple[str, ...], int] = {}
    try:
        if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
            raise RulesInvalid([f"Line 1: the column {name} is missing." for name in missing])
        for row in reader:
            number = reader.line_num
            wrong = _wrong_words(row, columns=columns, words=words)
            problems += [f"Line {number}: {problem}" for problem in wrong]
            if wrong:
                continue
            named = tuple(row[name] for name in key)
            if named in seen:
                problems.append(f"Line {number}: {'/'.join(named)} is in line {seen[named]} already.")
                continue
            seen[named] = number
            found.append((number, {name: row[name] for name in columns}))
    except csv.Error as error:
        # The row begins after the last that could be read.
        raise RulesInvalid([*problems, f"Line {reader.line_num + 1}: {error}."]) from error
    return found


def _wrong_words(
    row: Mapping[str | None, str | None],
    *,
    columns: Sequence[str],
    words: Mapping[str, Word],
) -> list[str]:
    """What is wrong with one row, in the order of its columns."""
    cells = {name: row.get(name) for name in columns}
    if None in row or None in cells.values():
        return [f"not {len(columns)} columns."]
    known = {
        **words,
        "requirement": one_of(*Requirement.values),
        "confidence": one_of(*Confidence.values),
        "law": Word(_is_law, f"at most {_LONGEST_LAW} characters"),
        "note": Word(_is_text, "characters that can be stored"),
    }
    return [
        f"{text!r} is no {name} ({known[name].what})." if text else f"the {name} is missing."
        for name, text in cells.items()
        if text is not None and not known[name].allows(text)
    ]


def _missing(keys: Iterable[tuple[str, str, str]]) -> list[str]:
    keys = set(keys)
    places = {ANY, *(country for country, _channel, _relationship in keys)}
    return [
        f"There is no row {place},*,*: some combinations would have no answer."
        for place in sorted(places)
        if (place, ANY, ANY) not in keys
    ]


def _requirement(row: Mapping[str, str]) -> Requirement:
    return Requirement(row["requirement"])
