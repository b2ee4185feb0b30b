"""Store an e-mail that came in, whichever way it came. Whoever sent it is told "accepted" after this and not before."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from preferences.enums import Hold, Intake, MessageKind, MessageState
from preferences.identity import LONGEST_ADDRESS
from preferences.inbox.handle import handle_message
from preferences.models import Message, MessageCopy
from preferences.rules.deadlines import due_at

# The ORM has no insert that leaves alone what is there and says which rows are new; looking first takes twice the time
# for a message alone (2.5 ms against 1.1), and half as much again among sixteen (0.9 against 0.6).
_INSERT = "INSERT INTO {table} ({columns}) VALUES {rows} ON CONFLICT (key) DO NOTHING RETURNING key, id"
_TABLE = Message._meta  # noqa: SLF001 - which is public in Django
# What else may be null is so at first.
_COLUMNS = [
    field for field in _TABLE.concrete_fields if field.name == "raw" or not (field.null or field.primary_key)
]

# What staff have decided about a message stands; should it come to another address, they look once more.
_LEFT_TO_STAFF = {MessageState.SETTLED, MessageState.DISMISSED}
# As many envelope recipients as one message is kept with, however often it comes.
_MOST_RECIPIENTS = 200
# As many other texts as are kept beside one message. What comes under its id after that is a message of its own.
_MOST_COPIES = 20
# No header is looked for beyond these many bytes; mail servers take far less.
_LONGEST_HEAD = 256 * 1024
_END_OF_HEAD = re.compile(rb"(?:\A|\r?\n)\r?\n")
_END_OF_FIELD = re.compile(rb"\r?\n(?![ \t])")
_FIELDS = {
    name: re.compile(rb"^" + name + rb"[ \t]*:", re.IGNORECASE | re.MULTILINE)
    for name in (b"Message-ID", b"From", b"To", b"Cc", b"Subject")
}
# What some programs send as an id, "<>" or a word, is the same in all their messages.
_MESSAGE_ID = re.compile(rb"<[^<>@]+@[^<>@]+>")
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
    where it has no Message-ID that could be one. Recipients of the envelope that are new are added, and it is handled
    again where nothing in the message named them. Where it comes with another text, subject, To or Cc, that is kept
    beside the first, and the message waits for staff; from the twenty-first on, each is a message of its own.

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
    with transaction.atomic():
        return _store_keyed([(_key(one), one) for one in incoming], now=now)


def _store_keyed(keyed: Sequence[tuple[str, Incoming]], *, now: dt.datetime) -> list[int]:
    first = dict(reversed(keyed))
    new = _insert(first, now=now)
    for message in new.values():
        handle_message.enqueue(message=message)
    known = _lock(key for key, one in keyed if not (key in new and first[key] is one))
    return [
        new[key] if key in new and first[key] is one else _store_again(one, message=known[key], now=now)
        for key, one in keyed
    ]


def _insert(keyed: Mapping[str, Incoming], *, now: dt.datetime) -> dict[str, int]:
    """The ids of the new rows by key. None for a key that is there, and may just have been committed elsewhere."""
    # In the order of the keys, so that two who bring the same messages do not wait for each other.
    messages = [_message(keyed[key], key=key, now=now) for key in sorted(keyed)]
    values = [
        field.get_db_prep_save(getattr(message, field.attname), connection)
        for message in messages
        for field in _COLUMNS
    ]
    row = f"({', '.join(['%s'] * len(_COLUMNS))})"
    statement = _INSERT.format(
        table=_TABLE.db_table,
        columns=", ".join(str(field.column) for field in _COLUMNS),
        rows=", ".join([row] * len(messages)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return dict(cursor.fetchall())


def _lock(keys: Iterable[str]) -> dict[str, Message]:
    """The messages with these keys, locked in their order, as others do."""
    wanted = set(keys)
    if not wanted:
        return {}
    # Not their bytes, of which there may be many; they are fetched where they are looked at.
    rows = Message.objects.filter(key__in=wanted).order_by("key").defer("raw")
    return {message.key: message for message in rows.select_for_update(no_key=True)}


def _message(incoming: Incoming, *, key: str, now: dt.datetime) -> Message:
    return Message(
        key=key,
        received_at=now,
        intake=incoming.intake,
        is_report=bool(incoming.report),
        envelope_sender=_sender(incoming.envelope_sender),
        recipients=_storable(incoming.recipients),
        size=len(incoming.raw),
        raw=incoming.raw,
    )


def _store_again(incoming: Incoming, *, message: Message, now: dt.datetime) -> int:
    """Add to the Message what is new about it this time. Its row is locked, so it is not being handled meanwhile."""
    if incoming.report:
        return message.pk
    digest = _digest(incoming.raw)
    other_text = not _is_known(digest, message=message)
    if other_text and message.copies.count() >= _MOST_COPIES:
        (stored,) = _store_keyed([(_key_of_bytes(incoming.raw), incoming)], now=now)
        return stored
    if other_text:
        _keep_other_text(message, digest=digest, raw=incoming.raw, now=now)
    unknown = [address for address in _storable(incoming.recipients) if address not in message.recipients]
    if message.content_deleted_at or not (other_text or unknown):
        return message.pk
    message.recipients = [*message.recipients, *unknown][:_MOST_RECIPIENTS]
    new = other_text or _unnamed(unknown, raw=bytes(message.raw or b""))
    if new and message.state != MessageState.RECEIVED:
        message.handled_at = message.handled_by = None
        if other_text or message.state in _LEFT_TO_STAFF or message.hold == Hold.OTHER_TEXT:
            _let_wait(message, now=now)
        else:
            message.state, message.hold = MessageState.RECEIVED, ""
            handle_message.enqueue(message=message.pk)
    message.save(
        update_fields=[
            *("recipients", "state", "hold", "handled_at", "handled_by", "due_at", "assigned_to"),
            *("received_at", "content_deleted_at"),
        ]
    )
    return message.pk


def _is_known(digest: str, *, message: Message) -> bool:
    if message.raw is not None and _digest(bytes(message.raw)) == digest:
        return True
    return message.copies.filter(digest=digest).exists()


def _keep_other_text(message: Message, *, digest: str, raw: bytes, now: dt.datetime) -> None:
    """Keep `raw` beside the message.

    Of a message whose content was deleted nobody can say what it said. It has content again from then on, and its
    retention begins anew.
    """
    MessageCopy.objects.create(message=message, digest=digest, raw=raw, received_at=now)
    if message.content_deleted_at:
        message.content_deleted_at, message.received_at = None, now


def _let_wait(message: Message, *, now: dt.datetime) -> None:
    """Have staff look at it. What came now may be any request, and what was due before still is."""
    due = due_at(kind=MessageKind.UNCLEAR, country=_country(message), received_at=now)
    if message.state == MessageState.WAITING:
        due = min((moment for moment in (message.due_at, due) if moment), default=None)
    else:
        message.assigned_to = None
    message.state, message.hold, message.due_at = MessageState.WAITING, Hold.OTHER_TEXT, due


def _country(message: Message) -> str:
    return message.recipient.country if message.recipient else ""


def _unnamed(addresses: Iterable[str], *, raw: bytes) -> bool:
    """Whether one of these envelope recipients is not in the head of the message, where handling it would find it."""
    head = _split(raw).head.lower()
    return any(address.lower().encode() not in head for address in addresses)


def _key(incoming: Incoming) -> str:
    if incoming.report:
        return hashlib.sha256(f"esp:{incoming.report}".encode(errors="replace")).hexdigest()
    head = _split(incoming.raw).head
    message_id = _field(head, b"Message-ID")
    if not _MESSAGE_ID.fullmatch(message_id):
        return _key_of_bytes(incoming.raw)
    return hashlib.sha256(message_id + b"\0" + _field(head, b"From").lower()).hexdigest()


def _key_of_bytes(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _digest(raw: bytes) -> str:
    """What a message says and to whom, whatever the servers on its way did to its other headers and its lines.

    An unsubscribe message of a mail program may hold its token in the subject or in To, and nothing else.
    """
    head, body = _split(raw)
    said = [_field(head, name) for name in (b"Subject", b"To", b"Cc")]
    return hashlib.sha256(b"\0".join([*said, body.translate(None, _SPACE)])).hexdigest()


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
