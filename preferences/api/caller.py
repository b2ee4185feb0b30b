"""Who calls: the client behind an access token, and what it may do."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Token
from django.http import HttpRequest
from django.utils import timezone

from preferences.api.allowance import take
from preferences.api.problems import Problem
from preferences.api.read_body import take_in_body

# For so many seconds a process believes what it read about a token, so a withdrawn one works no longer than that.
_BELIEVED_SECONDS = 10
_MOST_BELIEVED = 10_000
_LONGEST_TOKEN = 500
_REALM = 'Bearer realm="preferences"'
_WITH_BODY = frozenset({"POST", "PUT"})


class ApiScope(StrEnum):
    """What a client may be allowed to do."""

    DECISIONS_READ = "decisions:read"
    CHOICES_WRITE = "choices:write"
    LINKS_CREATE = "links:create"
    RECIPIENTS_WRITE = "recipients:write"
    HISTORY_READ = "history:read"


SCOPE_SENTENCES = {
    ApiScope.DECISIONS_READ: "Ask whether somebody may be sent something or profiled, and for audiences.",
    ApiScope.CHOICES_WRITE: "Record what people said.",
    ApiScope.LINKS_CREATE: "Make stop links, manage links and tracked links.",
    ApiScope.RECIPIENTS_WRITE: "Tell who people are: addresses, country, relationship, sales.",
    ApiScope.HISTORY_READ: "Read about a person: profile, choices, history.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client that has shown a valid token. `brand` is the primary key of its one brand, None for the whole group."""

    client: int
    brand: int | None
    brand_key: str | None
    scopes: frozenset[str]
    expires_at: dt.datetime | None

    def require_brand(self, brand: int | None) -> None:
        """Raise Problem `brand_forbidden` for a client of one brand that goes beyond it; None is the whole group."""
        if self.brand is not None and brand != self.brand:
            raise Problem("brand_forbidden")

    def require_scope(self, scope: ApiScope) -> None:
        """Raise Problem `insufficient_scope` where the token does not hold it."""
        if scope.value not in self.scopes:
            raise Problem(
                "insufficient_scope",
                detail=f"This takes the scope {scope.value}.",
                headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope.value}"'},
            )


class Bearer:
    """Lets a request through that bears a token with `scopes` and has requests left, and then takes in its JSON body.

    For django-ninja, which calls it before all else; `request.auth` is the Caller afterwards. `streamed` leaves the
    body to the view.
    """

    def __init__(self, *scopes: ApiScope, streamed: bool = False) -> None:
        self.scopes: Sequence[ApiScope] = scopes
        self._streamed = streamed

    def __call__(self, request: HttpRequest) -> Caller:
        caller = caller_of(request.META.get("HTTP_AUTHORIZATION", ""), now=timezone.now())
        allowance = take(client=caller.client)
        # The middleware puts it on the answer, whatever that will be.
        request.api_allowance = allowance  # type: ignore[attr-defined]
        if not allowance.granted:
            raise Problem("too_many_requests", headers={"Retry-After": str(allowance.reset)})
        for scope in self.scopes:
            caller.require_scope(scope)
        if not self._streamed and request.method in _WITH_BODY:
            take_in_body(request)
        return caller


def caller_of(authorization: str, *, now: dt.datetime) -> Caller:
    """The client that the Authorization header names. One query, and none for a token seen a few seconds ago.

    Raises Problem `token_missing` or `token_invalid`.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Problem("token_missing", headers={"WWW-Authenticate": _REALM})
    caller = _believed(token) if len(token) <= _LONGEST_TOKEN else None
    if caller is None or (caller.expires_at is not None and caller.expires_at <= now):
        raise Problem("token_invalid", headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})
    return caller


_seen: dict[str, tuple[float, Caller]] = {}


def forget_callers() -> None:
    """Read every token anew: for tests, whose database is another one each time."""
    _seen.clear()


def _believed(token: str) -> Caller | None:
    digest = get_adapter().hash_token(token)
    until, caller = _seen.get(digest, (0.0, None))
    if caller is not None and time.monotonic() < until:
        return caller
    caller = _look_up(digest)
    if caller is None:
        _seen.pop(digest, None)
        return None
    if len(_seen) >= _MOST_BELIEVED:
        _seen.clear()
    _seen[digest] = (time.monotonic() + _BELIEVED_SECONDS, caller)
    return caller


def _look_up(digest: str) -> Caller | None:
    row: dict[str, Any] | None = (
        Token.objects.filter(
            hash=digest,
            type=Token.Type.ACCESS_TOKEN,
            user=None,
            client__api_client__isnull=False,
            client__api_client__revoked_at=None,
        )
        .values(
            "scopes",
            "expires_at",
            "client__api_client",
            "client__api_client__brand",
            "client__api_client__brand__key",
        )
        .first()
    )
    if row is None:
        return None
    return Caller(
        client=row["client__api_client"],
        brand=row["client__api_client__brand"],
        brand_key=row["client__api_client__brand__key"],
        scopes=frozenset(row["scopes"].split("\n")),
        expires_at=row["expires_at"],
    )


def caller(request: HttpRequest) -> Caller:
    """The Caller that Bearer let through."""
    found: Caller = request.auth  # type: ignore[attr-defined]
    return found
