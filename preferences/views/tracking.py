"""To be written."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse


def tracking_pixel(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404


def tracked_click(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404
