import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

GRACE_SECONDS = 10


def require_free_port(*, host: str, port: int) -> None:
    """Raise CommandError with one clear line when something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}): try PORT=8001."
            ) from error


class Command(BaseCommand):
    help = "Serve the site with granian and run the task worker beside it; Ctrl-C or SIGTERM ends both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--workers", type=int, default=1, help="server processes (default: %(default)s)")
        parser.add_argument("--threads", type=int, default=4, help="threads in each (default: %(default)s)")
        parser.add_argument("--no-tasks", action="store_true", help="leave the task worker to somebody else")

    def handle(self, *args: Any, **options: Any) -> None:
        require_free_port(host=options["host"], port=options["port"])
        # Connections do not survive the children, and this process needs none while it waits.
        connections.close_all()
        commands = [
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
                *("--host", options["host"], "--port", str(options["port"])),
                *("--workers", str(options["workers"]), "--blocking-threads", str(options["threads"])),
                *("--no-ws", "--no-access-log", "--log-level", "warning"),
            ]
        ]
        if not options["no_tasks"]:
            commands.append(
                [sys.executable, "manage.py", "db_worker", "--no-startup-delay", "--verbosity", "0"]
            )
        self._stop = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        children = [start(command) for command in commands]
        try:
            while not self._stop and all(child.poll() is None for child in children):
                time.sleep(0.1)
        finally:
            end(children)
        if not self._stop:
            raise CommandError("The server or the task worker ended by itself; the lines above say why.")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop = True


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a child that only we end.

    It has a session of its own: granian tells its workers to stop, and hangs when a Ctrl-C in the terminal
    has told them already.
    """
    return subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        command, cwd=settings.BASE_DIR, start_new_session=True, preexec_fn=end_with_parent
    )


def end_with_parent() -> None:
    """Have the kernel end this child when its parent is killed outright (Linux only; elsewhere it stays)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask the children to end, and kill those that have not after a while."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
