"""The admin site: Unfold's, with a content security policy of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from unfold.sites import UnfoldAdminSite

from accounts.staff import StaffSignIn

# Unfold's pages are driven by Alpine, which evaluates the expressions in their attributes and sets style attributes.
# Nothing inline runs even so: scripts and style sheets come from our own static files, as on every other page.
POLICY: dict[str, list[str]] = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src-attr": [CSP.UNSAFE_INLINE],
}


class StaffSite(StaffSignIn, UnfoldAdminSite):
    """The site behind `admin.site`. Every page of it bears POLICY; no page outside it does."""

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        return csp_override(POLICY)(super().admin_view(view, cacheable))

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """Called by Unfold. Without colours it writes no inline style element; admin.css holds them instead."""
        return {**context, "colors": None}
