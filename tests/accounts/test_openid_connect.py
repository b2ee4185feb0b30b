"""Sign-in through an OpenID Connect server: a real one, small, on the loopback."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse

from preferences.models import Recipient
from tests.accounts.people import (
    add_address,
    set_password,
    sign_in,
    sign_in_by_code,
    time_passes,
    verify,
)
from tests.factories import ContactPointFactory, UserFactory

pytestmark = pytest.mark.django_db


class Handler(BaseHTTPRequestHandler):
    """Answers discovery, token and userinfo; who signs in there is `server.claims`."""

    def do_GET(self):
        if self.path == "/.well-known/openid-configuration":
            base = f"http://127.0.0.1:{self.server.server_port}"
            return self.answer(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "jwks_uri": f"{base}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        assert self.headers["Authorization"] == "Bearer a-token"
        return self.answer(self.server.claims)

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert form["client_secret"] == ["secret"]
        assert form["code_verifier"]
        self.answer({"access_token": "a-token", "token_type": "Bearer"})

    def answer(self, document):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_args):
        pass


@pytest.fixture
def server(settings):
    """The server, and our settings as OIDC_* make them for it."""
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": "Example login",
                    "client_id": "client",
                    "secret": "secret",
                    "settings": {"server_url": f"http://127.0.0.1:{server.server_port}"},
                }
            ],
        }
    }
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def come_through(browser, server, **claims):
    """Press the button, sign in over there as whom the claims say, and come back."""
    server.claims = {"sub": "person-1", **claims}
    start = browser.post(reverse("openid_connect_login", kwargs={"provider_id": "oidc"}))
    asked = urlsplit(start.headers["Location"])
    assert asked.path == "/authorize"
    state = parse_qs(asked.query)["state"][0]
    return browser.get(
        reverse("openid_connect_callback", kwargs={"provider_id": "oidc"}),
        {"code": "a-code", "state": state},
        follow=True,
    )


def test_the_button_is_there_when_a_server_is_configured(server):
    assert "Example login" in Client().get(reverse("account_login")).content.decode()


def test_there_is_no_button_without_a_server():
    html = Client().get(reverse("account_login")).content.decode()
    assert "third-party" not in html
    assert Client().get(reverse("openid_connect_login", kwargs={"provider_id": "oidc"})).status_code == 404


def test_opening_the_sign_in_address_only_asks(server):
    answer = Client().get(reverse("openid_connect_login", kwargs={"provider_id": "oidc"}))
    assert answer.status_code == 200
    assert "Example login" in answer.content.decode()


def test_an_address_the_server_has_verified_links_the_recipient(server, anonymous):
    answer = come_through(Client(), server, email="Anonymous@Example.com", email_verified=True)

    assert answer.redirect_chain[-1][0] == "/preferences/"
    anonymous.refresh_from_db()
    assert anonymous.account.email == "anonymous@example.com"


@pytest.mark.parametrize("claim", [{}, {"email_verified": False}, {"email_verified": "false"}])
def test_an_address_the_server_has_not_verified_links_nothing_until_its_owner_confirms(
    server, anonymous, claim
):
    browser = Client()
    answer = come_through(browser, server, email="anonymous@example.com", **claim)

    assert answer.redirect_chain[-1][0] == reverse("account_email_verification_sent")
    anonymous.refresh_from_db()
    assert anonymous.account is None
    verify(browser, "anonymous@example.com")
    anonymous.refresh_from_db()
    assert anonymous.account.email == "anonymous@example.com"


def test_the_server_does_not_open_an_account_that_exists_here(server, kari):
    browser = Client()
    come_through(browser, server, email="kari@example.com", email_verified=True)

    assert browser.get("/preferences/").status_code == 302
    assert [message.subject for message in mail.outbox] == ["You have an account already"]
    assert Recipient.objects.filter(account__isnull=False).count() == 1


def test_an_account_holder_connects_the_server_and_signs_in_through_it(server, kari):
    browser = Client()
    sign_in(browser, "kari@example.com")
    server.claims = {"sub": "kari-there", "email": "kari@example.com", "email_verified": True}
    start = browser.post(reverse("openid_connect_login", kwargs={"provider_id": "oidc"}) + "?process=connect")
    state = parse_qs(urlsplit(start.headers["Location"]).query)["state"][0]
    callback = reverse("openid_connect_callback", kwargs={"provider_id": "oidc"})
    browser.get(callback, {"code": "a-code", "state": state})

    other = Client()
    answer = come_through(other, server, sub="kari-there", email="kari@example.com", email_verified=True)
    assert answer.redirect_chain[-1][0] == "/preferences/"
    assert answer.context["user"] == kari.account


def test_an_address_from_the_server_is_spelled_as_every_other(server, anonymous):
    """Or the code would go to one mailbox, and open the choices of another."""
    browser = Client()
    come_through(browser, server, email="Anonymous@\uff45xample.com")

    assert [message.to for message in mail.outbox] == [["anonymous@example.com"]]
    verify(browser, "anonymous@example.com")
    anonymous.refresh_from_db()
    assert anonymous.account.email == "anonymous@example.com"


def come_and_type_the_address(browser, server):
    """Sign up through a server that names no address."""
    come_through(browser, server)
    return browser.post(reverse("socialaccount_signup"), {"email": "anonymous@example.com"}, follow=True)


def come_with_the_address(browser, server):
    return come_through(browser, server, email="anonymous@example.com", email_verified=False)


@pytest.mark.parametrize("come", [come_with_the_address, come_and_type_the_address])
def test_somebody_who_confirms_the_address_comes_in_through_the_server_from_then_on(server, anonymous, come):
    browser = Client()
    come(browser, server)
    answer = verify(browser, "anonymous@example.com")
    assert answer.redirect_chain[-1][0] == "/preferences/"
    connections = browser.get(reverse("socialaccount_connections")).content.decode()
    assert re.findall(r'name="account" value="\d+"', connections)

    other = Client()
    answer = come_through(other, server, email="anonymous@example.com")
    assert answer.redirect_chain[-1][0] == "/preferences/"
    assert answer.context["user"].email == "anonymous@example.com"


def by_code(browser):
    return sign_in_by_code(browser, "anonymous@example.com")


def by_new_password(browser):
    set_password(browser, "anonymous@example.com", "a much better passphrase")
    sign_in(browser, "anonymous@example.com", password="a much better passphrase")
    return verify(browser, "anonymous@example.com")


@pytest.mark.parametrize("prove", [by_code, by_new_password])
@pytest.mark.parametrize("come", [come_with_the_address, come_and_type_the_address])
def test_whoever_came_with_the_address_of_another_is_out_once_its_owner_is_in(server, anonymous, prove, come):
    """Nobody's server vouched for the address: the account was there before its owner was."""
    squatter = Client()
    answer = come(squatter, server)
    assert answer.redirect_chain[-1][0] == reverse("account_email_verification_sent")

    time_passes()
    owner = Client()
    assert prove(owner).redirect_chain[-1][0] == "/preferences/"

    for browser in (squatter, Client()):
        come(browser, server)
        assert browser.get("/preferences/").status_code == 302
    assert owner.get("/preferences/").status_code == 200


def test_an_account_that_has_proven_nothing_is_not_entered_through_a_server(server, anonymous):
    """Until then there is nothing to take away, not even between two of its owner's requests."""
    come_through(Client(), server, email="anonymous@example.com", email_verified=False)

    assert not SocialAccount.objects.exists()


def session_without_proof(user):
    """A browser that is signed in, as no browser can be any more before an address is proven."""
    browser = Client()
    browser.force_login(user)
    UserSession.objects.create(
        user=user, session_key=browser.session.session_key, ip="127.0.0.1", user_agent="-"
    )
    assert browser.get("/preferences/").status_code == 200
    return browser


def test_ways_in_from_before_the_first_proof_are_all_taken_away(server, anonymous):
    """Rows of an older version, or made by hand: whatever is there, the owner of the mailbox starts alone."""
    user = UserFactory(email="anonymous@example.com", verified=False)
    SocialAccount.objects.create(user=user, provider="oidc", uid="person-1")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "A" * 32})
    squatter = session_without_proof(user)

    assert by_code(Client()).redirect_chain[-1][0] == "/preferences/"

    assert squatter.get("/preferences/").status_code == 302
    assert not SocialAccount.objects.exists()
    assert not Authenticator.objects.exists()
    assert sign_in(Client(), "anonymous@example.com").redirect_chain == []


def test_other_sessions_end_with_the_first_proof_where_the_password_stays(anonymous):
    user = UserFactory(email="anonymous@example.com", verified=False)
    squatter, owner = session_without_proof(user), Client()
    sign_in(owner, "anonymous@example.com")
    assert verify(owner, "anonymous@example.com").redirect_chain[-1][0] == "/preferences/"

    assert squatter.get("/preferences/").status_code == 302
    assert owner.get("/preferences/").status_code == 200
    assert sign_in(Client(), "anonymous@example.com").redirect_chain[-1][0] == "/preferences/"


def test_another_address_takes_no_way_in_away(server, kari):
    """Only the first proof does: afterwards they are the account holder's own."""
    SocialAccount.objects.create(user=kari.account, provider="oidc", uid="person-1")
    browser = Client()
    sign_in(browser, "kari@example.com")
    add_address(browser, "second@example.com")
    verify(browser, "second@example.com")

    answer = come_through(Client(), server, email="kari@example.com")
    assert answer.redirect_chain[-1][0] == "/preferences/"
    assert sign_in(Client(), "kari@example.com").redirect_chain[-1][0] == "/preferences/"


def test_choices_kept_with_another_account_are_spoken_of_at_sign_up(server, kari):
    """Kari gave the address up as a sign-in; her choices for it stay with her account."""
    ContactPointFactory(recipient=kari, value="former@example.com")
    page = come_through(Client(), server, email="former@example.com", email_verified=True)

    assert page.redirect_chain[-1][0] == "/preferences/"
    html = page.content.decode()
    assert "The choices for former@example.com are kept with another account." in html
    assert "<h1>There are no choices under this account</h1>" in html
    assert "Confirm your address" not in html
