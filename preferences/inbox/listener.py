"""The mail server that takes messages for us, by SMTP or LMTP. It takes them in and sends none on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from preferences.enums import Intake
from preferences.identity import DomainInvalid, normalize_domain
from preferences.inbox.resume import resume_mail
from preferences.inbox.store import Incoming, MessageRefused, require_storable, store_many
from preferences.models import Brand

logger = logging.getLogger(__name__)

# Threads that write to the database, each with a connection of its own.
_WRITERS = 2
# What came in while they were all busy is stored together: one commit, and one wait for the disk, for so many.
_TOGETHER = 16
_TOGETHER_BYTES = 1024 * 1024
# As many messages of the largest size as may be on their way in at once, on all connections together.
_LARGEST_AT_ONCE = 4
# How long a message may take to be stored before its sender is told to come again.
_STORE_SECONDS = 60
# How long a listener that is told to stop waits for messages that are being stored.
_STOP_SECONDS = 30
_DOMAINS_SECONDS = 60
_SWEEP_SECONDS = 60

_TAKEN = "250 2.0.0 OK"
_LATER = "451 4.3.0 Not now, please try again later"
_NOT_OURS = "550 5.7.1 No mail is relayed from here"
_TOO_MANY = "452 4.5.3 Too many recipients"
_NO_ROOM = "452 4.3.1 Too much mail at once, please try again later"
_ANSWERS = {
    "empty": "554 5.6.0 The message is empty",
    "too_large": "552 5.3.4 The message is too large",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may take. `seconds` is how long one command, or all of a message, may last."""

    connections: int = 50
    seconds: float = 300


class Listener:
    """Takes messages from `start` to `stop`, both in one event loop. `port` 0 takes a free one, and then names it."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8025,
        lmtp: bool = False,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self.host = host
        self.port = port
        self._protocol: type[_Smtp] = _Lmtp if lmtp else _Smtp
        self._tls = tls
        self._limits = limits
        self._open: set[_Smtp] = set()

    async def start(self) -> None:
        """Listen. Raises OSError where the port cannot be had."""
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="store")
        self._room = _Room(_LARGEST_AT_ONCE * settings.MAIL_MAX_BYTES)
        self._door = _Door(self._writers, self._room)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._sweeping = loop.create_task(self._sweep())

    async def stop(self) -> None:
        """Take no more messages, finish those that are being stored, and hang up."""
        self._server.close()
        self._sweeping.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._door.idle()
        for client in list(self._open):
            client.hang_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._server.wait_closed()
        await asyncio.to_thread(self._writers.shutdown)

    def _connection(self) -> asyncio.Protocol:
        if len(self._open) >= self._limits.connections:
            return _Full()
        return self._protocol(
            self._door,
            room=self._room,
            open_connections=self._open,
            data_size_limit=settings.MAIL_MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname=settings.MAIL_DOMAIN,
            ident="ESMTP",
            tls_context=self._tls,
            timeout=self._limits.seconds,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
        )

    async def _sweep(self) -> None:
        """See to messages that were stored and for some reason not handled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._writers, _with_connection, _resume)
            # Whatever it is, it may pass, and nobody else would look.
            except Exception:
                logger.exception("Waiting messages were not looked at")
            await asyncio.sleep(_SWEEP_SECONDS)


class _Room:
    """The bytes that messages on their way in may take in memory, on all connections together."""

    def __init__(self, size: int) -> None:
        self._left = size

    def has(self, size: int) -> bool:
        """Whether so many bytes are left at this moment."""
        return size <= self._left

    def take(self, size: int) -> bool:
        """Take so many bytes; False where there are not as many."""
        if not self.has(size):
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Have so many bytes for others again."""
        self._left += size


class _Smtp(SMTP):
    """One client's connection."""

    # As much as is read at once; a line of a message may be longer.
    line_length_limit = 64 * 1024

    def __init__(self, door: _Door, *, room: _Room, open_connections: set[_Smtp], **options: Any) -> None:
        super().__init__(door, **options)
        self._room = room
        self._open_connections = open_connections

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a message. aiosmtpd's own refuses long lines for good, and holds a message three times."""
        envelope = self.envelope
        if await self.check_helo_needed() or envelope is None:
            return
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        message = _Arriving(room=self._room, limit=settings.MAIL_MAX_BYTES)
        try:
            await self._read(message)
            if message.refused:
                logger.warning("A message was refused: %s", message.refused[:9])
                status = message.refused
            else:
                envelope.content = envelope.original_content = message.content()
                status = await self._call_handler_hook("DATA")
            self._set_post_data_state()
            await self.push(status)
        finally:
            message.gone()

    async def _read(self, message: _Arriving) -> None:
        """Read to the lone dot. Other ends of a line than CRLF are none: no second message is hidden in the first."""
        begins_line = True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as overrun:
                piece = await self._reader.read(overrun.consumed)
            if begins_line and piece == b".\r\n":
                return
            # A dot that begins a line was doubled by the client (RFC 5321, 4.5.2).
            message.add(piece[1:] if begins_line and piece.startswith(b".") else piece)
            begins_line = piece.endswith(b"\r\n")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open_connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open_connections.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Close, after what was written so far and a word about it."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.write(b"421 4.3.2 Closing\r\n")
            self.transport.close()


class _Lmtp(_Smtp, LMTP):
    """The same for LMTP, which wants an answer for each recipient after the message (RFC 2033, 4.2)."""

    _answers = 1

    async def push(self, status: Any) -> None:
        times, self._answers = self._answers, 1
        if status.startswith("354") and self.envelope:
            self._answers = len(self.envelope.rcpt_tos)
        await super().push("\r\n".join([status] * times))


class _Arriving:
    """A message while it comes in. Once it is `refused`, which is the answer then, nothing of it is kept."""

    def __init__(self, *, room: _Room, limit: int) -> None:
        self._room = room
        self._limit = limit
        self._taken = 0
        self._content = bytearray()
        self.refused = ""

    def add(self, piece: bytes) -> None:
        """Take in what has arrived."""
        if self.refused:
            return
        if self._taken + len(piece) > self._limit:
            self._refuse(_ANSWERS["too_large"])
        elif self._room.take(len(piece)):
            self._taken += len(piece)
            self._content += piece
        else:
            self._refuse(_NO_ROOM)

    def content(self) -> bytes:
        """All of it, once."""
        content = bytes(self._content)
        self._content.clear()
        return content

    def gone(self) -> None:
        """Leave its room to others."""
        self._content.clear()
        self._room.give_back(self._taken)
        self._taken = 0

    def _refuse(self, answer: str) -> None:
        self.refused = answer
        self.gone()


class _Full(asyncio.Protocol):
    """The connection of a client that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 Too many connections, please try again later\r\n")
        transport.close()


class _Door:
    """What aiosmtpd asks on the way: who is received for, and what becomes of a message."""

    def __init__(self, writers: ThreadPoolExecutor, room: _Room) -> None:
        self._writers = writers
        self._room = room
        self._queue = _Queue(writers)
        self._storing = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._brand_domains: frozenset[str] = frozenset()
        self._asked_at = -float("inf")

    async def idle(self) -> None:
        """Wait until no message is being stored."""
        await self._idle.wait()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith("250-AUTH")]
        return [*offered[:-1], "250-PIPELINING", offered[-1]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        sizes = [option.partition("=")[2] for option in options if option.startswith("SIZE=")]
        if sizes and not self._room.has(int(sizes[0])):
            return _NO_ROOM
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= settings.MAIL_MAX_RECIPIENTS:
            return _TOO_MANY
        try:
            if not await self._is_ours(address):
                return _NOT_OURS
        except DatabaseError as error:
            logger.warning("A recipient was put off: %s", type(error).__name__)
            return _LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        incoming = Incoming(
            raw=envelope.original_content or b"",
            intake=Intake.LISTENER,
            envelope_sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
        )
        started = time.perf_counter()
        try:
            require_storable(incoming)
            message = await self._put(incoming)
        except MessageRefused as refused:
            return _ANSWERS[refused.code]
        except (DatabaseError, TimeoutError) as error:
            logger.warning("A message was put off: %s", type(error).__name__)
            return _LATER
        fields = {
            "message_row": message,
            "size": len(incoming.raw),
            "ms": round((time.perf_counter() - started) * 1000, 1),
        }
        logger.info("A message was stored", extra={"fields": fields})
        return _TAKEN

    async def handle_exception(self, error: Exception) -> str:
        logger.error("A command of a client failed", exc_info=error)
        return _LATER

    async def _put(self, incoming: Incoming) -> int:
        self._storing += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                return await self._queue.put(incoming)
        finally:
            self._storing -= 1
            if not self._storing:
                # Whoever waits for it runs after the answer is written: that comes without a further wait.
                self._idle.set()

    async def _is_ours(self, address: str) -> bool:
        """Whether mail to an address is received here. One without a domain is ours."""
        _local, at, domain = address.rpartition("@")
        if not at:
            return True
        spelled = _spelled(domain)
        if spelled in _spelled_all([settings.MAIL_DOMAIN, *settings.MAIL_DOMAINS]):
            return True
        # Also when it is among those known: a brand may have moved.
        if time.monotonic() - self._asked_at > _DOMAINS_SECONDS:
            try:
                self._brand_domains = await self._in_thread(_brand_domains)
                self._asked_at = time.monotonic()
            except DatabaseError:
                if spelled not in self._brand_domains:
                    raise
        return spelled in self._brand_domains

    async def _in_thread[T](self, call: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, _with_connection, call)


class _Queue:
    """Stores messages, those that come in while it is busy together."""

    def __init__(self, writers: ThreadPoolExecutor) -> None:
        self._writers = writers
        self._waiting: deque[tuple[Incoming, asyncio.Future[int]]] = deque()
        self._busy: set[asyncio.Task[None]] = set()

    async def put(self, incoming: Incoming) -> int:
        """The id of the Message, once it is committed. Raises what `store` raises."""
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((incoming, stored))
        if len(self._busy) < _WRITERS:
            task = asyncio.create_task(self._write())
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
        return await stored

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._batch()
            messages = [incoming for incoming, _stored in batch]
            results = await loop.run_in_executor(self._writers, _with_connection, partial(_stored, messages))
            for (_incoming, stored), result in zip(batch, results, strict=True):
                # Whoever waited for it may be gone.
                if stored.done():
                    continue
                if isinstance(result, Exception):
                    stored.set_exception(result)
                else:
                    stored.set_result(result)

    def _batch(self) -> list[tuple[Incoming, asyncio.Future[int]]]:
        batch, size = [self._waiting.popleft()], 0
        while self._waiting and len(batch) < _TOGETHER:
            size += len(self._waiting[0][0].raw)
            if size > _TOGETHER_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch


def _stored(messages: list[Incoming]) -> Sequence[int | Exception]:
    """Store messages together; one by one, once, where that fails and the database is within reach."""
    try:
        return store_many(messages, now=timezone.now())
    except Exception as error:  # noqa: BLE001 - raised again where it belongs
        if len(messages) == 1 or not connection.is_usable():
            return [error] * len(messages)
    return [result for message in messages for result in _stored([message])]


def _with_connection[T](call: Callable[[], T]) -> T:
    """Call something with a connection that works, as far as is known, and leave none behind that does not."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def _resume() -> None:
    resume_mail(now=timezone.now())


def _brand_domains() -> frozenset[str]:
    addresses = Brand.objects.values_list("sender_email", flat=True)
    return _spelled_all(address.rpartition("@")[2] for address in addresses)


def _spelled_all(domains: Iterable[str]) -> frozenset[str]:
    return frozenset(_spelled(domain) for domain in domains)


@lru_cache(maxsize=1000)
def _spelled(domain: str) -> str:
    try:
        return normalize_domain(domain)
    except DomainInvalid:
        return domain.lower()
