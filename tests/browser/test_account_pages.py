"""The account pages in a real browser, passkeys included."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from tests.accounts.people import code_in, newest_mail, time_passes
from tests.factories import PASSWORD, AdminFactory, RecipientFactory, TopicFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ENTRANCE = ["account_login", "account_signup", "account_reset_password", "account_request_login_code"]
INSIDE = [
    "account_email",
    "account_change_password",
    "mfa_index",
    "usersessions_list",
    "socialaccount_connections",
    "account_reauthenticate",
    "account_logout",
]


@pytest.fixture
def kari(db):
    user = UserFactory(email="kari@example.com")
    return RecipientFactory(account=user, email=user.email)


@pytest.fixture
def complaints(page):
    """What the browser complains of, refused scripts and styles included."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def passkey(page):
    """A phone or laptop that keeps passkeys and knows its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def sign_in(page, server, address):
    page.goto(server.url + reverse("account_login"))
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_url("**/preferences/")


def findings(page):
    """What axe finds, in short."""
    results = Axe().run(page).response["violations"]
    return [(finding["id"], [node["html"][:120] for node in finding["nodes"]]) for finding in results]


def test_sign_up_verify_and_see_the_choices(page, live_server, complaints):
    TopicFactory()
    page.goto(live_server.url + reverse("account_signup"))
    page.get_by_label("Email").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign Up").click()
    page.wait_for_url("**/confirm-email/")
    assert findings(page) == []
    page.get_by_label("Code").fill(code_in(newest_mail("new@example.com")))
    page.get_by_role("button", name="Confirm").click()

    page.wait_for_url("**/preferences/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your preferences")
    expect(page.get_by_role("status")).to_contain_text("new@example.com")
    assert complaints == []


def test_a_passkey_is_added_and_signs_in(page, live_server, settings, kari, passkey, complaints):
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    sign_in(page, live_server, "kari@example.com")
    page.goto(live_server.url + reverse("mfa_add_webauthn"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/webauthn/add/")
    page.get_by_label("Passwordless").check()
    assert findings(page) == []
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("recovery-codes|webauthn/$"))

    page.context.clear_cookies()
    page.goto(live_server.url + reverse("account_login"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/preferences/")

    page.goto(live_server.url + reverse("mfa_list_webauthn"))
    assert findings(page) == []
    assert complaints == []


def test_a_passkey_opens_the_admin_where_a_second_factor_is_needed(page, live_server, settings, passkey):
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    settings.STAFF_MFA_REQUIRED = True
    AdminFactory(email="admin@example.com")
    sign_in(page, live_server, "admin@example.com")
    page.goto(live_server.url + "/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("A second factor is needed")
    assert findings(page) == []
    page.get_by_role("link", name="Set up a second factor").click()
    page.goto(live_server.url + reverse("mfa_add_webauthn"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("recovery-codes|webauthn/$"))

    page.goto(live_server.url + "/admin/")
    page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url("**/admin/")
    expect(page).to_have_title(re.compile("Preference centre"))


def test_a_passkey_that_does_not_answer_is_said_on_the_page(page, live_server, settings, kari):
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    page.add_init_script(
        "navigator.credentials.get = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(live_server.url + reverse("account_login"))
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_an_authenticator_app_is_set_up_with_a_picture_to_scan(page, live_server, kari, complaints):
    sign_in(page, live_server, "kari@example.com")
    page.goto(live_server.url + reverse("mfa_activate_totp"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/totp/activate/")

    assert page.locator("img").evaluate("image => image.complete && image.naturalWidth > 0")
    assert findings(page) == []
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_quiet_and_fits_a_small_screen(page, live_server, kari, complaints, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    seen = {}

    def look(name):
        page.goto(live_server.url + reverse(name))
        too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        seen[name] = (findings(page), too_wide)

    for name in ENTRANCE:
        look(name)
    sign_in(page, live_server, "kari@example.com")
    time_passes()
    page.goto(live_server.url + reverse("account_email"))
    page.get_by_label("Email").fill("a.second.and.rather.long.address@example.com")
    page.get_by_role("button", name="Add the address").click()
    for name in INSIDE:
        look(name)

    assert seen == dict.fromkeys(ENTRANCE + INSIDE, ([], False))
    assert complaints == []


@pytest.fixture
def page_without_script(browser):
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_everything_but_passkeys_works_without_script(page_without_script, live_server, kari):
    page = page_without_script
    sign_in(page, live_server, "kari@example.com")
    page.goto(live_server.url + reverse("account_email"))
    page.get_by_label("Email").fill("second@example.com")
    page.get_by_role("button", name="Add the address").click()
    page.get_by_label("Code").fill(code_in(newest_mail("second@example.com")))
    page.get_by_role("button", name="Confirm").click()
    page.goto(live_server.url + reverse("account_email"))
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("second@example.com")
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
