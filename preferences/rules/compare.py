"""What tells two sets of rules apart. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from preferences.rules.values import VALUES, ProfilingRow, Rule, RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A rule (its id) that is not the same in both sets, as {column: value} for what differs.

    `before` is None for a rule that came, `after` for one that went; the other then holds every column.
    """

    rule: str
    before: Mapping[str, str] | None
    after: Mapping[str, str] | None


def differences(*, before: RuleSet, after: RuleSet) -> list[Difference]:
    """Everything that differs, ordered by rule."""
    old, new = _by_id(before), _by_id(after)
    found = []
    for rule in sorted(old.keys() | new.keys()):
        was, is_now = old.get(rule), new.get(rule)
        if was is not None and is_now is not None:
            columns = [name for name in VALUES if was[name] != is_now[name]]
            was, is_now = ({name: values[name] for name in columns} for values in (was, is_now))
        if was != is_now:
            found.append(Difference(rule=rule, before=was, after=is_now))
    return found


def _by_id(rules: RuleSet) -> dict[str, dict[str, str]]:
    rows: list[Rule | ProfilingRow] = [*rules.marketing.values(), *rules.profiling.values()]
    return {rule.id: {name: str(getattr(rule, name)) for name in VALUES} for rule in rows}
