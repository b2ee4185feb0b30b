"""Let our own pages know what was chosen in this browser: the cookie of consent_cookie.py, set once somebody chose."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from preferences import consent_cookie
from preferences.cookies.served import Served
from preferences.models.cookies import MOST_DAYS


def remember_consent(response: HttpResponse, *, request: HttpRequest, served: Served, consent: UUID) -> None:
    """Set the cookie with the consent id of one site put first.

    It holds the ids of all sites, so it is kept for as long as a choice may hold on any.
    """
    before = request.COOKIES.get(consent_cookie.NAME, "")
    response.set_cookie(
        consent_cookie.NAME,
        consent_cookie.with_consent(before, site=served.key, consent=consent),
        max_age=MOST_DAYS * 24 * 3600,
        httponly=True,
        # The banner's request comes from a page of another host; browsers take None from https alone.
        samesite="None" if settings.HTTPS else "Lax",
        secure=settings.HTTPS,
    )
