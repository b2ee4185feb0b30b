"""Addresses and domains that get no marketing: to look up, to add, to lift. None is ever deleted."""

from __future__ import annotations

import contextlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from preferences.admin.read_only import ReadOnlyAdmin
from preferences.enums import ContactKind, SuppressionKind, SuppressionReason
from preferences.identity import (
    AddressInvalid,
    DomainInvalid,
    address_hash,
    normalize_address,
    normalize_domain,
)
from preferences.imports.suppress import (
    LONGEST_LIFT_REASON,
    NoteInvalid,
    Suppressed,
    lift,
    suppress_address,
    suppress_domain,
)
from preferences.models import ContactPoint, Suppression

_DOMAIN = "domain"
_KINDS = [
    *((kind.value, kind.label) for kind in ContactKind),
    (_DOMAIN, SuppressionKind.DOMAIN.label),
]
# An erasure is recorded by the erasure.
_REASONS = [
    (reason.value, reason.label) for reason in SuppressionReason if reason is not SuppressionReason.ERASURE
]
_NOTE_PROBLEMS = {
    "personal_data": _("This seems to hold an address or a number: leave personal data out."),
    "not_a_line": _("This is too long, or holds letters that cannot be kept."),
    "missing": _("Say why."),
}


class SuppressForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What to suppress"), choices=_KINDS, widget=UnfoldAdminSelectWidget, initial=ContactKind.EMAIL
    )
    value = forms.CharField(
        label=_("Address, number or domain"),
        max_length=320,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "Of an address or number only a keyed hash is kept: nobody can read it here again. "
            "A domain is one such as example.com; its subdomains are domains of their own."
        ),
    )
    reason = forms.ChoiceField(
        label=_("Reason"), choices=[("", "—"), *_REASONS], widget=UnfoldAdminSelectWidget
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Where to find out more, such as a case number. No names, addresses or numbers."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "kind" in data and "value" in data:
            try:
                if data["kind"] == _DOMAIN:
                    normalize_domain(data["value"])
                else:
                    normalize_address(kind=ContactKind(data["kind"]), value=data["value"])
            except (AddressInvalid, DomainInvalid):
                self.add_error("value", _("This is not a valid address, number or domain of this kind."))
        return data


class LiftForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_LIFT_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Why marketing may go there again. Kept for good: no names, addresses or numbers."),
    )


class StandingFilter(DropdownFilter):
    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in_force", _("In force")), ("lifted", _("Lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"in_force", "lifted"}:
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "in_force")


class ReasonFilter(DropdownFilter):
    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(SuppressionReason.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() in SuppressionReason.values else queryset


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(SuppressionKind.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() in SuppressionKind.values else queryset


def find_suppressions(*, text: str) -> Q:
    """What selects the suppressions of an address, a number or a domain, however it is spelled; of an address also
    those of its domain. A part of one selects nothing."""
    found = Q(pk__in=[])
    for kind in ContactKind:
        try:
            normalized = normalize_address(kind=kind, value=text)
        except AddressInvalid:
            continue
        found |= Q(address_hash=address_hash(kind=kind, normalized=normalized))
        if kind is ContactKind.EMAIL:
            found |= Q(domain=normalized.rpartition("@")[2])
    with contextlib.suppress(DomainInvalid):
        found |= Q(domain=normalize_domain(text))
    return found


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ["what", "reason", "note", "created_at", "created_by", "standing"]
    list_select_related = ["created_by"]
    list_filter = [StandingFilter, KindFilter, ReasonFilter]
    list_filter_submit = True
    # The box appears where this is not empty; what it searches is find_suppressions' business.
    search_fields = ["pk"]
    search_help_text = _("Whole address, number or domain")
    list_before_template = "admin/preferences/suppressions_before.html"
    ordering = ["-pk"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(find_suppressions(text=search_term)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return super().changelist_view(request, {"title": _("Suppressions"), **(extra_context or {})})

    def own_urls(self) -> list[URLPattern]:
        return [
            path(route, self.admin_site.admin_view(view), name=f"preferences_suppression_{name}")
            for route, view, name in [
                ("add/", self.suppress_view, "add"),
                ("<int:suppression_id>/", self.suppression_view, "change"),
            ]
        ]

    def suppress_view(self, request: HttpRequest) -> HttpResponseBase:
        """The form; on POST, the suppression in force. `?point=` fills in a contact point, by its number."""
        if not request.user.has_perms(["preferences.view_suppression", "preferences.add_suppression"]):
            raise PermissionDenied
        form = SuppressForm(
            request.POST if request.method == "POST" else None, initial=_of_contact_point(request)
        )
        if request.method == "POST" and form.is_valid():
            try:
                done = _suppress(form.cleaned_data, by=request.user.pk)
            except NoteInvalid as error:
                form.add_error("note", ValidationError(_NOTE_PROBLEMS[error.code], code=error.code))
            else:
                if done.added:
                    messages.success(request, gettext("Suppressed. No marketing goes there from now on."))
                else:
                    messages.info(request, gettext("This was suppressed already."))
                return HttpResponseRedirect(
                    reverse("admin:preferences_suppression_change", args=[done.suppression])
                )
        return TemplateResponse(
            request,
            "admin/preferences/suppress.html",
            {
                **self.admin_site.each_context(request),
                "model_admin": self,
                "title": gettext("Suppress an address or a domain"),
                "form": form,
            },
            status=400 if form.errors else 200,
        )

    def suppression_view(self, request: HttpRequest, suppression_id: int) -> HttpResponseBase:
        """One suppression with its history; POST lifts it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        suppression = get_object_or_404(
            Suppression.objects.select_related("created_by", "lifted_by"), pk=suppression_id
        )
        may_lift = request.user.has_perm("preferences.change_suppression")
        form = LiftForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not may_lift:
                raise PermissionDenied
            if form.is_valid():
                try:
                    lifted = lift(
                        suppression=suppression.pk,
                        reason=form.cleaned_data["reason"],
                        by=request.user.pk,
                        now=timezone.now(),
                    )
                except NoteInvalid as error:
                    form.add_error("reason", ValidationError(_NOTE_PROBLEMS[error.code], code=error.code))
                else:
                    if lifted:
                        messages.success(request, gettext("Lifted. What choices and law allow may go there."))
                    else:
                        messages.info(request, gettext("This was lifted already."))
                    return HttpResponseRedirect(request.path)
        return TemplateResponse(
            request,
            "admin/preferences/suppression.html",
            {
                **self.admin_site.each_context(request),
                "model_admin": self,
                "title": gettext("Suppression #%(number)s") % {"number": suppression.pk},
                "suppression": suppression,
                "history": suppression.history.select_related("created_by", "lifted_by").order_by(
                    "-history_id"
                ),
                "form": form if may_lift and not suppression.lifted_at else None,
            },
            status=400 if form.errors else 200,
        )

    @admin.display(description=_("what"))
    def what(self, obj: Suppression) -> str:
        return format_html(
            '<a class="link" href="{}">{}</a>',
            reverse("admin:preferences_suppression_change", args=[obj.pk]),
            obj.domain or f"{obj.get_kind_display()} (#{obj.pk})",
        )

    @display(description=_("standing"), label={"in_force": "danger", "lifted": "info"})
    def standing(self, obj: Suppression) -> tuple[str, str]:
        if obj.lifted_at:
            return "lifted", gettext("Lifted on %(day)s") % {"day": date_format(obj.lifted_at, "j M Y")}
        return "in_force", gettext("In force")


def _of_contact_point(request: HttpRequest) -> dict[str, str]:
    """The contact point a link on a person's screen names, for those who may see it there."""
    number = request.GET.get("point", "")
    if not (number.isdecimal() and len(number) < 19 and request.user.has_perm("preferences.view_recipient")):
        return {}
    point = ContactPoint.objects.filter(pk=int(number)).first()
    return {"kind": point.kind, "value": point.value} if point else {}


def _suppress(data: dict[str, Any], *, by: int | None) -> Suppressed:
    reason, note, now = SuppressionReason(data["reason"]), data["note"], timezone.now()
    if data["kind"] == _DOMAIN:
        return suppress_domain(domain=data["value"], reason=reason, note=note, by=by, now=now)
    return suppress_address(
        kind=ContactKind(data["kind"]), value=data["value"], reason=reason, note=note, by=by, now=now
    )
