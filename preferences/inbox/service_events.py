"""What an e-mail service posts, as it is stored: mail as MIME, what became of our mails as JSON."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from anymail.inbound import AnymailInboundMessage
from django.conf import settings
from django.utils import timezone

from preferences.enums import Intake
from preferences.inbox.store import Incoming, MessageRefused

# What becomes of a mail of ours and concerns us, in anymail's words. Who opened or clicked is nobody's business here.
_KEPT = frozenset({"bounced", "complained", "deferred", "failed", "rejected", "unsubscribed"})

# Where in its post a service puts the message as it was received. The others, and these when they are set up so,
# take it apart.
_RAW: Mapping[str, tuple[str, ...]] = {
    "amazon_ses": ("content",),
    "mailersend": ("data", "raw"),
    "mailgun": ("body-mime",),
    "mandrill": ("msg", "raw_msg"),
    "postal": ("message",),
    "postmark": ("RawEmail",),
    "sendgrid": ("email",),
    "sparkpost": ("msys", "relay_message", "content", "email_rfc822"),
}
# Where a service says whether a bounce is for good, and in which words. anymail calls all of them "bounced".
_BOUNCE: Mapping[str, tuple[str, ...]] = {
    "amazon_ses": ("bounce", "bounceType"),
    "brevo": ("event",),
    "mailersend": ("data", "type"),
    "mailgun": ("event-data", "severity"),
    "mailjet": ("hard_bounce",),
    "mailtrap": ("event",),
    "mandrill": ("event",),
    "postmark": ("Type",),
    "resend": ("data", "bounce", "type"),
    "sendgrid": ("type",),
    "sparkpost": ("msys", "message_event", "bounce_class"),
    "unisender_go": ("status",),
}
_FOR_GOOD = frozenset(
    {
        "bademailaddress",
        "bounce",
        "hard_bounce",
        "hard_bounced",
        "hardbounce",
        "invalid_email",
        "permanent",
        "true",
    }
    # SparkPost's classes: no such recipient, and unsubscribed.
    | {"10", "30", "90"}
)
_FOR_NOW = frozenset(
    {"blocked", "dnserror", "false", "soft bounce", "soft_bounce", "soft_bounced", "softbounce", "temporary"}
    | {"transient"}
    # Soft bounces, mailbox full, message too large, time out, blocked by the receiver.
    | {"20", "21", "22", "23", "24", "50", "51", "52", "53", "54", "70"}
)


def read_posted(event: Any, *, source: Mapping[str, Any]) -> Incoming | None:
    """What is to be stored of an event that anymail read from `source`: a mail, a report about one of ours, or nothing.

    A report is a JSON object in UTF-8 with every key always there, null where the service does not say:
    `esp`, `event_id`, `event_type` (a word of _KEPT), `recipient`, `message_id` (the service's name for our mail),
    `permanent` (whether a bounce is for good), `reject_reason` (anymail's word), `description` and `mta_response` (the
    words of the service and of the receiving server), `timestamp` (2026-05-03T14:00:00Z).
    """
    if event is None:
        # What some services send to try out the address.
        return None
    if event.event_type == "inbound":
        message = event.message
        return Incoming(
            raw=_raw(source) or _written_out(message),
            intake=Intake.WEBHOOK,
            envelope_sender=message.envelope_sender or "",
            recipients=tuple((message.envelope_recipient or "").split(",")),
        )
    if event.event_type not in _KEPT:
        return None
    # Not known by the service's id alone: one notification of Amazon's is about several recipients.
    return _as_report(_report(event, source=source))


def unread_report(events: Sequence[Any]) -> Incoming:
    """One report that holds the events of a post that could not be read, as they were posted. It waits for staff."""
    return _as_report({"esp": settings.ESP, "unread": events})


def _as_report(fields: Mapping[str, Any]) -> Incoming:
    report = json.dumps(fields, sort_keys=True, default=str).encode()
    name = hashlib.sha256(report).hexdigest()
    return Incoming(raw=report, intake=Intake.WEBHOOK, report=f"{settings.ESP}:{name}")


def _raw(source: Mapping[str, Any]) -> bytes | None:
    """The message as it was received, where the service hands it on."""
    path = _RAW.get(settings.ESP)
    found = _at(source, path) if path else None
    raw = found.encode(errors="replace") if isinstance(found, str) else found
    if not raw:
        return None
    # A header has a colon, and base64 has none.
    return bytes(raw) if b":" in raw[:10_000] else base64.b64decode(raw)


def _written_out(message: AnymailInboundMessage) -> bytes:
    """A message that was taken apart, put together again.

    In the same bytes each time, so that it is known when it comes again. Raises MessageRefused.
    """
    if "Message-ID" not in message and not message.get("From"):
        # Nothing of a mail: the library makes one of nothing.
        raise MessageRefused("empty")
    parts = list(message.walk())
    leaves = [str(part.get_payload()) for part in parts if not part.is_multipart()]
    digest = hashlib.sha256("\0".join(leaves).encode(errors="replace")).hexdigest()
    for number, part in enumerate(parts):
        if part.get_content_maintype() == "multipart" and not part.get_boundary():
            part.set_boundary(f"{digest[:40]}-{number}")
    try:
        return message.as_bytes()
    except (AttributeError, LookupError, ValueError):
        # A header that cannot be put into ASCII by the rules.
        return message.as_bytes(policy=message.policy.clone(utf8=True, refold_source="none"))


def _report(event: Any, *, source: Mapping[str, Any]) -> dict[str, str | bool | None]:
    """The report of an e-mail service as it is stored. What the service does not say is None."""
    return {
        "esp": settings.ESP,
        "event_id": _text(event.event_id),
        "event_type": event.event_type,
        "recipient": _text(event.recipient),
        "message_id": _text(event.message_id),
        "permanent": _is_permanent(event, source=source),
        "reject_reason": _text(event.reject_reason),
        "description": _text(event.description),
        "mta_response": _text(event.mta_response),
        "timestamp": _moment(event.timestamp),
    }


def _is_permanent(event: Any, *, source: Mapping[str, Any]) -> bool | None:
    """Whether the address is no good for good; None where the service does not say."""
    if event.event_type == "deferred":
        return False
    if event.reject_reason == "invalid":
        return True
    path = _BOUNCE.get(settings.ESP) if event.event_type == "bounced" else None
    word = str(_at(source, path)).lower() if path else ""
    if word in _FOR_GOOD:
        return True
    return False if word in _FOR_NOW else None


def _at(source: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        source = source.get(name) if isinstance(source, Mapping) else None
    return source


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)[:2000]


def _moment(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    aware = moment if timezone.is_aware(moment) else moment.replace(tzinfo=dt.UTC)
    return f"{aware.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
