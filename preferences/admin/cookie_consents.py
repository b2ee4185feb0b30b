"""What browsers said in the cookie banners: a list, a file for auditors, and the exact texts they were shown."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from preferences.admin.cookie_consent_filters import (
    ActionFilter,
    CategoryFilter,
    SignalFilter,
    SiteFilter,
    VersionFilter,
    optional_categories,
    site_chosen,
)
from preferences.admin.cookie_plots import cookie_plots
from preferences.admin.event_filters import RecordedBetween
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.decisions.cookie_choices import asks_again
from preferences.enums import CookieAction, CookieCategory
from preferences.exports.cookie_consents import stream_cookie_consents
from preferences.models import Banner, CookieConsent, Wording

_CONSENT_ID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_EXAMPLE = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"


@admin.register(CookieConsent)
class CookieConsentAdmin(ReadOnlyAdmin):
    list_display = ["recorded", "record", "site", "became", "granted", "version", "language", "signal"]
    list_select_related = ["site"]
    list_filter = [
        ("recorded_at", RecordedBetween),
        SiteFilter,
        ActionFilter,
        CategoryFilter,
        SignalFilter,
        VersionFilter,
    ]
    list_filter_submit = True
    list_filter_sheet = True
    # The box appears where this is not empty; what it searches is read_consent_id's business.
    search_fields = ["consent"]
    search_help_text = _("Whole consent id")
    list_before_template = "admin/preferences/cookie_consents_before.html"

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """By the primary key, and the records of one id by the index that finds them."""
        return ["-sequence"] if request.GET.get("q", "").strip() else ["-pk"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        consent = read_consent_id(search_term)
        return queryset.filter(consent=consent) if consent else queryset.none(), False

    def own_urls(self) -> list[URLPattern]:
        return [
            path(route, self.admin_site.admin_view(view), name=f"preferences_cookieconsent_{name}")
            for route, view, name in [
                ("export/", self.export_view, "export"),
                ("<uuid:consent>/", self.consent_view, "change"),
            ]
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        searched = request.GET.get("q", "").strip()
        extra = {
            "title": _("Cookie consents"),
            "export_url": f"{reverse('admin:preferences_cookieconsent_export')}?{request.GET.urlencode()}"
            if request.user.has_perm("preferences.export_cookieconsent")
            else "",
            "searched": searched,
            "example": "" if not searched or read_consent_id(searched) else _EXAMPLE,
            "plots": None
            if searched or not self.has_view_permission(request)
            else cookie_plots(site=site_chosen(request), now=timezone.now()),
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The consents that search and filters in the query string let through, in the order of the list, as CSV."""
        if not request.user.has_perms(["preferences.view_cookieconsent", "preferences.export_cookieconsent"]):
            raise PermissionDenied
        self.request = request
        consents = self.get_changelist_instance(request).queryset
        return StreamingHttpResponse(
            stream_cookie_consents(consents),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": (
                    f'attachment; filename="cookie-consents-{timezone.now():%Y%m%dT%H%MZ}.csv"'
                ),
                "Cache-Control": "no-store",
            },
        )

    def consent_view(self, request: HttpRequest, consent: UUID) -> HttpResponseBase:
        """Everything that one browser said on one site, in order, with the exact texts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        records = list(
            CookieConsent.objects.filter(consent=consent).select_related("site").order_by("sequence")
        )
        if not records:
            raise Http404
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "model_admin": self,
            "title": gettext("Cookie consent"),
            "consent": consent,
            "site": records[0].site,
            **_standing(records[-1], now=timezone.now()),
            "rows": [
                {
                    "record": record,
                    "recorded": in_utc(record.recorded_at),
                    "granted": granted_in_words(record),
                }
                for record in records
            ],
            "texts": texts_shown(records),
            "may_view_sites": request.user.has_perm("preferences.view_site"),
            "may_view_banners": request.user.has_perm("preferences.view_banner"),
        }
        return TemplateResponse(request, "admin/preferences/cookie_consent.html", context)

    @admin.display(description=_("recorded at (UTC)"))
    def recorded(self, obj: CookieConsent) -> str:
        return format_html('<span class="one-line">{}</span>', in_utc(obj.recorded_at))

    @admin.display(description=_("consent id"))
    def record(self, obj: CookieConsent) -> str:
        return format_html(
            '<span class="one-line"><a class="link" href="{}"><code>{}</code></a> {}</span>',
            reverse("admin:preferences_cookieconsent_change", args=[obj.consent]),
            str(obj.consent)[:8],
            obj.sequence,
        )

    @display(
        description=_("action"),
        label={
            CookieAction.ACCEPT_ALL: "success",
            CookieAction.REFUSE_ALL: "danger",
            CookieAction.SAVE: "info",
        },
    )
    def became(self, obj: CookieConsent) -> tuple[str, str]:
        return obj.action, str(CookieAction(obj.action).label)

    @admin.display(description=_("categories granted"))
    def granted(self, obj: CookieConsent) -> str:
        return granted_in_words(obj)

    @admin.display(description=_("privacy signal"))
    def signal(self, obj: CookieConsent) -> str:
        return gettext("Sent") if obj.gpc else "–"


def _standing(newest: CookieConsent, *, now: dt.datetime) -> dict[str, Any]:
    """Until when the newest record of a consent id is in force, or why it is not. One query."""
    site = newest.site
    version = Banner.objects.filter(site=site).order_by("-pk").values_list("version", flat=True)[0]
    again = asks_again(
        is_older=newest.version < version,
        recorded_at=newest.recorded_at,
        days=site.days,
        # What the browser sends today is not known here; the page says what would follow.
        signal_is_new=False,
        granted=newest.categories,
        now=now,
    )
    return {
        "why_not": "retired" if site.retired_at else again,
        "until": newest.recorded_at + dt.timedelta(days=site.days),
        "may_be_held_back": CookieCategory.MARKETING in newest.categories and not newest.gpc,
    }


def read_consent_id(text: str) -> UUID | None:
    """The consent id that a text is, in capitals or without dashes too; None where it is none."""
    return UUID(text.strip()) if _CONSENT_ID.fullmatch(text.strip()) else None


def in_utc(moment: dt.datetime) -> str:
    """Day and time in UTC, whatever the time zone of the site."""
    return date_format(moment.astimezone(dt.UTC), "j M Y, H:i")


def granted_in_words(record: CookieConsent) -> str:
    """The names of the categories that were granted beyond the necessary one, or that there were none."""
    names = [str(label) for category, label in optional_categories() if category in record.categories]
    return ", ".join(names) or gettext("Only necessary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text, word for word, that was on the screen when these records were made; `part` says of which block."""

    wording: Wording
    part: str
    records: tuple[int, ...]


def texts_shown(records: Sequence[CookieConsent]) -> list[Shown]:
    """Every text shown with any of the records, each once, in the order in which they first were. Two queries."""
    sequences: dict[str, list[int]] = {}
    parts: dict[str, str] = {}
    banners = Banner.objects.in_bulk({record.banner_id for record in records})
    for record in records:
        texts = banners[record.banner_id].content["languages"][record.language]
        parts |= {content_hash: part for part, content_hash in texts["wordings"].items()}
        for content_hash in record.wordings:
            sequences.setdefault(content_hash, []).append(record.sequence)
    names = {
        "banner": gettext("Banner"),
        "gpc": gettext("Sentence about the privacy signal"),
        "changed": gettext("Sentence about the change"),
        "details": gettext("Details"),
    }
    wordings = Wording.objects.in_bulk(sequences)
    return [
        Shown(
            wording=wordings[content_hash],
            part=names.get(parts.get(content_hash, ""), gettext("Text")),
            records=tuple(numbers),
        )
        for content_hash, numbers in sequences.items()
    ]
