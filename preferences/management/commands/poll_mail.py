from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error as DatabaseError

from preferences.inbox.mailbox import MailboxFailed, MailboxInvalid, poll, read_mailbox_url
from preferences.management.program import ProgramCommand

logger = logging.getLogger(__name__)


class Command(ProgramCommand):
    """Store the messages in the mailbox IMAP_URL once; a timer calls this.

    Exit status 1, with one line that says why, where the mailbox or the database cannot be used, and once for each
    message that is empty or above MAIL_MAX_BYTES: it is marked with the keyword $PreferencesRefused and stays in the
    mailbox. Whatever was stored before is marked as read there, or moved; everything else is taken by the next run.
    """

    help = "Store the messages in the mailbox IMAP_URL."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IMAP_URL:
            raise CommandError("IMAP_URL is not set.")
        try:
            polled = poll(read_mailbox_url(settings.IMAP_URL))
        except (MailboxInvalid, MailboxFailed) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            logger.exception("A message in the mailbox could not be stored")
            raise CommandError(
                "The database cannot store the messages; they stay in the mailbox. Try again later."
            ) from error
        self.stdout.write(f"{polled.stored} stored, {polled.waiting} left for the next run.")
        if polled.refused:
            raise CommandError(
                f"{polled.refused} not stored (empty, or above MAIL_MAX_BYTES): left in the mailbox."
            )
