"""Whoever signs in with a browser that sends Global Privacy Control has said so, once; it never keeps anybody out."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from preferences import ledger
from preferences.decisions.privacy_signal import GPC_REFUSES
from preferences.enums import Source
from preferences.models import Event
from tests.accounts.people import sign_in, sign_in_by_code, sign_up, verify
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

KARI = "kari@example.com"


@pytest.fixture
def browser():
    return Client(headers={"sec-gpc": "1", "accept-language": "en"})


def signals():
    return list(Event.objects.filter(source=Source.GPC).order_by("pk"))


def messages_of(answer):
    return [str(message) for message in answer.context["messages"]]


@pytest.mark.parametrize("way", [sign_in, sign_in_by_code])
def test_signing_in_records_it_and_says_so(browser, kari, way):
    answer = way(browser, KARI)

    assert answer.redirect_chain[-1][0] == "/preferences/"
    assert [(event.recipient, event.scope) for event in signals()] == [(kari, scope) for scope in GPC_REFUSES]
    assert any("Global Privacy Control" in message for message in messages_of(answer))


def test_the_second_time_nothing_is_new(browser, kari):
    sign_in(browser, KARI)
    browser.post("/accounts/logout/")
    answer = sign_in(browser, KARI)
    assert len(signals()) == 3
    assert not any("Global Privacy Control" in message for message in messages_of(answer))


def test_another_browser_says_nothing(kari):
    for headers in ({}, {"sec-gpc": "0"}):
        sign_in(Client(headers=headers), KARI)
    assert signals() == []


def test_a_wrong_password_records_nothing(browser, kari):
    sign_in(browser, KARI, password="another")
    assert signals() == []


def test_opening_the_page_while_signed_in_records_nothing(browser, kari):
    browser.force_login(kari.account)
    assert browser.get("/preferences/").status_code == 200
    assert signals() == []


def test_somebody_without_a_recipient_signs_in(browser):
    UserFactory(email="nobody@example.com")
    answer = sign_in(browser, "nobody@example.com")
    assert answer.status_code == 200
    assert signals() == []


def test_somebody_new_has_said_so_as_soon_as_they_are_known(browser):
    sign_up(browser, "new@example.com")
    assert signals() == []
    verify(browser, "new@example.com")
    assert len(signals()) == 3


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), ledger.RecipientGone(code="recipient_erased")], ids=repr
)
def test_what_cannot_be_recorded_keeps_nobody_out(browser, kari, monkeypatch, caplog, error):
    def fails(**_words):
        raise error

    monkeypatch.setattr(ledger, "record_gpc", fails)
    with caplog.at_level(logging.ERROR):
        answer = sign_in(browser, KARI)
    assert answer.redirect_chain[-1][0] == "/preferences/"
    assert answer.status_code == 200
    assert "The privacy signal of somebody who signed in could not be recorded" in caplog.text


def test_what_was_said_under_the_signal_before_stands(browser, kari):
    ledger.record_gpc(recipient=kari.pk, now=timezone.now())
    sign_in(browser, KARI)
    assert len(signals()) == 3
