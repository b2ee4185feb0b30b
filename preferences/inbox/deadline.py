"""Until when staff have to deal with a message."""

from __future__ import annotations

import datetime as dt

from preferences.enums import MessageKind
from preferences.models import Message
from preferences.rules.deadlines import due_at


def deadline_of(message: Message) -> dt.datetime | None:
    """By its kind and the country of the person, as far as they are known. What was taken for nothing to answer, and
    waits all the same, may be any request."""
    country = message.recipient.country if message.recipient else ""
    kind = MessageKind(message.kind or MessageKind.UNCLEAR)
    return due_at(kind=kind, country=country, received_at=message.received_at) or due_at(
        kind=MessageKind.UNCLEAR, country=country, received_at=message.received_at
    )
