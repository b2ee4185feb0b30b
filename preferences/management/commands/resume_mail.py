from __future__ import annotations

from typing import Any

from django.utils import timezone

from preferences.inbox.resume import resume_mail
from preferences.management.program import ProgramCommand


class Command(ProgramCommand):
    """Take up again messages and answers whose task was lost, as when a worker is killed.

    Made for a timer, every ten minutes; `serve_mail` does the same by itself. Prints what it found.
    """

    help = "Take up again messages and answers whose task was lost."

    def handle(self, *args: Any, **options: Any) -> None:
        resumed = resume_mail(now=timezone.now())
        if resumed.messages or resumed.answers:
            self.stdout.write(
                f"Enqueued again: messages to handle {resumed.messages}, answers to send {resumed.answers}."
            )
