"""Answer with bytes that are at hand, plain and compressed, or with 304 to whoever has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from django.http import HttpRequest, HttpResponse

_NO_WEIGHT = re.compile(r"q=0(\.0{0,3})?")


def at_hand(
    request: HttpRequest, *, plain: bytes, gzipped: bytes, etag: str, headers: Mapping[str, str]
) -> HttpResponse:
    """200 with the form the browser takes, or 304. `etag` is that of the plain form; the other has one of its own."""
    compressed = _takes_gzip(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    if compressed:
        etag = f'{etag[:-1]}-gzip"'
    headers = {**headers, "ETag": etag}
    if _has(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
        response = HttpResponse(status=304, headers=headers)
        del response.headers["Content-Type"]
        return response
    body = gzipped if compressed else plain
    response = HttpResponse(body, headers={**headers, "Content-Length": str(len(body))})
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=256)
def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding takes gzip: named, or by *, and not with the weight 0."""
    weights: dict[str, bool] = {}
    for part in accepted.lower().split(","):
        coding, _, parameter = part.replace(" ", "").partition(";")
        weights[coding] = not _NO_WEIGHT.fullmatch(parameter)
    return weights.get("gzip", weights.get("*", False))


def _has(if_none_match: str, etag: str) -> bool:
    """Whether the browser has what this ETag names. Proxies that compress make an ETag weak."""
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]
