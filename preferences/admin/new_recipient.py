"""Add a person who has called or written, so that something can be stopped for them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from preferences.enums import ContactKind, Relationship
from preferences.identity import AddressInvalid, normalize_address
from preferences.models import ContactPoint, Recipient
from preferences.models.country import validate_country

_KINDS = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE, "postal": ContactKind.POSTAL}


class NewRecipientForm(forms.Form):
    email = forms.CharField(
        label=_("E-mail address"), required=False, max_length=320, widget=UnfoldAdminTextInputWidget
    )
    phone = forms.CharField(
        label=_("Phone number"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("With country code, such as +47 22 00 00 00."),
    )
    postal = forms.CharField(
        label=_("Postal address"),
        required=False,
        max_length=320,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    country = forms.CharField(
        label=_("Country"),
        required=False,
        max_length=2,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Two letters, such as NO. Left empty, the strictest law applies."),
        validators=[RegexValidator(r"^[A-Za-z]{2}$", _("Two letters, such as NO."))],
    )
    relationship = forms.ChoiceField(
        label=_("Relationship"),
        required=False,
        choices=[("", _("Not known")), *Relationship.choices],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Left unknown, the strictest law applies."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Not known")), *settings.LANGUAGES],
        widget=UnfoldAdminSelectWidget,
    )
    organisation = forms.CharField(
        label=_("Organisation"), required=False, max_length=160, widget=UnfoldAdminTextInputWidget
    )
    external_id = forms.CharField(
        label=_("Id in the customer system"), required=False, max_length=80, widget=UnfoldAdminTextInputWidget
    )

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if country:
            validate_country(country)
        return country

    def clean_external_id(self) -> str | None:
        external_id: str = self.cleaned_data["external_id"]
        if external_id and Recipient.objects.filter(external_id=external_id).exists():
            raise ValidationError(_("A recipient has this id already: search for it."), code="taken")
        return external_id or None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(data.get(name) for name in _KINDS):
            raise ValidationError(_("Give at least one address or number."), code="nothing")
        for name, kind in _KINDS.items():
            if not data.get(name):
                continue
            try:
                taken = ContactPoint.objects.filter(
                    kind=kind, normalized=normalize_address(kind=kind, value=data[name])
                ).first()
            except AddressInvalid:
                self.add_error(name, _("This is not a valid address or number of this kind."))
                continue
            if taken:
                self.add_error(
                    name,
                    _("This belongs to recipient #%(number)s already.") % {"number": taken.recipient_id},
                )
        return data


def new_recipient_view(request: HttpRequest, model_admin: ModelAdmin) -> HttpResponseBase:
    """The form; on POST, the screen of the new person. Nothing is said on their behalf by this."""
    if not request.user.has_perms(["preferences.view_recipient", "preferences.add_recipient"]):
        raise PermissionDenied
    form = NewRecipientForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            recipient = _create(data=form.cleaned_data, now=timezone.now())
        except IntegrityError:
            # Somebody else added the same person between the check and the insert.
            form.add_error(None, _("Somebody has just added this person: search for them."))
        else:
            messages.success(request, gettext("Added. Nothing has been said on this person's behalf yet."))
            return HttpResponseRedirect(reverse("admin:preferences_recipient_change", args=[recipient.pk]))
    return TemplateResponse(
        request,
        "admin/preferences/new_recipient.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": gettext("Add a recipient"),
            "form": form,
        },
        status=400 if form.errors else 200,
    )


def _create(*, data: dict[str, Any], now: dt.datetime) -> Recipient:
    profile = ("country", "relationship", "language", "organisation", "external_id")
    with transaction.atomic():
        recipient = Recipient.objects.create(created_at=now, **{name: data[name] for name in profile})
        ContactPoint.objects.bulk_create(
            ContactPoint.objects.make(recipient=recipient.pk, kind=kind, value=data[name], now=now)
            for name, kind in _KINDS.items()
            if data[name]
        )
    return recipient
