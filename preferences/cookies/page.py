"""To be written."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse


def cookie_page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404
