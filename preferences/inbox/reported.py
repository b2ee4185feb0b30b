"""The frozen values that reports about mail of ours are read into."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """By what a report can be matched to a mail of ours.

    `addresses` in the spelling of `normalize_address`, the one we wrote to first, then where it went from there.
    `message_id` is that of our mail, without its angle brackets, or the id the e-mail service gave it. `stop_token` is
    the text of the token in its List-Unsubscribe, unchecked. Each may be empty.
    """

    addresses: tuple[str, ...] = ()
    message_id: str = ""
    stop_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Report):
    """A mail was not delivered: for good, because there is no such mailbox, or for now. `status` as in RFC 3463."""

    permanent: bool
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(Report):
    """Somebody reported a mail as spam. `type` is the Feedback-Type of RFC 5965."""

    type: str = "abuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscription(Report):
    """Somebody used the e-mail service's own unsubscribe link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What one message reports; nothing, where it only tells that mail arrived or is late.

    `is_feedback`: it is a mailbox provider's feedback (RFC 5965), of which not every type complains. `occurred_at` is
    when that happened, where the e-mail service tells it.
    """

    failures: tuple[Failure, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    unsubscriptions: tuple[Unsubscription, ...] = ()
    is_feedback: bool = False
    occurred_at: dt.datetime | None = None
