"""What staff have changed about the categories and the cookies of a site, beside the site's own history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from preferences.admin.catalogue import EveryLanguage
from preferences.models import SiteCategory, SiteCookie

_PARTS: dict[type[SiteCategory | SiteCookie], Any] = {
    SiteCategory: _("Cookie category"),
    SiteCookie: _("Cookie"),
}
# The newest are shown.
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange:
    """One edit: `what` names the category or the cookie, `became` is +, ~ or -, `differences` holds each column that
    differs."""

    at: dt.datetime
    by: str
    what: str
    became: str
    differences: tuple[dict[str, Any], ...]


def changes_of_parts(*, site: int) -> list[PartChange]:
    """The last two hundred edits, newest first; those of rows that are gone too. Two queries."""
    changes = [change for model in _PARTS for change in _changes_of(model, site=site)]
    return sorted(changes, key=lambda change: change.at, reverse=True)[:_MOST]


def _changes_of(model: type[SiteCategory | SiteCookie], *, site: int) -> list[PartChange]:
    records = list(
        model.history.filter(site=site).select_related("history_user").order_by("history_date", "history_id")
    )
    before: dict[int, Any] = {}
    found: list[PartChange] = []
    for record in records:
        differences: list[dict[str, Any]] = []
        if record.history_type == "~" and record.id in before:
            delta = record.diff_against(before[record.id])
            differences = EveryLanguage(model, record).context_for_delta_changes(delta)
        before[record.id] = record
        found.append(
            PartChange(
                at=record.history_date,
                by=str(record.history_user or "–"),
                what=f"{_PARTS[model]}: {record.instance}",
                became=record.history_type,
                differences=tuple(differences),
            )
        )
    return found
