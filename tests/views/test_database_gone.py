"""Whichever page asks the database first, and whichever way it fails: 503 if it may pass, 500 if it is our mistake."""

import pytest
from django import db
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from preferences.models import Recipient

PASSING = [db.OperationalError, db.InterfaceError, db.InternalError]
OUR_MISTAKE = [db.IntegrityError, db.DataError, db.ProgrammingError, db.NotSupportedError, ValueError]


@pytest.fixture
def visitor(kari: Recipient) -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(kari.account)
    return client


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch):
    """Makes one method of a class fail from now on."""

    def fail(owner: type, name: str, error: type[Exception]) -> None:
        def failing(*args: object, **kwargs: object) -> None:
            raise error("secret of the database")

        monkeypatch.setattr(owner, name, failing)

    return fail


@pytest.mark.parametrize("path", ["/preferences/", "/accounts/email/", "/link/"])
@pytest.mark.parametrize("error", PASSING)
def test_what_may_pass_asks_to_come_again(visitor, fail, path, error):
    fail(db.models.sql.compiler.SQLCompiler, "execute_sql", error)
    answer = visitor.post(path, {"address": "kari@example.com"}) if path == "/link/" else visitor.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert answer["Cache-Control"] == "no-store"
    html = answer.content.decode()
    assert "We cannot reach our records just now" in html
    assert "secret" not in html


def test_session_that_cannot_be_written_asks_to_come_again(visitor, fail):
    """That happens in a middleware, after the view is done."""
    visitor.logout()
    fail(SessionStore, "save", db.OperationalError)
    answer = visitor.post("/accounts/login/code/", {"email": "kari@example.com"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")


@pytest.mark.parametrize("error", OUR_MISTAKE)
def test_mistakes_of_ours_are_no_503(visitor, fail, error):
    fail(db.models.sql.compiler.SQLCompiler, "execute_sql", error)
    answer = visitor.get("/preferences/")
    assert answer.status_code == 500
    assert "Retry-After" not in answer
