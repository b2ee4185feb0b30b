"""The lost-link page, `/link/`: address in, the same answer whoever it belongs to, mail sent by the worker."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from preferences.enums import ContactKind
from preferences.identity import AddressInvalid, normalize_address
from preferences.mail.request_link import LinkRefused, request_link
from preferences.views.client import client_of


class LinkForm(forms.Form):
    """The one field of the lost-link page; cleans to the spelling addresses are found by."""

    address = forms.CharField(
        label=gettext_lazy("Your e-mail address"),
        max_length=320,
        strip=True,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )

    def clean_address(self) -> str:
        try:
            return normalize_address(kind=ContactKind.EMAIL, value=self.cleaned_data["address"])
        except AddressInvalid as error:
            raise ValidationError(
                _("This is not an e-mail address. Is a part of it missing?"), code=error.code
            ) from error


# It acts for whoever reads the mailbox, not for whoever sends the form, so there is nothing a CSRF token would guard.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def send_link(request: HttpRequest) -> HttpResponse:
    """Ask for a fresh manage link. 429 when one client asks too often, whatever the addresses."""
    if request.method != "POST":
        return render(request, "preferences/send_link.html", {"form": LinkForm()})
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render(request, "preferences/send_link.html", {"form": form}, status=400)
    try:
        request_link(
            address=form.cleaned_data["address"],
            client=client_of(request),
            language=get_language() or "",
            now=timezone.now(),
        )
    except LinkRefused:
        return render(request, "preferences/send_link_later.html", status=429)
    return render(request, "preferences/send_link_done.html")
