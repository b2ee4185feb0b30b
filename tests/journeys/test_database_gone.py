"""The database goes away under a running server: a stop is a 503 that asks to come again, never a 200.

A real server in a process of its own, as in production: DATABASE_URL, the pool, granian. Between it and the database
stands a relay of ours on the loopback interface, which can be cut.
"""

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from preferences.enums import ProfilingUse
from preferences.links import tracked_url
from preferences.tokens import TrackingToken
from tests.factories import ProfilingPurposeFactory
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db(transaction=True)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Relay:
    """Passes connections on to the database of the test, until it is cut."""

    def __init__(self) -> None:
        connection.ensure_connection()
        info = connection.connection.info
        local = info.host.startswith("/")
        self._family = socket.AF_UNIX if local else socket.AF_INET
        self._database = f"{info.host}/.s.PGSQL.{info.port}" if local else (info.host, info.port)
        account = quote(info.user) + (f":{quote(info.password)}" if info.password else "")
        self.port = free_port()
        self.url = f"postgres://{account}@127.0.0.1:{self.port}/{quote(info.dbname)}"
        self._pairs: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Nobody gets through any more, and whoever was through is thrown out."""
        assert self._listener
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        for end in self._pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = listener.accept()
                database = socket.socket(self._family, socket.SOCK_STREAM)
                database.connect(self._database)
                self._pairs += [client, database]
                threading.Thread(target=self._pass_on, args=(client, database), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError), one, other:
            while True:
                for ready in select.select([one, other], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (other if ready is one else one).sendall(data)


class Server:
    """The site under granian, with its database behind the relay."""

    def __init__(self, *, database_url: str) -> None:
        self.port = free_port()
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url,
            "DATABASE_POOL_SIZE": "2",
        }
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"]
        command += [
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--workers",
            "1",
            "--blocking-threads",
            "12",
        ]
        command += ["--no-ws", "--no-access-log", "--log-level", "error"]
        self._process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, start_new_session=True
        )

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                if self.request("GET", "/healthz").status == 200:
                    return
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)

    def request(self, method: str, path: str, body: str = "", *, session: str = "") -> Any:
        """The answer, its body read into `.text`; with `session` as somebody who is signed in."""
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {**(FORM if method == "POST" else {}), "Accept-Language": "en"}
        if session:
            headers["Cookie"] = f"sessionid={session}"
        web.request(method, path.removeprefix("http://testserver"), body or None, headers)
        answer = web.getresponse()
        answer.text = answer.read().decode()
        web.close()
        return answer

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def relay() -> Iterator[Relay]:
    relay = Relay()
    relay.open()
    yield relay
    with contextlib.suppress(AssertionError):
        relay.cut()


@pytest.fixture
def server(relay: Relay) -> Iterator[Server]:
    server = Server(database_url=relay.url)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def test_stop_is_refused_while_the_database_is_gone_and_kept_once_it_is_back(
    relay, server, person, visitor, kari, stop_link, manage_link
):
    one_click = "List-Unsubscribe=One-Click"
    undo = visitor.open(manage_link).tick("Events", "E-mail").press("Save my choices").link("Undo")
    before = said(person(ANONYMOUS))
    assert server.request("GET", stop_link).status == 200
    visitor.client.force_login(kari.account)
    session = visitor.client.cookies["sessionid"].value
    assert server.request("GET", "/preferences/", session=session).status == 200

    relay.cut()

    asked = [
        ("GET", "/preferences/", ""),
        ("GET", "/accounts/email/", ""),
        ("POST", "/link/", "address=anonymous%40example.com"),
        ("POST", stop_link, one_click),
        ("POST", stop_link, ""),
        ("POST", stop_link, "stop=all"),
        ("POST", manage_link, "version=0&stop=all"),
        ("POST", undo, ""),
        ("GET", stop_link, ""),
        ("GET", manage_link, ""),
    ]
    # All at once, since each waits a while for the database to come back.
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        ready = pool.submit(server.request, "GET", "/readyz")
        answers = list(pool.map(lambda request: server.request(*request, session=session), asked))
    for (method, url, body), answer in zip(asked, answers, strict=True):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "120"), (method, url, body)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Traceback" not in answer.text
        if body not in (one_click, "") or method == "GET":
            assert "We cannot reach our records just now" in answer.text
    # A token that needs no database to be seen as none of ours is answered as ever.
    assert server.request("POST", "/u/nonsense/", one_click).status == 200
    assert server.request("GET", "/healthz").status == 200
    assert ready.result().status == 503
    assert said(person(ANONYMOUS)) == before

    relay.open()

    deadline = time.monotonic() + 30
    while (answer := server.request("POST", stop_link, one_click)).status != 200:
        assert answer.status == 503
        assert time.monotonic() < deadline, "the server does not find its database again"
        time.sleep(0.2)
    assert answer.text == "OK\n"
    assert said(person(ANONYMOUS)) == [*before, ("acme/acme-news/email", "opted_out", "one_click")]


def test_counted_links_lead_on_while_the_database_is_gone(relay, server, anonymous):
    """Nobody can be asked whether the person may be counted, so nobody is."""
    ProfilingPurposeFactory(use=ProfilingUse.EMAIL_TRACKING)
    target, counter = "https://shop.example.com/spring", "https://count.example.net/c/7"
    link, pixel = (
        tracked_url(TrackingToken(recipient=anonymous.pk, target=to, counter=counter))
        for to in (target, None)
    )
    for url in (link, pixel):
        assert server.request("GET", url).headers["Location"] == counter

    relay.cut()

    answer, picture = server.request("GET", link), server.request("HEAD", pixel)
    assert (answer.status, answer.headers["Location"]) == (302, target)
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/gif")
