import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models import Field
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences.enums import Hold, Intake, MessageKind, MessageState
from preferences.inbox.handle import handle_message
from preferences.inbox.store import Incoming, MessageRefused, store, store_many
from preferences.models import Message, MessageCopy
from preferences.rules.deadlines import due_at
from tests.at_once import at_once
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
ACME = "news@acme.example.com"
OTHER = "stop+token@preferences.example.com"


def letter(
    body: bytes = b"Please stop.\r\n", *, message_id: bytes = b"<1@example.com>", **fields: bytes
) -> bytes:
    head = {b"From": b"Kari <kari@example.com>", b"To": ACME.encode(), b"Subject": b"Hello"}
    head |= {name.encode().replace(b"_", b"-"): value for name, value in fields.items()}
    if message_id:
        head[b"Message-ID"] = message_id
    return b"".join(b"%s: %s\r\n" % field for field in head.items()) + b"\r\n" + body


def came(raw: bytes, *recipients: str, now: dt.datetime = NOW, **fields: Any) -> Message:
    fields = {"intake": Intake.LISTENER, "envelope_sender": "kari@example.com"} | fields
    return Message.objects.get(pk=store(Incoming(raw=raw, recipients=recipients, **fields), now=now))


def tasks() -> list[int]:
    """The messages that wait to be handled, one for each task."""
    found = DBTaskResult.objects.filter(task_path="preferences.inbox.handle.handle_message").order_by(
        "enqueued_at"
    )
    return [task.args_kwargs["kwargs"]["message"] for task in found]


def handled(message: Message, state: MessageState = MessageState.ACTED) -> None:
    Message.objects.filter(pk=message.pk).update(state=state, handled_at=NOW)


def test_a_message_is_stored_as_it_came_and_will_be_handled():
    raw = letter()
    message = came(raw, ACME)

    expected = Message(
        pk=message.pk,
        key=message.key,
        received_at=NOW,
        intake=Intake.LISTENER,
        envelope_sender="kari@example.com",
        recipients=[ACME],
        size=len(raw),
        raw=raw,
    )
    fields: list[Field[Any, Any]] = Message._meta.concrete_fields
    assert {field.name: field.value_from_object(message) for field in fields} == {
        field.name: field.value_from_object(expected) for field in fields
    }
    assert bytes(message.raw) == raw
    assert tasks() == [message.pk]


def test_nothing_is_kept_where_the_task_cannot_be_enqueued(monkeypatch):
    class Broken:
        @staticmethod
        def enqueue(**arguments: Any) -> None:
            raise DatabaseError

    monkeypatch.setattr("preferences.inbox.store.handle_message", Broken)
    with pytest.raises(DatabaseError):
        came(letter(), ACME)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "again",
    [
        letter(),
        letter(From=b"kari <KARI@example.com>"),
        letter(From=b"Kari\r\n <kari@example.com>"),
        letter(message_id=b"\r\n <1@example.com>"),
        letter(Received=b"from somewhere else"),
        letter(b"Please\n stop."),
        letter().replace(b"\r\n", b"\n"),
        letter().replace(b"Message-ID", b"message-id "),
    ],
    ids=["all", "letter case", "folded From", "folded id", "another way", "spaces", "line ends", "name"],
)
def test_the_same_message_once_more_is_the_same(again):
    first = came(letter(), ACME)
    handled(first)

    second = came(again, ACME, now=LATER)

    assert (second.pk, second.state, second.received_at) == (first.pk, MessageState.ACTED, NOW)
    assert bytes(second.raw) == letter()
    assert not MessageCopy.objects.exists()
    assert tasks() == [first.pk]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (letter(), letter(message_id=b"<2@example.com>")),
        (letter(), letter(From=b"ola@example.com")),
        (letter(message_id=b""), letter(b"Something else", message_id=b"")),
        (letter(message_id=b" "), letter(message_id=b"", Received=b"other")),
        # What is no id is none, however many messages bear it.
        (letter(message_id=b"<>"), letter(message_id=b"<>", To=OTHER.encode())),
        (letter(message_id=b"none"), letter(message_id=b"none", To=OTHER.encode())),
        (letter(message_id=b"<@>"), letter(b"Other", message_id=b"<@>")),
        (b"no head at all", b"no head at all, too"),
        (b"\r\n" + letter(), b"\r\n" + letter(b"Below an empty line nothing is a header")),
    ],
)
def test_another_message_is_another(one, other):
    assert came(one).pk != came(other).pk
    assert came(one).pk == came(one).pk
    assert Message.objects.count() == 2
    assert not MessageCopy.objects.exists()


@pytest.mark.parametrize(
    "other",
    [
        letter(b"Send me everything.\r\n"),
        letter(Subject=b"stop"),
        letter(To=OTHER.encode()),
        letter(Cc=OTHER.encode()),
    ],
    ids=["body", "subject", "to", "cc"],
)
@pytest.mark.parametrize("state", [state for state in MessageState if state != MessageState.RECEIVED])
def test_another_text_under_the_same_id_is_kept_and_waits(kari, other, state):
    first = came(letter(), ACME)
    Message.objects.filter(pk=first.pk).update(
        state=state, hold=Hold.NOT_SURE if state == MessageState.WAITING else "", handled_at=NOW
    )

    second = came(other, ACME, now=LATER)

    assert (second.pk, second.state, second.hold) == (first.pk, MessageState.WAITING, Hold.OTHER_TEXT)
    assert (second.handled_at, second.handled_by) == (None, None)
    assert bytes(second.raw) == letter()
    (copy,) = MessageCopy.objects.all()
    assert (bytes(copy.raw), copy.received_at) == (other, LATER)


def test_another_text_has_a_deadline_and_nobody_yet(kari):
    first = came(letter(), ACME)
    handled(first)
    Message.objects.filter(pk=first.pk).update(
        kind=MessageKind.BOUNCE, recipient=kari, assigned_to=StaffFactory(), due_at=None
    )

    second = came(letter(b"Send me everything."), ACME, now=LATER)

    expected = due_at(kind=MessageKind.UNCLEAR, country=kari.country, received_at=LATER)
    assert (second.due_at, second.assigned_to) == (expected, None)


def test_what_waited_before_is_due_as_it_was_and_stays_with_whoever_has_it(kari):
    staff = StaffFactory()
    first = came(letter(), ACME)
    Message.objects.filter(pk=first.pk).update(
        state=MessageState.WAITING, hold=Hold.NOT_SURE, due_at=LATER, assigned_to=staff
    )

    second = came(letter(b"Send me everything."), ACME, now=LATER)

    assert (second.due_at, second.assigned_to) == (LATER, staff)


def test_beyond_twenty_texts_under_one_id_each_is_a_message_of_its_own():
    first = came(letter(), ACME)
    texts = [letter(b"Text %d" % number) for number in range(23)]
    rows = [came(text, ACME).pk for text in texts]

    assert rows[:20] == [first.pk] * 20
    assert len({first.pk, *rows[20:]}) == 4
    assert first.copies.count() == 20
    assert [came(text, ACME).pk for text in texts] == rows
    assert tasks() == [first.pk, *rows[20:]]


def test_another_text_waits_once_the_message_was_looked_at(kari):
    first = came(letter(b"unsubscribe\r\n"), ACME)
    second = came(letter(b"Send me everything.\r\n"), ACME)
    assert (second.pk, second.state) == (first.pk, MessageState.RECEIVED)

    handle_message.func(message=first.pk)

    first.refresh_from_db()
    assert (first.state, first.hold) == (MessageState.WAITING, Hold.OTHER_TEXT)
    assert (first.kind, first.sender) == (MessageKind.STOP, "kari@example.com")


def test_another_text_waits_once():
    first = came(letter(), ACME)
    came(letter(b"Other"), ACME)
    handled(first, MessageState.DISMISSED)

    assert came(letter(b"Other\n"), ACME).state == MessageState.DISMISSED
    assert came(letter(), ACME).state == MessageState.DISMISSED
    assert MessageCopy.objects.count() == 1
    assert came(letter(b"A third"), ACME).state == MessageState.WAITING
    assert MessageCopy.objects.count() == 2


def test_a_message_whose_content_was_deleted_waits_with_what_came_now():
    message = came(letter(), ACME)
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.ACTED,
        handled_at=NOW,
        content_deleted_at=NOW,
        raw=None,
        envelope_sender="",
        recipients=[],
    )

    again = came(letter(), ACME, now=LATER)

    assert (again.pk, again.state, again.hold) == (message.pk, MessageState.WAITING, Hold.OTHER_TEXT)
    # So that it is deleted again in its time.
    assert (again.content_deleted_at, again.received_at) == (None, LATER)
    assert bytes(MessageCopy.objects.get().raw) == letter()


def test_new_recipients_are_added():
    first = came(letter(), ACME)
    assert came(letter(), OTHER, ACME).recipients == [ACME, OTHER]
    # It has not been handled yet, and will be with both.
    assert tasks() == [first.pk]


@pytest.mark.parametrize(
    ("state", "hold"),
    [
        (MessageState.ACTED, ""),
        (MessageState.IGNORED, ""),
        (MessageState.WAITING, Hold.NOT_SURE),
    ],
)
def test_a_new_recipient_that_the_message_does_not_name_has_it_handled_again(state, hold):
    first = came(letter(), ACME)
    Message.objects.filter(pk=first.pk).update(state=state, hold=hold, handled_at=NOW)

    second = came(letter(), OTHER)

    assert (second.state, second.hold, second.handled_at) == (MessageState.RECEIVED, "", None)
    assert tasks() == [first.pk, first.pk]


@pytest.mark.parametrize(
    ("state", "hold"),
    [
        (MessageState.SETTLED, ""),
        (MessageState.DISMISSED, ""),
        (MessageState.WAITING, Hold.OTHER_TEXT),
    ],
)
def test_what_staff_have_decided_they_decide_again(state, hold):
    first = came(letter(), ACME)
    Message.objects.filter(pk=first.pk).update(state=state, hold=hold, handled_at=NOW)

    second = came(letter(), OTHER)

    assert (second.state, second.hold, second.handled_at) == (MessageState.WAITING, Hold.OTHER_TEXT, None)
    assert second.recipients == [ACME, OTHER]
    assert tasks() == [first.pk]


def test_what_was_deleted_and_deleted_again_stays_so():
    first = came(letter(), ACME)
    for _ in range(2):
        handled(first)
        Message.objects.filter(pk=first.pk).delete_content(now=LATER)
        again = came(letter(), OTHER)
    assert again.content_deleted_at == LATER
    assert (again.recipients, again.state) == ([], MessageState.ACTED)


def test_a_new_recipient_that_the_message_names_does_not():
    raw = letter(Cc=OTHER.upper().encode())
    first = came(raw, ACME)
    handled(first)

    second = came(raw, OTHER)

    assert (second.recipients, second.state) == ([ACME, OTHER], MessageState.ACTED)
    assert tasks() == [first.pk]


def test_recipients_do_not_grow_without_end():
    for turn in range(3):
        message = came(letter(), *(f"{turn}-{number}@acme.example.com" for number in range(100)))
    assert len(message.recipients) == 200


def test_a_report_is_known_by_its_id():
    raw = b'{"event_type": "bounced"}'
    first = came(raw, intake=Intake.WEBHOOK, report="event-1")
    second = came(raw, intake=Intake.WEBHOOK, report="event-2")
    again = came(b'{"event_type": "complained"}', intake=Intake.WEBHOOK, report="event-1")

    assert first.is_report
    assert second.pk != first.pk
    assert (again.pk, bytes(again.raw)) == (first.pk, raw)
    assert not MessageCopy.objects.exists()
    assert tasks() == [first.pk, second.pk]


@pytest.mark.parametrize(
    ("raw", "code"), [(b"", "empty"), (b" \r\n\r\n", "empty"), (b"x" * 1001, "too_large")]
)
def test_what_is_no_message_is_refused(settings, raw, code):
    settings.MAIL_MAX_BYTES = 1000
    with pytest.raises(MessageRefused) as refused:
        came(raw)
    assert refused.value.code == code
    assert not Message.objects.exists()
    assert came(b"x" * 1000).size == 1000


@pytest.mark.parametrize(
    "raw",
    [
        b"x",
        b":",
        b"\x00",
        b"Message-ID:\r\n\r\n",
        b"Message-ID: \x00\xff\xfe\r\nFrom: \x00\r\n\r\n\x00",
        b"Message-ID: <1@x>",
        b"Message-ID:\r\n" + b" \r\n" * 10_000,
        b"Message-ID" * 10_000,
        b"From: " + b"x" * 10_000 + b"\r\nMessage-ID: " + b"y" * 10_000 + b"\r\n\r\n",
        b"From: =?utf-8?b?" + b"\xed\xa0\x80" * 100 + b"?=\r\nMessage-ID: <\xed\xa0\x80>\r\n\r\n\xed\xa0\x80",
        b"From nobody Thu Jan  1 00:00:00 1970\nMessage-ID: <1@x>\n\nmbox\n",
        b"Message-ID: <1@x>\rFrom: x\r\rold line ends",
        letter(message_id=b"<1@x>\r\nMessage-ID: <2@x>"),
        bytes(range(256)) * 100,
    ],
)
def test_whatever_the_bytes_are_they_are_kept(raw):
    message = came(raw, ACME)
    assert bytes(message.raw) == raw
    assert came(raw, ACME).pk == message.pk


def test_only_the_head_is_looked_at_and_a_head_has_an_end():
    below = b"X: y\r\n\r\n" + letter()
    endless = b"X: y\r\n" * 100_000 + b"Message-ID: <1@example.com>\r\n"
    for raw in (below, endless):
        assert came(raw).key == hashlib.sha256(raw).hexdigest()


def test_ten_megabytes_take_no_time():
    raw = letter(b"x" * 76 + b"\r\n" + b"y" * 10_000_000)
    before = timezone.now()
    message = came(raw)
    came(raw)
    assert (timezone.now() - before).total_seconds() < 5
    assert message.size == len(raw)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" kari@example.com ", "kari@example.com"),
        ("<>", ""),
        ("", ""),
        ("MAILER-DAEMON", ""),
        ("mailer-daemon@example.com", "mailer-daemon@example.com"),
        ("a\x00b@example.com", "a?b@example.com"),
        ("\udcff@example.com", "?@example.com"),
        ("x" * 400 + "@example.com", "x" * 320),
        ("Blå@blåbær.no", "Blå@blåbær.no"),
    ],
)
def test_whatever_the_envelope_says_the_message_is_kept(given, kept):
    message = came(letter(), given, given, ACME, envelope_sender=given)
    assert message.envelope_sender == kept
    assert message.recipients in ([kept, ACME], [given, ACME], [ACME])


def test_queries_are_few(django_assert_num_queries):
    # The message and its task, and the savepoint around them, which is a transaction outside the tests.
    with django_assert_num_queries(4):
        store(Incoming(raw=letter(), intake=Intake.PIPE, recipients=(ACME,)), now=NOW)
    # No task, but the lock, and its bytes to compare.
    with django_assert_num_queries(5):
        store(Incoming(raw=letter(), intake=Intake.PIPE, recipients=(ACME,)), now=NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("raw", [letter(), letter(message_id=b"")], ids=["with an id", "without"])
def test_brought_twice_at_the_same_moment_it_is_one(raw):
    for _ in range(10):
        Message.objects.all().delete()
        DBTaskResult.objects.all().delete()

        one, other = at_once(*[lambda: came(raw, ACME).pk] * 2)

        assert one == other
        assert tasks() == [one]


@pytest.mark.django_db(transaction=True)
def test_two_texts_at_the_same_moment_are_both_kept():
    texts = [letter(b"One"), letter(b"Other"), letter(b"Third")]
    pks = at_once(*[lambda raw=raw: came(raw, ACME).pk for raw in texts])

    message = Message.objects.get()
    kept = [bytes(message.raw), *(bytes(copy.raw) for copy in message.copies.all())]
    assert set(pks) == {message.pk}
    assert sorted(kept) == sorted(texts)
    # That it waits for staff is seen to when it is handled.
    assert message.state == MessageState.RECEIVED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("there", [False, True], ids=["new", "again"])
def test_many_at_the_same_moment_in_opposite_order_do_not_block_each_other(there):
    many = [
        Incoming(raw=letter(message_id=b"<%d@example.com>" % number), intake=Intake.WEBHOOK)
        for number in range(16)
    ]
    if there:
        store_many(many, now=NOW)
    for turn in range(10):
        # Another recipient each time, so that there is something to write.
        batch = [replace(one, recipients=(f"{turn}@acme.example.com",)) for one in many]
        one, other = at_once(
            lambda batch=batch: store_many(batch, now=NOW),
            lambda batch=batch: store_many(batch[::-1], now=NOW),
        )
        assert one == other[::-1]
    assert Message.objects.count() == 16
