"""The answer to an e-mail: what may be answered, how often, what it says, and that no two machines go on for ever."""

import datetime as dt
import re
from email import message_from_string, policy

import pytest
from django.core import mail
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences import ledger
from preferences.enums import (
    Channel,
    ContactKind,
    Hold,
    Intake,
    Kind,
    MailKind,
    MessageKind,
    MessageState,
    Source,
)
from preferences.inbox.retention import prune
from preferences.ledger import Evidence
from preferences.mail.send_answer import AnswerRefused, may_be_answered, request_answer, send_answer
from preferences.models import Mail, Message
from preferences.scope import Scope
from preferences.tokens import read_undo_token
from tests.factories import BrandFactory, ContactPointFactory, TopicFactory
from tests.mail.conftest import act_on, received

pytestmark = pytest.mark.django_db

KARI = "kari@example.com"
EVERYTHING = Scope.all_marketing()


@pytest.fixture
def point(kari):
    type(kari).objects.update(language="en")
    return kari.contact_points.select_related("recipient").get()


@pytest.fixture
def stop(point, acme):
    """Kari wrote to Acme that she wants no more."""
    return received(point=point, brand=acme)


def answer(message, *, subject="Your request to {brand}", text="Done.\n\n{changes}\n\nBye", **more):
    return request_answer(message=message, subject=subject, text=text, now=timezone.now(), **more)


def refusal(message, **more):
    with pytest.raises(AnswerRefused) as caught:
        answer(message, **more)
    assert not Mail.objects.filter(answers=message).exists()
    return caught.value.code


def undo_links(sent):
    return re.findall(r"^ +https?://\S+/undo/(\S+)/$", sent.body, re.MULTILINE)


def test_it_goes_to_the_sender_from_the_brand_and_says_what_was_changed(stop, acme, worker):
    (event,) = act_on(stop, Scope(kind=Kind.MARKETING, brand=acme.pk))
    row = answer(stop)
    assert (row.kind, row.answers, row.recipient, row.contact_point, row.brand) == (
        MailKind.ANSWER,
        stop,
        stop.recipient,
        stop.contact_point,
        acme,
    )
    worker()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([KARI], "Your request to Acme")
    assert sent.from_email == "Acme <news@acme.example.com>"
    assert sent.body.startswith("Done.\n\n* Everything from Acme: Switched off\n")
    assert "An e-mail you wrote to us" in sent.body
    assert "Bye\n\nAcme AS\n" in sent.body
    (token,) = undo_links(sent)
    assert read_undo_token(token).event == event
    html = sent.alternatives[0][0]
    assert f"/undo/{token}/" in html
    assert "<p>Bye</p>" in html


def test_what_was_asked_for_is_kept_until_it_is_sent(stop, acme, mail_server):
    act_on(stop, EVERYTHING)
    server = mail_server("451 later")
    row = answer(stop)
    send_answer.func(mail=row.pk)
    row.refresh_from_db()
    assert row.text == "Done.\n\n{changes}\n\nBye"
    (_first, again) = DBTaskResult.objects.order_by("enqueued_at")
    assert again.args_kwargs["kwargs"] == {"mail": row.pk}
    send_answer.func(mail=row.pk)
    row.refresh_from_db()
    assert "* All marketing: Switched off" in row.text
    assert "Undo this change:\n  …\n" in row.text
    (sent,) = server.received
    assert f"Message-ID: {row.message_id}" in sent


def test_once_sent_it_is_not_sent_again(stop):
    row = answer(stop)
    send_answer.func(mail=row.pk)
    send_answer.func(mail=row.pk)
    assert len(mail.outbox) == 1


def test_it_is_in_the_language_of_its_text(stop, worker):
    act_on(stop, EVERYTHING)
    answer(stop, subject="Svar fra {brand}", text="{changes}", language="nb")
    worker()
    (sent,) = mail.outbox
    assert "All markedsføring – " in sent.body or "All markedsføring: " in sent.body
    assert 'lang="nb"' in sent.alternatives[0][0]


def test_html_in_a_text_stays_text(stop, worker):
    answer(stop, text="<b>Hello</b> & {brand}\nhttps://example.com/privacy")
    worker()
    (sent,) = mail.outbox
    assert "<b>Hello</b> & Acme" in sent.body
    html = sent.alternatives[0][0]
    assert "&lt;b&gt;Hello&lt;/b&gt; &amp; Acme<br>" in html
    assert '<a href="https://example.com/privacy"' in html


def test_without_a_brand_it_comes_from_us(point, worker, settings):
    answer(received(point=point), subject="Answer from {brand}", text="x")
    worker()
    (sent,) = mail.outbox
    assert (sent.from_email, sent.subject) == (settings.DEFAULT_FROM_EMAIL, "Answer from us")


def test_where_nothing_was_changed_it_says_so(stop, worker):
    answer(stop)
    worker()
    assert mail.outbox[0].body.startswith("Done.\n\nNothing had to be changed.\n\nBye\n")


def test_what_was_undone_meanwhile_is_left_out(stop, worker):
    first, _second = act_on(stop, EVERYTHING, Scope.all_profiling())
    answer(stop)
    ledger.undo(event=first, evidence=Evidence(source=Source.UNDO), now=timezone.now())
    worker()
    body = mail.outbox[0].body
    assert ("All marketing" in body, "All profiling" in body) == (False, True)


def test_ten_changes_are_named_and_the_rest_is_counted(stop, worker):
    act_on(
        stop,
        *(
            Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
            for topic in TopicFactory.create_batch(12)
        ),
    )
    answer(stop)
    worker()
    body = mail.outbox[0].body
    assert (body.count("Switched off"), "… and 2 more changes." in body) == (10, True)


@pytest.mark.parametrize("known_by", ["nothing", "a number"])
def test_links_go_to_nobody_but_the_person(kari, point, acme, worker, known_by):
    """Who reads an address that is not the person's must not be able to switch things on for them."""
    message = received(sender="friend@example.com", point=point, brand=acme)
    number = ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4740000000")
    Message.objects.update(contact_point=None if known_by == "nothing" else number)
    act_on(message, EVERYTHING)
    message.refresh_from_db()
    row = answer(message)
    worker()
    (sent,) = mail.outbox
    assert (sent.to, row.contact_point) == (["friend@example.com"], None)
    assert "All marketing: Switched off" in sent.body
    assert "http" not in sent.body.replace(acme.privacy_notice_url, "")


def test_it_goes_to_the_address_the_person_is_known_by(point, worker):
    """They wrote from another, and had answers sent to this one."""
    message = received(sender="kari@work.example.com", point=point)
    act_on(message, EVERYTHING)
    row = answer(message)
    worker()
    (sent,) = mail.outbox
    assert (sent.to, row.contact_point, len(undo_links(sent))) == ([KARI], point, 1)


def test_nobody_reads_what_a_message_led_to_for_somebody_else(stop, acme, anonymous, worker):
    """Staff found that it was not Kari's, and acted for who wrote it; what was done for her is not undone."""
    act_on(stop, Scope(kind=Kind.MARKETING, brand=acme.pk))
    theirs = anonymous.contact_points.get()
    stop.recipient, stop.contact_point, stop.sender = anonymous, theirs, theirs.normalized
    stop.save()
    act_on(stop, EVERYTHING)
    answer(stop)
    worker()
    (sent,) = mail.outbox
    assert sent.to == [theirs.normalized]
    assert ("All marketing" in sent.body, "Everything from Acme" in sent.body) == (True, False)


@pytest.mark.parametrize("known", [True, False], ids=["with the address", "without one"])
def test_what_it_led_to_before_a_merge_is_told_all_the_same(stop, kari, anonymous, worker, known):
    act_on(stop, EVERYTHING)
    if not known:
        Message.objects.update(contact_point=None)
        stop.refresh_from_db()
    answer(stop)
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="same person", now=timezone.now())
    worker()
    assert "All marketing: Switched off" in mail.outbox[0].body


@pytest.mark.parametrize("erased", ["after it was asked for", "before"])
def test_who_was_erased_meanwhile_is_answered(kari, point, acme, worker, erased):
    """The answer to a request for erasure is the last they hear of us. Then what they wrote goes, and it too."""
    message = received(point=point, kind=MessageKind.ERASURE, brand=acme, language="nb")
    Message.objects.update(state=MessageState.WAITING, hold=Hold.NEEDS_ANSWER, handled_at=None)

    def settle_by_answer():
        Message.objects.update(state=MessageState.SETTLED, hold="", handled_at=timezone.now())
        return answer(Message.objects.get(), text="Vi har slettet alt.\n\n{changes}")

    if erased == "before":
        ledger.erase(recipient=kari.pk, now=timezone.now())
        row = settle_by_answer()
    else:
        row = settle_by_answer()
        ledger.erase(recipient=kari.pk, now=timezone.now())
    list(prune(now=timezone.now()))
    worker()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([KARI], "Your request to Acme")
    assert 'lang="nb"' in sent.alternatives[0][0]
    assert "/undo/" not in sent.body

    list(prune(now=timezone.now()))
    message.refresh_from_db()
    row.refresh_from_db()
    assert (message.sender, message.raw, row.subject, row.text) == ("", None, "", "")


@pytest.mark.parametrize(
    ("asked", "understood", "recipients", "expected"),
    [("nb", "en", "en", "nb"), ("", "nb", "en", "nb"), ("", "", "nb", "nb"), ("", "", "", "en")],
)
def test_its_language_is_that_of_its_text_else_of_the_person(
    stop, settings, asked, understood, recipients, expected
):
    settings.LANGUAGE_CODE = "en"
    stop.recipient.language, stop.language = recipients, understood
    assert answer(stop, language=asked).language == expected


def threading(raw, point):
    answer(received(point=point, raw=raw), text="x")
    send_answer.func(mail=Mail.objects.latest("pk").pk)
    message = mail.outbox[-1].message(policy=policy.SMTP)
    # As it goes over the line.
    names = {"In-Reply-To": None, "References": None}
    for line in message.as_bytes().split(b"\r\n\r\n")[0].decode().split("\r\n"):
        name, _, value = line.partition(": ")
        assert name != "Bcc"
        if name in names:
            names[name] = value
    return tuple(names.values())


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("<1@mail.example.com>", "<1@mail.example.com>"),
        (" \r\n <1@mail.example.com>", "<1@mail.example.com>"),
        ("(from me) <1@mail.example.com>", "<1@mail.example.com>"),
        (f"<{'a' * 90}@mail.example.com>", f"<{'a' * 90}@mail.example.com>"),
        (f"<{'a' * 300}@mail.example.com>", None),
        ("<1@mail.ex ample.com>", None),
        ("<ø@mail.example.com>", None),
        # Nobody should make these, and some do.
        ("<a:b@mail.example.com>", "<a:b@mail.example.com>"),
        ("<a,b;c@mail.example.com>", "<a,b;c@mail.example.com>"),
        ("<a(b)c@mail.example.com>", "<a(b)c@mail.example.com>"),
        ("<a@b@[192.0.2.1]>", "<a@b@[192.0.2.1]>"),
        ("<nothing>", "<nothing>"),
        ("<=?utf-8?q?a=0d=0aBcc:=20x@y.example?=>", "<=?utf-8?q?a=0d=0aBcc:=20x@y.example?=>"),
        ("<a\r\n Bcc: x@y.example>", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_it_stands_below_what_it_answers(point, header, expected):
    raw = f"Message-ID:{header}\r\nFrom: kari@example.com\r\n\r\nStop".encode()
    assert threading(raw, point) == (expected, expected)


@pytest.mark.parametrize("raw", [b"\x00", b"\xff\xfe", b"\r\n\r\nMessage-ID: <1@x>", b"a" * 100_000])
def test_whatever_came_in_can_be_answered(point, raw):
    assert threading(raw, point) == (None, None)


def test_a_long_message_id_is_not_broken_on_the_way(point, mail_server):
    """Python would encode it, and then no mail program knows it."""
    server = mail_server()
    long = f"<{'DB9PR04MB8123' * 6}@DB9PR04MB8123.eurprd04.prod.example.com>"
    answer(received(point=point, raw=f"Message-ID: {long}\r\n\r\n".encode()), text="x")
    send_answer.func(mail=Mail.objects.latest("pk").pk)
    assert f"\r\nIn-Reply-To: {long}\r\n" in server.received[0].replace("\n", "\r\n").replace("\r\r", "\r")


NEVER = {
    "a bounce": {"kind": MessageKind.BOUNCE},
    "a complaint": {"kind": MessageKind.COMPLAINT},
    "an automatic reply": {"kind": MessageKind.AUTO_REPLY},
    "a mailing list": {"kind": MessageKind.MAILING_LIST},
    "a report": {"is_report": True},
    "no sender": {"sender": ""},
    "from us": {"sender": "preferences@preferences.example.com"},
    "from a brand": {"sender": "news@brand.example.com"},
    "from a brand, with something behind a +": {"sender": "news+1@brand.example.com"},
    "from the stop address": {"sender": "stop+wzes.abc@preferences.example.com"},
    "from nowhere": {"envelope_sender": ""},
    "from a mail server": {"sender": "mailer-daemon@example.com"},
    "from nobody": {"sender": "no-reply@example.com"},
    "from a list": {"sender": "list-request@example.com"},
}


@pytest.mark.parametrize("automatic", [True, False])
@pytest.mark.parametrize("columns", NEVER.values(), ids=NEVER.keys())
def test_never_answered(columns, settings, automatic):
    settings.STOP_ADDRESS = "stop@preferences.example.com"
    BrandFactory(sender_email="News@brand.example.com")
    message = received(**columns)
    assert not may_be_answered(message)
    assert refusal(message, automatic=automatic)


NOBODY = [
    *(
        "noreply",
        "no-reply",
        "no.reply",
        "no_reply",
        "noreply-abc",
        "noreply+abc",
        "no-reply2",
        "news-noreply",
    ),
    *("donotreply", "do-not-reply", "do.not.reply", "dont-reply", "dontreply", "don't-reply"),
    *("bounce", "bounces", "bounces+kari=example.com", "list-bounce", "list-bounces", "notifications"),
    *("postmaster", "owner-list", "list-request+1"),
]
SOMEBODY = [
    *("kari", "reply", "kari.reply", "nora", "noreen", "nor.eply", "bouncer", "bounce.house", "anotherreply"),
    *("casinoreply", "notification.office", "request", "owner", "donald", "reply-to-no"),
]


@pytest.mark.parametrize("local", NOBODY)
def test_nobody_reads(local):
    assert refusal(received(sender=f"{local}@example.com")) == "nobody_reads_it"


def test_a_form_that_names_the_person_for_answers_may_be_answered(point):
    assert may_be_answered(received(sender="noreply@form.example.com", point=point))


@pytest.mark.parametrize("local", SOMEBODY)
def test_somebody_may_read(local):
    assert may_be_answered(received(sender=f"{local}@example.com"))


def test_not_answered_once_its_content_is_deleted():
    message = received()
    columns = {"raw": None, "sender": "", "envelope_sender": "", "content_deleted_at": timezone.now()}
    Message.objects.update(**columns)
    message.refresh_from_db()
    assert refusal(message) == "content_deleted"


def test_a_pipe_may_not_know_where_a_message_came_from():
    assert may_be_answered(received(intake=Intake.PIPE, envelope_sender=""))


def test_deleted_before_it_was_sent_it_is_not_sent(stop):
    row = answer(stop)
    Message.objects.update(raw=None, sender="", envelope_sender="", content_deleted_at=timezone.now())
    send_answer.func(mail=row.pk)
    assert mail.outbox == []
    assert row.attempts.get().outcome == "given_up"


def test_automatic_answers_are_few(point, settings):
    settings.ANSWERS_PER_DAY = 2
    for _number in range(2):
        answer(received(point=point), automatic=True)
    assert refusal(received(point=point), automatic=True) == "too_many_answers"
    # Another mailbox has its own, and staff may always answer.
    answer(received(sender="other@example.com"), automatic=True)
    answer(received(point=point))
    Mail.objects.update(created_at=timezone.now() - dt.timedelta(days=1))
    answer(received(point=point), automatic=True)


def test_answers_of_staff_count_for_the_automatic_ones(point, settings):
    settings.ANSWERS_PER_DAY = 1
    answer(received(point=point))
    assert refusal(received(point=point), automatic=True) == "too_many_answers"


def test_a_message_has_one_automatic_answer(stop):
    answer(stop, automatic=True)
    with pytest.raises(AnswerRefused) as caught:
        answer(stop, automatic=True)
    assert caught.value.code == "answered_already"
    assert Mail.objects.count() == 1


def test_it_is_asked_for_in_one_transaction_with_its_task(stop, monkeypatch):
    def fail(**more):
        raise RuntimeError

    monkeypatch.setattr(type(send_answer), "enqueue", lambda self, **more: fail())
    with pytest.raises(RuntimeError):
        answer(stop)
    assert Mail.objects.count() == 0


def test_what_comes_back_to_an_answer_is_not_answered(stop, point, mail_server):
    """Our answer bounces, is replied to by a machine, and is sent back to us by a forwarder: nothing more is sent."""
    server = mail_server()
    answer(stop, automatic=True)
    send_answer.func(mail=Mail.objects.get().pk)
    (sent,) = server.received
    parsed = message_from_string(sent, policy=policy.default)
    # By these a machine knows not to reply, and we know our own.
    assert parsed["Auto-Submitted"] == "auto-replied"
    assert parsed["X-Auto-Response-Suppress"] == "All"
    back = [
        received(kind=MessageKind.BOUNCE, sender="mailer-daemon@example.com", envelope_sender=""),
        received(kind=MessageKind.AUTO_REPLY, point=point),
        received(sender=parsed["From"].addresses[0].addr_spec, raw=sent.encode()),
    ]
    assert [refusal(message, automatic=True) for message in back] == [
        "automatic",
        "automatic",
        "own_address",
    ]
    assert len(server.received) == 1


def test_machines_that_do_not_say_so_get_few_answers(point, settings):
    """One that answers each of ours with a stop request, and looks like a person."""
    sent = 0
    for _turn in range(20):
        message = received(point=point)
        try:
            answer(message, automatic=True)
        except AnswerRefused:
            continue
        sent += 1
    assert sent == settings.ANSWERS_PER_DAY
