"""Programs as callers: a client with a token, and nothing but HTTP."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from preferences.api.allowance import forget_shares
from preferences.api.caller import ApiScope, forget_callers
from preferences.api.clients import MadeClient, make_client
from preferences.enums import Source, State
from preferences.ledger import Change, Evidence, record
from preferences.scope import Scope

EVERYTHING = tuple(ApiScope)


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """What a process remembers of clients and limits belongs to the database of one test."""
    forget_callers()
    forget_shares()


@dataclass(frozen=True, kw_only=True)
class Answer:
    response: HttpResponse

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Any:
        return self.response.headers

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def content(self) -> bytes:
        if self.response.streaming:
            return b"".join(self.response.streaming_content)
        return self.response.content

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code, after a look at the form of it (RFC 9457)."""
        assert self.headers["Content-Type"] == "application/problem+json"
        body = self.json
        assert body["type"] == f"/api/v1/docs#{body['code']}"
        assert body["status"] == self.status
        assert body["title"]
        assert body["detail"]
        return self.status, body["code"]


class Program:
    """A client of the API that has got itself a token."""

    def __init__(self, made: MadeClient, token: str) -> None:
        self.made = made
        self.token = token

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("PUT", path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`body` as JSON, bytes as they are. `accept_language="nb"` becomes the header Accept-Language."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = named.pop("content-type", "application/json")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named.setdefault("authorization", f"Bearer {self.token}")
        response = Client().generic(
            method,
            f"/api/v1{path}",
            data,
            content_type=content_type if data or body else "",
            headers=named,
        )
        return Answer(response=response)


def get_token(made: MadeClient, **fields: str) -> HttpResponse:
    return Client().post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": made.client_id,
            "client_secret": made.client_secret,
            **fields,
        },
    )


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """`program("decisions:read", brand=acme)`: a client with these scopes, all of them if none is named."""

    def program(*scopes: str, brand: Any = None) -> Program:
        made = make_client(
            name="Shop",
            scopes=[ApiScope(scope) for scope in scopes] or EVERYTHING,
            brand=brand.pk if brand else None,
            now=timezone.now(),
        )
        return Program(made, get_token(made).json()["access_token"])

    return program


@pytest.fixture
def shop(program: Callable[..., Program]) -> Program:
    """A client of the whole group that may do everything."""
    return program()


@pytest.fixture
def say() -> Callable[..., int]:
    """Have somebody say something in their account; the id of the event."""

    def say(recipient: Any, state: State, scope: Scope, *, now: Any = None) -> int:
        (result,) = record(
            recipient=recipient.pk,
            changes=[Change(scope=scope, state=state)],
            evidence=Evidence(source=Source.ACCOUNT),
            now=now or timezone.now(),
        ).results
        assert result.event, result
        return result.event

    return say
