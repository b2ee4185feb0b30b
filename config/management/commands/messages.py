from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import translations


class Command(BaseCommand):
    help = "Update the catalogues of translations from the sources and compile them."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--check", action="store_true", help="write nothing; fail when one is not complete")
        mode.add_argument("--compile", action="store_true", help="only compile")

    def handle(self, *args: Any, **options: Any) -> None:
        root, locale_folder = Path(settings.BASE_DIR), Path(settings.LOCALE_PATHS[0])
        if options["check"]:
            found = translations.flaws(root=root, locale_folder=locale_folder)
            for flaw in found:
                self.stderr.write(f"{flaw.locale} {flaw.kind}: {flaw.message!r}")
            if found:
                raise CommandError(f"{len(found)} strings to see to; `make messages` updates the catalogue.")
            return
        if not options["compile"]:
            for path in translations.update(root=root, locale_folder=locale_folder):
                self.stdout.write(f"updated {path.relative_to(root)}")
        translations.compile_all(locale_folder=locale_folder)
