"""National rules: taken over from files, and published as the set that decisions read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from preferences.enums import Kind, Requirement
from preferences.models import MarketingRule, ProfilingRule, PublishedRules, Purpose
from preferences.rules.read import MarketingLine, ProfilingLine
from preferences.rules.values import ANY, VALUES, ProfilingRow, Rule, RuleSet

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('preferences.rules', 0))"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRule:
    """A rule that staff have edited, or whose row is gone from the file, and that was left as it is.

    `ours` holds what stands in the table and `theirs` what the file says, as {column: value} for the columns that
    differ; `theirs` is None where the file has no such row any more.
    """

    rule: str
    ours: Mapping[str, str]
    theirs: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What loading did: the ids of the rules added, changed and removed, and those that were kept.

    `published` is the version in force afterwards, `is_new` whether it came into force by this.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[KeptRule, ...]
    published: str
    is_new: bool

    @property
    def changes(self) -> bool:
        """Whether anything is other than before."""
        return bool(self.added or self.changed or self.removed or self.is_new)


def load_rules(
    *, marketing: Sequence[MarketingLine], profiling: Sequence[ProfilingLine], now: dt.datetime
) -> LoadReport:
    """Bring the tables in line with the files and publish the outcome, all in one transaction.

    Doing it again changes nothing. A rule that staff have edited since it was loaded, and one they added, stays as it
    is; the report shows the difference.
    """
    with transaction.atomic():
        lock_rules()
        before = _newest()
        done = _Done()
        _load(MarketingRule, ("country", "channel", "relationship"), marketing, done=done)
        _load(ProfilingRule, ("country", "use"), profiling, done=done)
        published = publish_rules(now=now)
    return LoadReport(
        added=tuple(done.added),
        changed=tuple(done.changed),
        removed=tuple(done.removed),
        kept=tuple(done.kept),
        published=published.version,
        is_new=before is None or before.pk != published.pk,
    )


def lock_rules() -> None:
    """Wait for whoever else is editing or publishing rules; they wait for the end of this transaction in turn.

    Two publishers come one after the other, so that the newest set holds what both wrote. Taken before the first row
    is written, the lock cannot meet another in a deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def publish_rules(*, now: dt.datetime) -> PublishedRules:
    """Publish what the tables and the profiling purposes say now, and return it; the set in force where nothing
    differs. Whoever edits a rule, a profiling purpose's default or its use calls `lock_rules` before and this
    afterwards, all in one transaction.
    """
    with transaction.atomic():
        lock_rules()
        rules = rules_in_tables()
        newest = _newest()
        if newest and newest.version == rules.version:
            return newest
        return PublishedRules.objects.create(version=rules.version, content=rules.content, in_force_from=now)


def _newest() -> PublishedRules | None:
    return PublishedRules.objects.defer("content").order_by("-pk").first()


def rules_in_tables() -> RuleSet:
    """The rules as staff see and edit them, each profiling rule spelled out for every purpose of its use."""
    purposes = Purpose.objects.filter(kind=Kind.PROFILING)
    by_use: dict[str, list[ProfilingRule]] = {}
    for rule in ProfilingRule.objects.all():
        by_use.setdefault(rule.use, []).append(rule)
    return RuleSet.of(
        marketing=(
            Rule(
                country=rule.country,
                channel=rule.channel,
                relationship=rule.relationship,
                requirement=Requirement(rule.requirement),
                law=rule.law,
                note=rule.note,
                confidence=rule.confidence,
            )
            for rule in MarketingRule.objects.all()
        ),
        profiling=[
            row
            for purpose in purposes
            for row in (
                _row(purpose, country=ANY, requirement=purpose.requirement),
                *(
                    _row(
                        purpose,
                        country=rule.country,
                        requirement=rule.requirement,
                        law=rule.law,
                        note=rule.note,
                        confidence=rule.confidence,
                    )
                    for rule in by_use.get(purpose.use, [])
                ),
            )
        ],
    )


def _row(
    purpose: Purpose, *, country: str, requirement: str, law: str = "", note: str = "", confidence: str = ""
) -> ProfilingRow:
    return ProfilingRow(
        purpose=purpose.key,
        country=country,
        requirement=Requirement(requirement),
        law=law,
        note=note,
        confidence=confidence,
    )


class _Done:
    """What loading has done so far."""

    def __init__(self) -> None:
        self.added: list[str] = []
        self.changed: list[str] = []
        self.removed: list[str] = []
        self.kept: list[KeptRule] = []


def _load(
    model: type[MarketingRule | ProfilingRule], key: tuple[str, ...], lines: Sequence[Any], *, done: _Done
) -> None:
    """Bring one table in line with one file."""
    there = {tuple(getattr(rule, name) for name in key): rule for rule in model.objects.all()}
    for line in lines:
        values = {name: str(getattr(line, name)) for name in VALUES}
        rule = there.pop(tuple(str(getattr(line, name)) for name in key), None)
        if rule is None:
            rule = model(**{name: str(getattr(line, name)) for name in key}, **values, shipped=values)
            rule.save()
            done.added.append(str(rule))
            continue
        ours = rule.values
        if ours == values:
            # Staff and the file agree, however they came to it.
            if rule.shipped != values:
                rule.shipped = values
                rule.save()
        elif ours == rule.shipped:
            for name, value in values.items():
                setattr(rule, name, value)
            rule.shipped = values
            rule.save()
            done.changed.append(str(rule))
        else:
            different = [name for name in values if ours[name] != values[name]]
            done.kept.append(
                KeptRule(
                    rule=str(rule),
                    ours={name: ours[name] for name in different},
                    theirs={name: values[name] for name in different},
                )
            )
    for rule in there.values():
        if rule.values != rule.shipped:
            done.kept.append(KeptRule(rule=str(rule), ours=rule.values, theirs=None))
        else:
            done.removed.append(str(rule))
            rule.delete()
