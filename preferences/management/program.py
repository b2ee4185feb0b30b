"""What commands for programs have in common: JSON on stdout, one line on stderr when something is wrong."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class ProgramCommand(BaseCommand):
    """A command that other programs call.

    Bad input, arguments that cannot be parsed included, ends with exit status 1 and one line on stderr.
    Django prints its usage and ends with 2 for the latter.
    """

    # Checks print warnings of their own, and cost more time than the command.
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            if "--traceback" in argv:
                raise
            self.stderr.write(str(error))
            sys.exit(error.returncode)

    def write_json(self, value: dict[str, Any]) -> None:
        """Print a value as indented JSON, letters beyond ASCII as they are."""
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=2))

    def write_row(self, *cells: object) -> None:
        """Print one line of a listing: cells divided by tabs, "-" for an empty one."""
        self.stdout.write("\t".join("-" if cell in (None, "") else str(cell) for cell in cells))


def iso(moment: dt.datetime | None) -> str | None:
    """A time as programs get it: ISO 8601 in UTC ending in Z, as in "2026-05-03T14:00:00.123456Z"."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None
