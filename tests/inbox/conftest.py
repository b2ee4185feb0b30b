"""Listeners on free ports of the loopback interface, for tests that send real mail.

`listener` runs in this process, `listener_process` starts `manage.py serve_mail` in one of its own. Both store into the
database of the test, for which it must commit: the fixtures see to that (`transactional_db`).

    def test_something(listener):
        with smtplib.SMTP("127.0.0.1", listener.port, timeout=10) as client:
            client.sendmail("kari@example.com", ["stop@preferences.example.com"], raw)   # raw: bytes
        message = Message.objects.get()   # and its task is in the queue

`listener.send(raw, sender=…, recipients=[…])` does the same in one line. It receives for MAIL_DOMAIN, which is
preferences.example.com in tests, for MAIL_DOMAINS, and for the domains of brands' sender addresses. Changes of
`settings` made before a connection are seen by `listener`, and not by `listener_process`.
"""

import asyncio
import contextlib
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from preferences.inbox.listener import Listener

ADDRESS = "stop@preferences.example.com"
SENDER = "kari@example.com"


class Running:
    """A listener in a thread and an event loop of its own. `port` is where it listens."""

    def __init__(self, **options: Any) -> None:
        self._listener = Listener(port=0, **options)
        self.lmtp = bool(options.get("lmtp"))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listener.start())
        self.port = self._listener.port

    def client(self) -> smtplib.SMTP:
        """A connection, to be closed by the test (it is a context manager)."""
        return (smtplib.LMTP if self.lmtp else smtplib.SMTP)("127.0.0.1", self.port, timeout=30)

    def send(self, raw: bytes, *, sender: str = SENDER, recipients: Sequence[str] = (ADDRESS,)) -> None:
        """Hand over a message, as bytes; raises smtplib.SMTPException where it is refused."""
        with self.client() as client:
            client.sendmail(sender, list(recipients), raw)

    def stop(self) -> None:
        """As on SIGTERM: what is being stored is finished."""
        if self._loop.is_closed():
            return
        self._run(self._listener.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(40)


class Process:
    """`manage.py serve_mail` in a process of its own."""

    def __init__(self, *options: str, environment: dict[str, str] | None = None, log: Path) -> None:
        self.port = free_port()
        self._log = log
        self.started_at = timezone.now()
        command = [sys.executable, "manage.py", "serve_mail", "--port", str(self.port), *options]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=django_settings.BASE_DIR,
                env=process_environment() | (environment or {}),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait()

    def send(self, raw: bytes, *, sender: str = SENDER, recipients: Sequence[str] = (ADDRESS,)) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.sendmail(sender, list(recipients), raw)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        return self._process.wait(40)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, "the listener does not listen"
            time.sleep(0.05)


def process_environment() -> dict[str, str]:
    """What a command of ours needs to run on the database of the test."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.inbox.settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        # tests.environment goes one folder deeper each time.
        "VAR_DIR": str(Path(django_settings.VAR_DIR).parent),
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


type StartListener = Callable[..., Running]
type StartProcess = Callable[..., Process]


@pytest.fixture
def start_listener(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartListener]:
    """Starts a listener in this process with the options of `Listener`."""
    # A thread of the listener has nobody to close its connection when the database of the test goes.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    started: list[Running] = []

    def start(**options: Any) -> Running:
        started.append(Running(**options))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def listener(start_listener: StartListener) -> Running:
    """A listener in this process, for SMTP: an object with `port`, `client()` and `send(raw, sender=, recipients=)`."""
    return start_listener()


@pytest.fixture
def listener_process(transactional_db: None, tmp_path: Path) -> Iterator[StartProcess]:
    """Starts `manage.py serve_mail` with further options: `listener_process("--lmtp", environment={…})`."""
    started: list[Process] = []

    def start(*options: str, environment: dict[str, str] | None = None) -> Process:
        started.append(Process(*options, environment=environment, log=tmp_path / "serve_mail.log"))
        return started[-1]

    yield start
    for process in started:
        process.stop()
