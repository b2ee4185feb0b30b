"""Store an e-mail that came in, whichever way it came. Whoever sent it is told "accepted" after this and not before."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from preferences.enums import Hold, Intake, MessageState
from preferences.identity import LONGEST_ADDRESS
from preferences.inbox.handle import handle_message
from preferences.models import Message, MessageCopy

# Everything else has a default that is empty; the model is where they are explained.
_INSERT = """
    INSERT INTO preferences_message
           (key, received_at, intake, is_report, envelope_sender, recipients, size, raw, state,
            kind, hold, sender, subject, text, evidence, suggestion, note)
    VALUES {rows}
        ON CONFLICT (key) DO NOTHING
 RETURNING key, id
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, 'received', '', '', '', '', '', '{}', '[]', '')"

# What staff have decided about a message stands; should it come to another address, they look once more.
_LEFT_TO_STAFF = {MessageState.SETTLED, MessageState.DISMISSED}
# As many envelope recipients as one message is kept with, however often it comes.
_MOST_RECIPIENTS = 200
# No header is looked for beyond these many bytes; mail servers take far less.
_LONGEST_HEAD = 256 * 1024
_END_OF_HEAD = re.compile(rb"(?:\A|\r?\n)\r?\n")
_END_OF_FIELD = re.compile(rb"\r?\n(?![ \t])")
_FIELDS = {
    name: re.compile(rb"^" + name + rb"[ \t]*:", re.IGNORECASE | re.MULTILINE)
    for name in (b"Message-ID", b"From", b"Subject")
}
_SPACE = b" \t\r\n\v\f"
# What the envelope of a bounce bears instead of a sender: in SMTP, and in the arguments of a pipe.
_NO_SENDER = {"<>", "mailer-daemon"}


class MessageRefused(Exception):
    """The message is none that can be stored. `code` is empty or too_large."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What came in. `raw` is the message as received, MIME, or the JSON of a report where `report` names one.

    `envelope_sender` and `recipients` are as the mail server had them; `report` is the id under which the e-mail
    service knows the report.
    """

    raw: bytes
    intake: Intake
    envelope_sender: str = ""
    recipients: tuple[str, ...] = ()
    report: str = ""


class _Split(NamedTuple):
    head: bytes
    body: bytes


def store(incoming: Incoming, *, now: dt.datetime) -> int:
    """Store a message and have it handled; return the id of its Message. Committed when this returns.

    The same message once more is the same Message: one with the same Message-ID and From, or the same in every byte
    where it has no Message-ID. Recipients of the envelope that are new are added, and it is handled again where
    nothing in the message named them. Where it comes with another text, that is kept beside the first, and the message
    waits for staff.

    Raises MessageRefused. Every error of the database passes through: the message is not stored, and whoever brings it
    has to try again.
    """
    require_storable(incoming)
    (message,) = store_many([incoming], now=now)
    return message


def require_storable(incoming: Incoming) -> None:
    """Raise MessageRefused where a message is empty or larger than MAIL_MAX_BYTES."""
    if not incoming.raw.strip():
        raise MessageRefused("empty")
    if len(incoming.raw) > settings.MAIL_MAX_BYTES:
        raise MessageRefused("too_large")


def store_many(incoming: Sequence[Incoming], *, now: dt.datetime) -> list[int]:
    """`store` for several messages that are storable, in one transaction: all of them are stored, or none."""
    keyed = [(_key(one), one) for one in incoming]
    stored: dict[str, int] = {}
    again = []
    with transaction.atomic():
        inserted = _insert(keyed, now=now)
        for key, one in keyed:
            if key in inserted and key not in stored:
                stored[key] = inserted[key]
            else:
                again.append((key, one))
        # The database takes them one after the other without an answer to each.
        with connection.wrap_database_errors, connection.connection.pipeline():
            for message in stored.values():
                handle_message.enqueue(message=message)
        for key, one in again:
            stored[key] = _store_again(one, key=key, now=now)
    return [stored[key] for key, _one in keyed]


def _insert(keyed: Sequence[tuple[str, Incoming]], *, now: dt.datetime) -> dict[str, int]:
    """The ids of the new rows by key. None for a key that is there, and may just have been committed elsewhere."""
    # In the order of the keys, so that two who bring the same messages do not wait for each other.
    rows = [
        (
            key,
            now,
            incoming.intake.value,
            bool(incoming.report),
            _sender(incoming.envelope_sender),
            _storable(incoming.recipients),
            len(incoming.raw),
            incoming.raw,
        )
        for key, incoming in sorted(keyed, key=itemgetter(0))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT.replace("{rows}", ", ".join([_ROW] * len(rows))), [value for row in rows for value in row]
        )
        return dict(cursor.fetchall())


def _store_again(incoming: Incoming, *, key: str, now: dt.datetime) -> int:
    """Add to the Message what is new about it this time. Its row is locked, so it is not being handled meanwhile."""
    message = Message.objects.select_for_update(no_key=True).get(key=key)
    if incoming.report:
        return int(message.pk)
    unknown = [address for address in _storable(incoming.recipients) if address not in message.recipients]
    kept = _keep_other_text(message, raw=incoming.raw, now=now)
    if message.content_deleted_at or not (kept or unknown):
        return int(message.pk)
    message.recipients = [*message.recipients, *unknown][:_MOST_RECIPIENTS]
    new = kept or _unnamed(unknown, raw=bytes(message.raw or b""))
    if new and message.state != MessageState.RECEIVED:
        message.handled_at = message.handled_by = None
        if kept or message.state in _LEFT_TO_STAFF or message.hold == Hold.OTHER_TEXT:
            message.state, message.hold = MessageState.WAITING, Hold.OTHER_TEXT
        else:
            message.state, message.hold = MessageState.RECEIVED, ""
            handle_message.enqueue(message=message.pk)
    message.save(
        update_fields=[
            "recipients",
            "state",
            "hold",
            "handled_at",
            "handled_by",
            "received_at",
            "content_deleted_at",
        ]
    )
    return int(message.pk)


def _keep_other_text(message: Message, *, raw: bytes, now: dt.datetime) -> bool:
    """Keep `raw` beside the message where it says something else; True where that was not known yet.

    Of a message whose content was deleted nobody can say what it said. It has content again from then on, and its
    retention begins anew.
    """
    digest = _digest(raw)
    if message.raw is not None and _digest(bytes(message.raw)) == digest:
        return False
    _, kept = MessageCopy.objects.get_or_create(
        message=message, digest=digest, defaults={"raw": raw, "received_at": now}
    )
    if kept and message.content_deleted_at:
        message.content_deleted_at, message.received_at = None, now
    return kept


def _unnamed(addresses: Iterable[str], *, raw: bytes) -> bool:
    """Whether one of these envelope recipients is not in the head of the message, where handling it would find it."""
    head = _split(raw).head.lower()
    return any(address.lower().encode() not in head for address in addresses)


def _key(incoming: Incoming) -> str:
    if incoming.report:
        return hashlib.sha256(f"esp:{incoming.report}".encode(errors="replace")).hexdigest()
    head = _split(incoming.raw).head
    message_id = _field(head, b"Message-ID")
    if not message_id:
        return hashlib.sha256(incoming.raw).hexdigest()
    return hashlib.sha256(message_id + b"\0" + _field(head, b"From").lower()).hexdigest()


def _digest(raw: bytes) -> str:
    """What a message says, whatever the servers on its way did to its other headers and its lines.

    The subject is part of that: an unsubscribe message of a mail program may hold its token there, and nothing else.
    """
    head, body = _split(raw)
    return hashlib.sha256(_field(head, b"Subject") + b"\0" + body.translate(None, _SPACE)).hexdigest()


def _split(raw: bytes) -> _Split:
    end = _END_OF_HEAD.search(raw, 0, _LONGEST_HEAD)
    return _Split(raw[: end.start()], raw[end.end() :]) if end else _Split(raw[:_LONGEST_HEAD], raw)


def _field(head: bytes, name: bytes) -> bytes:
    """The first header of this name without any white space, as servers fold it where they like; empty if none."""
    start = _FIELDS[name].search(head)
    if start is None:
        return b""
    return _END_OF_FIELD.split(head[start.end() :], maxsplit=1)[0].translate(None, _SPACE)


def _sender(address: str) -> str:
    """The envelope sender as it is stored, empty for that of a bounce."""
    cleaned = _cleaned(address)
    return "" if cleaned.lower() in _NO_SENDER else cleaned


def _storable(addresses: Iterable[str]) -> list[str]:
    """Envelope recipients as they are stored: each once, in order, letter case kept, for tokens depend on it."""
    cleaned = (_cleaned(address) for address in addresses)
    return list(dict.fromkeys(address for address in cleaned if address))[:_MOST_RECIPIENTS]


def _cleaned(address: str) -> str:
    """As much of an address as the column takes, with "?" for what cannot be in a text (NUL, half a character)."""
    text = address.replace("\0", "?").encode(errors="replace").decode()
    return text.strip()[:LONGEST_ADDRESS]
