"""Messages through the listener beside aiosmtpd with a handler that stores the bytes and nothing else."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from django.db import connection

from tests.bench.compare import Round, show, take_turns
from tests.bench.servers import ROOT, counted, serving_by
from tests.bench.sizes import LARGE

UNCOUNTED = 40
# The address of every brand of the population is at this domain.
RECIPIENT = "stop@example.com"
SENDER = "person1@example.com"
BARE, OURS, PIPELINED = "aiosmtpd, one INSERT", "serve_mail", "serve_mail, commands sent together"
TABLE = "CREATE TABLE IF NOT EXISTS bench_mail (id bigserial PRIMARY KEY, raw bytea NOT NULL)"


def measure(*, connections: int, log: Path, rounds: int, messages: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    dsn = connection.connection.info.dsn
    with ExitStack() as stack:
        bare = stack.enter_context(
            serving_by(
                [sys.executable, "-m", "tests.bench.bare_listener", "{port}", dsn], log=log, database=LARGE
            )
        )
        ours = stack.enter_context(
            serving_by(
                [sys.executable, "manage.py", "serve_mail", "--port", "{port}"], log=log, database=LARGE
            )
        )
        load = MailLoad()
        stack.callback(load.close)

        def send(port: int, *, pipelined: bool = False) -> Round:
            return load.send(
                port=port,
                connections=connections,
                messages=[letter() for _ in range(messages + UNCOUNTED)],
                pipelined=pipelined,
            )

        results = take_turns(
            {
                BARE: lambda _round: send(bare),
                OURS: lambda _round: send(ours),
                PIPELINED: lambda _round: send(ours, pipelined=True),
            },
            rounds=rounds,
        )
    show(
        f"Messages of {len(letter())} bytes by SMTP, each stored before its answer (1 process, 4 threads each,"
        f" {counted(connections, 'connection')}; {counted(rounds, 'round')} of {counted(messages, 'message')})",
        results,
        unit="messages/s",
    )


def letter() -> str:
    """A message that was never sent before."""
    return (
        f"Message-ID: <{uuid4().hex}@example.com>\r\n"
        "Date: Sun, 03 May 2026 12:00:00 +0000\r\n"
        f"From: Person <{SENDER}>\r\n"
        f"To: {RECIPIENT}\r\n"
        "Subject: Unsubscribe\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "\r\n"
        "Please do not send me any more of this.\r\n"
    )


class MailLoad:
    """The process that sends the messages."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.mail_load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, *, port: int, connections: int, messages: list[str], pipelined: bool) -> Round:
        """Send each message once, the first without the clock; raise where one was not accepted."""
        job = {
            "port": port,
            "connections": connections,
            "sender": SENDER,
            "recipient": RECIPIENT,
            "messages": messages,
            "uncounted": UNCOUNTED,
            "pipelined": pipelined,
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
        return Round(
            rate=(len(messages) - UNCOUNTED) / result["seconds"],
            median_ms=result["median_ms"],
            p99_ms=result["p99_ms"],
        )

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)
