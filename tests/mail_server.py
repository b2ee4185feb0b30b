"""A mail server for tests, which can be told to refuse."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import pytest


class MailServer:
    """SMTP on the loopback interface. `answers` are what it says to RCPT TO, one after the other, then for ever 250;
    "" hangs up instead."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.received: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                with client, client.makefile("rw", encoding="latin-1", newline="\r\n") as lines:
                    self._serve(lines)

    def _serve(self, lines: TextIO) -> None:
        def say(text: str) -> None:
            lines.write(f"{text}\r\n")
            lines.flush()

        say("220 here")
        for line in lines:
            match line[:4].upper():
                case "RCPT":
                    answer = self._answers.pop(0) if self._answers else "250 ok"
                    if not answer:
                        return
                    say(answer)
                case "DATA":
                    say("354 go on")
                    self.received.append("".join(iter(lines.readline, ".\r\n")))
                    say("250 ok")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Callable[..., MailServer]]:
    """Starts a server that our mails go to from then on: `mail_server("451 later")`."""
    servers: list[MailServer] = []

    def mail_server(*answers: str) -> MailServer:
        server = MailServer(*answers)
        servers.append(server)
        options = {"host": "127.0.0.1", "port": server.port, "timeout": 5}
        settings.MAILERS = {
            "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
        }
        return server

    yield mail_server
    for server in servers:
        server.close()
