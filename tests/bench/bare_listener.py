"""What the listener is compared with: aiosmtpd with a handler that stores the bytes and does nothing else.

`python -m tests.bench.bare_listener PORT DSN`; as many threads as the listener has, each with a connection of its own.
"""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from aiosmtpd.smtp import SMTP

WRITERS = 4


class Handler:
    def __init__(self, *, dsn: str) -> None:
        self._dsn = dsn
        self._of_thread = threading.local()
        self._writers = ThreadPoolExecutor(WRITERS)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.get_running_loop().run_in_executor(self._writers, self._insert, envelope.content)
        return "250 OK"

    def _insert(self, raw: bytes) -> None:
        if not hasattr(self._of_thread, "connection"):
            self._of_thread.connection = psycopg.connect(self._dsn, autocommit=True)
        self._of_thread.connection.execute("INSERT INTO bench_mail (raw) VALUES (%s)", [raw])


async def serve(*, port: int, dsn: str) -> None:
    handler = Handler(dsn=dsn)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="bare", enable_SMTPUTF8=True), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(port=int(sys.argv[1]), dsn=sys.argv[2]))
