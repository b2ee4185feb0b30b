"""How staff get into the admin: through allauth, and with a second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from allauth.account.utils import get_next_redirect_url
from allauth.core.internal.httpkit import add_query_params
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

_SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def passed_second_factor(request: HttpRequest) -> bool:
    """Whether this very session was opened or confirmed with a second factor the person still has.

    To have one is not enough: a session from before it was set up, perhaps a thief's, would get in as well.
    """
    passed: bool | None = getattr(request, "second_factor_passed", None)
    if passed is None:
        records = get_authentication_records(request, request.user)
        passed = any(record["method"] == "mfa" for record in records) and has_second_factor(request)
        # The admin asks several times for one page.
        request.second_factor_passed = passed  # type: ignore[attr-defined]
    return passed


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the signed-in person has set up an authenticator app, a security key or a passkey."""
    return is_mfa_enabled(request.user, types=_SECOND_FACTORS)


def second_factor_needed(request: HttpRequest) -> HttpResponseBase:
    """The page for staff who have not passed a second factor: what to do, with a link to it."""
    next_url = get_next_redirect_url(request) or reverse("admin:index")
    ways = [
        {**way, "url": add_query_params(way["url"], {"next": next_url})}
        for way in get_adapter().get_reauthentication_methods(request.user)
        if way["id"].startswith("mfa_")
    ]
    return render(
        request,
        "account/second_factor_needed.html",
        {"enrolled": has_second_factor(request), "ways": ways},
        status=403,
    )


class StaffSignIn(AdminSite):
    """An admin site whose sign-in is allauth's, with a second factor unless STAFF_MFA_REQUIRED is off."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person, in this session, may see any page of the admin."""
        allowed = super().has_permission(request)
        return allowed and (not settings.STAFF_MFA_REQUIRED or passed_second_factor(request))

    @method_decorator(never_cache)
    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:  # type: ignore[override]
        """Where the admin sends whom it does not let in.

        Strangers have gone to allauth's page by now, and the signed-in who are not staff got a 403. Django's
        own form never appears: it would sign people in without asking for their second factor.
        """
        if not self.has_permission(request):
            return second_factor_needed(request)
        return redirect(get_next_redirect_url(request) or reverse("admin:index", current_app=self.name))
