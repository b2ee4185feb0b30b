"""How staff get into the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.accounts.people import sign_in
from tests.accounts.test_sign_in import code_of_app, set_up_app
from tests.factories import PASSWORD, AdminFactory

pytestmark = pytest.mark.django_db

ADMIN = "/admin/"


@pytest.fixture
def browser():
    return Client()


@pytest.fixture
def second_factor(settings):
    settings.STAFF_MFA_REQUIRED = True


def test_strangers_are_sent_to_the_one_sign_in_page(browser):
    answer = browser.get(ADMIN, follow=True)

    assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert answer.status_code == 200


def test_signing_in_leads_back_to_the_admin(browser, admin):
    answer = sign_in(browser, "admin@example.com", next_url=ADMIN)

    assert answer.redirect_chain[-1][0] == ADMIN
    assert answer.status_code == 200


def test_people_who_are_not_staff_are_refused(browser, kari):
    sign_in(browser, "kari@example.com")

    assert browser.get(ADMIN, follow=True).status_code == 403


def test_staff_without_a_second_factor_are_told_how_to_set_one_up(browser, admin, second_factor):
    answer = sign_in(browser, "admin@example.com", next_url=ADMIN)

    assert [step[0].partition("?")[0] for step in answer.redirect_chain] == [ADMIN, "/admin/login/"]
    assert answer.status_code == 403
    assert f'href="{reverse("mfa_index")}"' in answer.content.decode()
    assert browser.get("/preferences/").status_code == 200


def test_no_page_of_the_admin_opens_without_the_second_factor(browser, admin, second_factor):
    sign_in(browser, "admin@example.com")
    for name in (
        "admin:index",
        "admin:accounts_user_changelist",
        "admin:jsi18n",
        "admin:preferences_brand_changelist",
    ):
        answer = browser.get(reverse(name))
        assert answer.headers["Location"].startswith("/admin/login/"), name


def test_a_second_factor_opens_the_admin(browser, admin, second_factor):
    sign_in(browser, "admin@example.com")
    secret = set_up_app(browser)
    other = Client()
    assert sign_in(other, "admin@example.com", next_url=ADMIN).redirect_chain[-1][0] == reverse(
        "mfa_authenticate"
    )

    answer = other.post(reverse("mfa_authenticate"), {"code": code_of_app(secret)}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == ADMIN


def test_a_session_from_before_the_second_factor_has_to_show_it(browser, admin, second_factor):
    """Or a thief's session would get in as soon as the owner of the account sets one up."""
    thief = Client()
    sign_in(thief, "admin@example.com")
    sign_in(browser, "admin@example.com")
    secret = set_up_app(browser)

    answer = thief.get(ADMIN, follow=True)
    assert answer.status_code == 403
    assert reverse("mfa_reauthenticate") in answer.content.decode()
    answer = thief.post(
        f"{reverse('mfa_reauthenticate')}?next={ADMIN}",
        {"code": code_of_app(secret), "next": ADMIN},
        follow=True,
    )
    assert answer.redirect_chain[-1][0] == ADMIN
    assert answer.status_code == 200


def test_nobody_signs_in_past_the_second_factor_through_djangos_own_form(
    browser, admin, support, second_factor
):
    sign_in(browser, "support@example.com")
    secret = set_up_app(browser)
    browser.post(reverse("mfa_reauthenticate"), {"code": code_of_app(secret)})
    assert browser.get(ADMIN).status_code == 200
    AdminFactory(email="chief@example.com")
    browser.post("/admin/login/", {"username": "chief@example.com", "password": PASSWORD, "next": ADMIN})
    assert browser.get(reverse("account_email")).context["user"].email == "support@example.com"
    anonymous = Client()
    anonymous.post("/admin/login/", {"username": "chief@example.com", "password": PASSWORD, "next": ADMIN})
    assert anonymous.get("/preferences/").status_code == 302


def test_the_admin_does_not_send_anybody_to_another_site(browser, admin):
    sign_in(browser, "admin@example.com")
    answer = browser.get("/admin/login/?next=https://evil.example/")

    assert answer.headers["Location"] == ADMIN


def test_accounts_in_the_admin(browser, admin, kari):
    sign_in(browser, "admin@example.com")
    assert browser.get(reverse("admin:accounts_user_changelist"), {"q": "kari"}).status_code == 200
    page = browser.get(reverse("admin:accounts_user_change", args=[kari.account.pk]))
    assert page.status_code == 200
    assert browser.get(reverse("admin:auth_group_changelist")).status_code == 200
    assert browser.get(reverse("admin:auth_user_password_change", args=[kari.account.pk])).status_code == 200
    answer = browser.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "New.Colleague@Example.com",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
            "is_staff": "on",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    # The new colleague proves the address first.
    assert sign_in(Client(), "new.colleague@example.com").redirect_chain[-1][0] == reverse(
        "account_email_verification_sent"
    )
