"""The brand's colour as a stylesheet of its own: the pages allow no inline style."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from preferences.colours import brand_colours
from preferences.models import Brand

_CSS = """\
:root {{ --brand: {on_light}; --on-brand: {ink_on_light}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --brand: {on_dark}; --on-brand: {ink_on_dark}; }} }}
"""


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def brand_look(request: HttpRequest, key: str, colour: str) -> HttpResponse:
    """The stylesheet of one brand. The colour stands in the URL so that it can be kept for ever; 404 if it changed."""
    brand = get_object_or_404(Brand, key=key, colour=f"#{colour}")
    css = _CSS.format_map(asdict(brand_colours(brand.colour)))
    return HttpResponse(css, content_type="text/css; charset=utf-8")
