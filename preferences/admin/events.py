"""The whole history as a list, and as a file for auditors."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
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
from preferences.models.ledger import legal_basis_of

# The head of each column of the export, and where it comes from.
_COLUMNS = {
    "id": "pk",
    "recorded_at": "recorded_at",
    "occurred_at": "occurred_at",
    "recipient": "recipient_id",
    "kind": "kind",
    "brand": "brand__key",
    "purpose": "purpose__key",
    "channel": "channel",
    "previous_state": "previous_state",
    "state": "state",
    "source": "source",
    "actor": "actor",
    "staff": "staff__email",
    "route": "route",
    "reason": "reason",
    "wording": "wording_id",
    "undoes": "undoes_id",
}

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
    def recorded(self, obj: Event) -> str:
        return format_html(
            '<span class="one-line">{}</span>', date_format(timezone.localtime(obj.recorded_at), "j M Y, H:i")
        )

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
    bases = {state.value: legal_basis_of(state) for state in State}
    state = list(_COLUMNS).index("state")
    yield f"\ufeff{writer.writerow([*_COLUMNS, 'legal_basis'])}"
    # Columns rather than instances: there may be millions.
    for row in events.values_list(*_COLUMNS.values()).iterator(chunk_size=2000):
        yield writer.writerow(defuse([*row, bases[row[state]]]))


def defuse(cells: Iterable[object]) -> list[str]:
    """The cells as text, none of which a spreadsheet takes for a formula: those get an apostrophe in front."""
    texts = [_as_text(cell) for cell in cells]
    return [f"'{text}" if text.startswith(_FORMULA) else text for text in texts]


def _as_text(cell: object) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, dt.datetime) else str(cell)
