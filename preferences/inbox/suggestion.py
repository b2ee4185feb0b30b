"""What a message asks to stop, as it is kept on its row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from preferences.enums import Channel, Kind
from preferences.scope import Scope


def to_json(scopes: Iterable[Scope]) -> list[dict[str, Any]]:
    """Scopes for `Message.suggestion`: `[{"kind": "marketing", "brand": 1, "purpose": null, "channel": null}]`."""
    return [
        {"kind": scope.kind, "brand": scope.brand, "purpose": scope.purpose, "channel": scope.channel}
        for scope in scopes
    ]


def from_json(suggestion: Sequence[dict[str, Any]]) -> list[Scope]:
    """The scopes that `to_json` wrote."""
    return [
        Scope(
            kind=Kind(part["kind"]),
            brand=part["brand"],
            purpose=part["purpose"],
            channel=Channel(part["channel"]) if part["channel"] else None,
        )
        for part in suggestion
    ]
