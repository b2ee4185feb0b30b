"""By what staff narrow down the list of events, and with it the export. Each filter costs one query or none."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.utils import parse_date_str

from preferences.admin.words import SOURCES
from preferences.enums import Channel, Source, State
from preferences.models import Brand, Purpose


class RecordedBetween(RangeDateFilter):
    """Both days included, in the time zone of the site."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = (self._day(f"{self.parameter_name}_{end}") for end in ("from", "to"))
        if first:
            queryset = queryset.filter(recorded_at__gte=first)
        if last:
            queryset = queryset.filter(recorded_at__lt=last + dt.timedelta(days=1))
        return queryset

    def _day(self, name: str) -> dt.datetime | None:
        try:
            day = parse_date_str(str(self.used_parameters.get(name) or ""))
            return timezone.make_aware(dt.datetime.combine(day, dt.time.min)) if day else None
        except (OverflowError, ValueError):
            return None


class ColumnFilter(DropdownFilter):
    """One column, one of its values. A value that cannot be is no filter."""

    column: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value not in {str(choice) for choice, _label in self.lookup_choices}:
            return queryset
        return queryset.filter(**{self.column: value})


class SourceFilter(ColumnFilter):
    title = _("source")
    parameter_name = column = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(source.value, SOURCES[source]) for source in Source]


class StateFilter(ColumnFilter):
    title = _("state")
    parameter_name = column = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(State.choices)


class ChannelFilter(ColumnFilter):
    """`all` stands for statements that are not about one channel."""

    title = _("channel")
    parameter_name = column = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("Every channel")), *Channel.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset.filter(channel=None)
        return super().queryset(request, queryset)


class BrandFilter(ColumnFilter):
    title = _("brand")
    parameter_name = column = "brand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(brand.pk), brand.name) for brand in Brand.objects.order_by("position", "pk")]


class PurposeFilter(ColumnFilter):
    title = _("topic or profiling purpose")
    parameter_name = column = "purpose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        purposes = Purpose.objects.select_related("brand").order_by(
            "-kind", "brand__position", "position", "pk"
        )
        return [
            (str(purpose.pk), f"{purpose.brand}: {purpose}" if purpose.brand else str(purpose))
            for purpose in purposes
        ]


class StaffFilter(ColumnFilter):
    title = _("staff member")
    parameter_name = column = "staff"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        staff = get_user_model().objects.filter(is_staff=True).order_by("email")
        return [(str(user.pk), str(user)) for user in staff]
