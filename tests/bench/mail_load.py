"""The load on a mail server: a process of its own that keeps some connections busy with messages, as tests.bench.load.

Each line on standard input is a job, `{"port", "connections", "sender", "recipient", "messages", "uncounted",
"pipelined"}`; each is answered by a line `{"seconds", "median_ms", "p99_ms"}`. A message is MAIL, RCPT, DATA and its
text, each sent when the one before was answered; `pipelined` sends the first three together. Anything but the answers
of a message that is accepted ends the process.
"""

import json
import select
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

STALLED_AFTER = 20.0

# What is sent next, and how many answers to wait for before.
type Step = tuple[bytes, int]


class Connection:
    """One connection that is past its EHLO."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", job["port"]), timeout=STALLED_AFTER)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.steps: list[Step] = []
        self.started_at = 0.0
        self.waiting_for = 0
        self.received = b""
        with self.socket.makefile("rb") as lines:
            lines.readline()
            self.socket.sendall(b"EHLO bench\r\n")
            while not lines.readline().startswith(b"250 "):
                pass

    def start(self, steps: list[Step]) -> None:
        self.started_at = time.perf_counter()
        self.steps = list(reversed(steps))
        self._next()

    def read(self) -> bool:
        """Take what has arrived, and go on; True when the message has been accepted."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("The server closed a connection.")
        self.received += data
        if self.received.count(b"\n") < self.waiting_for:
            return False
        for line in self.received.splitlines():
            if line[:3] not in {b"250", b"354"}:
                raise RuntimeError(line.decode())
        self.received = b""
        if not self.steps:
            return True
        self._next()
        return False

    def _next(self) -> None:
        text, self.waiting_for = self.steps.pop()
        self.socket.sendall(text)


def run(job: dict[str, Any]) -> dict[str, Any]:
    messages = [steps_of(job, message=message.encode()) for message in job["messages"]]
    connections = [Connection(job) for _ in range(job["connections"])]
    try:
        send_all(connections, messages[: job["uncounted"]])
        start = time.perf_counter()
        times = send_all(connections, messages[job["uncounted"] :])
        seconds = time.perf_counter() - start
    finally:
        for connection in connections:
            connection.socket.close()
    times.sort()
    return {
        "seconds": seconds,
        "median_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
    }


def steps_of(job: dict[str, Any], *, message: bytes) -> list[Step]:
    commands = [
        f"MAIL FROM:<{job['sender']}>\r\n".encode(),
        f"RCPT TO:<{job['recipient']}>\r\n".encode(),
        b"DATA\r\n",
    ]
    text = (message + b".\r\n", 1)
    if job["pipelined"]:
        return [(b"".join(commands), len(commands)), text]
    return [*((command, 1) for command in commands), text]


def send_all(connections: list[Connection], messages: list[list[Step]]) -> list[float]:
    """Send every message over whichever connection is free; the seconds each took."""
    waiting: Iterator[list[Step]] = iter(messages)
    times = []
    busy = {}
    poll = select.epoll()
    for connection, message in zip(connections, waiting, strict=False):
        poll.register(connection.socket, select.EPOLLIN)
        busy[connection.socket.fileno()] = connection
        connection.start(message)
    while busy:
        ready = poll.poll(STALLED_AFTER)
        if not ready:
            raise TimeoutError("The server does not answer.")
        for descriptor, _event in ready:
            connection = busy[descriptor]
            if not connection.read():
                continue
            times.append(time.perf_counter() - connection.started_at)
            message = next(waiting, None)
            if message is None:
                del busy[descriptor]
            else:
                connection.start(message)
    poll.close()
    return times


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()
