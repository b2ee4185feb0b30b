"""What may be changed about a person without making the law laxer for them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from preferences.enums import Channel, Reason, Relationship, Requirement
from preferences.rules.evaluate import Facts, too_young
from preferences.rules.values import STRICTNESS, RuleSet

# A country or a relationship decides which law holds; these two say nothing about it.
_FREE = ("language", "organisation")
_BY_LAW = ("country", "relationship")
# Without consent a call needs a look into the register, where there is one.
_SCREENED = {Requirement.OPT_OUT, Requirement.SOFT_OPT_IN}
# How `relaxed` names what is no channel.
AGE = "age"
PROFILING = "profiling:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a person besides addresses; empty for what is not."""

    language: str = ""
    country: str = ""
    relationship: str = ""
    organisation: str = ""
    born_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A profile as it is to be from now on, and the names of the fields that were empty (`filled`), had another
    value (`changed`), and keep the value they have (`kept`)."""

    profile: Profile
    filled: tuple[str, ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]


def edit_profile(*, known: Profile, told: Mapping[str, Any], rules: RuleSet, today: dt.date) -> Edit:
    """`known` with what was told, as far as that fills a gap or makes no rule laxer for the person.

    What is empty in `told` says nothing. A known country or relationship is changed where no rule for any channel or
    profiling purpose becomes laxer by it, a known date of birth to a later one only.
    """
    told = {name: value for name, value in told.items() if value}
    filled = {name: value for name, value in told.items() if not getattr(known, name)}
    differing = {name: value for name, value in told.items() if value != getattr(known, name)}
    profile = replace(known, **filled)
    free = {name: differing[name] for name in _FREE if name in differing and name not in filled}
    if "born_on" in differing and known.born_on and differing["born_on"] > known.born_on:
        free["born_on"] = differing["born_on"]
    profile = replace(profile, **free)
    by_law = {name: differing[name] for name in _BY_LAW if name in differing and name not in filled}
    # Both at once where that does, since one of them alone may be laxer; else each that does by itself.
    for step in (by_law, *({name: by_law[name]} for name in by_law)):
        candidate = replace(profile, **step)
        if not relaxed(before=profile, after=candidate, rules=rules, today=today):
            profile = candidate
    others = [name for name in differing if name not in filled]
    return Edit(
        profile=profile,
        filled=tuple(sorted(filled)),
        changed=tuple(sorted(name for name in others if getattr(profile, name) == differing[name])),
        kept=tuple(sorted(name for name in others if getattr(profile, name) != differing[name])),
    )


def relaxed(*, before: Profile, after: Profile, rules: RuleSet, today: dt.date) -> tuple[str, ...]:
    """What becomes laxer for the person where `before` turns into `after`: the channels on which, and the profiling
    purposes for which less is required (PROFILING and the key), and AGE where their age no longer forbids it.
    """
    if all(getattr(before, name) == getattr(after, name) for name in (*_BY_LAW, "born_on")):
        return ()
    old, new = _strictness(before, rules), _strictness(after, rules)
    found = tuple(name for name, strictness in old.items() if new[name] < strictness)
    younger = _age_bar(after, rules, today) < _age_bar(before, rules, today)
    return (*found, AGE) if younger else found


def _strictness(profile: Profile, rules: RuleSet) -> dict[str, tuple[int, bool]]:
    """How strict each rule for the person is, by channel and profiling purpose; a higher value is stricter."""
    relationship = Relationship(profile.relationship) if profile.relationship else None
    has_register = rules.country_facts(profile.country).has_register
    found: dict[str, tuple[int, bool]] = {}
    for channel in Channel:
        rule = rules.marketing_rule(country=profile.country, channel=channel, relationship=relationship)
        requirement = rule.requirement if rule else Requirement.DOUBLE_OPT_IN
        is_screened = channel is Channel.PHONE and requirement in _SCREENED
        found[channel.value] = STRICTNESS[requirement], is_screened and has_register
    for purpose in sorted({purpose for purpose, _country in rules.profiling}):
        row = rules.profiling_rule(purpose=purpose, country=profile.country)
        requirement = row.requirement if row else Requirement.DOUBLE_OPT_IN
        # There is no sale that profiling could rest on.
        if requirement is Requirement.SOFT_OPT_IN:
            requirement = Requirement.OPT_IN
        found[f"{PROFILING}{purpose}"] = STRICTNESS[requirement], False
    return found


def _age_bar(profile: Profile, rules: RuleSet, today: dt.date) -> tuple[int, int]:
    """How firmly the person's age stands in the way: not at all, as long as it is unknown, or until an age."""
    country = rules.country_facts(profile.country)
    facts = Facts(born_on=profile.born_on, asks_age=True)
    match too_young(facts=facts, country=country, today=today):
        case Reason.BELOW_MINIMUM_AGE:
            return 2, country.minimum_age or 0
        case Reason.AGE_UNKNOWN:
            return 1, 0
        case _:
            return 0, 0
