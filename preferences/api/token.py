"""The way to a token: the library's, behind a door that keeps out what is no request of a client's."""

from __future__ import annotations

import base64
import binascii
import re

from allauth.core.internal.ratelimit import consume
from allauth.idp.oidc.views import token as give_token
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

# A secret is slow to check, on purpose. The address comes first: from one address nobody uses up a client's own.
_RATES = {"token": "30/m/ip,60/m/key"}
_RETRY_AFTER = "60"
# As `make_client` gives them.
_CLIENT_ID = re.compile(r"[0-9a-f]{32}")


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """A token by client credentials (RFC 6749). Whatever is wrong is answered in JSON, as section 5.2 has it."""
    if request.method != "POST":
        return give_token(request)
    try:
        sent = request.POST
    except (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError):
        return _refusal("invalid_request", status=400)
    if any("\0" in text for name, values in sent.lists() for text in (name, *values)):
        return _refusal("invalid_request", status=400)
    if "resource" in sent or "resource" in request.GET:
        return _refusal("invalid_target", status=400)
    client_ids = {*sent.getlist("client_id"), *_client_id_in_header(request)}
    client_id = client_ids.pop() if len(client_ids) == 1 else ""
    if not _CLIENT_ID.fullmatch(client_id):
        return _refusal("invalid_client", status=401)
    if not consume(request, app="preferences.api", action="token", config=_RATES, key=client_id):
        # The standard has no word of its own for this.
        return _refusal("temporarily_unavailable", status=429)
    return give_token(request)


def _client_id_in_header(request: HttpRequest) -> list[str]:
    scheme, _, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        return []
    try:
        return [base64.b64decode(credentials).decode().partition(":")[0]]
    except (binascii.Error, ValueError):
        return [""]


def _refusal(error: str, *, status: int) -> HttpResponse:
    response = JsonResponse({"error": error}, status=status, headers={"Cache-Control": "no-store"})
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="preferences"'
    if status == 429:
        response.headers["Retry-After"] = _RETRY_AFTER
    return response
