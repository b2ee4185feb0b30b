"""What the cookie banner asks for: its script, its texts, and taking and telling what was chosen.

Answered to pages of other hosts, before the middleware that only a page of ours needs.
"""

from __future__ import annotations

import datetime as dt
import gzip
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone

from preferences.cookies.at_hand import at_hand
from preferences.cookies.cors import OriginForbidden, cors_headers, origin_of, preflight
from preferences.cookies.read_consent import ConsentInvalid, Said, consent_id, judge, read_body
from preferences.cookies.record import (
    ConsentRefused,
    NewConsent,
    Record,
    record_consent,
    records_of,
    version_of,
)
from preferences.cookies.remember import remember_consent
from preferences.cookies.replies import encode, json_answer, not_allowed, refusal
from preferences.cookies.served import Served, banner_of, served_site
from preferences.views.database_gone import DATABASE_GONE
from preferences.views.privacy_signal import sends_gpc

logger = logging.getLogger(__name__)

_PREFIXES = ("/cookies/", "/.well-known/")
# The same few addresses, over and over. Those that hold a consent id end otherwise, and would push them out of memory.
_ASKED_OFTEN = ("/banner.js", "/consent", ".json")
# The day on which the site began to follow the signal as it does.
_GPC_SINCE = "2026-11-24"
_SCRIPT_HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    # The script is embedded by pages of other hosts, some of which admit only what says that it may be.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}
# Texts and the signal are the same for everybody.
_FOR_ALL = {"Access-Control-Allow-Origin": "*"}
# Nobody gets the old script while a newer one is fetched: it would take a choice about the old version for settled.
_FIVE_MINUTES = "public, max-age=300, stale-if-error=604800"
_FOR_EVER = "public, max-age=31536000, immutable"


def answer_cookies(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request of the banner; None for any other request, the pages about cookies among them."""
    if not request.path_info.startswith(_PREFIXES):
        return None
    try:
        match = (_match if request.path_info.endswith(_ASKED_OFTEN) else resolve)(request.path_info)
    except Resolver404:
        return None
    if match.func not in _ANSWERED:
        return None
    # For the log, which names the route.
    request.resolver_match = match
    try:
        response: HttpResponse = match.func(request, **match.kwargs)
    except DATABASE_GONE:
        logger.exception("The cookie banner could not reach the database")
        return refusal("try_again")
    return response


@lru_cache(maxsize=1024)
def _match(path: str) -> ResolverMatch:
    return resolve(path)


def banner_script(request: HttpRequest, site: str) -> HttpResponse:
    """The script that a site embeds. From memory, whatever happens to the database."""
    if not _is_safe(request):
        return not_allowed("GET, HEAD")
    served = served_site(site)
    if served is None:
        # A script, so that the page which embeds it is not disturbed.
        return HttpResponse(
            "// There is no such site.\n",
            status=404,
            headers={**_SCRIPT_HEADERS, "Cache-Control": "public, max-age=60"},
        )
    asset = served.asset
    headers = {**_SCRIPT_HEADERS, "Cache-Control": _FIVE_MINUTES}
    return at_hand(request, plain=asset.body, gzipped=asset.gzipped, etag=asset.etag, headers=headers)


def banner_texts(request: HttpRequest, site: str, banner: int, language: str) -> HttpResponse:
    """What a published banner says in one language. It never changes, and holds nothing of anybody."""
    if not _is_safe(request):
        return not_allowed("GET, HEAD")
    served = served_site(site)
    if served is None:
        return refusal("texts_unknown", headers=_FOR_ALL)
    try:
        plain, gzipped = _texts(served.site, banner, language)
    except LookupError:
        return refusal("texts_unknown", headers=_FOR_ALL)
    headers = {
        **_FOR_ALL,
        "Cache-Control": _FOR_EVER,
        "Content-Type": "application/json",
        "Vary": "Accept-Encoding",
    }
    return at_hand(request, plain=plain, gzipped=gzipped, etag=f'"{banner}-{language}"', headers=headers)


def gpc_support(request: HttpRequest) -> HttpResponse:
    """That Global Privacy Control is followed here, as its specification has it said."""
    if not _is_safe(request):
        return not_allowed("GET, HEAD")
    return json_answer(
        {"gpc": True, "lastUpdate": _GPC_SINCE},
        headers={"Cache-Control": "public, max-age=86400", **_FOR_ALL},
    )


def consent(request: HttpRequest, site: str) -> HttpResponse:
    """Record what somebody chose in the banner: 201, or 200 with the newest record where that stands instead.

    From pages of the site's origins alone; other pages learn nothing from the answer. 503 where it could not be
    stored, never a success.
    """
    served = served_site(site)
    if served is None:
        return refusal("site_unknown")
    try:
        origin = origin_of(request, served)
    except OriginForbidden as forbidden:
        if request.method in ("OPTIONS", "POST"):
            return refusal(forbidden.code)
        return not_allowed("OPTIONS, POST")
    if request.method == "OPTIONS":
        return preflight(origin, methods="POST")
    headers = cors_headers(origin)
    if request.method != "POST":
        return not_allowed("OPTIONS, POST", headers=headers)
    try:
        new = _judged(read_body(request), served, gpc=sends_gpc(request))
        recorded = record_consent(new=new, now=timezone.now())
    except (ConsentInvalid, ConsentRefused) as refused:
        return refusal(refused.code, headers=headers)
    except DatabaseError:
        logger.exception("A cookie consent could not be stored")
        return refusal("try_again", headers=headers)
    response = json_answer(
        _told(recorded.record, consent=new.consent, served=served),
        status=201 if recorded.added else 200,
        headers=headers,
    )
    remember_consent(response, request=request, served=served, consent=new.consent)
    return response


def one_consent(request: HttpRequest, site: str, consent: str) -> HttpResponse:
    """What a browser said about the site: now, and the records behind it. Whoever knows the random id may ask.

    An id that is none, that said nothing, or that belongs to another site is unknown, all alike.
    """
    served = served_site(site)
    if served is None:
        return refusal("site_unknown")
    headers: Mapping[str, str] = {"Vary": "Origin"}
    if "HTTP_ORIGIN" in request.META or request.method == "OPTIONS":
        try:
            origin = origin_of(request, served)
        except OriginForbidden as forbidden:
            return refusal(forbidden.code, headers=headers)
        if request.method == "OPTIONS":
            return preflight(origin, methods="GET")
        headers = cors_headers(origin)
    if not _is_safe(request):
        return not_allowed("GET, HEAD, OPTIONS", headers=headers)
    known = consent_id(consent)
    try:
        records = records_of(consent=known, site=served.site) if known else []
    except DATABASE_GONE:
        logger.exception("A cookie consent could not be read")
        return refusal("try_again", headers=headers)
    if not known or not records:
        return refusal("consent_unknown", headers=headers)
    newest = _told(records[0], consent=known, served=served)
    return json_answer({**newest, "records": [_record(record) for record in records]}, headers=headers)


def _judged(said: Said, served: Served, *, gpc: bool) -> NewConsent:
    """What is to be recorded, by the banner that was shown: the newest, or an older one that still stood open."""
    if gpc and not said.gpc:
        said = replace(said, gpc=True)
    if said.banner == served.banner:
        return judge(said, site=served.site, version=served.version, content=served.content)
    content = banner_of(served.site, said.banner)
    if content is None:
        raise ConsentInvalid("banner_unknown")
    return judge(said, site=served.site, version=version_of(said.banner), content=content)


# A banner never changes. An unknown one raises, and is not kept: it may be published later.
@lru_cache(maxsize=256)
def _texts(site: int, banner: int, language: str) -> tuple[bytes, bytes]:
    """The texts of a banner as they are sent, plain and compressed. Raises LookupError."""
    content = banner_of(site, banner)
    if content is None:
        raise LookupError
    plain = encode(content["languages"][language]).encode()
    return plain, gzip.compress(plain, mtime=0)


def _told(newest: Record, *, consent: UUID, served: Served) -> dict[str, Any]:
    """What is on record now, as the banner hears it."""
    return {
        "consent": str(consent),
        "site": served.key,
        **_record(newest),
        "current_version": served.version,
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "banner": record.banner,
        "version": record.version,
        "language": record.language,
        "action": record.action,
        "categories": {category: category in record.granted for category in record.asked},
        "gpc": record.gpc,
        "recorded_at": _iso(record.recorded_at),
    }


def _iso(moment: dt.datetime) -> str:
    """ISO 8601 in UTC, ending in Z."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _is_safe(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD")


_ANSWERED: frozenset[Callable[..., Any]] = frozenset(
    {banner_script, banner_texts, gpc_support, consent, one_consent}
)
