"""Sign-in through an OpenID Connect server: a real one, small, on the loopback."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from preferences.models import Recipient
from tests.accounts.people import sign_in, verify

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
