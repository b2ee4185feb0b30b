from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from preferences.enums import MessageKind
from preferences.inbox.retention import prune
from preferences.management.program import ProgramCommand


class Command(ProgramCommand):
    """Delete the content of mail that came in, and of mails of ours, once its kind is kept no longer.

    Prints one line for each kind with something to tell: kind, days it is kept, how many lost their content. How long
    each is kept, and why, stands in preferences/rules/retention.csv. Made for a daily timer; it may run while the
    system is in use, and goes on where an interrupted run stood. With --dry-run nothing is deleted.

    What waits for staff is never deleted. What has waited longer than it would be kept is counted on stderr.
    """

    help = "Delete the content of mail that is kept no longer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="delete nothing, only count")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        deleted, waiting, unsent = 0, 0, 0
        for pruned in prune(now=timezone.now(), dry_run=dry_run):
            deleted += pruned.deleted
            if isinstance(pruned.kind, MessageKind):
                waiting += pruned.kept
            else:
                unsent += pruned.kept
            if pruned.deleted:
                self.write_row(pruned.kind.value, f"{pruned.days} days", pruned.deleted)
        self.stdout.write(f"{'To be deleted' if dry_run else 'Deleted'}: the content of {deleted}.")
        if waiting:
            self.stderr.write(f"Waiting for staff longer than they would be kept: {waiting}.")
        if unsent:
            self.stderr.write(
                f"Mails of ours that should have gone and have not: {unsent}. Does the worker run?"
            )
