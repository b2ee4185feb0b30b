"""The same write sent twice happens once: Idempotency-Key (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from preferences.api.problems import Problem
from preferences.identity import keyed_hash
from preferences.models import ApiAnswer

# Answers are given again for so long, and may be thrown away afterwards (`api_client --prune`).
KEPT = dt.timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")

_CLAIM = """
INSERT INTO preferences_apianswer AS answer (client_id, key, request_hash, body, created_at)
VALUES (%(client)s, %(key)s, %(request_hash)s, '', %(now)s)
ON CONFLICT (client_id, key) DO UPDATE
   SET request_hash = excluded.request_hash, status = NULL, body = '', created_at = excluded.created_at
 WHERE answer.created_at <= %(forgotten)s
RETURNING id
"""


def once(
    request: HttpRequest, act: Callable[[], HttpResponse], *, client: int, now: dt.datetime
) -> HttpResponse:
    """Do `act`, or give the answer it had when the same request was made before under its Idempotency-Key.

    Key, act and answer are stored in one transaction: nothing is done without being remembered, and a second request
    at the same moment waits for the first. Without the header, `act` is simply done. An answer that is no success is
    not kept: the same key may try again.

    Raises Problem `idempotency_key_invalid` and `idempotency_key_reused`.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return act()
    if not _KEY.fullmatch(key):
        raise Problem("idempotency_key_invalid")
    request_hash = _hash_of(request)
    with transaction.atomic():
        if not _claim(client=client, key=key, request_hash=request_hash, now=now):
            return _given(client=client, key=key, request_hash=request_hash)
        answer = act()
        if answer.status_code >= 300:
            transaction.set_rollback(True)
            return answer
        ApiAnswer.objects.filter(client=client, key=key).update(
            status=answer.status_code,
            body=f"{answer.headers.get('Content-Language', '')}\n{answer.content.decode()}",
        )
    return answer


def _hash_of(request: HttpRequest) -> str:
    # Keyed: a body may hold little more than an address, which a plain hash would give away.
    asked = f"{request.method} {request.get_full_path()}\n{request.body.decode()}"
    return keyed_hash(purpose="idempotency", value=asked)


def _claim(*, client: int, key: str, request_hash: str, now: dt.datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "client": client,
                "key": key,
                "request_hash": request_hash,
                "now": now,
                "forgotten": now - KEPT,
            },
        )
        return cursor.fetchone() is not None


def _given(*, client: int, key: str, request_hash: str) -> HttpResponse:
    answer = ApiAnswer.objects.get(client=client, key=key)
    if answer.request_hash != request_hash:
        raise Problem("idempotency_key_reused")
    # Its language stands before it; JSON as we write it is one line.
    language, _, body = answer.body.rpartition("\n")
    given = HttpResponse(
        body,
        status=answer.status or 200,
        content_type="application/json",
        headers={"Idempotent-Replayed": "true", "Cache-Control": "no-store"},
    )
    if language:
        given.headers["Content-Language"] = language
        patch_vary_headers(given, ("Accept-Language",))
    return given
