"""The sets of rules that have been in force, and what each brought."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from preferences.admin.read_only import ReadOnlyAdmin
from preferences.admin.rules import in_words
from preferences.decisions.rules_in_force import rules_published
from preferences.models import MarketingRule, PublishedRules
from preferences.rules.compare import Difference, differences
from preferences.rules.values import VALUES


@admin.register(PublishedRules)
class PublishedRulesAdmin(ReadOnlyAdmin):
    list_display = ["in_force_from", "short_version"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PublishedRules]:
        return super().get_queryset(request).defer("content")

    def own_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.difference_view)
        return [path("<int:number>/", view, name="preferences_publishedrules_difference")]

    def difference_view(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """One set, and what differs from the one before."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        sets = PublishedRules.objects.defer("content")
        published = get_object_or_404(sets, pk=number)
        before = sets.filter(pk__lt=number).order_by("-pk").first()
        rules = rules_published(published.pk)
        found = differences(before=rules_published(before.pk), after=rules) if before else []
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "model_admin": self,
            "title": gettext("Version %(version)s") % {"version": published},
            "published": published,
            "before": before,
            "after": sets.filter(pk__gt=number).order_by("pk").first(),
            "marketing_rules": len(rules.marketing),
            "profiling_rules": len(rules.profiling),
            "differences": [_as_rows(difference) for difference in found],
        }
        return TemplateResponse(request, "admin/preferences/published_rules.html", context)

    @admin.display(description=_("version"))
    def short_version(self, obj: PublishedRules) -> str:
        return format_html(
            '<a class="link" href="{}"><code>{}</code></a>',
            reverse("admin:preferences_publishedrules_difference", args=[obj.pk]),
            obj,
        )


def _as_rows(difference: Difference) -> dict[str, Any]:
    """A difference as the page shows it: one row for each column."""
    before, after = difference.before, difference.after
    return {
        "rule": difference.rule,
        "came": before is None,
        "went": after is None,
        "rows": [
            {
                "column": label_for_field(name, MarketingRule),
                "before": in_words(column=name, value=before[name]) if before else None,
                "after": in_words(column=name, value=after[name]) if after else None,
            }
            for name in VALUES
            if name in (before or after or {})
        ],
    }
