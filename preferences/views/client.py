"""Which client a request comes from."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def client_of(request: HttpRequest) -> str:
    """The network address of the client, seen through TRUSTED_PROXIES proxies; for counting, never for storing."""
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    proxies = settings.TRUSTED_PROXIES
    if proxies and len(forwarded) >= proxies:
        return str(forwarded[-proxies])
    return str(request.META.get("REMOTE_ADDR", ""))
