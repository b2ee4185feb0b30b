"""Signing in and looking after one's account, through pages and mail only."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.templatetags.browser_name import browser_name
from tests.accounts.people import newest_mail, set_password, sign_in, sign_in_by_code, without_token
from tests.factories import PASSWORD, UserFactory

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    return Client()


def code_of_app(secret):
    """What an authenticator app with this secret shows now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def set_up_app(browser):
    """Confirm the password, scan the code, enter what the app shows; return the secret."""
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)[1]
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code_of_app(secret)}, follow=True)
    assert answer.status_code == 200
    return secret


def test_a_password_signs_in_and_leads_to_the_preferences(browser, kari):
    assert sign_in(browser, "kari@example.com").redirect_chain[-1][0] == "/preferences/"


def test_a_mailed_code_signs_in(browser, kari):
    answer = sign_in_by_code(browser, "kari@example.com")

    assert answer.redirect_chain[-1][0] == "/preferences/"


def test_a_wrong_code_does_not_sign_in(browser, kari):
    browser.post(reverse("account_request_login_code"), {"email": "kari@example.com"})
    answer = browser.post(reverse("account_confirm_login_code"), {"code": "ABCDEF"}, follow=True)

    assert answer.redirect_chain == []
    assert browser.get("/preferences/").status_code == 302


def test_asking_for_a_code_looks_the_same_for_known_and_unknown(kari):
    answers = []
    for address in ("kari@example.com", "unknown@example.com"):
        answer = Client().post(reverse("account_request_login_code"), {"email": address}, follow=True)
        answers.append(
            (answer.redirect_chain, without_token(answer.content.decode()).replace(address, "ADDRESS"))
        )

    assert answers[0] == answers[1]
    assert [message.subject for message in mail.outbox] == [
        "Your sign-in code",
        "There is no account with this address",
    ]


def test_a_forgotten_password_is_set_anew_through_the_mailbox(browser, kari):
    set_password(browser, "kari@example.com", "a much better passphrase")

    answer = sign_in(Client(), "kari@example.com", password="a much better passphrase")
    assert answer.redirect_chain[-1][0] == "/preferences/"


def test_an_authenticator_app_is_asked_for_at_the_next_sign_in(browser, kari):
    sign_in(browser, "kari@example.com")
    secret = set_up_app(browser)

    other = Client()
    answer = sign_in(other, "kari@example.com")
    assert answer.redirect_chain[-1][0] == reverse("mfa_authenticate")
    assert other.get("/preferences/").status_code == 302
    answer = other.post(reverse("mfa_authenticate"), {"code": code_of_app(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == "/preferences/"


@pytest.mark.django_db(transaction=True)
def test_a_new_factor_is_reported_to_the_mailbox(browser, kari):
    sign_in(browser, "kari@example.com")
    set_up_app(browser)

    assert newest_mail("kari@example.com").subject == "An authenticator app was added"
    assert "http://testserver/accounts/sessions/" in newest_mail("kari@example.com").body


def test_a_recovery_code_works_once(browser, kari):
    sign_in(browser, "kari@example.com")
    set_up_app(browser)
    codes = re.search(
        r"<textarea[^>]*>([^<]+)<", browser.get(reverse("mfa_view_recovery_codes")).content.decode()
    )
    code = codes[1].split()[0]

    for expected in (["/preferences/"], []):
        other = Client()
        sign_in(other, "kari@example.com")
        answer = other.post(reverse("mfa_authenticate"), {"code": code}, follow=True)
        assert [step[0] for step in answer.redirect_chain] == expected


def test_sessions_are_listed_and_the_others_can_be_ended(kari):
    here = Client(headers={"user-agent": "The browser at home"})
    there = Client(headers={"user-agent": "The browser at work"})
    for browser in (here, there):
        sign_in(browser, "kari@example.com")

    page = here.get(reverse("usersessions_list")).content.decode()
    assert [
        re.sub(r"\s+", " ", line) for line in re.findall(r"<strong>(The browser[^<]+)</strong>", page)
    ] == [
        "The browser at home",
        "The browser at work",
    ]
    here.post(reverse("usersessions_list"))
    assert there.get("/preferences/").status_code == 302
    assert here.get("/preferences/").status_code == 200


def test_signing_out_takes_a_button(browser, kari):
    sign_in(browser, "kari@example.com")
    assert browser.get(reverse("account_logout")).status_code == 200
    assert browser.get("/preferences/").status_code == 200
    browser.post(reverse("account_logout"))
    assert browser.get("/preferences/").status_code == 302


def test_the_address_is_found_in_any_letter_case(browser):
    UserFactory(email="Ola.Nordmann@Example.com")
    assert sign_in(browser, "OLA.nordmann@example.COM").redirect_chain[-1][0] == "/preferences/"


ENTRANCE = ("account_login", "account_signup", "account_reset_password", "account_request_login_code")
INSIDE = (
    "account_email",
    "account_change_password",
    "account_logout",
    "mfa_index",
    "usersessions_list",
    "socialaccount_connections",
    "account_reauthenticate",
)


@pytest.mark.parametrize("name", ENTRANCE + INSIDE)
def test_every_page_has_our_look_and_nothing_inline(browser, kari, name):
    if name in INSIDE:
        sign_in(browser, "kari@example.com")
    answer = browser.get(reverse(name))
    html = answer.content.decode()

    assert answer.status_code == 200
    assert "preferences/site.css" in html
    assert len(re.findall(r"<h1[ >]", html)) == 1
    assert re.findall(r"\sstyle=|\son\w+=|<style|javascript:", html) == []
    # Scripts are files or data that no browser runs.
    assert [
        tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag and "json" not in tag
    ] == []
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]


def settings_with(**variables):
    """The project's settings in a process of its own, as the environment makes them."""
    script = (
        "import json, django; from django.conf import settings; django.setup();"
        "from django.urls import reverse; from allauth.socialaccount.adapter import get_adapter;"
        "servers = settings.SOCIALACCOUNT_PROVIDERS.get('openid_connect', {}).get('APPS', []);"
        "print(json.dumps({'apps': [server['name'] for server in servers],"
        "'form_action': settings.SECURE_CSP['form-action'], 'mfa': settings.STAFF_MFA_REQUIRED,"
        "'url': reverse('openid_connect_login', kwargs={'provider_id': 'oidc'})}))"
    )
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("OIDC_", "DEMO", "STAFF"))
    }
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def test_openid_connect_is_switched_on_by_the_environment():
    off = settings_with()
    on = settings_with(
        OIDC_SERVER_URL="https://login.example.com/realm",
        OIDC_NAME="Example login",
        OIDC_CLIENT_ID="client",
        OIDC_CLIENT_SECRET="secret",
    )

    assert off["apps"] == []
    assert on["apps"] == ["Example login"]
    assert "https://login.example.com" in on["form_action"]
    assert len(off["form_action"]) == 1


def test_a_second_factor_for_staff_is_the_default_outside_the_demo():
    assert settings_with()["mfa"] is True
    assert settings_with(STAFF_MFA_REQUIRED="0")["mfa"] is False
    assert settings_with(DEMO="1")["mfa"] is False


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("something else", "something else"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_has_a_name_its_owner_knows(user_agent, name):
    assert browser_name(user_agent) == name
