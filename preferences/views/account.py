"""The preference page of a signed-in person, `/preferences/`."""

from __future__ import annotations

from allauth.account.utils import has_verified_email
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from preferences.enums import Source
from preferences.ledger import Evidence
from preferences.models import Recipient
from preferences.views.language import prefer_language
from preferences.views.preference_page import Door, answer_preference_page


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show and change everything. Somebody without a recipient learns why there is nothing to show."""
    recipient = Recipient.objects.filter(account=request.user.pk).first()
    if recipient is None:
        return render(
            request, "preferences/no_recipient.html", {"verified": has_verified_email(request.user)}
        )
    prefer_language(request, recipient.language)
    door = Door(
        recipient=recipient,
        evidence=Evidence(source=Source.ACCOUNT),
        may_widen=True,
        address=request.user.get_username(),
        contact_point=None,
        brand=None,
    )
    return answer_preference_page(request, door=door, now=timezone.now())
