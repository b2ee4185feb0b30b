"""Which pages of other hosts a browser lets speak to us (CORS): those of the site's own origins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from preferences.cookies.served import Served

# For so long a browser need not ask again; it keeps no longer than two hours anyway.
_KEPT_SECONDS = "7200"


class OriginForbidden(Exception):
    """The request does not come from a page of the site. `code`: origin_missing, origin_forbidden."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def origin_of(request: HttpRequest, served: Served) -> str:
    """The origin a request comes from, letter by letter one of the site's, or our own. Raises OriginForbidden."""
    origin: str | None = request.META.get("HTTP_ORIGIN")
    if not origin:
        raise OriginForbidden("origin_missing")
    if origin not in served.origins and origin != our_origin():
        raise OriginForbidden("origin_forbidden")
    return origin


def our_origin() -> str:
    """Our own origin as browsers send it: in lower case, without the usual port."""
    return _origin_in(settings.BASE_URL)


def cors_headers(origin: str) -> Mapping[str, str]:
    """The headers by which a browser lets a page of this origin read the answer."""
    return {
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Origin": origin,
        "Vary": "Origin",
    }


def preflight(origin: str, *, methods: str) -> HttpResponse:
    """The answer to a browser that asks before it sends."""
    return HttpResponse(
        status=204,
        headers={
            **cors_headers(origin),
            "Access-Control-Allow-Headers": "content-type",
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Max-Age": _KEPT_SECONDS,
        },
    )


@lru_cache(maxsize=4)
def _origin_in(url: str) -> str:
    parts = urlsplit(url)
    usual = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"
