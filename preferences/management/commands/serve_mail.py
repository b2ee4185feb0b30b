from __future__ import annotations

import asyncio
import signal
import ssl
from typing import Any

from django.core.management.base import CommandError, CommandParser

from preferences.inbox.listener import Limits, Listener
from preferences.management.program import ProgramCommand


class Command(ProgramCommand):
    """Take e-mail by SMTP, or with --lmtp by LMTP, and store it.

    A message is stored before its sender is told "250". SIGTERM and Ctrl-C end it, after the messages that are being
    stored. With a certificate STARTTLS is offered. Nothing is relayed: mail for domains that are not ours is refused.
    """

    help = "Take e-mail by SMTP or LMTP and store it; Ctrl-C or SIGTERM ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
        parser.add_argument("--port", type=int, default=8025, help="default: %(default)s")
        parser.add_argument("--lmtp", action="store_true", help="speak LMTP instead of SMTP")
        parser.add_argument(
            "--tls-certificate", metavar="FILE", help="offer STARTTLS: the certificate chain, PEM"
        )
        parser.add_argument("--tls-key", metavar="FILE", help="its key, where it is in another file")
        parser.add_argument(
            "--connections",
            type=int,
            default=Limits().connections,
            help="as many at once and no more (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["connections"] < 1:
            raise CommandError("--connections has to be at least 1.")
        listener = Listener(
            host=options["host"],
            port=options["port"],
            lmtp=options["lmtp"],
            tls=_tls(certificate=options["tls_certificate"], key=options["tls_key"]),
            limits=Limits(connections=options["connections"]),
        )
        asyncio.run(_serve(listener))


async def _serve(listener: Listener) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told_to_stop.set)
    try:
        await listener.start()
    except (OSError, OverflowError) as error:
        raise CommandError(f"Port {listener.port} on {listener.host} cannot be used.") from error
    await told_to_stop.wait()
    await listener.stop()


def _tls(*, certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None:
            raise CommandError("--tls-key is of no use without --tls-certificate.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise CommandError("The certificate and its key cannot be read, or do not fit.") from error
    return context
