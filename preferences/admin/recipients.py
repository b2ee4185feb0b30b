"""People: one box that finds them, and the pages about one of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from preferences.admin.erase import erase_view
from preferences.admin.facts import facts_view
from preferences.admin.new_recipient import new_recipient_view
from preferences.admin.on_behalf import on_behalf_view
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.admin.recipient_screen import recipient_view
from preferences.admin.search import find_recipients
from preferences.admin.undo import undo_view
from preferences.models import Recipient


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    list_display = ["number", "addresses", "country", "relationship", "language", "standing", "created_at"]
    list_select_related = ["account"]
    # The box appears where this is not empty; what it searches is find_recipients' business.
    search_fields = ["pk"]
    search_help_text = _("Whole address or number, #id, external id")
    list_before_template = "admin/preferences/recipients_before.html"
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recipient]:
        return super().get_queryset(request).prefetch_related("contact_points")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=find_recipients(text=search_term)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The list; where a search finds one person, that person's screen."""
        term = request.GET.get("q", "").strip()
        if term and "\x00" not in term and self.has_view_permission(request):
            found = find_recipients(text=term)
            if len(found) == 1:
                return HttpResponseRedirect(reverse("admin:preferences_recipient_change", args=[*found]))
        return super().changelist_view(request, {"title": _("Recipients"), **(extra_context or {})})

    def own_urls(self) -> list[URLPattern]:
        return [
            path(
                route,
                self.admin_site.admin_view(view),
                {"model_admin": self},
                name=f"preferences_recipient_{name}",
            )
            for route, view, name in [
                ("add/", new_recipient_view, "add"),
                ("<int:recipient_id>/", recipient_view, "change"),
                ("<int:recipient_id>/on-behalf/", on_behalf_view, "on_behalf"),
                ("<int:recipient_id>/undo/<int:event_id>/", undo_view, "undo"),
                ("<int:recipient_id>/facts/", facts_view, "facts"),
                ("<int:recipient_id>/erase/", erase_view, "erase"),
            ]
        ]

    @admin.display(description=_("number"))
    def number(self, obj: Recipient) -> str:
        return format_html(
            '<a class="link" href="{}">#{}</a>',
            reverse("admin:preferences_recipient_change", args=[obj.pk]),
            obj.pk,
        )

    @admin.display(description=_("addresses and numbers"))
    def addresses(self, obj: Recipient) -> str:
        return ", ".join(point.value for point in obj.contact_points.all())

    @display(description=_("standing"), label={"account": "success", "merged": "warning", "erased": "danger"})
    def standing(self, obj: Recipient) -> tuple[str, str]:
        if obj.erased_at:
            return "erased", gettext("Erased")
        if obj.merged_into_id:
            return "merged", gettext("Merged into #%(number)s") % {"number": obj.merged_into_id}
        if obj.account_id:
            return "account", gettext("Has an account")
        return "", gettext("No account")
