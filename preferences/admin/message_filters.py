"""By what staff narrow down the messages that came in. Each filter costs one query or none."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from preferences.admin.event_filters import ColumnFilter
from preferences.enums import Hold, MessageKind, MessageState

_ALL = "all"


def state_shown(request: HttpRequest) -> str:
    """The state a list is about: the one asked for, else what waits; a search looks through all. `all` for any."""
    default = _ALL if request.GET.get("q", "").strip() else MessageState.WAITING
    asked = request.GET.get("state", "")
    return asked if asked in {_ALL, *MessageState.values} else default


class StateFilter(DropdownFilter):
    title = _("state")
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        self._shown = state_shown(request)
        waiting = MessageState.WAITING
        rest = [(state.value, state.label) for state in MessageState if state is not waiting]
        return [(waiting.value, waiting.label), *rest, (_ALL, _("All"))]

    def value(self) -> str:
        return self._shown

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self._shown == _ALL else queryset.filter(state=self._shown)


class KindFilter(ColumnFilter):
    title = _("kind")
    parameter_name = column = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(MessageKind.choices)


class HoldFilter(ColumnFilter):
    title = _("why it waits")
    parameter_name = column = "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Hold.choices)


class AssignedFilter(DropdownFilter):
    title = _("assigned to")
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Me")), ("nobody", _("Nobody"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "mine":
                return queryset.filter(assigned_to=request.user.pk)
            case "nobody":
                return queryset.filter(assigned_to=None)
        return queryset


class DueFilter(DropdownFilter):
    title = _("deadline")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("overdue", _("Overdue"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(due_at__lt=timezone.now()) if self.value() == "overdue" else queryset
