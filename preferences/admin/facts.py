"""What staff put right about a person: details, sales, register look-ups, addresses that work again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from preferences.enums import Channel, ContactKind, Relationship
from preferences.imports.facts import (
    PROFILE,
    FactsInvalid,
    LawRelaxed,
    correct_details,
    mark_reachable,
    record_sale,
    record_screening,
)
from preferences.imports.profile import AGE, PROFILING
from preferences.imports.records import LONGEST_SUBJECT, is_birth, is_day_of_sale, is_subject
from preferences.models import Brand, ContactPoint, ProfilingPurpose, Recipient
from preferences.models.country import validate_country

_EDITS_SHOWN = 20
# The details whose old and new value stand in the list of edits.
_TOLD_APART = {"country", "relationship"}
# What each form on the page asks for.
PERMISSIONS = {
    "details": "preferences.change_recipient",
    "sale": "preferences.add_sale",
    "screening": "preferences.change_contactpoint",
    "reachable": "preferences.change_contactpoint",
}


class DetailsForm(forms.Form):
    country = forms.CharField(
        label=_("Country"),
        required=False,
        max_length=2,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Two letters, such as NO. Left empty, the strictest law applies."),
    )
    relationship = forms.ChoiceField(
        label=_("Relationship"),
        required=False,
        choices=[("", _("Not known")), *Relationship.choices],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Left unknown, the strictest law applies."),
    )
    born_on = forms.DateField(
        label=_("Date of birth"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "native-input"}, format="%Y-%m-%d"),
        help_text=_("Only where a brand offers something to children."),
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
    may_relax = forms.BooleanField(
        label=_("I have checked this with the person or our records."),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, recipient: Recipient, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(recipient, name) for name in PROFILE}
        self._today = now.date()
        if recipient.language not in {"", *dict(settings.LANGUAGES)}:
            # Another system may know a language that we have no texts in.
            self.fields["language"].choices = [  # type: ignore[attr-defined]
                ("", _("Not known")),
                (recipient.language, recipient.language),
                *settings.LANGUAGES,
            ]

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if country:
            validate_country(country)
        return country

    def clean_born_on(self) -> dt.date | None:
        born_on: dt.date | None = self.cleaned_data["born_on"]
        if born_on and not is_birth(born_on, today=self._today):
            raise ValidationError(_("This cannot be a date of birth."), code="born_on")
        return born_on


class SaleForm(forms.Form):
    brand = forms.ModelChoiceField(
        label=_("Brand"), queryset=Brand.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="—"
    )
    sold_on = forms.DateField(
        label=_("Sold on"),
        widget=forms.DateInput(attrs={"type": "date", "class": "native-input"}, format="%Y-%m-%d"),
    )
    subject = forms.CharField(
        label=_("Subject"),
        max_length=LONGEST_SUBJECT,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What was sold. No name, address or number."),
    )
    refusal_offered = forms.BooleanField(
        label=_("The person could refuse marketing when the address was collected."),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = now.date()
        self.fields["brand"].queryset = Brand.objects.filter(retired_at=None).order_by(  # type: ignore[attr-defined]
            "position", "pk"
        )
        self.fields["sold_on"].widget.attrs["max"] = self._today.isoformat()

    def clean_sold_on(self) -> dt.date:
        sold_on: dt.date = self.cleaned_data["sold_on"]
        if not is_day_of_sale(sold_on, today=self._today):
            raise ValidationError(_("This cannot be the day of a sale."), code="sold_on")
        return sold_on

    def clean_subject(self) -> str:
        subject: str = self.cleaned_data["subject"]
        if not is_subject(subject):
            raise ValidationError(
                _("This seems to hold an address or a number: leave personal data out."), code="subject"
            )
        return subject


class ScreeningForm(forms.Form):
    number = forms.ChoiceField(label=_("Number"), widget=UnfoldAdminSelectWidget)
    screened_at = forms.DateTimeField(
        label=_("When the register was looked into"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "native-input"}, format="%Y-%m-%dT%H:%M"
        ),
        help_text=_("Universal time (UTC)."),
    )
    on_register = forms.ChoiceField(
        label=_("What it said"),
        choices=[("no", _("The number is not in the register")), ("yes", _("The number is in the register"))],
        widget=UnfoldAdminRadioSelectWidget,
    )

    def __init__(self, *args: Any, numbers: list[ContactPoint], now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"screened_at": now}
        self._now = now
        self.fields["number"].choices = [(str(point.pk), point.value) for point in numbers]  # type: ignore[attr-defined]
        self.fields["screened_at"].widget.attrs["max"] = now.strftime("%Y-%m-%dT%H:%M")

    def clean_screened_at(self) -> dt.datetime:
        screened_at: dt.datetime = self.cleaned_data["screened_at"]
        if screened_at > self._now:
            raise ValidationError(_("This time has not come yet."), code="in_the_future")
        return screened_at


def facts_view(request: HttpRequest, recipient_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """One page with a small form for each kind of fact; a POST acts on the one form whose button was pressed."""
    may = {form: request.user.has_perm(permission) for form, permission in PERMISSIONS.items()}
    if not request.user.has_perm("preferences.view_recipient") or not any(may.values()):
        raise PermissionDenied
    recipient = get_object_or_404(Recipient, pk=recipient_id)
    if recipient.erased_at or recipient.merged_into_id:
        return HttpResponseRedirect(reverse("admin:preferences_recipient_change", args=[recipient.pk]))
    now = timezone.now()
    points = list(recipient.contact_points.order_by("pk"))
    numbers = [point for point in points if point.kind == ContactKind.PHONE]
    pressed = request.POST.get("form", "") if request.method == "POST" else ""
    forms_: dict[str, forms.Form] = {
        "details": DetailsForm(
            _data(request, pressed, "details"), recipient=recipient, now=now, prefix="details"
        ),
        "sale": SaleForm(_data(request, pressed, "sale"), now=now, prefix="sale"),
    }
    if numbers:
        forms_["screening"] = ScreeningForm(
            _data(request, pressed, "screening"), numbers=numbers, now=now, prefix="screening"
        )
    relaxed: list[str] = []
    if request.method == "POST":
        if not may.get(pressed):
            raise PermissionDenied
        try:
            said = _ACTS[pressed](request, recipient.pk, forms_.get(pressed), now)
        except LawRelaxed as error:
            relaxed = _in_words(error.names)
        except FactsInvalid:
            said = gettext("Somebody has changed this in the meantime. Look again.")
            messages.error(request, said)
            return HttpResponseRedirect(request.path)
        else:
            if said:
                messages.success(request, said)
                model_admin.log_change(request, recipient, said)
                return HttpResponseRedirect(request.path)
            if not (form := forms_.get(pressed)) or not form.errors:
                messages.info(request, gettext("It was already so."))
                return HttpResponseRedirect(request.path)
    is_wrong = bool(relaxed) or any(form.errors for form in forms_.values() if form.is_bound)
    return TemplateResponse(
        request,
        "admin/preferences/facts.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": gettext("What we know of #%(number)s") % {"number": recipient.pk},
            "recipient": recipient,
            "contact_points": points,
            "unreachable": [point for point in points if point.unreachable_at],
            "numbers": numbers,
            "sales": recipient.sales.select_related("brand").order_by("-sold_on", "-pk"),
            "forms": forms_,
            "may": may,
            "relaxed": relaxed,
            "edits": _edits(recipient),
        },
        status=400 if is_wrong else 200,
    )


def _data(request: HttpRequest, pressed: str, name: str) -> Any:
    return request.POST if pressed == name else None


def _details(request: HttpRequest, recipient: int, form: forms.Form | None, now: dt.datetime) -> str:
    if form is None or not form.is_valid():
        return ""
    told = {name: form.cleaned_data[name] for name in PROFILE}
    corrected = correct_details(
        recipient=recipient, told=told, may_relax=form.cleaned_data["may_relax"], now=now
    )
    # This stays when the person's data is erased, so nothing that could name somebody is repeated in it.
    return "; ".join(
        f"{form.fields[name].label}: {corrected.before[name] or '–'} → {value or '–'}"
        if name in _TOLD_APART
        else str(form.fields[name].label)
        for name, value in corrected.after.items()
    )


def _sale(request: HttpRequest, recipient: int, form: forms.Form | None, now: dt.datetime) -> str:
    if form is None or not form.is_valid():
        return ""
    data = form.cleaned_data
    added = record_sale(
        recipient=recipient,
        brand=data["brand"].pk,
        sold_on=data["sold_on"],
        subject=data["subject"],
        refusal_offered=data["refusal_offered"],
        now=now,
    )
    return gettext("A sale was put on record.") if added else ""


def _screening(request: HttpRequest, recipient: int, form: forms.Form | None, now: dt.datetime) -> str:
    if form is None or not form.is_valid():
        return ""
    on_register = form.cleaned_data["on_register"] == "yes"
    recorded = record_screening(
        recipient=recipient,
        contact_point=int(form.cleaned_data["number"]),
        screened_at=form.cleaned_data["screened_at"],
        on_register=on_register,
        now=now,
    )
    if not recorded:
        return ""
    if on_register:
        return gettext("Put on record: the number is in the do-not-call register.")
    return gettext("Put on record: the number is not in the do-not-call register.")


def _reachable(request: HttpRequest, recipient: int, form: forms.Form | None, now: dt.datetime) -> str:
    number = request.POST.get("contact_point", "")
    if not (number.isdecimal() and len(number) < 19):
        return ""
    if not mark_reachable(recipient=recipient, contact_point=int(number)):
        return ""
    return gettext("Messages go to the address again.")


_ACTS: dict[str, Callable[[HttpRequest, int, forms.Form | None, dt.datetime], str]] = {
    "details": _details,
    "sale": _sale,
    "screening": _screening,
    "reachable": _reachable,
}


def _in_words(names: tuple[str, ...]) -> list[str]:
    """What becomes laxer, as staff call it."""
    keys = [name.removeprefix(PROFILING) for name in names if name.startswith(PROFILING)]
    purposes = {purpose.key: str(purpose) for purpose in ProfilingPurpose.objects.filter(key__in=keys)}
    words = {
        **{channel.value: str(channel.label) for channel in Channel},
        **{f"{PROFILING}{key}": name for key, name in purposes.items()},
        AGE: gettext("The minimum age"),
    }
    return [words.get(name, name) for name in names]


def _edits(recipient: Recipient) -> list[LogEntry]:
    """The latest edits by staff."""
    kind = ContentType.objects.get_for_model(Recipient)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(recipient.pk))
    return list(entries.select_related("user").order_by("-pk")[:_EDITS_SHOWN])
