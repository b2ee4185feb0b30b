"""Read what the e-mail service says became of a mail of ours."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import TypedDict

from preferences.inbox.decode_text import clean_text
from preferences.inbox.report_fields import find_addresses
from preferences.inbox.reported import Complaint, Failure, Reports, Unsubscription
from preferences.inbox.statuses import Assessment, assess

_LONGEST_ID = 200
_FIELDS = (
    "event_type",
    "recipient",
    "message_id",
    "reject_reason",
    "description",
    "mta_response",
    "timestamp",
)


class _About(TypedDict):
    addresses: tuple[str, ...]
    message_id: str


def read_event(raw: bytes) -> Reports | None:
    """What an event says, from the JSON that was stored of it, in anymail's words; None where it cannot be read."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    told = {
        name: clean_text(text).strip() if isinstance(text := event.get(name), str) else "" for name in _FIELDS
    }
    return _reports(told, permanent=event.get("permanent")) if told["event_type"] else None


def _reports(told: Mapping[str, str], *, permanent: object) -> Reports:
    about = _About(
        addresses=find_addresses([told["recipient"]]),
        message_id="".join(told["message_id"].split()).strip("<>")[:_LONGEST_ID],
    )
    occurred_at = _instant(told["timestamp"])
    match told["event_type"], told["reject_reason"]:
        # Rejected, because they are on the service's own list of whom not to write to.
        case ("complained", _) | ("rejected", "spam"):
            return Reports(complaints=(Complaint(**about),), occurred_at=occurred_at)
        case ("unsubscribed", _) | ("rejected", "unsubscribed"):
            return Reports(unsubscriptions=(Unsubscription(**about),), occurred_at=occurred_at)
        case ("bounced", _) | ("rejected" | "failed", "invalid" | "bounced" | "blocked" | "timed_out"):
            assessment = _assess(told, permanent=permanent)
            failure = Failure(permanent=assessment.permanent, status=assessment.status, **about)
            return Reports(failures=(failure,), occurred_at=occurred_at)
        case _:
            # Deferred mail may still arrive; what failed or was rejected otherwise says nothing of the address.
            return Reports(occurred_at=occurred_at)


def _assess(told: Mapping[str, str], *, permanent: object) -> Assessment:
    """By what the mail server answered and what the service made of it; whoever does not blame the address is believed.

    The reason "bounced" alone says little: several services give it for full mailboxes too.
    """
    words = f"{told['mta_response'][:1000]} {told['description'][:1000]}"
    match told["reject_reason"]:
        case "blocked" | "spam":
            return assess(status="5.7.0")
        case "timed_out":
            return assess(status="4.4.7", diagnostic=words)
        case _ if permanent is False:
            return assess(status="4.0.0", diagnostic=words)
        case "invalid":
            return assess(status="5.1.3", diagnostic=words)
        case "" | "bounced" if permanent or told["event_type"] != "bounced" or not words.strip():
            # The service says so, did not even try, or nothing else is said.
            return assess(status="5.1.0", diagnostic=words)
        case _:
            return assess(diagnostic=words)


def _instant(text: str) -> dt.datetime | None:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None
