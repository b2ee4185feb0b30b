"""What the worker does with a request: a mail to whom we know, an answer noted either way."""

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone, translation
from django_tasks_db.models import DBTaskResult

from preferences.ledger import erase
from preferences.mail.send_link import send_link
from preferences.models import LinkRequest
from preferences.tokens import read_manage_token
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_():
    return LinkRequest.objects.create(mailbox_hash="m", client_hash="c", requested_at=timezone.now())


def send(request, address="kari@example.com", language="en"):
    send_link.func(address=address, language=language, request=request.pk)
    request.refresh_from_db()
    assert request.answered_at
    return mail.outbox


def test_mail_holds_a_fresh_link_of_the_address(kari, request_, settings):
    (message,) = send(request_)
    link = next(line for line in message.body.splitlines() if line.startswith("http"))
    token = read_manage_token(link.rstrip("/").rpartition("/")[2])
    assert (token.recipient, token.contact_point) == (kari.pk, kari.contact_points.get().pk)
    assert token.is_fresh(now=timezone.now(), days=settings.MANAGE_LINK_DAYS)
    assert message.body.splitlines()[0]
    assert "\n" not in message.subject


def test_the_worker_leaves_the_language_as_it_was(kari, request_):
    with translation.override("en"):
        send(request_)
        assert translation.get_language() == "en"


@pytest.mark.parametrize("address", ["nobody@example.com", "kari@example.net"])
def test_unknown_address_gets_nothing(kari, request_, address):
    assert send(request_, address=address) == []


def test_erased_person_gets_nothing(kari, request_):
    erase(recipient=kari.pk, now=timezone.now())
    assert send(request_) == []


def test_html_body_escapes_and_text_body_does_not(request_, settings):
    settings.BASE_URL = "http://testserver"
    RecipientFactory(email="o'brien&co@example.com")
    (message,) = send(request_, address="o'brien&co@example.com")
    assert message.to == ["o'brien&co@example.com"]
    assert "&#x27;" not in message.body
    assert "&amp;" not in message.body


def attempt(request, **more):
    """One attempt; how long the worker is to wait before the next, or None if there is none."""
    before = timezone.now()
    send_link.func(address="kari@example.com", language="en", request=request.pk, **more)
    request.refresh_from_db()
    waiting = DBTaskResult.objects.order_by("-enqueued_at").first()
    DBTaskResult.objects.all().delete()
    return waiting and (waiting.run_after - before, waiting.task_result.kwargs)


@pytest.mark.parametrize("refusal", ["451 try again later", "421 closing", "452 full", ""])
def test_mail_that_is_refused_for_now_is_sent_later(kari, request_, mail_server, refusal):
    server = mail_server(refusal, refusal)
    waits = []
    again = attempt(request_)
    while again:
        assert request_.answered_at is None, "answered before it was sent"
        waits.append(again[0])
        again = attempt(request_, mail=again[1]["mail"])
    assert request_.answered_at
    assert [round(wait / dt.timedelta(minutes=1)) for wait in waits] == [1, 5]
    (message,) = server.received
    assert "To: kari@example.com" in message
    assert "/p/" in message


def test_mail_server_that_stays_away_is_given_up(kari, request_, mail_server, caplog):
    server = mail_server()
    server.close()
    again, attempts = attempt(request_), 1
    while again:
        attempts += 1
        again = attempt(request_, mail=again[1]["mail"])
    assert (attempts, bool(request_.answered_at)) == (4, True)
    (record,) = [record for record in caplog.records if record.name == "preferences.mail.deliver"]
    assert record.levelname == "ERROR"
    assert "ConnectionRefusedError" in record.getMessage()


def test_mailbox_that_is_refused_for_good_is_not_tried_again(kari, request_, mail_server, caplog):
    server = mail_server("550 no such mailbox kari@example.com")
    assert attempt(request_) is None
    assert request_.answered_at
    assert server.received == []
    (record,) = [record for record in caplog.records if record.name == "preferences.mail.deliver"]
    assert "kari" not in record.getMessage()
    assert record.exc_info is None


def test_person_erased_between_two_attempts_gets_nothing(kari, request_, mail_server):
    server = mail_server("451 later")
    again = attempt(request_)
    erase(recipient=kari.pk, now=timezone.now())
    assert attempt(request_, mail=again[1]["mail"]) is None
    assert request_.answered_at
    assert server.received == []
