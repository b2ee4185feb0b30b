"""The listener is killed while it is storing: no message it accepted is lost, and none counts twice.

What a client does is what a mail server does: where it got no answer, it sends the message again.
"""

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django_tasks_db.models import DBTaskResult

from preferences.enums import Channel, Source
from preferences.models import Event, Message, MessageCopy, Topic
from preferences.tokens import StopToken, make_stop_token
from tests.factories import RecipientFactory
from tests.inbox.conftest import ADDRESS, Process
from tests.mail.conftest import worker  # noqa: F401 - a fixture

KILLS = 8
CLIENTS = 4


class Client(threading.Thread):
    """Sends messages one after the other until the connection breaks, and remembers what became of each."""

    def __init__(self, *, port: int, messages: list[tuple[str, bytes]]) -> None:
        super().__init__(daemon=True)
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.lines = self.connection.makefile("rb")
        self.messages = messages
        # All of it is with the kernel of the other end, and no answer has come.
        self.sent = threading.Event()
        self.accepted: list[int] = []
        self.unanswered: list[int] = []

    def run(self) -> None:
        with contextlib.suppress(OSError), self.connection:
            self._answer()
            self._say(b"HELO me\r\n")
            for number, (recipient, raw) in enumerate(self.messages):
                self.unanswered.append(number)
                self._say(b"MAIL FROM:<kari@example.com>\r\n")
                self._say(b"RCPT TO:<%s>\r\n" % recipient.encode())
                self._say(b"DATA\r\n")
                self.connection.sendall(raw + b".\r\n")
                self.sent.set()
                assert self._answer().startswith(b"250")
                self.unanswered.remove(number)
                self.accepted.append(number)

    def _say(self, line: bytes) -> None:
        self.connection.sendall(line)
        assert self._answer()[:3] in {b"250", b"354"}

    def _answer(self) -> bytes:
        line = self.lines.readline()
        if not line:
            raise ConnectionError
        return line


def letter(number: int) -> bytes:
    return b"Message-ID: <%d@example.com>\r\nFrom: kari@example.com\r\n\r\nHello\r\n" % number


def kill(process: Process) -> None:
    process.signal(signal.SIGKILL)
    assert process.ended() == -signal.SIGKILL
    # What it sent to the database before may still be done there.
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() AND backend_start >= %s",
                # A thread of an earlier test may keep a connection of its own.
                [process.started_at],
            )
            if cursor.fetchone() == (0,):
                return
            assert time.monotonic() < deadline, "it is connected still"
            time.sleep(0.01)


@pytest.mark.parametrize("number", range(KILLS))
def test_no_accepted_message_is_lost_and_none_is_two(listener_process: Callable[..., Process], number: int):
    messages = [(ADDRESS, letter(number)) for number in range(CLIENTS * 200)]
    process = listener_process()
    clients = [Client(port=process.port, messages=messages[start::CLIENTS]) for start in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        assert client.sent.wait(30)
    # The first message takes a connection to the database; from then on one takes a millisecond or a few.
    time.sleep(0.02 + number * 0.0157)
    kill(process)
    for client in clients:
        client.join(30)

    accepted = {client.messages[number] for client in clients for number in client.accepted}
    unanswered = [client.messages[number] for client in clients for number in client.unanswered]
    stored = {bytes(raw) for raw in Message.objects.values_list("raw", flat=True)}
    assert {raw for _recipient, raw in accepted} <= stored
    assert stored <= {raw for _recipient, raw in [*accepted, *unanswered]}
    assert DBTaskResult.objects.count() == len(stored)

    process = listener_process()
    for recipient, raw in unanswered:
        process.send(raw, recipients=[recipient])

    stored_now = sorted(bytes(raw) for raw in Message.objects.values_list("raw", flat=True))
    assert stored_now == sorted({raw for _recipient, raw in [*accepted, *unanswered]})
    tasks = [task.args_kwargs["kwargs"]["message"] for task in DBTaskResult.objects.all()]
    assert sorted(tasks) == sorted(Message.objects.values_list("pk", flat=True))
    assert not MessageCopy.objects.exists()


def test_a_message_that_was_stored_unanswered_and_is_sent_again_acts_once(
    listener_process: Callable[..., Process],
    worker: Callable[[], None],  # noqa: F811
    news: Topic,
):
    people = [RecipientFactory(email=f"person{number}@example.com") for number in range(CLIENTS)]
    messages = []
    for number, person in enumerate(people):
        token = StopToken(
            recipient=person.pk,
            contact_point=person.contact_points.get().pk,
            brand=news.brand_id,
            topic=news.pk,
            channel=Channel.EMAIL,
        )
        messages.append((f"stop+{make_stop_token(token)}@preferences.example.com", letter(number)))
    process = listener_process()
    clients = [Client(port=process.port, messages=[message]) for message in messages]
    # So that they find a connection to the database, and are all at the same point.
    process.send(letter(1000))
    for client in clients:
        client.start()
    for client in clients:
        assert client.sent.wait(30)
    kill(process)
    for client in clients:
        client.join(30)
    worker()

    process = listener_process()
    for recipient, raw in messages:
        process.send(raw, recipients=[recipient])
        process.send(raw, recipients=[recipient])
    worker()

    assert Message.objects.count() == CLIENTS + 1
    events = Event.objects.order_by("recipient").values_list("recipient", "source")
    assert list(events) == [(person.pk, Source.EMAIL_REQUEST) for person in people]
