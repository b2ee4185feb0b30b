from __future__ import annotations

import logging
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from preferences.enums import Intake
from preferences.inbox.store import Incoming, MessageRefused, store
from preferences.management.program import ProgramCommand

logger = logging.getLogger(__name__)

# sysexits.h, which mail servers go by. Not all of these are in `os` on every system.
_USAGE = 64
_DATA = 65
_TRY_AGAIN = 75


class Command(ProgramCommand):
    """Store the e-mail on stdin, as a pipe of a mail server.

    Exit status as in sysexits.h: 0 stored; 64 for a command line that cannot be understood; 65 for an empty message or
    one above MAIL_MAX_BYTES; 75 for everything else, upon which a mail server tries again later. Where no --sender and
    no --recipient are given, the environment is asked (SENDER, ORIGINAL_RECIPIENT and RECIPIENT, as Postfix, Exim and
    maildrop set them).
    """

    help = "Store the e-mail on stdin; a mail server's pipe calls this."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sender", metavar="ADDRESS", help="the sender of the envelope")
        parser.add_argument(
            "--recipient",
            metavar="ADDRESS",
            action="append",
            help="a recipient of the envelope, again for each",
        )

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except SystemExit as ended:
            # Any other status than those of `handle` is that of a command line that cannot be parsed.
            sys.exit(_USAGE if ended.code == 1 else ended.code)

    def handle(self, *args: Any, sender: str | None, recipient: list[str] | None, **options: Any) -> None:
        try:
            _store(sender=sender, recipients=recipient)
        except MessageRefused as refused:
            raise CommandError(
                f"The message is {refused.code.replace('_', ' ')}.", returncode=_DATA
            ) from refused
        # A mail server sends the message back to its author on a status it does not know.
        except Exception as error:
            logger.exception("A message was put off")
            raise CommandError("Not stored, try again later.", returncode=_TRY_AGAIN) from error


def _store(*, sender: str | None, recipients: list[str] | None) -> None:
    environment = [os.environ.get(name, "") for name in ("ORIGINAL_RECIPIENT", "RECIPIENT")]
    incoming = Incoming(
        raw=sys.stdin.buffer.read(settings.MAIL_MAX_BYTES + 1),
        intake=Intake.PIPE,
        envelope_sender=os.environ.get("SENDER", "") if sender is None else sender,
        recipients=tuple(environment if recipients is None else recipients),
    )
    store(incoming, now=timezone.now())
