"""What national law asks for before marketing may be sent: the researched defaults, looked up. No ORM, no clock.

Source: `marketing_rules.csv` beside this file; `marketing_rules.md` explains its columns, its precedence and what
is uncertain in it.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from preferences.enums import Channel, Relationship, Requirement

_ANY = "*"
FILE = Path(__file__).with_name("marketing_rules.csv")


def required_permission(*, country: str, channel: Channel, relationship: Relationship | None) -> Requirement:
    """The permission needed to reach somebody in `country` (ISO 3166-1 alpha-2; "" for unknown) on `channel`.

    Exact country beats any, then exact channel, then exact relationship. A country without rows, and a
    relationship nobody knows, get the strictest row that could apply.
    """
    rules = _rules()
    for country_ in (country, _ANY):
        for channel_ in (channel.value, _ANY):
            for relationship_ in (relationship.value if relationship else _ANY, _ANY):
                requirement = rules.get((country_, channel_, relationship_))
                if requirement is not None:
                    return requirement
    return Requirement.DOUBLE_OPT_IN


@cache
def _rules() -> dict[tuple[str, str, str], Requirement]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row["country"], row["channel"], row["relationship"]): Requirement(row["requirement"])
            for row in csv.DictReader(file)
        }
