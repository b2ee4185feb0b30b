"""Take the messages out of a mailbox, by IMAP (RFC 3501)."""

from __future__ import annotations

import contextlib
import imaplib
import logging
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.utils import timezone

from preferences.enums import Intake
from preferences.inbox.store import Incoming, MessageRefused, store

logger = logging.getLogger(__name__)

# Messages of one run; the next takes the rest.
_BATCH = 200
_TIMEOUT_SECONDS = 30
_PORTS = {"imaps": 993, "imap": 143, "imap+tls": 143}
_LONGEST_HEAD = 256 * 1024
# How those are marked that cannot be stored; a flag would be a colleague's.
_REFUSED = "$PreferencesRefused"
# What mail servers note about the envelope when they put a message into a mailbox.
_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_EXAMPLE = "imaps://user:password@mail.example.com/INBOX"
_SIZE = re.compile(rb"\bUID (\d+)\b.*\bRFC822\.SIZE (\d+)|\bRFC822\.SIZE (\d+)\b.*\bUID (\d+)")


class MailboxInvalid(Exception):
    """The address of the mailbox cannot be used. The text says why, and holds no password."""

    code = "invalid"


class MailboxFailed(Exception):
    """The mail server does not answer, or not as it should. What was stored before is stored."""

    code = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where messages lie. `security` is imaps, imap+tls (STARTTLS) or imap (in the clear, on this machine only).

    Those that were taken go to the folder `done`, or are marked as read and stay where that is empty.
    """

    security: str
    host: str
    port: int
    user: str
    password: str
    folder: str = "INBOX"
    done: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What a run did: messages stored, those left there for good (empty, too large), and those for the next run."""

    stored: int
    refused: int
    waiting: int


def read_mailbox_url(url: str) -> Mailbox:
    """The mailbox that an address such as imaps://user:password@host:993/INBOX?done=Taken names.

    Special characters in it are written as in any URL: %40 for an @. Raises MailboxInvalid.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise MailboxInvalid(f"IMAP_URL must look like {_EXAMPLE}.") from None
    query = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme not in _PORTS or not (parts.hostname and parts.username and parts.password):
        raise MailboxInvalid(f"IMAP_URL must look like {_EXAMPLE}.")
    if query.keys() - {"done"} or parts.fragment:
        raise MailboxInvalid("IMAP_URL takes nothing after the folder but ?done=FOLDER.")
    if parts.scheme == "imap" and not _is_loopback(parts.hostname):
        raise MailboxInvalid(
            "With imap:// the password would travel in the clear: use imaps://, or imap+tls:// for STARTTLS."
        )
    folder, done = unquote(parts.path.strip("/")) or "INBOX", query.get("done", [""])[-1]
    for name in (folder, done):
        if not name.isascii() or (name and not name.isprintable()):
            raise MailboxInvalid("A folder in IMAP_URL is written in ASCII, as IMAP does (modified UTF-7).")
    return Mailbox(
        security=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=folder,
        done=done,
    )


def poll(mailbox: Mailbox) -> Polled:
    """Store what lies in a mailbox and was not taken yet, the oldest first.

    Each message is marked, or moved, when it is stored and not before: after a crash it is taken once more, which
    `store` makes the same message. One that is empty or above MAIL_MAX_BYTES stays as it is, and is marked with a
    keyword of ours, so that the next run leaves it alone. Where the server keeps none each run looks at it again.

    Raises MailboxFailed, and what `store` raises when the database cannot take a message; the rest is still there
    then.
    """
    with _connected(mailbox) as server:
        keeps_keywords = _keeps_keywords(server)
        criteria = f"UNDELETED UNKEYWORD {_REFUSED}" if keeps_keywords else "UNDELETED"
        if not mailbox.done:
            # Somebody may have read what goes to another folder afterwards; here that is all there is to go by.
            criteria += " UNSEEN"
        found = b" ".join(part for part in _ok(server.uid("SEARCH", criteria), "SEARCH") if part).split()
        # In the order they came, whatever the server's.
        uids = sorted((uid.decode() for uid in found), key=int)
        sizes = _sizes(server, uids[:_BATCH])
        stored = refused = 0
        for uid in uids[:_BATCH]:
            if uid not in sizes:
                # Somebody else has taken it away meanwhile.
                continue
            if _take(server, uid, size=sizes[uid]):
                _mark_taken(server, uid, done=mailbox.done)
                stored += 1
            else:
                if keeps_keywords:
                    _ok(server.uid("STORE", uid, "+FLAGS.SILENT", f"({_REFUSED})"), "STORE")
                refused += 1
    return Polled(stored=stored, refused=refused, waiting=len(uids[_BATCH:]))


def _take(server: imaplib.IMAP4, uid: str, *, size: int) -> bool:
    """Store one message; False for one that cannot be."""
    if size > settings.MAIL_MAX_BYTES:
        return False
    # PEEK leaves it unread.
    answer = _ok(server.uid("FETCH", uid, "(BODY.PEEK[])"), "FETCH")
    raw = next((part[1] for part in answer if isinstance(part, tuple)), b"")
    envelope_sender, recipients = _envelope(raw)
    incoming = Incoming(
        raw=raw, intake=Intake.MAILBOX, envelope_sender=envelope_sender, recipients=recipients
    )
    try:
        store(incoming, now=timezone.now())
    except MessageRefused:
        return False
    return True


def _keeps_keywords(server: imaplib.IMAP4) -> bool:
    """Whether the folder that is open takes marks that the server does not know (RFC 3501, 7.1)."""
    _name, kept = server.response("PERMANENTFLAGS")
    return any(flags and rb"\*" in flags for flags in kept)


def _mark_taken(server: imaplib.IMAP4, uid: str, *, done: str) -> None:
    if not done:
        _ok(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"), "STORE")
    elif "MOVE" in server.capabilities:
        _ok(server.uid("MOVE", uid, _quoted(done)), "MOVE")
    else:
        _ok(server.uid("COPY", uid, _quoted(done)), "COPY")
        # Left to the server to expunge: doing so would take what others have marked with it.
        _ok(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"), "STORE")


def _sizes(server: imaplib.IMAP4, uids: Sequence[str]) -> dict[str, int]:
    if not uids:
        return {}
    lines = [line for line in _ok(server.uid("FETCH", ",".join(uids), "(RFC822.SIZE)"), "FETCH") if line]
    found = [match.groups(b"") for match in map(_SIZE.search, lines) if match]
    return {(uid or other_uid).decode(): int(size or other) for uid, size, other, other_uid in found}


def _envelope(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """The sender and the recipients of the envelope, as far as the mail server noted them in the message."""
    head = BytesHeaderParser(policy=compat32).parsebytes(raw[:_LONGEST_HEAD])
    _name, sender = parseaddr(str(head.get("Return-Path", "")))
    noted = [str(value) for name in _RECIPIENT_HEADERS for value in head.get_all(name, [])]
    addresses = [parseaddr(value)[1] for value in noted]
    return sender, tuple(dict.fromkeys(address for address in addresses if address))


@contextlib.contextmanager
def _connected(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    """A connection that has the folder open. What goes wrong with it is MailboxFailed."""
    where = f"{mailbox.host}:{mailbox.port}"
    try:
        server = _connection(mailbox)
        try:
            _secure(server, mailbox)
            _sign_in(server, mailbox)
            if mailbox.done:
                # Before anything is taken that could then not be moved.
                _open(server.status(_quoted(mailbox.done), "(MESSAGES)"), folder=mailbox.done)
            _open(server.select(_quoted(mailbox.folder)), folder=mailbox.folder)
            yield server
        finally:
            _close(server)
    except imaplib.IMAP4.abort as error:
        raise MailboxFailed(f"The mail server at {where} broke off.") from error
    except imaplib.IMAP4.error as error:
        raise MailboxFailed(f"The mail server at {where} cannot be understood.") from error
    except OSError as error:
        raise MailboxFailed(f"The mail server at {where} cannot be reached: {_reason(error)}.") from error


def _connection(mailbox: Mailbox) -> imaplib.IMAP4:
    if mailbox.security == "imaps":
        return imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=_TIMEOUT_SECONDS
        )
    return imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_TIMEOUT_SECONDS)


def _close(server: imaplib.IMAP4) -> None:
    try:
        server.logout()
    except (imaplib.IMAP4.error, OSError):
        # It is gone already, and the library leaves its end open then.
        server.shutdown()


def _secure(server: imaplib.IMAP4, mailbox: Mailbox) -> None:
    if mailbox.security != "imap+tls":
        return
    if "STARTTLS" not in server.capabilities:
        raise MailboxFailed(f"The mail server at {mailbox.host}:{mailbox.port} does not offer STARTTLS.")
    server.starttls(ssl.create_default_context())


def _sign_in(server: imaplib.IMAP4, mailbox: Mailbox) -> None:
    try:
        if "AUTH=PLAIN" in server.capabilities:
            secret = f"\0{mailbox.user}\0{mailbox.password}".encode()
            server.authenticate("PLAIN", lambda _challenge: secret)
        else:
            server.login(_quoted(mailbox.user), mailbox.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        # The server's words may name the user.
        raise MailboxFailed(f"The mail server at {mailbox.host} refused the user or the password.") from error


def _open(answer: tuple[str, Any], *, folder: str) -> None:
    if answer[0] != "OK":
        raise MailboxFailed(f"There is no folder {folder!r} in the mailbox.")


def _ok(answer: tuple[str, list[Any]], command: str) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        _refused(command)
    return data


def _refused(command: str) -> NoReturn:
    raise MailboxFailed(f"The mail server refused {command}.")


def _reason(error: OSError) -> str:
    return error.strerror or getattr(error, "reason", None) or type(error).__name__


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
