"""A page of a demo brand as its visitors see it, with the cookie banner and with things that wait for a yes.

Its addresses exist in the demo alone (config/demo_urls.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from preferences.models import Site

_SCRIPTS = Path(__file__).parent / "scripts"
# The policy of all our pages, and a frame of our own besides.
_WITH_FRAME: dict[str, Any] = {**settings.SECURE_CSP, "frame-src": [CSP.SELF]}
_IN_FRAME: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}


@require_safe
@csp_override(_WITH_FRAME)
def visitor_page(request: HttpRequest, site: str) -> HttpResponse:
    """The page. `?words=ar` makes the banner speak that language."""
    shown = get_object_or_404(Site.objects.select_related("brand"), key=site, retired_at=None)
    words = request.GET.get("words", "")
    return render(
        request,
        "demo/visitor.html",
        {
            "site": shown,
            "brand": shown.brand,
            "words": words if words in shown.languages else "",
            "sites": Site.objects.filter(retired_at=None).order_by("key"),
        },
    )


@require_safe
def visitor_script(request: HttpRequest, name: str) -> HttpResponse:
    """A script of the page; `name` comes from the list of addresses and never from the request."""
    return HttpResponse((_SCRIPTS / f"{name}.js").read_bytes(), content_type="text/javascript; charset=utf-8")


@require_safe
@xframe_options_sameorigin
@csp_override(_IN_FRAME)
def visitor_frame(request: HttpRequest) -> HttpResponse:
    """What the page embeds once marketing is allowed."""
    return render(request, "demo/frame.html")
