from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from preferences import ledger
from preferences.management.program import ProgramCommand


class Command(ProgramCommand):
    """Compare every choice with a replay of the whole history, and mend those that differ.

    Prints one line for each difference: recipient, the event the choice rests on, the event it should rest on
    ("-" for none). May run while the system is in use. With --check nothing is written, and any difference
    ends the command with exit status 1.
    """

    help = "Recompute all choices from the events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only report differences; exit 1 if there are any"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        differences = ledger.rebuild(check=check)
        for difference in differences:
            self.write_row(
                f"recipient {difference.recipient}",
                f"found event {difference.event_found or '-'}",
                f"expected event {difference.event_expected or '-'}",
            )
        if check and differences:
            raise CommandError(
                f"Differing from the history: {len(differences)}. Run without --check to mend."
            )
        self.stdout.write(
            f"Mended: {len(differences)}." if differences else "Every choice follows from the history."
        )
