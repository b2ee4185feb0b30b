"""One-click (RFC 8058): a mailbox provider's POST to the stop link, answered in one short line."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error as DatabaseError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404, resolve
from django.utils import timezone

from preferences import ledger
from preferences.enums import Source, State
from preferences.ledger import Change, Evidence, RecipientGone
from preferences.models import Purpose
from preferences.tokens import StopToken, TokenInvalid, read_stop_token
from preferences.views.database_gone import RETRY_AFTER

logger = logging.getLogger(__name__)

ROUTES = ("preferences:stop", "preferences:stop_without_slash")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Content-Type": "text/plain",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def answer_one_click(request: HttpRequest) -> HttpResponse | None:
    """The answer to a one-click POST; None for any other request."""
    if request.method != "POST":
        return None
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    if match.view_name not in ROUTES or not is_one_click(request):
        return None
    # For the log, which names the route.
    request.resolver_match = match
    return one_click(match.kwargs["token"])


def is_one_click(request: HttpRequest) -> bool:
    """True for a POST that names none of the stop page's buttons: most providers send
    `List-Unsubscribe=One-Click`, some send no body at all. A body too large or too odd to be read is no form of ours.
    """
    try:
        return "stop" not in request.POST
    except (SuspiciousOperation, BadRequest, MultiPartParserError):
        return True


def one_click(text: str) -> HttpResponse:
    """Stop what the token in `text` names: 200 for a good, a repeated and an unknown token alike, 503 when the stop
    could not be stored.
    """
    try:
        _store(read_stop_token(text))
    except (TokenInvalid, RecipientGone):
        # Nobody to stop anything for; saying so would tell a known token from an unknown one.
        pass
    except DatabaseError:
        logger.exception("A one-click stop could not be stored")
        return _answer("Try again later.\n", status=503, headers={"Retry-After": str(RETRY_AFTER)})
    return _answer("OK\n")


def _store(token: StopToken) -> None:
    try:
        ledger.record(
            recipient=token.recipient,
            changes=[Change(scope=token.scope, state=State.OPTED_OUT)],
            evidence=Evidence(source=Source.ONE_CLICK),
            now=timezone.now(),
        )
    except IntegrityError:
        # Of a topic whose row is gone nothing is sent any more, and coming again would not help.
        if Purpose.objects.filter(pk=token.topic).exists():
            raise


def _answer(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        text, status=status, headers={**_HEADERS, "Content-Length": str(len(text)), **(headers or {})}
    )
