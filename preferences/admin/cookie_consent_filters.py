"""By what staff narrow down the cookie consents, and with them the export. Each filter costs one query or none."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from preferences.admin.event_filters import ColumnFilter
from preferences.enums import CookieAction, CookieCategory
from preferences.models import Banner, Site

_NOTHING = "nothing"


class SiteFilter(ColumnFilter):
    title = _("site")
    parameter_name = column = "site"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(pk), name) for pk, name in Site.objects.order_by("name").values_list("pk", "name")]


class ActionFilter(ColumnFilter):
    title = _("action")
    parameter_name = column = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(CookieAction.choices)


class CategoryFilter(DropdownFilter):
    """`nothing` stands for those who granted nothing beyond what is necessary."""

    title = _("category granted")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*optional_categories(), (_NOTHING, _("Nothing but the necessary ones"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == _NOTHING:
            return queryset.filter(categories=[CookieCategory.NECESSARY])
        if self.value() in dict(optional_categories()):
            return queryset.filter(categories__contains=[self.value()])
        return queryset


class SignalFilter(DropdownFilter):
    title = _("privacy signal")
    parameter_name = "gpc"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Sent")), ("no", _("Not sent"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(gpc=self.value() == "yes") if self.value() in {"yes", "no"} else queryset


class VersionFilter(ColumnFilter):
    """Of the banner of the site that is chosen; without one, of any."""

    title = _("version")
    parameter_name = column = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        banners = Banner.objects.all()
        if site := site_chosen(request):
            banners = banners.filter(site=site)
        versions = banners.order_by("version").values_list("version", flat=True).distinct()
        return [(str(version), str(version)) for version in versions]


def site_chosen(request: HttpRequest) -> int | None:
    """The number of the site by which a list is filtered; None for all of them."""
    site = request.GET.get("site", "")
    return int(site) if site.isdecimal() and len(site) < 19 else None


def optional_categories() -> list[tuple[str, Any]]:
    """The categories that are asked for, each with its name."""
    return [
        (category.value, category.label)
        for category in CookieCategory
        if category is not CookieCategory.NECESSARY
    ]
