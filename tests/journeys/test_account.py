"""The account page: for who is signed in, and guarded against forms of other sites."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from tests.accounts.people import code_in, newest_mail, sign_in
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


def erase_as_staff(admin, recipient):
    """What a member of staff does whom a person asked to be erased."""
    staff = Client()
    staff.force_login(admin)
    path = reverse("admin:preferences_recipient_erase", args=[recipient.pk])
    assert staff.post(path, {"understood": "on"}).status_code == 302


def test_person_who_is_erased_while_signed_in_is_signed_out(kari, admin, news):
    """The account is gone with the person: whatever the browser asks for next, it is asked to sign in."""
    visitor = Visitor()
    visitor.open("/accounts/login/").press("Sign In", login=KARI, password=PASSWORD)
    form = visitor.open("/preferences/?language=en").choices
    erase_as_staff(admin, kari)

    answer = visitor.client.post("/preferences/", form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/preferences/")
    for path in ("/preferences/", "/accounts/email/", "/accounts/sessions/", "/accounts/2fa/", "/admin/"):
        assert visitor.open(path).url.startswith(("/accounts/login/", "/admin/login/")), path
    page = visitor.open("/accounts/login/").press("Sign In", login=KARI, password=PASSWORD)
    assert page.url.startswith("/accounts/login/")
    assert visitor.client.get("/preferences/").status_code == 302


def half_way_by_code(browser, user):
    browser.post("/accounts/login/code/", {"email": KARI})
    return "/accounts/login/code/confirm/", code_in(newest_mail(KARI))


def half_way_with_second_factor(browser, user):
    TOTP.activate(user, generate_totp_secret())
    assert sign_in(browser, KARI).redirect_chain[-1][0] == "/accounts/2fa/authenticate/"
    return "/accounts/2fa/authenticate/", "123456"


@pytest.mark.parametrize("begin", [half_way_by_code, half_way_with_second_factor])
@pytest.mark.parametrize("method", ["get", "post"])
def test_person_who_is_erased_half_way_through_signing_in_is_not_let_in(kari, admin, begin, method):
    browser = Client()
    path, code = begin(browser, kari.account)
    erase_as_staff(admin, kari)

    answer = getattr(browser, method)(path, {"code": code}, follow=True)
    assert answer.status_code == 200
    assert browser.get("/preferences/").status_code == 302


def test_member_of_staff_who_is_erased_keeps_the_account_without_choices(kari, admin, news):
    kari.account.is_staff = True
    kari.account.save()
    visitor = Visitor()
    visitor.client.force_login(kari.account)
    erase_as_staff(admin, kari)

    page = visitor.open("/preferences/")
    assert page.heading == "There are no choices under this account"
    assert "Product news" not in page.text
