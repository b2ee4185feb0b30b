"""Sets of national rules as frozen values, and which rule of a set holds. No ORM, no clock.

`marketing_rules.md` beside this file explains the columns, the precedence, and what is uncertain.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from preferences.enums import Channel, Relationship, Requirement

ANY = "*"
# What a rule says, besides where it holds.
VALUES = ("requirement", "law", "note", "confidence")
# From the strictest to the laxest, as the enum lists them.
STRICTNESS = {requirement: -position for position, requirement in enumerate(Requirement)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What marketing needs in one country (ISO 3166-1), on one channel, for one relationship; `*` stands for any.

    `law` is the source relied on, `confidence` how sure the research is ("high", "medium", "low").
    """

    country: str
    channel: str
    relationship: str
    requirement: Requirement
    law: str
    note: str
    confidence: str

    @property
    def id(self) -> str:
        """The natural key, such as "NO/email/consumer_customer": what a verdict names."""
        return f"{self.country}/{self.channel}/{self.relationship}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilingRow:
    """What one profiling purpose (its key) needs in one country; `*` is the purpose's own default."""

    purpose: str
    country: str
    requirement: Requirement
    law: str
    note: str
    confidence: str

    @property
    def id(self) -> str:
        """The natural key, such as "email-tracking/FR"."""
        return f"{self.purpose}/{self.country}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryFacts:
    """What a country's rules say besides: the youngest age to consent alone (None for no limit), and whether there
    is a do-not-call register to look into before calling."""

    minimum_age: int | None
    has_register: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All rules that are in force together. Equal content has the same `version`, wherever it was made."""

    version: str
    marketing: Mapping[tuple[str, str, str], Rule]
    profiling: Mapping[tuple[str, str], ProfilingRow]
    _facts: Mapping[str, CountryFacts] = field(repr=False)
    _nowhere: CountryFacts = field(repr=False)
    # Answers given before: a set never changes, and the same few are asked for ten thousand people.
    _found: dict[tuple[str, ...], Rule | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, *, marketing: Iterable[Rule], profiling: Iterable[ProfilingRow]) -> Self:
        """The set of these rules, in any order."""
        rules = {
            (rule.country, rule.channel, rule.relationship): rule
            for rule in sorted(marketing, key=lambda rule: rule.id)
        }
        rows = {(row.purpose, row.country): row for row in sorted(profiling, key=lambda row: row.id)}
        notes = {
            country: facts_in(rule.note)
            for (country, channel, relationship), rule in rules.items()
            if country != ANY and channel == relationship == ANY
        }
        highest_age = max((int(age) for facts in notes.values() if (age := _age(facts))), default=None)
        return cls(
            version=_fingerprint(_content(rules.values(), rows.values())),
            marketing=rules,
            profiling=rows,
            _facts={country: _country_facts(facts, highest_age) for country, facts in notes.items()},
            _nowhere=_country_facts({}, highest_age),
        )

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Self:
        """The set that `content` was made from."""
        return cls.of(
            marketing=(
                Rule(**{**row, "requirement": Requirement(row["requirement"])})
                for row in content["marketing"]
            ),
            profiling=(
                ProfilingRow(**{**row, "requirement": Requirement(row["requirement"])})
                for row in content["profiling"]
            ),
        )

    @property
    def content(self) -> dict[str, list[dict[str, str]]]:
        """All of it as JSON would hold it, in a fixed order: what the version is the hash of."""
        return _content(self.marketing.values(), self.profiling.values())

    @property
    def countries(self) -> frozenset[str]:
        """The countries that have rules of their own for marketing."""
        return frozenset(self._facts)

    def marketing_rule(
        self, *, country: str, channel: Channel, relationship: Relationship | None
    ) -> Rule | None:
        """The rule for reaching somebody in `country` ("" for unknown) on `channel`.

        Exact country beats any, then exact channel, then exact relationship. A country without rows gets the rows for
        any country. An unknown relationship gets the strictest rule of all relationships, which in the files is the
        row for any relationship; staff may have edited it. None only where the set has no row for all the world.
        """
        asked = (country, channel, relationship or "")
        if asked not in self._found:
            self._found[asked] = self._look_up(
                country=country, channel=channel.value, relationship=relationship
            )
        return self._found[asked]

    def _look_up(self, *, country: str, channel: str, relationship: Relationship | None) -> Rule | None:
        if relationship:
            return self._most_exact(country=country, channel=channel, relationship=relationship.value)
        rules = [
            rule
            for word in (ANY, *Relationship.values)
            if (rule := self._most_exact(country=country, channel=channel, relationship=word))
        ]
        return max(rules, key=lambda rule: STRICTNESS[rule.requirement], default=None)

    def _most_exact(self, *, country: str, channel: str, relationship: str) -> Rule | None:
        for country_ in (country, ANY):
            for channel_ in (channel, ANY):
                for relationship_ in (relationship, ANY):
                    rule = self.marketing.get((country_, channel_, relationship_))
                    if rule is not None:
                        return rule
        return None

    def profiling_rule(self, *, purpose: str, country: str) -> ProfilingRow | None:
        """The row for a profiling purpose (its key) in `country`: the country's own, else the purpose's default.

        For a country nobody knows, or one without rules, the strictest row of the purpose. None for a purpose that is
        not in the set.
        """
        row = self.profiling.get((purpose, country))
        if row is not None and country != ANY:
            return row
        if country in self._facts:
            return self.profiling.get((purpose, ANY))
        rows = [row for (of_purpose, _country), row in self.profiling.items() if of_purpose == purpose]
        return max(rows, key=lambda row: (STRICTNESS[row.requirement], row.id), default=None)

    def country_facts(self, country: str) -> CountryFacts:
        """What the country's rules say besides; for a country without rules, the strictest there is."""
        return self._facts.get(country, self._nowhere)


def _content(marketing: Iterable[Rule], profiling: Iterable[ProfilingRow]) -> dict[str, list[dict[str, str]]]:
    return {
        "marketing": [
            {
                "country": rule.country,
                "channel": rule.channel,
                "relationship": rule.relationship,
                "requirement": rule.requirement.value,
                "law": rule.law,
                "note": rule.note,
                "confidence": str(rule.confidence),
            }
            for rule in marketing
        ],
        "profiling": [
            {
                "purpose": row.purpose,
                "country": row.country,
                "requirement": row.requirement.value,
                "law": row.law,
                "note": row.note,
                "confidence": str(row.confidence),
            }
            for row in profiling
        ],
    }


def _fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the content as JSON without blanks, its keys sorted."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def facts_in(note: str) -> dict[str, str]:
    """The facts in the note of a country's row for any channel and relationship: `key=value` divided by "; "."""
    return dict(re.findall(r"(?:^|; )(\w+)=([^;]*)", note))


def facts_missing(note: str) -> list[str]:
    """Which facts a country's note lacks, or tells in a way that cannot be read, as they should be written."""
    facts = facts_in(note)
    readable = {
        "min_age=NUMBER (or none)": _age(facts) or facts.get("min_age") == "none",
        "dnc=REGISTER (or none)": facts.get("dnc", "").strip(),
    }
    return [fact for fact, found in readable.items() if not found]


def _country_facts(facts: Mapping[str, str], highest_age: int | None) -> CountryFacts:
    """The facts as values. One that cannot be read gets the strictest answer."""
    age = _age(facts)
    return CountryFacts(
        minimum_age=None if facts.get("min_age") == "none" else int(age) if age else highest_age,
        has_register=not facts.get("dnc", "").strip().lower().startswith("none"),
    )


def _age(facts: Mapping[str, str]) -> str:
    """The digits of the minimum age; "" where the facts name none that can be read."""
    found = re.fullmatch(r"[0-9]{1,2}", facts.get("min_age", ""))
    return found[0] if found else ""
