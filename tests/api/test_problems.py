"""Whatever goes wrong is a problem with a code, and none repeats what was sent."""

import io
import json

import pytest
from django.db import OperationalError
from django.test import Client

from preferences.api import choices, decisions, read_body
from preferences.api.problems import PROBLEMS
from preferences.api.read_body import LARGEST_BODY
from tests.api.conftest import Answer

pytestmark = pytest.mark.django_db

AUDIENCE = "/audiences?topic=acme-news&channel=email"
QUESTION = {"person": {"email": "kari@example.com"}, "topic": "acme-news", "channel": "email"}


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/decisions/", "/docs/", "/recipients//choices"])
def test_not_found(shop, path):
    assert shop.get(path).problem == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/", "/api/v2/decisions", "/api/%00"])
def test_not_found_beside_the_api(path):
    answer = Client().get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_method_not_allowed(shop, method):
    answer = shop.send(method, "/decisions")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"
    if method != "HEAD":
        assert answer.problem == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", (400, "body_not_json")),
        (b"null", (422, "invalid")),
        (b"[]", (422, "invalid")),
        (b"NaN", (400, "body_not_json")),
        (b"[" * 100_000, (400, "body_not_json")),
        (b'{"topic": "\xe5"}', (400, "body_not_utf8")),
        (b'{"topic": "\\ud800"}', (422, "invalid")),
        (b"", (422, "invalid")),
        (b"9" * 5000, (400, "body_not_json")),
    ],
)
def test_a_body_that_is_none(shop, news, body, problem):
    assert shop.send("POST", "/decisions", body).problem == problem


def test_a_body_too_large(shop):
    assert shop.send("POST", "/decisions", b" " * (LARGEST_BODY + 1)).problem == (413, "body_too_large")


def raw(program, path, body, **environ):
    """A request with a body as servers hand it on, whatever its headers say."""
    asked = {
        "PATH_INFO": f"/api/v1{path.partition('?')[0]}",
        "QUERY_STRING": path.partition("?")[2],
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {program.token}",
        "wsgi.input": io.BytesIO(body),
    }
    return Answer(response=Client().request(**{**asked, **environ}))


def in_chunks(program, **environ):
    body = json.dumps(QUESTION).encode()
    return raw(program, "/decisions", body, HTTP_TRANSFER_ENCODING="chunked", **environ)


def test_a_body_that_comes_in_chunks(shop, kari, news):
    """It is read where the server can tell its end."""
    assert in_chunks(shop, **{"wsgi.input_terminated": True}).json["recipient"] == kari.pk
    assert in_chunks(shop).problem == (411, "length_required")


def test_a_body_in_chunks_that_is_too_large(shop, monkeypatch):
    monkeypatch.setattr(read_body, "LARGEST_BODY", 10)
    assert in_chunks(shop, **{"wsgi.input_terminated": True}).problem == (413, "body_too_large")


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_length_that_no_body_has(shop, news, digits):
    for path, content_type in (("/decisions", "application/json"), (AUDIENCE, "text/plain")):
        answer = raw(shop, path, b"", CONTENT_TYPE=content_type, CONTENT_LENGTH="9" * digits)
        assert answer.problem == (413, "body_too_large")


def test_a_body_that_breaks_off(shop, news):
    """Half a list of people must not pass for a list."""
    for path, content_type in (("/decisions", "application/json"), (AUDIENCE, "text/plain")):
        answer = raw(shop, path, b"a@example.com\n", CONTENT_TYPE=content_type, CONTENT_LENGTH="500")
        assert answer.problem == (400, "body_incomplete")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type(shop, content_type):
    answer = shop.post("/decisions", QUESTION, content_type=content_type)
    assert answer.problem == (415, "media_type_unsupported")


def test_faults_name_the_place_and_repeat_nothing(shop):
    body = {
        "person": {"kari@example.com": 1, "email": 47},
        "topic": "acme news kari@example.com",
        "channel": "kari@example.com",
    }
    answer = shop.post("/decisions", body)
    assert answer.problem == (422, "invalid")
    assert b"kari" not in answer.content
    assert {fault["location"] for fault in answer.json["errors"]} >= {
        "body.channel",
        "body.topic",
        "body.person.email",
        "body.person",
    }


def test_a_name_that_looks_like_ours_is_not_repeated(shop):
    answer = shop.post("/decisions", {**QUESTION, "kari_nordmann": 1})
    assert answer.problem == (422, "invalid")
    assert [fault["location"] for fault in answer.json["errors"]] == ["body"]
    assert b"kari" not in answer.content


def test_a_fault_in_address_or_query(shop):
    answer = shop.get("/recipients/kari@example.com")
    assert answer.problem == (422, "invalid")
    assert answer.json["errors"][0]["location"] == "path.recipient"
    assert b"kari" not in answer.content
    assert shop.get("/recipients/1/events?limit=0").json["errors"][0]["location"] == "query.limit"


def test_the_database_is_gone(shop, news, monkeypatch):
    def refuse(**asked):
        raise OperationalError("kari@example.com")

    monkeypatch.setattr(decisions, "decide_many", refuse)
    answer = shop.post("/decisions", QUESTION)
    assert answer.problem == (503, "try_again")
    assert answer.headers["Retry-After"] == "120"
    assert b"kari" not in answer.content


def test_a_choice_that_cannot_be_stored_is_never_a_success(shop, kari, news, monkeypatch):
    def refuse(**asked):
        raise OperationalError

    monkeypatch.setattr(choices.ledger, "record", refuse)
    body = {"person": {"recipient": kari.pk}, "changes": [{"all": "marketing", "state": "opted_out"}]}
    assert shop.post("/choices", body).problem == (503, "try_again")
    assert shop.post("/choices", body, idempotency_key="k").problem == (503, "try_again")
    monkeypatch.undo()
    assert shop.post("/choices", body, idempotency_key="k").json["results"][0]["outcome"] == "changed"


@pytest.mark.parametrize("debug", [False, True])
def test_a_failure_of_ours(shop, news, monkeypatch, settings, debug, caplog):
    def fail(**asked):
        raise RuntimeError("kari@example.com")

    settings.DEBUG = debug
    monkeypatch.setattr(decisions, "decide_many", fail)
    answer = shop.post("/decisions", QUESTION)
    assert answer.problem == (500, "failed")
    assert b"kari" not in answer.content
    assert "The API failed" in caplog.messages


def test_every_problem_is_explained_on_the_page_about_the_api(client, db):
    page = client.get("/api/v1/docs").content.decode()
    for code in PROBLEMS:
        assert f'id="{code}"' in page
