import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import translations
from config.management.commands.serve import require_free_port

HOST = "127.0.0.1"


class Command(BaseCommand):
    """Everything between an installed .venv and a running site, in one process because each start costs."""

    help = "Migrate, collect static files and translations, load the demo data, then serve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="prepare everything, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This fills the database with invented people: it only runs with DEMO=1.")
        if not options["no_serve"]:
            require_free_port(host=HOST, port=settings.PORT)
        translations.compile_all(locale_folder=Path(settings.LOCALE_PATHS[0]))
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Making the tables")
            call_command("migrate", verbosity=0, interactive=False)
        if collect_static_files():
            self.stdout.write("Collected the static files")
        call_command("load_demo", stdout=self.stdout, stderr=self.stderr)
        if options["no_serve"]:
            return
        self.stdout.write(f"\nServing {settings.BASE_URL} (Ctrl-C stops it)")
        self.stdout.flush()
        call_command("serve", host=HOST, port=settings.PORT, skip_checks=True)


def collect_static_files() -> bool:
    """Collect unless nothing changed since the last time. True when it was done."""
    mark = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            mark.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / "collected"
    if stamp.is_file() and stamp.read_text() == mark.hexdigest():
        return False
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(mark.hexdigest())
    return True
