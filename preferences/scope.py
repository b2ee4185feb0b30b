"""Scope: what a statement covers. Pure values; shared by the write path and the read path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from preferences.enums import Channel, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """(kind, brand or all, purpose or all, channel or all); None stands for "all".

    `brand` and `purpose` are primary keys. A topic's scope bears its brand too, so that covering is a
    comparison field by field. Profiling has no channel.
    """

    kind: Kind
    brand: int | None = None
    purpose: int | None = None
    channel: Channel | None = None

    def covers(self, other: Scope) -> bool:
        """True where everything `other` speaks of, this scope speaks of too."""
        return (
            self.kind == other.kind
            and self.brand in (None, other.brand)
            and self.purpose in (None, other.purpose)
            and self.channel in (None, other.channel)
        )

    def overlaps(self, other: Scope) -> bool:
        """True where at least one thing could be covered by both."""
        return (
            self.kind == other.kind
            and (self.brand is None or other.brand is None or self.brand == other.brand)
            and (self.purpose is None or other.purpose is None or self.purpose == other.purpose)
            and (self.channel is None or other.channel is None or self.channel == other.channel)
        )

    @property
    def is_single(self) -> bool:
        """True for one topic on one channel, or one profiling purpose: all that a yes can be given for."""
        if self.kind is Kind.PROFILING:
            return self.purpose is not None and self.channel is None
        return self.purpose is not None and self.channel is not None

    @classmethod
    def all_marketing(cls) -> Self:
        return cls(kind=Kind.MARKETING)

    @classmethod
    def all_profiling(cls) -> Self:
        return cls(kind=Kind.PROFILING)
