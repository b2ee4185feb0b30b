"""What becomes of a message: acted on, ignored, or left to staff with the reason."""

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from preferences import ledger
from preferences.enums import Channel, Hold, Intake, Kind, MessageKind, MessageState, Source, State
from preferences.inbox import handle as room
from preferences.inbox.handle import handle_message
from preferences.inbox.plan import Plan, Stop, plan_for
from preferences.inbox.store import Incoming, store
from preferences.inbox.suggestion import from_json, to_json
from preferences.ledger import Change, Evidence
from preferences.models import Brand, Event, Message, MessageAct, Recipient, Topic
from preferences.scope import Scope
from preferences.tokens import StopToken, make_stop_token
from tests.at_once import at_once
from tests.factories import BrandFactory, ContactPointFactory
from tests.mail.conftest import worker

pytestmark = pytest.mark.django_db
__all__ = ["worker"]

KARI = "kari@example.com"
NEWS = "news@acme.example.com"
type Receive = Callable[..., Message]


@pytest.fixture(autouse=True)
def ours(settings: Any) -> None:
    settings.MAIL_DOMAIN = "preferences.example.com"
    settings.DEFAULT_FROM_EMAIL = "preferences@preferences.example.com"
    settings.AUTHSERV_ID = "mx.preferences.example.com"


def written(
    text: str = "",
    *,
    subject: str = "Hello",
    sender: str = KARI,
    to: str = NEWS,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A short message, as a mail program sends it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture
def receive(worker: Callable[[], None]) -> Receive:
    """Takes in a message and lets the worker run; what became of it."""

    def receive(raw: bytes = b"", *, to: str = NEWS, sender: str = KARI, **parts: Any) -> Message:
        stored = store(
            Incoming(
                raw=raw or written(to=to, sender=sender, **parts),
                intake=Intake.LISTENER,
                envelope_sender=sender,
                recipients=(to,),
            ),
            now=timezone.now(),
        )
        worker()
        return Message.objects.get(pk=stored)

    return receive


def acts(message: Message) -> list[tuple[Scope, str, str]]:
    """What a message led to: scope, state and source of each event."""
    found = Event.objects.filter(message_act__message=message).order_by("pk")
    return [(event.scope, event.state, event.source) for event in found]


def became(message: Message) -> tuple[str, str, str]:
    return (message.kind, message.state, message.hold)


def stopped(scope: Scope) -> tuple[Scope, str, str]:
    return (scope, State.OPTED_OUT, Source.EMAIL_REQUEST)


@pytest.fixture
def token(kari: Recipient, news: Topic) -> str:
    assert news.brand_id
    return make_stop_token(
        StopToken(
            recipient=kari.pk,
            contact_point=kari.contact_points.get().pk,
            brand=news.brand_id,
            topic=news.pk,
            channel=Channel.EMAIL,
        )
    )


@pytest.fixture
def topic_by_mail(news: Topic) -> Scope:
    return Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)


class TestTokens:
    @pytest.mark.parametrize("sender", [KARI, "somebody@elsewhere.example.com"])
    def test_it_stops_exactly_what_it_names(
        self, receive: Receive, token: str, topic_by_mail: Scope, sender: str
    ) -> None:
        message = receive(to=f"stop+{token}@preferences.example.com", sender=sender)
        assert became(message) == (MessageKind.STOP_LINK, MessageState.ACTED, "")
        assert acts(message) == [stopped(topic_by_mail)]
        assert mail.outbox == []

    def test_in_the_subject(self, receive: Receive, token: str, topic_by_mail: Scope) -> None:
        message = receive(to="stop@preferences.example.com", subject=f"stop {token}")
        assert acts(message) == [stopped(topic_by_mail)]

    def test_twice_is_once(self, receive: Receive, token: str, topic_by_mail: Scope) -> None:
        first = receive(to="stop@preferences.example.com", subject=f"stop {token}")
        second = receive(to="stop@preferences.example.com", subject=f"Stop: {token}")
        assert first != second
        assert acts(first) == [stopped(topic_by_mail)]
        assert (became(second)[1], acts(second)) == (MessageState.ACTED, [])

    def test_a_program_that_unsubscribes_by_itself(
        self, receive: Receive, token: str, topic_by_mail: Scope
    ) -> None:
        message = receive(
            to="stop@preferences.example.com",
            subject=f"stop {token}",
            headers={"Auto-Submitted": "auto-generated"},
        )
        assert acts(message) == [stopped(topic_by_mail)]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Precedence", "bulk"),
            ("X-Auto-Response-Suppress", "All"),
            ("Return-Path", "<>"),
            ("List-Id", "<group.example.com>"),
        ],
    )
    def test_whatever_program_passes_it_on(
        self, receive: Receive, token: str, topic_by_mail: Scope, name: str, value: str
    ) -> None:
        message = receive(to=f"stop+{token}@preferences.example.com", headers={name: value})
        assert acts(message) == [stopped(topic_by_mail)]

    def test_only_who_is_written_to_counts(
        self, receive: Receive, acme: Brand, token: str, topic_by_mail: Scope
    ) -> None:
        address = f"stop+{token}@preferences.example.com"
        assert acts(receive(headers={"Cc": address}, text="Look at this.")) == []
        assert acts(receive(headers={"X-Original-To": address}, text="Hello")) == [stopped(topic_by_mail)]

    def test_somebody_elses_subject_does_not(self, receive: Receive, token: str) -> None:
        message = receive(
            to="stop@preferences.example.com",
            sender="x@example.com",
            subject=f"Fwd: stop {token}",
            text="Look",
        )
        assert (message.state, acts(message)) == (MessageState.WAITING, [])

    def test_none_stays_where_people_read(self, receive: Receive, token: str) -> None:
        link = f"https://preferences.example.com/p/{token}/"
        to = "stop@preferences.example.com"
        raw = written(f"> {link}\nWhat is this?", to=to, subject=f"stop {token}")
        message = receive(raw, to=to)
        assert token not in message.subject + message.text
        assert (message.subject, "/p/…/" in message.text) == ("stop …", True)
        assert bytes(message.raw or b"") == raw

    def test_an_automatic_reply_does_not(self, receive: Receive, token: str) -> None:
        message = receive(
            to="stop@preferences.example.com",
            subject=f"Re: stop {token}",
            headers={"Auto-Submitted": "auto-replied"},
        )
        assert became(message) == (MessageKind.AUTO_REPLY, MessageState.IGNORED, "")
        assert acts(message) == []

    def test_an_unknown_one_waits(self, receive: Receive, kari: Recipient, acme: Brand, token: str) -> None:
        message = receive(to=f"stop+{token[:-3]}xyz@acme.example.com")
        assert became(message) == (MessageKind.STOP, MessageState.WAITING, Hold.TOKEN_UNKNOWN)
        assert from_json(message.suggestion) == [Scope(kind=Kind.MARKETING, brand=acme.pk)]
        assert (message.recipient, acts(message)) == (kari, [])

    def test_of_an_erased_person(self, receive: Receive, kari: Recipient, token: str) -> None:
        ledger.erase(recipient=kari.pk, now=timezone.now())
        message = receive(to=f"stop+{token}@preferences.example.com", sender="a@b.example.com")
        assert became(message) == (MessageKind.STOP_LINK, MessageState.IGNORED, "")
        assert acts(message) == []

    def test_what_was_said_later_stands(
        self, receive: Receive, kari: Recipient, token: str, topic_by_mail: Scope, monkeypatch: Any
    ) -> None:
        """The worker was late: the person has been on the preference page since."""
        now = timezone.now()
        stored = store(
            Incoming(raw=written(to=f"stop+{token}@preferences.example.com"), intake=Intake.PIPE),
            now=now - dt.timedelta(hours=1),
        )
        ledger.record(
            recipient=kari.pk,
            changes=[Change(scope=topic_by_mail, state=State.OPTED_IN)],
            evidence=Evidence(source=Source.ACCOUNT),
            now=now,
        )
        handle_message.func(message=stored)
        event = Event.objects.get(message_act__message=stored)
        assert (event.state, event.superseded) == (State.OPTED_OUT, True)


class TestWords:
    def test_the_brand_written_to(self, receive: Receive, kari: Recipient, acme: Brand) -> None:
        message = receive(text="Please unsubscribe me from your mailing list.")
        assert became(message) == (MessageKind.STOP, MessageState.ACTED, "")
        assert acts(message) == [stopped(Scope(kind=Kind.MARKETING, brand=acme.pk))]
        assert (message.recipient, message.brand, message.sender) == (kari, acme, KARI)
        assert message.handled_at is not None

    def test_the_group(self, receive: Receive, kari: Recipient, acme: Brand) -> None:
        message = receive(text="Please unsubscribe me.", to="preferences@preferences.example.com")
        assert acts(message) == [stopped(Scope.all_marketing())]

    def test_every_brand_they_name_by_writing_to_it(
        self, receive: Receive, kari: Recipient, acme: Brand
    ) -> None:
        other = BrandFactory(key="nordlys")
        message = receive(raw=written("Please unsubscribe me.", to=f"{NEWS}, {other.sender_email}"))
        assert acts(message) == [
            stopped(Scope(kind=Kind.MARKETING, brand=acme.pk)),
            stopped(Scope(kind=Kind.MARKETING, brand=other.pk)),
        ]

    def test_all_where_they_say_so(self, receive: Receive, kari: Recipient, acme: Brand) -> None:
        message = receive(text="Please unsubscribe me from all your brands.")
        assert acts(message) == [stopped(Scope.all_marketing())]

    def test_profiling(self, receive: Receive, kari: Recipient, acme: Brand) -> None:
        message = receive(text="I object to profiling.")
        assert became(message) == (MessageKind.PROFILING, MessageState.ACTED, "")
        assert acts(message) == [stopped(Scope.all_profiling())]

    def test_the_sender_is_told_with_the_way_back(
        self, receive: Receive, kari: Recipient, acme: Brand
    ) -> None:
        message = receive(text="Please unsubscribe me.")
        (sent,) = mail.outbox
        assert (sent.to, sent.from_email) == ([KARI], f"{acme.sender_name} <{acme.sender_email}>")
        assert "/undo/" in sent.body
        assert sent.extra_headers["Auto-Submitted"] == "auto-replied"
        assert message.answers.count() == 1

    def test_not_told_too_often(self, receive: Receive, kari: Recipient, acme: Brand, settings: Any) -> None:
        settings.ANSWERS_PER_DAY = 2
        for number in range(4):
            BrandFactory(key=f"b{number}")
            receive(text="Please unsubscribe me.", to=f"news@b{number}.example.com")
        assert len(mail.outbox) == 2

    @pytest.mark.parametrize(
        ("parts", "kind", "hold"),
        [
            ({"text": "unsubscribe", "sender": "nobody@example.com"}, MessageKind.STOP, Hold.SENDER_UNKNOWN),
            # A colleague passes on what somebody wrote.
            ({"text": "unsubscribe", "sender": NEWS}, MessageKind.STOP, Hold.SENDER_UNKNOWN),
            (
                {"text": "unsubscribe", "headers": {"Reply-To": "anonymous@example.com"}},
                MessageKind.STOP,
                Hold.SENDER_AMBIGUOUS,
            ),
            (
                {
                    "text": "unsubscribe",
                    "headers": {"Authentication-Results": "mx.preferences.example.com; dmarc=fail"},
                },
                MessageKind.STOP,
                Hold.SENDER_DOUBTFUL,
            ),
            ({"text": "unsubscribe", "to": "x@elsewhere.example.com"}, MessageKind.STOP, Hold.BRAND_UNKNOWN),
            ({"text": "How do I unsubscribe?"}, MessageKind.STOP, Hold.NOT_SURE),
            ({"text": "What data do you hold about me?"}, MessageKind.ACCESS, Hold.NEEDS_ANSWER),
            ({"text": "Please delete my data."}, MessageKind.ERASURE, Hold.NEEDS_ANSWER),
            ({"text": "Please subscribe me to the newsletter."}, MessageKind.START, Hold.NEEDS_ANSWER),
            ({"text": "When is the webinar?"}, MessageKind.UNCLEAR, Hold.NEEDS_ANSWER),
            (
                {"text": "unsubscribe", "headers": {"List-Id": "<colleagues.example.com>"}},
                MessageKind.STOP,
                Hold.MACHINE,
            ),
            # A ticket system, a form, a group address: what a person wrote may be in it.
            (
                {"text": "Please unsubscribe me.", "headers": {"Precedence": "bulk"}},
                MessageKind.STOP,
                Hold.MACHINE,
            ),
            (
                {"text": "Please delete my data.", "headers": {"Precedence": "junk"}},
                MessageKind.ERASURE,
                Hold.MACHINE,
            ),
            (
                {"text": "Please delete all data you hold about me.", "headers": {"Return-Path": "<>"}},
                MessageKind.ERASURE,
                Hold.MACHINE,
            ),
            (
                {
                    "text": "Please unsubscribe me.",
                    "sender": "form@forms.example.com",
                    "headers": {"Auto-Submitted": "auto-generated", "Reply-To": KARI},
                },
                MessageKind.STOP,
                Hold.MACHINE,
            ),
            (
                {"text": "unsubscribe", "sender": "x@example.com", "headers": {"Precedence": "bulk"}},
                MessageKind.STOP,
                Hold.MACHINE,
            ),
            (
                {"text": "Hm, no idea.", "headers": {"List-Id": "<group.example.com>"}},
                MessageKind.UNCLEAR,
                Hold.MACHINE,
            ),
            (
                {
                    "text": "unsubscribe",
                    "headers": {"Authentication-Results": "mx.preferences.example.com; spf=fail"},
                },
                MessageKind.STOP,
                Hold.SENDER_DOUBTFUL,
            ),
        ],
    )
    def test_what_waits(
        self,
        receive: Receive,
        kari: Recipient,
        anonymous: Recipient,
        acme: Brand,
        parts: Any,
        kind: str,
        hold: str,
    ) -> None:
        message = receive(**parts)
        assert became(message) == (kind, MessageState.WAITING, hold)
        assert message.due_at
        assert message.due_at > message.received_at
        assert (acts(message), mail.outbox, Event.objects.count()) == ([], [], 0)

    def test_a_forged_result_is_not_believed(self, receive: Receive, kari: Recipient, acme: Brand) -> None:
        """Somebody else's server says so, or somebody who pretends to be one."""
        message = receive(
            text="unsubscribe", headers={"Authentication-Results": "evil.example.com; dmarc=fail"}
        )
        assert message.state == MessageState.ACTED

    @pytest.mark.parametrize(
        ("parts", "kind"),
        [
            ({"headers": {"Auto-Submitted": "auto-replied"}}, MessageKind.AUTO_REPLY),
            ({"headers": {"X-Autoreply": "yes"}}, MessageKind.AUTO_REPLY),
            ({"sender": NEWS, "headers": {"Auto-Submitted": "auto-generated"}}, MessageKind.AUTO_REPLY),
            ({"sender": NEWS, "headers": {"List-Id": "<news.acme.example.com>"}}, MessageKind.AUTO_REPLY),
            (
                {
                    "text": "News",
                    "sender": "x@example.com",
                    "headers": {"List-Id": "<colleagues.example.com>"},
                },
                MessageKind.MAILING_LIST,
            ),
            (
                {"text": "News", "sender": "x@example.com", "headers": {"Precedence": "bulk"}},
                MessageKind.AUTO_REPLY,
            ),
        ],
    )
    def test_what_is_left_alone(
        self, receive: Receive, kari: Recipient, acme: Brand, parts: Any, kind: str
    ) -> None:
        message = receive(**{"text": "unsubscribe", **parts})
        assert became(message) == (kind, MessageState.IGNORED, "")
        assert (mail.outbox, Event.objects.count()) == ([], 0)

    def test_two_addresses_of_the_sender(self, receive: Receive, kari: Recipient, acme: Brand) -> None:
        ContactPointFactory(recipient=kari, value="kari@work.example.com")
        message = receive(text="unsubscribe", headers={"Reply-To": "kari@work.example.com"})
        assert message.state == MessageState.ACTED


def test_a_mistake_of_ours_loses_nothing(
    receive: Receive, kari: Recipient, acme: Brand, monkeypatch: Any
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise IndexError

    monkeypatch.setattr(room, "read_letter", fails)
    message = receive(text="unsubscribe")
    assert became(message) == (MessageKind.UNCLEAR, MessageState.WAITING, Hold.UNREADABLE)
    assert message.raw is not None


@pytest.mark.parametrize("error", [DataError, IntegrityError, ProgrammingError])
def test_nor_does_what_the_database_refuses(
    receive: Receive, kari: Recipient, acme: Brand, monkeypatch: Any, error: type[Exception]
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(room, "plan_for", fails)
    message = receive(text="unsubscribe")
    assert became(message) == (MessageKind.UNCLEAR, MessageState.WAITING, Hold.UNREADABLE)


def stored() -> int:
    return store(Incoming(raw=written("unsubscribe"), intake=Intake.PIPE), now=timezone.now())


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_where_the_database_is_gone_it_is_left(
    kari: Recipient, acme: Brand, monkeypatch: Any, error: type[Exception]
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(room, "plan_for", fails)
    message = stored()
    with pytest.raises(error):
        handle_message.func(message=message)
    assert Message.objects.get(pk=message).state == MessageState.RECEIVED


def test_a_deadlock_is_tried_once_more(kari: Recipient, acme: Brand, monkeypatch: Any) -> None:
    turns: list[int] = []

    def fails_once(*args: Any, **kwargs: Any) -> Plan:
        turns.append(1)
        if len(turns) == 1:
            raise OperationalError from DeadlockDetected()
        return plan_for(*args, **kwargs)

    monkeypatch.setattr(room, "plan_for", fails_once)
    message = stored()
    handle_message.func(message=message)
    assert (Message.objects.get(pk=message).state, len(turns)) == (MessageState.ACTED, 2)


def test_stops_are_recorded_in_one_order(kari: Recipient, anonymous: Recipient, monkeypatch: Any) -> None:
    """So that two messages with the same tokens do not wait for each other."""
    scope = Scope.all_marketing()
    people = sorted([kari.pk, anonymous.pk])
    seen: list[int] = []
    record = room.ledger.record
    monkeypatch.setattr(
        room.ledger, "record", lambda **parts: (seen.append(parts["recipient"]), record(**parts))[1]
    )
    now = timezone.now()
    room._stop([Stop(recipient=pk, scope=scope) for pk in reversed(people)], said_at=now, now=now)
    assert seen == people


class TestReports:
    DOUBT = "Authentication-Results: mx.preferences.example.com; dmarc=fail\n"

    def report(self, kind: str, machine: str, *, head: str = "") -> bytes:
        return f"""{head}From: report@mx.example.net
Subject: A report
Message-ID: <{kind}@mx.example.net>
Content-Type: multipart/report; report-type={kind}; boundary=b

--b

In words.

--b
Content-Type: message/{kind}

{machine}
--b--
""".encode()

    BOUNCE = "Final-Recipient: rfc822; kari@example.com\nAction: failed\nStatus: 5.1.1\n"
    COMPLAINT = "Feedback-Type: abuse\nOriginal-Rcpt-To: <kari@example.com>\n"

    def test_what_it_says_is_kept(self, receive: Receive, kari: Recipient) -> None:
        message = receive(raw=self.report("delivery-status", self.BOUNCE))
        assert became(message) == (MessageKind.BOUNCE, MessageState.ACTED, "")
        assert (message.sender, message.subject, message.text) == (
            "report@mx.example.net",
            "A report",
            "In words.",
        )

    def test_a_doubtful_complaint_waits(self, receive: Receive, kari: Recipient) -> None:
        message = receive(raw=self.report("feedback-report", self.COMPLAINT, head=self.DOUBT))
        assert became(message) == (MessageKind.COMPLAINT, MessageState.WAITING, Hold.SENDER_DOUBTFUL)
        assert (message.evidence["dmarc"], Event.objects.count()) == ("fail", 0)

    def test_a_doubtful_bounce_is_left_alone(self, receive: Receive, kari: Recipient) -> None:
        message = receive(raw=self.report("delivery-status", self.BOUNCE, head=self.DOUBT))
        assert became(message) == (MessageKind.BOUNCE, MessageState.IGNORED, "")
        assert kari.contact_points.get().unreachable_at is None
        assert message.bounces.count() == 0

    @pytest.mark.parametrize("kind", ["mixed", "report"])
    def test_a_person_who_attaches_one_is_heard(
        self, receive: Receive, kari: Recipient, acme: Brand, kind: str
    ) -> None:
        machine = self.BOUNCE.replace("kari@", "nobody@")
        raw = self.report("delivery-status", machine, head=f"To: {NEWS}\n")
        raw = raw.replace(b"report@mx.example.net", KARI.encode()).replace(
            b"In words.", b"Please unsubscribe me."
        )
        raw = raw.replace(b"A report", b"Unsubscribe")
        message = receive(raw=raw.replace(b"multipart/report", f"multipart/{kind}".encode()))
        assert became(message) == (MessageKind.STOP, MessageState.ACTED, "")

    def test_a_message_id_that_cannot_be_stored(self, receive: Receive, kari: Recipient) -> None:
        machine = f"X-Original-Message-ID: <a\0b@c.example>\n\n{self.BOUNCE}"
        message = receive(raw=self.report("delivery-status", machine))
        assert became(message) == (MessageKind.BOUNCE, MessageState.ACTED, "")


def test_staff_keep_the_last_word(receive: Receive, kari: Recipient, acme: Brand) -> None:
    message = receive(text="When is the webinar?")
    Message.objects.filter(pk=message.pk).update(state=MessageState.DISMISSED, handled_at=timezone.now())
    handle_message.func(message=message.pk)
    message.refresh_from_db()
    assert message.state == MessageState.DISMISSED


@pytest.mark.django_db(transaction=True)
def test_two_workers_act_once(kari: Recipient, acme: Brand) -> None:
    stored = store(Incoming(raw=written("unsubscribe"), intake=Intake.PIPE), now=timezone.now())
    at_once(*[lambda: handle_message.func(message=stored)] * 4)
    assert MessageAct.objects.count() == 1
    assert Event.objects.count() == 1


def test_a_suggestion_comes_back_as_it_was(news: Topic) -> None:
    scopes = [
        Scope.all_marketing(),
        Scope.all_profiling(),
        Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL),
    ]
    assert from_json(to_json(scopes)) == scopes


def test_whatever_waits_has_a_deadline(kari: Recipient, acme: Brand) -> None:
    """An automatic reply has none, until it comes again with another text."""
    raw = written("Out.", headers={"Auto-Submitted": "auto-replied", "Message-ID": "<1@example.com>"})
    stored = store(Incoming(raw=raw, intake=Intake.PIPE), now=timezone.now())
    store(Incoming(raw=raw.replace(b"Out.", b"Erase my data."), intake=Intake.PIPE), now=timezone.now())
    handle_message.func(message=stored)
    message = Message.objects.get()
    assert became(message) == (MessageKind.AUTO_REPLY, MessageState.WAITING, Hold.OTHER_TEXT)
    assert message.due_at is not None
