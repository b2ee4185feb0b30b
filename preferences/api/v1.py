"""The API, version 1: its routes, and what every answer of it has in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils import translation
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from preferences.api import (
    audiences,
    catalogue,
    choices,
    decisions,
    history,
    links,
    profiling,
    recipients,
    tracking_links,
)
from preferences.api.allowance import Allowance
from preferences.api.docs import DocsPage
from preferences.api.problems import MEDIA_TYPE, Fault, Problem
from preferences.api.read_body import BodyParser
from preferences.api.schema import completed

PREFIX = "/api/"
# The one page here that people open: it has the look of the other pages, and what they need around them.
DOCS = "/api/v1/docs"

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
# Where a fault lies is said by our own names; what a sender made up is not repeated.
_OUR_NAME = re.compile(r"[a-z_]{1,30}|[0-9]{1,6}")
_MOST_FAULTS = 100


class PreferenceApi(NinjaAPI):
    """The API with a schema that is complete, and made once for each process."""

    @cached_property
    def _schema(self) -> OpenAPISchema:
        return completed(super().get_openapi_schema())

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        return self._schema


api = PreferenceApi(
    title="Preference centre",
    version="1",
    description="May we send this? The same choices as on the preference page, for programs.",
    urls_namespace="api",
    parser=BodyParser(),
    docs=DocsPage(),
)
for part in (
    decisions,
    profiling,
    choices,
    recipients,
    history,
    links,
    tracking_links,
    catalogue,
    audiences,
):
    api.add_router("", part.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem.answer()


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    faults = [
        Fault(location=_location(_place(fault)), code=str(fault["type"]), message=str(fault["msg"]))
        for fault in error.errors[:_MOST_FAULTS]
    ]
    return Problem("invalid", faults=faults).answer()


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    # What the parser raises comes wrapped.
    cause = error.__cause__
    return (cause if isinstance(cause, Problem) else Problem("bad_request")).answer()


# Http404 too, of which the library says more than is good where DEBUG is set.
@api.exception_handler(Http404)
@api.exception_handler(Exception)
def _pass_on(request: HttpRequest, error: Exception) -> NoReturn:
    raise error


def is_for_programs(request: HttpRequest) -> bool:
    """Whether a request is for the API, and not for the page about it."""
    return request.path_info.startswith(PREFIX) and request.path_info != DOCS


def answer_program(request: HttpRequest) -> HttpResponseBase:
    """The answer to a request for the API; whatever is wrong with the request is a problem with a code.

    Raises what is wrong with us, the database's errors included.
    """
    with translation.override(_language(request)):
        try:
            response = _run(request)
        except Problem as problem:
            response = problem.answer()
        except Http404:
            response = Problem("not_found").answer()
        except (SuspiciousOperation, BadRequest, UnreadablePostError):
            response = Problem("bad_request").answer()
    return finished(response, allowance=getattr(request, "api_allowance", None))


def finished(response: HttpResponseBase, *, allowance: Allowance | None = None) -> HttpResponseBase:
    """A response of the API with the headers that all of them have."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if allowance:
        response.headers["RateLimit-Limit"] = str(allowance.limit)
        response.headers["RateLimit-Remaining"] = str(allowance.remaining)
        response.headers["RateLimit-Reset"] = str(allowance.reset)
    return response


def _run(request: HttpRequest) -> HttpResponseBase:
    match = resolve(request.path_info)
    # For the log, which names the route.
    request.resolver_match = match
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    if response.status_code == 405 and response.headers.get("Content-Type") != MEDIA_TYPE:
        raise Problem("method_not_allowed", headers={"Allow": response.headers["Allow"]})
    return response


def _language(request: HttpRequest) -> str:
    if request.META.get("HTTP_ACCEPT_LANGUAGE"):
        return translation.get_language_from_request(request)
    return settings.LANGUAGE_CODE


def _place(fault: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where a fault lies; of a field that is none of ours, where it stands and not its name."""
    place: tuple[str | int, ...] = fault["loc"]
    return place[:-1] if fault["type"] == "extra_forbidden" else place


def _location(parts: tuple[str | int, ...]) -> str:
    """Where a fault lies: `body.people.3.email`, `query.limit`."""
    source, *rest = (str(part) for part in parts)
    if source == "body":
        # The name of the view's parameter, which nobody outside knows.
        rest = rest[1:]
    return ".".join([source, *(part if _OUR_NAME.fullmatch(part) else "…" for part in rest)])
