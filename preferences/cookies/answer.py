"""To be written."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse


def banner_script(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404


def banner_texts(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404


def consent(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404


def gpc_support(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404


def one_consent(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """To be written."""
    raise Http404
