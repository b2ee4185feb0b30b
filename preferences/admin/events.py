"""The whole history as a list, and as a file for auditors."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from preferences.admin.event_filters import (
    BrandFilter,
    ChannelFilter,
    PurposeFilter,
    RecordedBetween,
    SourceFilter,
    StaffFilter,
    StateFilter,
)
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.admin.words import SOURCES
from preferences.decisions.history import what_it_covers
from preferences.enums import Source, State
from preferences.models import Event

_COLUMNS = (
    "id",
    "recorded_at",
    "occurred_at",
    "recipient",
    "kind",
    "brand",
    "purpose",
    "channel",
    "previous_state",
    "state",
    "source",
    "actor",
    "staff",
    "route",
    "reason",
    "legal_basis",
    "wording",
    "undoes",
)

# A spreadsheet takes a cell that begins so for a formula and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["recorded", "person", "what", "became", "source_in_words", "staff", "route", "shown"]
    list_select_related = ["brand", "purpose", "staff"]
    list_filter = [
        ("recorded_at", RecordedBetween),
        SourceFilter,
        BrandFilter,
        PurposeFilter,
        ChannelFilter,
        StateFilter,
        StaffFilter,
    ]
    list_filter_submit = True
    list_filter_sheet = True
    list_before_template = "admin/preferences/events_before.html"
    ordering = ["-pk"]

    def own_urls(self) -> list[URLPattern]:
        return [
            path("export/", self.admin_site.admin_view(self.export_view), name="preferences_event_export")
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        extra = {
            "title": _("Events"),
            "export_url": f"{reverse('admin:preferences_event_export')}?{request.GET.urlencode()}"
            if request.user.has_perm("preferences.export_event")
            else "",
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The events the filters in the query string let through, newest first, as CSV in one stream."""
        if not request.user.has_perms(["preferences.view_event", "preferences.export_event"]):
            raise PermissionDenied
        self.request = request
        events = self.get_changelist_instance(request).queryset
        return StreamingHttpResponse(
            csv_lines(events),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="events-{timezone.now():%Y%m%dT%H%MZ}.csv"',
                "Cache-Control": "no-store",
            },
        )

    @admin.display(description=_("recorded at"))
    def recorded(self, obj: Event) -> Any:
        return obj.recorded_at

    @admin.display(description=_("recipient"))
    def person(self, obj: Event) -> str:
        url = reverse("admin:preferences_recipient_change", args=[obj.recipient_id])
        return format_html('<a class="link" href="{}">#{}</a>', url, obj.recipient_id)

    @admin.display(description=_("about"))
    def what(self, obj: Event) -> str:
        return what_it_covers(obj)

    @display(
        description=_("state"),
        label={
            State.OPTED_IN: "success",
            State.OPTED_OUT: "danger",
            State.PENDING: "warning",
            State.UNSTATED: "info",
        },
    )
    def became(self, obj: Event) -> tuple[str, str]:
        return obj.state, str(State(obj.state).label)

    @admin.display(description=_("source"))
    def source_in_words(self, obj: Event) -> str:
        return str(SOURCES[Source(obj.source)])

    @admin.display(description=_("wording"))
    def shown(self, obj: Event) -> str:
        if not obj.wording_id:
            return "–"
        url = reverse("admin:preferences_wording_text", args=[obj.wording_id])
        return format_html('<a class="link" href="{}">{}</a>', url, _("Text"))


class _Line:
    """What a csv writer writes to: gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(events: QuerySet[Event]) -> Iterator[str]:
    """A head line, then a line for each event, read from the database as the client takes them.

    Brands and purposes stand as keys, times in ISO 8601 and UTC. Begins with a byte order mark, by which
    spreadsheets know the encoding.
    """
    writer = csv.writer(_Line())
    yield f"\ufeff{writer.writerow(_COLUMNS)}"
    for event in events.select_related("brand", "purpose", "staff").iterator(chunk_size=2000):
        yield writer.writerow(defuse(_cells(event)))


def defuse(cells: Iterable[object]) -> list[str]:
    """The cells as text, none of which a spreadsheet takes for a formula: those get an apostrophe in front."""
    texts = ["" if cell is None else str(cell) for cell in cells]
    return [f"'{text}" if text.startswith(_FORMULA) else text for text in texts]


def _cells(event: Event) -> list[object]:
    return [
        event.pk,
        event.recorded_at.isoformat(),
        event.occurred_at.isoformat(),
        event.recipient_id,
        event.kind,
        event.brand.key if event.brand else None,
        event.purpose.key if event.purpose else None,
        event.channel,
        event.previous_state,
        event.state,
        event.source,
        event.actor,
        event.staff,
        event.route,
        event.reason,
        event.legal_basis,
        event.wording_id,
        event.undoes_id,
    ]
