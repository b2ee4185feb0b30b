import datetime as dt

import pytest
from allauth.idp.oidc.models import Client
from django.utils import timezone

from preferences.models import ApiAnswer, ApiClient

pytestmark = pytest.mark.django_db


def token(client, made):
    return client.post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": made["client_id"],
            "client_secret": made["client_secret"],
        },
    )


def test_make_a_client(run, client, acme):
    ended = run(
        "api_client",
        "Shop",
        *("--scope", "links:create", "--scope", "decisions:read", "--scope", "links:create"),
        *("--brand", "acme", "--json"),
    )
    assert (ended.status, ended.err) == (0, "")
    made = ended.json
    assert set(made) == {"client_id", "client_secret", "name", "brand", "scopes"}
    assert (made["name"], made["brand"], made["scopes"]) == (
        "Shop",
        "acme",
        ["decisions:read", "links:create"],
    )
    assert ApiClient.objects.get().brand == acme
    assert token(client, made).json()["scope"] == "decisions:read links:create"


def test_make_a_client_in_words(run):
    ended = run("api_client", "Shop", "--scope", "decisions:read")
    rows = dict(line.split("\t") for line in ended.out.splitlines())
    assert rows.keys() == {"client id", "client secret"}
    assert Client.objects.get().check_secret(rows["client secret"])


def test_list_and_revoke(run, client, acme):
    made = run("api_client", "Shop", "--scope", "decisions:read", "--json").json
    run("api_client", "Other", "--scope", "history:read", "--brand", "acme")

    assert run("api_client", "--revoke", made["client_id"]).out == "Revoked.\n"
    assert run("api_client", "--revoke", made["client_id"]).out == "It was revoked already.\n"

    first, second = run("api_client", "--list", "--json").json["clients"]
    assert first["client_id"] == made["client_id"]
    assert first["revoked_at"] >= first["created_at"]
    assert (second["name"], second["brand"], second["revoked_at"]) == ("Other", "acme", None)
    listed = run("api_client", "--list")
    assert made["client_secret"] not in listed.out
    assert [line.split("\t")[1:] for line in listed.out.splitlines()] == [
        ["Shop", "group", "decisions:read", "revoked"],
        ["Other", "acme", "history:read", "in use"],
    ]
    assert token(client, made).status_code == 401


def test_prune(run):
    made = run("api_client", "Shop", "--scope", "decisions:read", "--json").json
    ApiAnswer.objects.create(
        client=ApiClient.objects.get(client=made["client_id"]),
        key="k",
        request_hash="",
        created_at=timezone.now() - dt.timedelta(days=2),
    )
    assert run("api_client", "--prune", "--json").json == {"answers": 1, "tokens": 0}
    assert run("api_client", "--prune").out == "0 answers and 0 tokens thrown away.\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "Give a NAME for a new client, or one of --list, --revoke and --prune."),
        (["Shop", "--list"], "Give a NAME for a new client, or one of --list, --revoke and --prune."),
        (["Shop"], "A client needs --scope; known are decisions:read, choices:write, "),
        (["Shop", "--scope", "everything"], "There is no scope 'everything'; known are decisions:read, "),
        (
            ["Shop", "--scope", "history:read", "--brand", "x"],
            "There is no brand 'x'; `catalogue` lists them.",
        ),
        (["x" * 101, "--scope", "history:read"], "A name is one line of at most 100 characters."),
        (["a\nb", "--scope", "history:read"], "A name is one line of at most 100 characters."),
        (["--revoke", "nobody"], "There is no client 'nobody'; --list shows them."),
    ],
)
def test_bad_input(run, words, error):
    ended = run("api_client", *words)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"CommandError: {error}")
    assert len(ended.err.splitlines()) == 1
    assert not ApiClient.objects.exists()
