"""What the worker does with a request: a mail to whom we know, an answer noted either way."""

import pytest
from django.core import mail
from django.utils import timezone, translation

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
