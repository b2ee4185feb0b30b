"""The servers under measurement, each the way `manage.py serve` starts it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30


@contextmanager
def serving(application: str, *, workers: int, threads: int, log: Path, **environment: str) -> Iterator[int]:
    """Serve a WSGI application on a free port of the loopback, and give the port. Lines of its log go to `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", application),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        *("--no-ws", "--no-access-log", "--log-level", "warning"),
    ]
    with log.open("ab") as output:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=output)
    try:
        _wait(server, port=port, log=log)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait(server: subprocess.Popen[bytes], *, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"A server did not start; {log} says why.")
