"""What was said in the banners in the last thirty days: counts only, by day, action and category granted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences.admin.plot import DAYS, Plot, Series, draw
from preferences.enums import CookieAction, CookieCategory
from preferences.models import CookieConsent

_MAY_TAKE = "5s"
_OPTIONAL = tuple(category for category in CookieCategory if category is not CookieCategory.NECESSARY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """So many cookie consents of one day had this action and granted these categories."""

    day: dt.date
    action: CookieAction
    categories: tuple[str, ...]
    count: int


def cookie_plots(*, site: int | None, now: dt.datetime) -> tuple[Plot, Plot] | None:
    """Cookie consents per day by action, and categories granted per day; of one site, or of all.

    None where counting takes too long for a page.
    """
    said = count_said(site=site, now=now)
    if said is None:
        return None
    by_action, by_category = Counter[tuple[dt.date, str]](), Counter[tuple[dt.date, str]]()
    for one in said:
        by_action[one.day, one.action.value] += one.count
        for category in one.categories:
            by_category[one.day, category] += one.count
    today = timezone.localdate(now)
    return (
        draw(
            key="actions",
            title=_("Cookie consents per day"),
            name=_("Cookie consents"),
            series=_series(tuple(CookieAction)),
            counts=by_action,
            today=today,
        ),
        draw(
            key="categories",
            title=_("Categories granted per day"),
            name=_("Categories granted"),
            note=_("Whoever grants two categories is counted in both, and whoever refuses all in none."),
            series=_series(_OPTIONAL),
            counts={(day, of): count for (day, of), count in by_category.items() if of in _OPTIONAL},
            today=today,
        ),
    )


def _series(words: tuple[CookieAction, ...] | tuple[CookieCategory, ...]) -> tuple[Series, ...]:
    return tuple(
        Series(key=word.value, name=str(word.label), colour=number) for number, word in enumerate(words)
    )


def count_said(*, site: int | None, now: dt.datetime) -> list[Said] | None:
    """The last thirty days, today included; None where that takes too long.

    Nothing is recorded in the past, so the days before today are counted once a day.
    """
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    key = f"cookie_plots.days_before.{today:%Y-%m-%d}.{site or 'all'}"
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_MAY_TAKE])
            before: list[Said] | None = cache.get(key)
            if before is None:
                before = _count_by_day(site=site, start=today - dt.timedelta(days=DAYS - 1), end=today)
                cache.set(key, before, 24 * 3600)
            return [*before, *_count_by_day(site=site, start=today, end=today + dt.timedelta(days=1))]
    except OperationalError:
        return None


def _count_by_day(*, site: int | None, start: dt.datetime, end: dt.datetime) -> list[Said]:
    consents = CookieConsent.objects.filter(recorded_at__gte=start, recorded_at__lt=end)
    if site is not None:
        consents = consents.filter(site=site)
    rows = (
        consents.annotate(day=TruncDate("recorded_at"))
        .values("day", "action", "categories")
        .annotate(count=Count("pk"))
        .order_by("day", "action", "categories")
    )
    return [
        Said(
            day=row["day"],
            action=CookieAction(row["action"]),
            categories=tuple(row["categories"]),
            count=row["count"],
        )
        for row in rows
    ]
