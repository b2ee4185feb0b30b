"""The servers under measurement, each started the way `manage.py serve` starts it, and the load that meets them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.bench.compare import Round

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How many processes and threads serve, and how many connections keep them busy."""

    workers: int
    threads: int
    connections: int
    log: Path

    def __str__(self) -> str:
        return (
            f"granian, {counted(self.workers, 'worker')}, {counted(self.threads, 'thread')} each,"
            f" {counted(self.connections, 'connection')}"
        )


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@contextmanager
def serving(application: str, *, shape: Shape, database: str) -> Iterator[int]:
    """Serve a WSGI application on a free port of the loopback, and give the port. What it logs goes to `shape.log`."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", application),
        *("--host", "127.0.0.1", "--port", "{port}"),
        *("--workers", str(shape.workers), "--blocking-threads", str(shape.threads)),
        *("--no-ws", "--no-access-log", "--log-level", "warning"),
    ]
    with serving_by(command, log=shape.log, database=database) as port:
        yield port


@contextmanager
def serving_by(command: Sequence[str], *, log: Path, database: str) -> Iterator[int]:
    """Serve by a command, in which "{port}" stands for a free port of the loopback, and give the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [word.replace("{port}", str(port)) for word in command]
    with log.open("ab") as output:
        server = subprocess.Popen(
            words, cwd=ROOT, env={**os.environ, "BENCH_DATABASE": database}, stdout=output, stderr=output
        )
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


class Load:
    """The process that sends the requests."""

    def __init__(self, *, shape: Shape) -> None:
        self._connections = shape.connections
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def get(
        self,
        *,
        port: int,
        paths: Sequence[str],
        headers: Mapping[str, str] = MappingProxyType({}),
        uncounted: int,
    ) -> Round:
        """GET each path once, the first `uncounted` without the clock; raise where an answer was not a 200."""
        return self._run(
            port=port,
            method="GET",
            headers=headers,
            requests=[(path, "") for path in paths],
            uncounted=uncounted,
            status=200,
        )

    def post(
        self,
        *,
        port: int,
        requests: Sequence[tuple[str, str]],
        content_type: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        uncounted: int,
        status: int = 200,
    ) -> Round:
        """The same for POST; a request is a path and a body, and `status` what each answer is to have."""
        return self._run(
            port=port,
            method="POST",
            headers={"Content-Type": content_type, **headers},
            requests=requests,
            uncounted=uncounted,
            status=status,
        )

    def _run(
        self,
        *,
        port: int,
        method: str,
        headers: Mapping[str, str],
        requests: Sequence[tuple[str, str]],
        uncounted: int,
        status: int,
    ) -> Round:
        job: dict[str, Any] = {
            "port": port,
            "connections": self._connections,
            "method": method,
            "headers": dict(headers),
            "requests": requests,
            "uncounted": uncounted,
        }
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in
        assert pipe_out
        pipe_in.write(json.dumps(job) + "\n")
        pipe_in.flush()
        line = pipe_out.readline()
        if not line:
            raise RuntimeError("The load generator ended; the lines above say why.")
        result = json.loads(line)
        if set(result["statuses"]) != {str(status)}:
            raise RuntimeError(f"Not every answer was a {status}: {result['statuses']}")
        return Round(
            rate=(len(requests) - uncounted) / result["seconds"],
            median_ms=result["median_ms"],
            p99_ms=result["p99_ms"],
        )

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)
