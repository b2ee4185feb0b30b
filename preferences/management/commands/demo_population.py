from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError
from django.utils import timezone

from preferences.demo.catalogue import load_catalogue
from preferences.demo.load import load_shipped_rules
from preferences.demo.population import make_population
from preferences.management.program import ProgramCommand
from preferences.models import Recipient, Topic


class Command(ProgramCommand):
    """Add a synthetic population, for benchmarks and trials; never where real people are.

    People have addresses, countries, relationships, sales and three statements on average. The same --seed makes the
    same people. Where there is no topic yet, the demo's catalogue and the shipped national rules are loaded first.
    Refused where there are recipients, unless --add says that it is meant.
    """

    help = "Add a synthetic population for benchmarks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recipients", metavar="N", type=int, required=True)
        parser.add_argument("--seed", type=int, default=1, help="default: 1")
        parser.add_argument("--add", action="store_true", help="even where there are recipients")

    def handle(self, *args: Any, recipients: int, seed: int, add: bool, **options: Any) -> None:
        if not 0 < recipients <= 100_000_000:
            raise CommandError("--recipients is a number from 1 to 100,000,000.")
        if not 0 <= seed < 1000:
            raise CommandError("--seed is a number from 0 to 999.")
        if not add and Recipient.objects.exists():
            raise CommandError("There are recipients already; --add adds the population to them.")
        now = timezone.now()
        if not Topic.objects.exists():
            load_catalogue()
            load_shipped_rules(now=now)
        try:
            make_population(recipients=recipients, seed=seed, now=now, progress=_show)
        except IntegrityError as error:
            raise CommandError(
                f"The population of seed {seed} is there already; choose another --seed."
            ) from error
        self.write_row("recipients", recipients)


def _show(people: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{people:>12,} people")
