"""Erase a person's data at their request. For those who hold the permission, which no group has."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldBooleanWidget

from preferences import ledger
from preferences.models import Recipient


class EraseForm(forms.Form):
    understood = forms.BooleanField(
        label=_("I have checked who asks for this, and that it cannot be taken back."),
        widget=UnfoldBooleanWidget,
    )


def erase_view(request: HttpRequest, recipient_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """GET says what goes and what stays, POST erases."""
    if not request.user.has_perms(["preferences.view_recipient", "preferences.erase_recipient"]):
        raise PermissionDenied
    recipient = get_object_or_404(Recipient, pk=recipient_id)
    screen = reverse("admin:preferences_recipient_change", args=[recipient.pk])
    if recipient.erased_at or recipient.merged_into_id:
        return HttpResponseRedirect(screen)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ledger.erase(recipient=recipient.pk, now=timezone.now())
        messages.success(request, gettext("The person's data was erased."))
        return HttpResponseRedirect(screen)
    return TemplateResponse(
        request,
        "admin/preferences/erase.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": gettext("Erase #%(number)s") % {"number": recipient.pk},
            "recipient": recipient,
            "contact_points": recipient.contact_points.order_by("pk"),
            "form": form,
            "screen": screen,
        },
        status=400 if form.errors else 200,
    )
