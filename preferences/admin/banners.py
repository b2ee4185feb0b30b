"""The banners that were published: what each brought, and every text of it as people read it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from preferences.admin.banner_changes import LABELS, banner_changes
from preferences.admin.cookie_consent_filters import SiteFilter
from preferences.admin.cookie_consents import in_utc
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.admin.translated import language_name
from preferences.models import Banner


@admin.register(Banner)
class BannerAdmin(ReadOnlyAdmin):
    list_display = ["published", "site", "version", "asked_again"]
    list_select_related = ["site"]
    list_filter = [SiteFilter]
    list_filter_submit = True
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Banner]:
        earlier = Banner.objects.filter(site=OuterRef("site"), pk__lt=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .defer("content")
            .annotate(
                is_first=~Exists(earlier), same_version=Exists(earlier.filter(version=OuterRef("version")))
            )
        )

    def own_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.banner_view)
        return [path("<int:number>/", view, name="preferences_banner_change")]

    def banner_view(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """One banner, what differs from the one before, and its texts in one language: `?texts=`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        banner = get_object_or_404(Banner.objects.select_related("site"), pk=number)
        of_site = Banner.objects.filter(site=banner.site)
        before = of_site.filter(pk__lt=number).order_by("-pk").first()
        languages = banner.content["language_order"]
        asked = request.GET.get("texts", "")
        language = asked if asked in languages else languages[0]
        texts = banner.content["languages"][language]
        changes = banner_changes(before=before.content, after=banner.content) if before else None
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "model_admin": self,
            "title": gettext("Banner of %(site)s, version %(version)s")
            % {"site": banner.site, "version": banner.version},
            "banner": banner,
            "published": in_utc(banner.published_at),
            "before": before,
            "after": of_site.defer("content").filter(pk__gt=number).order_by("pk").first(),
            "changes": changes,
            "languages_added": [language_name(one) for one in changes.languages_added] if changes else [],
            "languages_removed": [language_name(one) for one in changes.languages_removed] if changes else [],
            "asks_again": before is None or before.version != banner.version,
            "languages": [(one, language_name(one)) for one in languages],
            "language": language,
            "texts": texts,
            "sentences": [(label, texts[what]) for what, label in LABELS.items() if texts.get(what)],
            "categories": [texts["categories"][category] for category in banner.content["categories"]],
        }
        return TemplateResponse(request, "admin/preferences/banner.html", context)

    @admin.display(description=_("published at (UTC)"))
    def published(self, obj: Banner) -> str:
        return format_html(
            '<a class="link one-line" href="{}">{}</a>',
            reverse("admin:preferences_banner_change", args=[obj.pk]),
            in_utc(obj.published_at),
        )

    @display(
        description=_("who was asked"), label={"first": "info", "everybody": "warning", "nobody": "success"}
    )
    def asked_again(self, obj: Banner) -> tuple[str, str]:
        # From the query above.
        if vars(obj)["is_first"]:
            return "first", gettext("The first banner")
        if vars(obj)["same_version"]:
            return "nobody", gettext("Nobody was asked again")
        return "everybody", gettext("Everybody was asked again")
