"""How answers are written."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

# json.dumps with arguments would make an encoder for every answer.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def answer(body: dict[str, Any], *, in_words: bool = False) -> HttpResponse:
    """A success. `in_words` says that sentences in the language asked for are part of it."""
    content = _encode(body).encode()
    response = HttpResponse(
        content,
        headers={
            "Cache-Control": "no-store",
            "Content-Length": str(len(content)),
            "Content-Type": "application/json",
        },
    )
    if in_words:
        response.headers["Content-Language"] = get_language() or "en"
        patch_vary_headers(response, ("Accept-Language",))
    return response


def iso(moment: dt.datetime | None) -> str | None:
    """A time as programs get it: ISO 8601 in UTC, ending in Z."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None
