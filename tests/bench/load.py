"""The load: a process of its own that keeps some connections busy and says how long the answers took.

Each line on standard input is a job, `{"port", "connections", "method", "headers", "requests", "uncounted"}`, where a
request is a path with a body ("" for none) and the first `uncounted` of them only warm things up; each job is answered
by a line `{"seconds", "statuses", "median_ms", "p99_ms"}`.
Plain sockets and epoll, because whatever this process spends the server does not get: the machine may have two cores.
"""

import json
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

STALLED_AFTER = 20.0


class Connection:
    """One kept-alive connection with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=STALLED_AFTER)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.missing: int | None = None
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.received, self.missing = b"", None
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> int:
        """Take what has arrived; the status when the answer is complete, else 0."""
        data = self.socket.recv(262144)
        if not data:
            raise ConnectionError("The server closed a connection.")
        if self.missing is None:
            self.received += data
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return 0
            head = self.received[:end].lower()
            start = head.find(b"content-length:")
            if start < 0:
                # Chunked: the empty chunk ends it.
                return int(self.received[9:12]) if self.received.endswith(b"\r\n0\r\n\r\n") else 0
            length = int(head[start + 15 :].split(b"\r\n", 1)[0])
            self.missing = length - (len(self.received) - end - 4)
        else:
            self.missing -= len(data)
        return int(self.received[9:12]) if self.missing <= 0 else 0


def run(job: dict[str, Any]) -> dict[str, Any]:
    requests = build(job)
    connections = [Connection(job["port"]) for _ in range(job["connections"])]
    try:
        send_all(connections, requests[: job["uncounted"]])
        start = time.perf_counter()
        statuses, times = send_all(connections, requests[job["uncounted"] :])
        seconds = time.perf_counter() - start
    finally:
        for connection in connections:
            connection.socket.close()
    times.sort()
    return {
        "seconds": seconds,
        "statuses": {str(status): count for status, count in statuses.items()},
        "median_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
    }


def send_all(connections: list[Connection], requests: list[bytes]) -> tuple[Counter[int], list[float]]:
    """Send every request over whichever connection is free; the statuses, and the seconds each answer took."""
    waiting: Iterator[bytes] = iter(requests)
    statuses: Counter[int] = Counter()
    times = []
    busy = {}
    poll = select.epoll()
    for connection, request in zip(connections, waiting, strict=False):
        poll.register(connection.socket, select.EPOLLIN)
        busy[connection.socket.fileno()] = connection
        connection.send(request)
    while busy:
        ready = poll.poll(STALLED_AFTER)
        if not ready:
            raise TimeoutError("The server does not answer.")
        for descriptor, _event in ready:
            connection = busy[descriptor]
            status = connection.read()
            if not status:
                continue
            statuses[status] += 1
            times.append(time.perf_counter() - connection.sent_at)
            request = next(waiting, None)
            if request is None:
                del busy[descriptor]
            else:
                connection.send(request)
    poll.close()
    return statuses, times


def build(job: dict[str, Any]) -> list[bytes]:
    """The requests of a job as bytes, all made before the clock starts."""
    headers = {"Host": f"127.0.0.1:{job['port']}", "User-Agent": "bench", "Accept": "*/*", **job["headers"]}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = []
    for path, text in job["requests"]:
        body = text.encode()
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        requests.append(f"{job['method']} {path} HTTP/1.1\r\n{head}{length}\r\n".encode() + body)
    return requests


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()
