"""How programs are answered about cookies: JSON, and a code with a sentence where nothing was done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.http import HttpResponse

from preferences.views.database_gone import RETRY_AFTER

# code → status, sentence for whoever builds a site. Nothing that was sent is repeated.
REFUSALS: Mapping[str, tuple[int, str]] = {
    "body_invalid": (400, "The body is not the JSON object that is taken here."),
    "origin_missing": (403, "The request does not say which page it comes from."),
    "origin_forbidden": (403, "The page is not of the site's origins."),
    "site_unknown": (404, "There is no such site."),
    "texts_unknown": (404, "There are no such texts."),
    "consent_unknown": (404, "There is no such consent."),
    "method_not_allowed": (405, "This address does not take this method."),
    "consent_of_another_site": (409, "The consent id belongs to another site."),
    "too_large": (413, "The body is too large."),
    "field_unknown": (422, "The body holds a field that is not taken here."),
    "consent_invalid": (422, "The consent id is no random UUID (version 4)."),
    "banner_unknown": (422, "The site has no such banner."),
    "language_unknown": (422, "The banner does not speak this language."),
    "category_unknown": (422, "The banner does not ask about one of the categories."),
    "category_missing": (422, "The banner asks about a category that is not answered."),
    "necessary_refused": (422, "Necessary cookies cannot be refused."),
    "action_mismatch": (422, "The categories say something else than the action."),
    "shown_unknown": (422, "The banner shows no such block of text."),
    "shown_missing": (422, "Nothing is allowed without a text that was shown."),
    "too_many": (429, "Too much has been recorded under this consent id."),
    "try_again": (503, "This could not be done now; try again later."),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Content-Type": "application/json",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def refusal(code: str, *, headers: Mapping[str, str] = _NO_HEADERS) -> HttpResponse:
    """Why nothing was done, in a word for programs and a sentence for who builds them."""
    status, detail = REFUSALS[code]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {**headers, "Retry-After": str(RETRY_AFTER)}
    return json_answer({"code": code, "detail": detail}, status=status, headers=headers)


def not_allowed(methods: str, *, headers: Mapping[str, str] = _NO_HEADERS) -> HttpResponse:
    """That an address takes only these methods."""
    return refusal("method_not_allowed", headers={**headers, "Allow": methods})


def json_answer(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS
) -> HttpResponse:
    """An answer for programs, which nobody keeps unless `headers` say so."""
    content = encode(body).encode()
    return HttpResponse(
        content, status=status, headers={**_HEADERS, "Content-Length": str(len(content)), **headers}
    )


# json.dumps with arguments would make an encoder for every answer.
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
