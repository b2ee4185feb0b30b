"""Every mail of ours goes one way: in two parts, with our headers, every attempt on record, and no token with it."""

import datetime as dt
import re
import smtplib
from email import message_from_string, policy
from types import SimpleNamespace

import pytest
import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from django.core import mail
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences import ledger
from preferences.enums import Channel, Kind, MailKind, Source, State
from preferences.ledger import Change, Evidence
from preferences.mail.compose import Draft
from preferences.mail.deliver import deliver, drop, put_on_record
from preferences.mail.request_link import request_link
from preferences.mail.send_answer import request_answer
from preferences.models import Mail, MailAttempt
from preferences.scope import Scope
from tests.factories import BrandFactory
from tests.mail.conftest import act_on, received

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def draft(**more):
    return Draft(
        kind=MailKind.LINK,
        address="kari@example.com",
        languages=("en",),
        context=lambda link: {"manage_url": link(lambda: "https://example.com/p/secret/"), "days": 30},
        **more,
    )


def attempts():
    return list(MailAttempt.objects.order_by("pk").values_list("number", "outcome", "detail"))


def all_that_is_stored() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


@pytest.fixture
def one_of_each(kari, news, worker, clock_forward):
    """All four mails, sent: the three that answer somebody, and the one that tells what was changed."""
    type(kari).objects.update(country="DE", relationship="consumer_prospect")
    request_link(address="kari@example.com", client="192.0.2.1", language="en", now=timezone.now())
    topic = Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)
    changes = [
        Change(scope=topic, state=State.OPTED_IN),
        Change(scope=Scope.all_profiling(), state=State.OPTED_OUT),
    ]
    ledger.record(
        recipient=kari.pk,
        changes=changes,
        evidence=Evidence(source=Source.LINK, fresh=True, notice=True),
        now=timezone.now(),
    )
    worker()
    message = received(sender="kari@example.com", point=kari.contact_points.get(), brand=news.brand)
    act_on(message, Scope(kind=Kind.MARKETING, brand=news.brand_id))
    request_answer(message=message, subject="Done", text="{changes}", now=timezone.now())
    worker()
    clock_forward(dt.timedelta(minutes=11))
    worker()
    assert {row.kind for row in Mail.objects.all()} == set(MailKind)
    return mail.outbox


def test_no_token_and_no_part_of_one_is_stored(one_of_each):
    """In no column of any table; the mails are full of them."""
    stored = all_that_is_stored()
    links = [link for sent in one_of_each for link in re.findall(r"/(\w+)/([\w-]+\.[\w-]{43})/", sent.body)]
    assert {page for page, _token in links} == {"p", "confirm", "undo"}
    for _page, token in links:
        payload, signature = token.split(".")
        assert payload not in stored
        assert [n for n in range(len(signature) - 7) if signature[n : n + 8] in stored] == []
    # The search would find one.
    Mail.objects.create(kind="link", language="en", message_id="x", text=f"at /p/{token}/", created_at=NOW)
    assert signature[5:30] in all_that_is_stored()


def test_what_is_kept_is_the_mail_without_its_links(one_of_each):
    for sent in one_of_each:
        row = Mail.objects.get(message_id=sent.extra_headers["Message-ID"])
        assert row.subject == sent.subject
        assert row.text == re.sub(r"https?://testserver\S+", "…", sent.body)
        assert "@" not in row.text


def test_every_mail_has_our_headers(one_of_each):
    kinds = dict(Mail.objects.values_list("message_id", "kind"))
    for sent in one_of_each:
        headers = sent.message()
        kind = kinds[headers["Message-ID"]]
        assert re.fullmatch(r"<[0-9a-f]{32}@preferences\.example\.com>", headers["Message-ID"])
        assert headers["Auto-Submitted"] == ("auto-generated" if kind == MailKind.CHANGE else "auto-replied")
        assert headers["X-Auto-Response-Suppress"] == "All"
        assert [part.get_content_type() for part in headers.iter_parts()] == ["text/plain", "text/html"]


def test_an_attempt_is_on_record_with_the_mail(kari):
    point = kari.contact_points.get()
    delivery = deliver(draft(recipient=kari.pk, contact_point=point.pk), now=NOW)
    row = Mail.objects.get()
    assert (delivery.mail, delivery.sent, delivery.again_after) == (row.pk, True, None)
    assert (row.kind, row.recipient, row.contact_point, row.brand, row.language, row.created_at) == (
        "link",
        kari,
        point,
        None,
        "en",
        NOW,
    )
    assert attempts() == [(1, "sent", "")]


def test_attempts_at_one_mail_are_counted_and_named_alike(mail_server):
    server = mail_server("451 later kari@example.com", "", "250 ok")
    first = deliver(draft(), now=NOW)
    second = deliver(draft(), mail=first.mail, now=NOW)
    third = deliver(draft(), mail=first.mail, now=NOW)
    assert [delivery.again_after for delivery in (first, second, third)] == [
        dt.timedelta(minutes=1),
        dt.timedelta(minutes=5),
        None,
    ]
    assert attempts() == [
        (1, "put_off", "SMTPRecipientsRefused 451"),
        (2, "put_off", "SMTPServerDisconnected"),
        (3, "sent", ""),
    ]
    (sent,) = server.received
    parsed = message_from_string(sent, policy=policy.default)
    assert parsed["Message-ID"] == Mail.objects.get().message_id


def test_it_is_sent_from_the_brand_and_comes_back_there(mail_server, monkeypatch):
    """A bounce goes to where mail to the brand is received, and is never answered."""
    senders = []
    sendmail = smtplib.SMTP.sendmail
    monkeypatch.setattr(
        smtplib.SMTP,
        "sendmail",
        lambda self, sender, *more: senders.append(sender) or sendmail(self, sender, *more),
    )
    server = mail_server()
    deliver(draft(brand=BrandFactory(sender_name="Acme", sender_email="news@acme.example.com")), now=NOW)
    assert senders == ["news@acme.example.com"]
    assert "From: Acme <news@acme.example.com>" in server.received[0]


def service_error(status=None, kind=AnymailRequestsAPIError):
    response = requests.Response()
    response.status_code = status or 0
    response._content = b'{"error": "kari@example.com"}'
    return kind("kari@example.com", response=response if status else None)


TAKEN_AGAIN = {
    "refused": ConnectionRefusedError("kari@example.com"),
    "password wrong": smtplib.SMTPAuthenticationError(535, b"kari@example.com"),
    "password wrong, by another number": smtplib.SMTPAuthenticationError(550, b"kari@example.com"),
    "to sign in first": smtplib.SMTPSenderRefused(530, b"kari@example.com", "kari@example.com"),
    "to sign in otherwise": smtplib.SMTPSenderRefused(534, b"", "kari@example.com"),
    "to sign in under TLS": smtplib.SMTPRecipientsRefused({"kari@example.com": (538, b"")}),
    "timed out": TimeoutError(),
    "service away": service_error(),
    "service broken": service_error(503),
    "service busy": service_error(429),
    "token of the service wrong": service_error(401),
}
GIVEN_UP = {
    "sender refused": smtplib.SMTPSenderRefused(550, b"kari@example.com", "kari@example.com"),
    "no such mailbox": smtplib.SMTPRecipientsRefused({"kari@example.com": (550, b"kari@example.com")}),
    "message refused": smtplib.SMTPDataError(554, b"kari@example.com"),
    "not supported": smtplib.SMTPNotSupportedError("kari@example.com"),
    "service refused": service_error(422),
    "answer of the service unreadable": service_error(200),
    "service knows the mailbox": AnymailRecipientsRefused(),
    "address beyond the service": AnymailInvalidAddress("kari@example.com"),
}


def failing(monkeypatch, error):
    def send(self):
        raise error

    monkeypatch.setattr("preferences.mail.compose._Message.send", send)


@pytest.mark.parametrize("error", TAKEN_AGAIN.values(), ids=TAKEN_AGAIN.keys())
def test_what_may_pass_is_tried_again_three_times(monkeypatch, error, caplog):
    failing(monkeypatch, error)
    delivery = deliver(draft(), now=NOW)
    waits = [delivery.again_after]
    while delivery.again_after:
        delivery = deliver(draft(), mail=delivery.mail, now=NOW)
        waits.append(delivery.again_after)
    assert [wait and wait.total_seconds() / 60 for wait in waits] == [1, 5, 30, None]
    assert [outcome for _number, outcome, _detail in attempts()] == [*["put_off"] * 3, "given_up"]
    (record,) = [record for record in caplog.records if record.name == "preferences.mail.deliver"]
    assert "kari" not in record.getMessage() + all_that_is_stored()


@pytest.mark.parametrize("error", GIVEN_UP.values(), ids=GIVEN_UP.keys())
def test_what_is_refused_for_good_is_given_up(monkeypatch, error, caplog):
    failing(monkeypatch, error)
    assert deliver(draft(), now=NOW).again_after is None
    ((number, outcome, detail),) = attempts()
    assert (number, outcome) == (1, "given_up")
    assert detail.startswith(type(error).__name__)
    assert "kari" not in detail
    (record,) = [record for record in caplog.records if record.name == "preferences.mail.deliver"]
    assert (record.levelname, "kari" in record.getMessage()) == ("ERROR", False)


def test_the_detail_names_the_number_or_the_cause(monkeypatch):
    error = service_error()
    error.__cause__ = requests.ConnectTimeout()
    for raised in (error, service_error(503), AnymailAPIError("kari@example.com")):
        failing(monkeypatch, raised)
        deliver(draft(), now=NOW)
    assert [detail for _number, _outcome, detail in attempts()] == [
        "AnymailRequestsAPIError ConnectTimeout",
        "AnymailRequestsAPIError 503",
        "AnymailAPIError",
    ]


def test_a_failure_nobody_thought_of_is_on_record_too(monkeypatch):
    failing(monkeypatch, RuntimeError("kari@example.com"))
    with pytest.raises(RuntimeError):
        deliver(draft(), now=NOW)
    assert attempts() == [(1, "given_up", "RuntimeError")]


@pytest.mark.parametrize("given", ["<1@eu-west-1.mail.example.net>", "", None, "x" * 201])
def test_the_id_an_email_service_gives_is_the_one_it_will_name(monkeypatch, given):
    def send(self):
        self.anymail_status = SimpleNamespace(message_id=given)

    monkeypatch.setattr("preferences.mail.compose._Message.send", send)
    deliver(draft(), now=NOW)
    ours = re.compile(r"<[0-9a-f]{32}@preferences\.example\.com>")
    kept = Mail.objects.get().message_id
    assert kept == given if given and len(given) < 200 else ours.fullmatch(kept)


def test_what_has_ended_is_not_ended_once_more():
    delivery = deliver(draft(), now=NOW)
    drop(mail=delivery.mail, now=NOW)
    drop(mail=None, now=NOW)
    assert attempts() == [(1, "sent", "")]
    mail = put_on_record(draft(), now=NOW)
    for _twice in range(2):
        drop(mail=mail, now=NOW)
    assert attempts()[1:] == [(1, "given_up", "nothing left to tell")]


def test_a_mail_whose_content_was_deleted_stays_empty():
    row = Mail.objects.create(
        kind="link", language="en", message_id="<x@y>", created_at=NOW, content_deleted_at=NOW
    )
    deliver(draft(), mail=row.pk, now=NOW)
    row.refresh_from_db()
    assert (row.subject, row.text) == ("", "")


def test_tasks_hold_no_token_either(one_of_each):
    names = {name for task in DBTaskResult.objects.all() for name in task.args_kwargs["kwargs"]}
    assert names == {"address", "language", "request", "notice", "mail"}
