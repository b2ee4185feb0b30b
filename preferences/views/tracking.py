"""Pixels and counted links of mails, `/t/…`: counted by whoever sent them, and only while the person lets it."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.http import require_safe

from preferences.decisions.profiling import profiling_of
from preferences.decisions.situation import PersonRef
from preferences.tokens import TokenInvalid, TrackingToken, read_tracking_token

logger = logging.getLogger(__name__)

PREFIX = "/t/"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
# One transparent point.
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def is_tracking(request: HttpRequest) -> bool:
    """Whether a request is for a pixel or a counted link."""
    return request.path_info.startswith(PREFIX)


def answer_tracking(request: HttpRequest) -> HttpResponse | None:
    """The answer to such a request; None where the page has to be shown that says there is nothing here."""
    try:
        match = resolve(request.path_info)
        # For the log, which names the route.
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except Http404:
        return None
    return response


@require_safe
def tracking_pixel(request: HttpRequest, token: str) -> HttpResponse:
    """To the sender's counter where the person may be tracked; else the same picture for everybody. Writes nothing."""
    try:
        read = read_tracking_token(token)
    except TokenInvalid:
        return _picture()
    if read.target is None and _may_be_tracked(read):
        return _redirect(read.counter)
    return _picture()


@require_safe
def tracked_click(request: HttpRequest, token: str) -> HttpResponse:
    """To the sender's counter where the person may be tracked, else straight to where the link leads. Writes nothing.

    Raises Http404 where the token does not say where it leads.
    """
    try:
        read = read_tracking_token(token)
    except TokenInvalid as error:
        raise Http404 from error
    if read.target is None:
        raise Http404
    return _redirect(read.counter if _may_be_tracked(read) else read.target)


def _may_be_tracked(token: TrackingToken) -> bool:
    """What the person says now, whatever it was when the link was made. Two queries; where they fail, no."""
    try:
        (profiled,) = profiling_of(people=[PersonRef(recipient=token.recipient)], now=timezone.now())
    except DatabaseError:
        logger.exception("Whether somebody may be tracked could not be read")
        return False
    return profiled.tracking


def _redirect(url: str) -> HttpResponse:
    return HttpResponseRedirect(url, headers={**_HEADERS, "Content-Length": "0"})


def _picture() -> HttpResponse:
    return HttpResponse(
        GIF, headers={**_HEADERS, "Content-Length": str(len(GIF)), "Content-Type": "image/gif"}
    )
