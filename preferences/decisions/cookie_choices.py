"""What one browser has said in the cookie banners of the sites, for the person who looks at it in that browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import connection

from preferences.enums import CookieAction, CookieCategory

# Why a site asks again; "" where what was said still counts.
AsksAgain = Literal["", "changed", "expired", "gpc"]

_CHOICES = """
SELECT site.key, site.name, site.days, newest.version,
       said.action, said.categories, said.version, said.gpc, said.recorded_at
  FROM preferences_site AS site
  JOIN LATERAL
       (SELECT version FROM preferences_banner WHERE site_id = site.id ORDER BY id DESC LIMIT 1) AS newest ON true
  LEFT JOIN unnest(%s::text[], %s::uuid[]) AS known (site, consent) ON known.site = site.key
  LEFT JOIN LATERAL
       (SELECT action, categories, version, gpc, recorded_at
          FROM preferences_cookieconsent
         WHERE consent = known.consent AND site_id = site.id
         ORDER BY sequence DESC LIMIT 1) AS said ON true
 WHERE site.retired_at IS NULL
 ORDER BY site.name, site.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestRecord:
    """The newest record of a browser on one site. `allowed` are the categories it may use besides the necessary ones.

    `asks_again` says why it does not count any more.
    """

    action: CookieAction
    allowed: tuple[CookieCategory, ...]
    gpc: bool
    recorded_at: dt.datetime
    asks_again: AsksAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieChoice:
    """A site that has a banner, by its key and name, with what was said there; None where nothing was."""

    site: str
    name: str
    said: NewestRecord | None


def cookie_choices(consents: Mapping[str, UUID], *, gpc: bool, now: dt.datetime) -> tuple[CookieChoice, ...]:
    """Every site in use in the order of their names, given the consent ids of one browser by key of site. One query.

    `gpc` says whether that browser sends Global Privacy Control.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, [list(consents), list(consents.values())])
        rows = cursor.fetchall()
    return tuple(
        CookieChoice(
            site=key,
            name=name,
            said=NewestRecord(
                action=CookieAction(action),
                allowed=allowed_of(categories),
                gpc=under_gpc,
                recorded_at=recorded_at,
                asks_again=asks_again(
                    is_older=version < newest,
                    recorded_at=recorded_at,
                    days=days,
                    signal_is_new=gpc and not under_gpc,
                    granted=categories,
                    now=now,
                ),
            )
            if action
            else None,
        )
        for key, name, days, newest, action, categories, version, under_gpc, recorded_at in rows
    )


def asks_again(
    *,
    is_older: bool,
    recorded_at: dt.datetime,
    days: int,
    signal_is_new: bool,
    granted: Collection[str],
    now: dt.datetime,
) -> AsksAgain:
    """Why a site asks again, as its banner does.

    `is_older` says that the choice is of an older version, `days` for how long one holds, and `signal_is_new` that the
    browser sends Global Privacy Control and did not when it was made: a yes to marketing stands only if it was given
    under the signal.
    """
    if is_older:
        return "changed"
    if recorded_at + dt.timedelta(days=days) <= now:
        return "expired"
    return "gpc" if signal_is_new and CookieCategory.MARKETING in granted else ""


def allowed_of(categories: Collection[str]) -> tuple[CookieCategory, ...]:
    """The categories granted besides the necessary ones, in the order in which all banners show them."""
    return tuple(
        category
        for category in CookieCategory
        if category in categories and category is not CookieCategory.NECESSARY
    )
