from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from preferences.imports.rules import LoadReport, load_rules
from preferences.management.program import ProgramCommand
from preferences.rules.read import (
    MARKETING_FILE,
    PROFILING_FILE,
    RulesInvalid,
    read_marketing_rules,
    read_profiling_rules,
)


class Command(ProgramCommand):
    """Load national rules from files, and publish them.

    With --json:

        {
          "added": ["NO/email/*"], "changed": [], "removed": [],
          "kept": [{"rule": "SE/phone/*", "ours": {"requirement": "opt_in"}, "theirs": {"requirement": "opt_out"}}],
          "version": "<64 hexadecimal digits: the version in force now>"
        }

    Rules that staff edited or added are kept; `theirs` is what the file says, null where it has no such rule. Loading
    the same files again changes nothing. A file with a mistake is refused whole. --check changes nothing, and ends
    with exit status 1 where loading would.
    """

    help = "Load the national rules from files; keeps what staff edited and shows the difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--marketing", metavar="FILE", type=Path, default=MARKETING_FILE)
        parser.add_argument("--profiling", metavar="FILE", type=Path, default=PROFILING_FILE)
        parser.add_argument("--check", action="store_true", help="change nothing; say what would change")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(
        self, *args: Any, marketing: Path, profiling: Path, check: bool, json: bool, **options: Any
    ) -> None:
        lines = {
            "marketing": _read(marketing, read_marketing_rules),
            "profiling": _read(profiling, read_profiling_rules),
        }
        with transaction.atomic():
            report = load_rules(**lines, now=timezone.now())
            if check:
                transaction.set_rollback(True)
        if json:
            self.write_json(
                {
                    "added": report.added,
                    "changed": report.changed,
                    "removed": report.removed,
                    "kept": [
                        {"rule": kept.rule, "ours": kept.ours, "theirs": kept.theirs} for kept in report.kept
                    ],
                    "version": report.published,
                }
            )
        else:
            self._write_text(report)
        if check and report.changes:
            raise CommandError("The rules differ from the files.")

    def _write_text(self, report: LoadReport) -> None:
        for act in ("added", "changed", "removed"):
            self.write_row(act, len(getattr(report, act)))
        for kept in report.kept:
            for name, value in kept.ours.items():
                self.write_row("kept", kept.rule, name, value, kept.theirs[name] if kept.theirs else None)
        self.write_row("version", report.published)


def _read(path: Path, read: Any) -> Any:
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path.name} cannot be read: {error.strerror}.") from error
    except RulesInvalid as error:
        raise CommandError("\n".join(f"{path.name}: {problem}" for problem in error.problems)) from error
