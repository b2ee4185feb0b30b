"""The account page: for who is signed in, and guarded against forms of other sites."""

import pytest
from django.test import Client

from tests.factories import PASSWORD, RecipientFactory, UserFactory
from tests.journeys.conftest import ANONYMOUS, KARI, said
from tests.journeys.screen import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(kari, news, events, activity) -> Visitor:
    """Kari at her browser, signed in; the page is in English because she chose so."""
    visitor = Visitor()
    visitor.client.force_login(kari.account)
    visitor.open("/preferences/?language=en")
    return visitor


def test_account_page_asks_to_sign_in_and_comes_back(visitor, kari, news, events, activity):
    page = visitor.open("/preferences/")
    assert "/accounts/login/" in page.url
    answer = visitor.post(page.url, {"login": KARI, "password": PASSWORD})
    assert answer.status == 403, "the sign-in form needs its CSRF token"
    page = visitor.open("/preferences/?language=en").press("Sign In", login=KARI, password=PASSWORD)
    assert page.heading == "Your preferences"
    assert KARI in page.text


def test_nobody_who_is_not_signed_in_saves(person, kari, news):
    client = Client()
    for data in ({"version": "0", "stop": "all"}, {}):
        answer = client.post("/preferences/", data)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/")
    assert person(KARI)["events"] == []


def test_statement_made_while_signed_in(signed_in, person):
    saved = signed_in.open("/preferences/").tick("Product news", "E-mail").press("Save my choices")
    assert "Product news, Acme – E-mail Started." in saved.outcome
    assert said(person(KARI)) == [("acme/acme-news/email", "opted_in", "account")]
    assert "You, in your account" in saved.history[0]
    saved = saved.press("Stop all marketing")
    assert said(person(KARI))[-1] == ("*/*/*", "opted_out", "account")
    undone = signed_in.open(saved.link("Undo")).press("Undo this change")
    assert undone.heading == "Undone"
    assert signed_in.open("/preferences/").is_on("Product news", "E-mail")


def test_both_doors_show_the_same(signed_in, links):
    signed_in.open("/preferences/").tick("Events", "E-mail").press("Save my choices")
    by_account, by_link = signed_in.open("/preferences/"), signed_in.open(links(KARI)["manage_url"])
    names = {"csrfmiddlewaretoken"}
    assert {k: v for k, v in by_account.choices.items() if k not in names} == by_link.choices
    assert by_account.history == by_link.history
    assert KARI in by_account.text
    assert KARI not in by_link.text


def test_form_without_its_csrf_token_is_refused(signed_in, person):
    page = signed_in.open("/preferences/").tick("Product news", "E-mail")
    data = page.choices
    assert data["csrfmiddlewaretoken"][0]
    for token in ([], [""], ["x" * 64], ["\x00"]):
        answer = signed_in.post("/preferences/", {**data, "csrfmiddlewaretoken": token})
        assert (answer.status, answer.heading) == (403, "The page was open for too long")
    assert person(KARI)["events"] == []
    stop = signed_in.post("/preferences/", {"version": "0", "stop": "all"})
    assert stop.status == 403
    assert person(KARI)["events"] == []


def test_form_of_another_site_is_refused(signed_in, person):
    data = signed_in.open("/preferences/").choices
    answer = signed_in.client.post("/preferences/", data, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert person(KARI)["events"] == []


def test_form_of_a_megabyte(signed_in, person):
    page = signed_in.open("/preferences/").tick("Product news", "E-mail")
    answer = signed_in.post("/preferences/", {**page.choices, "x": "x" * 1_000_000})
    assert (answer.status, answer.heading) == (400, "We did not understand this")
    assert person(KARI)["events"] == []


def test_account_page_is_kept_nowhere(signed_in):
    page = signed_in.open("/preferences/")
    assert "no-store" in page.response.headers["Cache-Control"]
    assert "private" in page.response.headers["Cache-Control"]


def test_account_page_shows_nobody_elses(signed_in, person, anonymous):
    """The page belongs to the session; nothing in the form says whose it is."""
    page = signed_in.open("/preferences/")
    signed_in.post("/preferences/", {**page.choices, "recipient": str(anonymous.pk), "stop": "all"})
    assert person(ANONYMOUS)["events"] == []
    assert len(person(KARI)["events"]) == 1


def test_account_without_verified_address_is_asked_for_one(news):
    user = UserFactory(email="new@example.com", verified=False)
    RecipientFactory(email="new@example.com")
    visitor = Visitor()
    visitor.client.force_login(user)
    page = visitor.open("/preferences/")
    assert page.heading == "Confirm your address first"
    assert "Product news" not in page.text
