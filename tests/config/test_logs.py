"""No token and no address gets into the logs, whatever goes wrong."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config import urls
from config.logs import JsonFormatter

SECRET = "SeCrEtToKeN"
ADDRESS = "ola.nordmann@example.org"


def ok(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse("ok")


def broken(request: HttpRequest, token: str) -> HttpResponse:
    try:
        raise KeyError(ADDRESS)
    except KeyError as error:
        raise IntegrityError(f"Key (address)=({ADDRESS}) of {token} already exists.") from error


def suspicious(request: HttpRequest, token: str) -> HttpResponse:
    raise SuspiciousOperation(f"{token} {ADDRESS}")


def denied(request: HttpRequest, token: str) -> HttpResponse:
    raise PermissionDenied(token)


def talkative(request: HttpRequest, token: str) -> HttpResponse:
    logging.getLogger("some.library").warning("mail to <%s> bounced", ADDRESS)
    return HttpResponse("ok")


urlpatterns = [
    path("fine/<str:token>/", ok, name="ok"),
    path("broken/<str:token>/", broken, name="broken"),
    path("suspicious/<str:token>/", suspicious, name="suspicious"),
    path("denied/<str:token>/", denied, name="denied"),
    path("talkative/<str:token>/", talkative, name="talkative"),
    *urls.urlpatterns,
]
handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything any logger writes, as it would reach stderr."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield output
    root.removeHandler(handler)
    root.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def request_line(log: io.StringIO) -> dict[str, Any]:
    (line,) = [line for line in lines(log) if line["logger"] == "config.request"]
    return line


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    ("url", "status", "route"),
    [
        (f"/fine/{SECRET}/", 200, "ok"),
        (f"/fine/{SECRET}", 301, None),
        (f"/nothing/{SECRET}/", 404, None),
        (f"/suspicious/{SECRET}/", 400, "suspicious"),
        (f"/denied/{SECRET}/", 403, "denied"),
        (f"/broken/{SECRET}/", 500, "broken"),
        (f"/talkative/{SECRET}/", 200, "talkative"),
        (f"/fine/{SECRET}/?address={ADDRESS}", 200, "ok"),
    ],
)
def test_neither_token_nor_address(log: io.StringIO, url: str, status: int, route: str | None) -> None:
    client = Client(raise_request_exception=False)
    response = client.get(url, REMOTE_ADDR="192.0.2.17", headers={"user-agent": "agent-of-somebody"})
    assert response.status_code == status
    line = request_line(log)
    assert line.pop("ms") >= 0
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "config.request",
        "message": "request",
        "request": response["X-Request-ID"],
        "method": "GET",
        "route": route,
        "status": status,
    }
    for hidden in (SECRET, "ola.nordmann", "192.0.2.17", "agent-of-somebody"):
        assert hidden not in log.getvalue()


@override_settings(ROOT_URLCONF=__name__)
def test_csrf_failure(log: io.StringIO) -> None:
    response = Client(enforce_csrf_checks=True).post(
        f"/fine/{SECRET}/", headers={"referer": f"/fine/{SECRET}/"}
    )
    assert response.status_code == 403
    assert [line["logger"] for line in lines(log)] == ["django.security.csrf", "config.request"]
    assert SECRET not in log.getvalue()


@override_settings(ROOT_URLCONF=__name__)
def test_a_failure_is_told_by_class_and_frames(log: io.StringIO) -> None:
    Client(raise_request_exception=False).get(f"/broken/{SECRET}/")
    (error,) = [line for line in lines(log) if line["level"] == "ERROR"]
    assert error["message"] == "Internal Server Error"
    assert [part for part in error["exception"] if not part.startswith(" ")] == [
        "builtins.KeyError",
        "django.db.utils.IntegrityError",
    ]
    assert any(part.endswith("broken") for part in error["exception"])


@pytest.mark.parametrize("url", [f"/u/{SECRET}/", f"/p/{SECRET}/", f"/undo/{SECRET}/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_our_own_links(log: io.StringIO, db: None, url: str, method: str) -> None:
    getattr(Client(raise_request_exception=False, enforce_csrf_checks=True), method)(url)
    assert request_line(log)["route"]
    assert SECRET not in log.getvalue()


def test_probes_are_quiet(log: io.StringIO, client: Client) -> None:
    client.get("/healthz")
    assert log.getvalue() == ""


def test_an_unknown_method_is_not_quoted(log: io.StringIO, client: Client) -> None:
    client.generic(SECRET, "/")
    assert request_line(log)["method"] == "other"
