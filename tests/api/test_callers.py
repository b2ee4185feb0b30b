"""Who may ask: tokens, scopes, brands, revoked clients."""

import base64
import datetime as dt

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.idp.oidc.models import Token
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from preferences.api.caller import ApiScope, forget_callers
from preferences.api.clients import make_client, prune, revoke_client
from preferences.models import ApiClient
from tests.api.conftest import get_token
from tests.factories import BrandFactory, TopicFactory, UserFactory

pytestmark = pytest.mark.django_db

QUESTION = {"person": {"recipient": 1}, "topic": "acme-news", "channel": "email"}


@pytest.fixture
def made(db):
    return make_client(name="Shop", scopes=[ApiScope.DECISIONS_READ], brand=None, now=timezone.now())


def test_a_token_by_form_and_by_basic_authentication(made):
    by_form = get_token(made)
    assert by_form.status_code == 200
    assert by_form["Cache-Control"] == "no-store"
    token = by_form.json()
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, "decisions:read")
    assert "refresh_token" not in token
    assert "id_token" not in token
    basic = base64.b64encode(f"{made.client_id}:{made.client_secret}".encode()).decode()
    by_basic = Client().post(
        "/oauth/token", {"grant_type": "client_credentials"}, headers={"authorization": f"Basic {basic}"}
    )
    assert by_basic.status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "\0"}, 400, "invalid_request"),
        ({"client_id": "x" * 101}, 401, "invalid_client"),
        ({"client_id": "0" * 32}, 401, "invalid_client"),
        ({"client_secret": "\0"}, 400, "invalid_request"),
        ({"scope": "\0"}, 400, "invalid_request"),
        ({"resource": "\0"}, 400, "invalid_request"),
        ({"resource": "https://example.com/"}, 400, "invalid_target"),
        ({"scope": "history:read"}, 400, "invalid_scope"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, None),
        ({"grant_type": "authorization_code", "code": "x"}, 400, None),
    ],
)
def test_no_token(made, fields, status, error):
    answer = get_token(made, **fields)
    assert answer.status_code == status
    assert error is None or answer.json()["error"] == error
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    "credentials", [b"\0:x", b"nobody:x", b"\xff:x", b"", b"0123456789abcdef0123456789abcdef"]
)
def test_no_token_by_basic_authentication(made, credentials):
    basic = base64.b64encode(credentials).decode()
    answer = Client().post(
        "/oauth/token", {"grant_type": "client_credentials"}, headers={"authorization": f"Basic {basic}"}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_two_client_ids_are_none(made):
    basic = base64.b64encode(f"{made.client_id}:{made.client_secret}".encode()).decode()
    fields = {"grant_type": "client_credentials", "client_id": "0" * 32}
    answer = Client().post("/oauth/token", fields, headers={"authorization": f"Basic {basic}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_guessing_ends_before_the_secret_is_checked(made, monkeypatch):
    asked = []
    monkeypatch.setattr("preferences.api.token.give_token", lambda request: asked.append(1) or HttpResponse())
    answers = [get_token(made, client_secret="wrong") for _ in range(31)]
    assert len(asked) == 30
    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"] == "60"
    assert answers[-1].json() == {"error": "temporarily_unavailable"}


def test_a_client_is_guarded_from_many_addresses(made, monkeypatch):
    monkeypatch.setattr("preferences.api.token._RATES", {"token": "30/m/ip,2/m/key"})
    other = make_client(name="Other", scopes=[ApiScope.DECISIONS_READ], brand=None, now=timezone.now())
    assert [get_token(made).status_code for _ in range(3)] == [200, 200, 429]
    assert get_token(other).status_code == 200


def test_neither_secret_nor_token_is_kept(made):
    token = get_token(made).json()["access_token"]
    assert made.client_secret not in str(OAuthClient.objects.values().get())
    assert token not in str(Token.objects.values().get())


@pytest.mark.parametrize(
    "path",
    [
        "/identity/o/authorize",
        "/identity/o/api/token",
        "/identity/o/api/clients",
        "/identity/o/api/userinfo",
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
    ],
)
def test_the_rest_of_the_oauth_server_is_not_there(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic eDp5", "Token x"])
def test_without_a_token(shop, authorization):
    answer = shop.post("/decisions", QUESTION, authorization=authorization)
    assert answer.problem == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="preferences"'


@pytest.mark.parametrize("token", ["x", "x" * 10_000, "ey.ey.ey", "é"])
def test_an_unknown_token(shop, token):
    answer = shop.post("/decisions", QUESTION, authorization=f"Bearer {token}")
    assert answer.problem == (401, "token_invalid")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="preferences", error="invalid_token"'


def test_an_expired_token(shop, news):
    assert shop.post("/decisions", QUESTION).status == 200
    Token.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    forget_callers()
    assert shop.post("/decisions", QUESTION).problem == (401, "token_invalid")


def test_a_token_that_expires_while_it_is_remembered(shop, news, monkeypatch):
    assert shop.post("/decisions", QUESTION).status == 200
    later = timezone.now() + dt.timedelta(hours=2)
    monkeypatch.setattr("preferences.api.caller.timezone.now", lambda: later)
    assert shop.post("/decisions", QUESTION).problem == (401, "token_invalid")


def test_a_token_of_a_person_is_no_clients(shop, news):
    Token.objects.update(user=UserFactory())
    assert shop.post("/decisions", QUESTION).problem == (401, "token_invalid")


def test_a_client_that_is_none_of_ours(shop, news):
    ApiClient.objects.all().delete()
    assert shop.post("/decisions", QUESTION).problem == (401, "token_invalid")


def test_a_revoked_client(shop, news):
    client = ApiClient.objects.get()
    assert revoke_client(client=client.pk, by=None, now=timezone.now()) is True
    assert revoke_client(client=client.pk, by=None, now=timezone.now()) is False
    forget_callers()
    assert shop.post("/decisions", QUESTION).problem == (401, "token_invalid")
    assert get_token(shop.made).status_code == 401


def test_a_revoked_client_is_out_within_ten_seconds_everywhere(shop, news, monkeypatch):
    from preferences.api import caller

    assert shop.post("/decisions", QUESTION).status == 200
    revoke_client(client=ApiClient.objects.get().pk, by=None, now=timezone.now())
    clock = caller.time.monotonic()
    monkeypatch.setattr(caller.time, "monotonic", lambda: clock + 10.1)
    assert shop.post("/decisions", QUESTION).problem == (401, "token_invalid")


CALLS = [
    (ApiScope.DECISIONS_READ, "POST", "/decisions"),
    (ApiScope.DECISIONS_READ, "POST", "/decisions/batch"),
    (ApiScope.DECISIONS_READ, "POST", "/audiences?topic=acme-news&channel=email"),
    (ApiScope.DECISIONS_READ, "POST", "/profiling"),
    (ApiScope.DECISIONS_READ, "GET", "/profiling/1"),
    (ApiScope.CHOICES_WRITE, "POST", "/choices"),
    (ApiScope.LINKS_CREATE, "POST", "/links"),
    (ApiScope.LINKS_CREATE, "POST", "/tracking-links"),
    (ApiScope.RECIPIENTS_WRITE, "PUT", "/recipients"),
    (ApiScope.HISTORY_READ, "POST", "/recipients/lookup"),
    (ApiScope.HISTORY_READ, "GET", "/recipients/1"),
    (ApiScope.HISTORY_READ, "GET", "/recipients/1/choices"),
    (ApiScope.HISTORY_READ, "GET", "/recipients/1/events"),
]


@pytest.mark.parametrize(("scope", "method", "path"), CALLS)
def test_a_scope_missing(program, scope, method, path):
    others = [other for other in ApiScope if other is not scope]
    answer = program(*others).send(method, path, {})
    assert answer.problem == (403, "insufficient_scope")
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="preferences", error="insufficient_scope", scope="{scope}"'
    )


def test_every_operation_is_in_this_table_of_scopes(shop):
    paths = shop.get("/openapi.json").json["paths"]
    documented = {
        (details["security"][0]["oauth2"][0], method.upper(), path)
        for path, methods in paths.items()
        for method, details in methods.items()
        if details["security"][0]["oauth2"]
    }
    assert documented == {
        (str(scope), method, "/api/v1" + path.split("?")[0].replace("/1", "/{recipient}"))
        for scope, method, path in CALLS
    }


def test_links_in_an_audience_take_both_scopes(program, news):
    answer = program("decisions:read").post("/audiences?topic=acme-news&channel=email&links=true")
    assert answer.problem == (403, "insufficient_scope")


@pytest.fixture
def rival(program, acme):
    """A client of another brand than Acme."""
    return program(brand=BrandFactory(key="rival"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decisions", QUESTION),
        ("/decisions/batch", {"people": [], "topic": "acme-news", "channel": "email"}),
        ("/links", {"people": [], "topic": "acme-news", "channel": "email"}),
        *(
            ("/choices", {"person": {"recipient": 1}, "changes": [change]})
            for change in (
                {"topic": "acme-news", "channel": "email", "state": "opted_in"},
                {"profiling": "activity", "state": "opted_in"},
            )
        ),
    ],
)
def test_another_brands_client(rival, news, activity, path, body):
    assert rival.post(path, body).problem == (403, "brand_forbidden")


@pytest.mark.parametrize(
    "change",
    [
        {"topic": "acme-news", "channel": "email"},
        {"profiling": "activity"},
        {"brand": "acme"},
        {"all": "marketing"},
        {"all": "marketing", "channel": "email"},
        {"all": "profiling"},
    ],
)
def test_a_stop_is_taken_from_any_client(rival, kari, news, activity, change):
    body = {"person": {"recipient": kari.pk}, "changes": [{**change, "state": "opted_out"}]}
    assert rival.post("/choices", body).json["results"][0]["outcome"] == "changed"


def test_another_brands_client_asks_for_an_audience(rival, news):
    answer = rival.post("/audiences?topic=acme-news&channel=email", b"", content_type="application/x-ndjson")
    assert answer.problem == (403, "brand_forbidden")


def test_another_brands_client_tells_of_a_sale(rival):
    sale = {"brand": "acme", "sold_on": "2026-01-01", "subject": "A lamp", "refusal_offered": True}
    answer = rival.put("/recipients", {"people": [{"external_id": "C-1", "sales": [sale]}]})
    assert answer.problem == (403, "brand_forbidden")


def test_a_brands_own_client(program, kari, acme, news, activity):
    own = program(brand=acme)
    person = {"recipient": kari.pk}
    assert own.post("/decisions", {**QUESTION, "person": person}).status == 200
    assert own.post("/decisions", {"person": person, "profiling": "activity"}).status == 200
    for change in (
        {"brand": "acme", "state": "opted_out"},
        {"topic": "acme-news", "channel": "sms", "state": "opted_out"},
    ):
        assert own.post("/choices", {"person": person, "changes": [change]}).status == 200
    TopicFactory(key="other")
    catalogue = own.get("/catalogue").json
    assert [brand["key"] for brand in catalogue["brands"]] == ["acme"]
    assert [topic["key"] for topic in catalogue["topics"]] == ["acme-news"]
    assert [purpose["key"] for purpose in catalogue["profiling_purposes"]] == ["activity"]


def test_no_session_no_cookie_no_csrf(shop, kari, news):
    answer = shop.post("/decisions", QUESTION)
    assert not answer.response.cookies
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_pruning_keeps_what_is_in_use(shop):
    Token.objects.create(type="at", hash="old", expires_at=timezone.now() - dt.timedelta(days=1))
    assert prune(now=timezone.now()).tokens == 1
    assert Token.objects.count() == 1
