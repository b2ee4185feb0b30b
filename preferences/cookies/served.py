"""What a site serves to browsers now, kept in memory: the hottest path must not need the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from preferences.colours import BrandColours, brand_colours
from preferences.cookies.script import Asset, script_of
from preferences.models import Banner
from preferences.views.database_gone import DATABASE_GONE

# Within this time what staff publish is what everybody gets.
MOST_SECONDS = 5.0
_MOST_UNKNOWN = 1000


# No slots: the script is made at the first request for it and kept in the instance.
@dataclass(frozen=True, kw_only=True)
class Served:
    """A site with its newest banner. `content` is that of preferences/cookies/publish.py; do not change it."""

    site: int
    key: str
    name: str
    origins: frozenset[str]
    days: int
    cookie_domain: str
    consent_mode: bool
    brand: int
    brand_key: str
    brand_name: str
    colour: str
    banner: int
    version: int
    content: Mapping[str, Any]

    @property
    def colours(self) -> BrandColours:
        """The brand's colour as it can be read, on light and on dark ground."""
        return brand_colours(self.colour)

    @cached_property
    def asset(self) -> Asset:
        """The script with all that the site says, made once."""
        return script_of(self)


@dataclass(slots=True, kw_only=True)
class _Site:
    """A site in memory, and when the database was last asked about it (monotonic clock)."""

    served: Served
    asked_at: float
    asking: bool = False


# Sites stay in memory, for a lost database must not take them away; keys that are none are soon forgotten.
_sites: dict[str, _Site] = {}
_unknown: dict[str, float] = {}
_lock = threading.Lock()


def served_site(key: str) -> Served | None:
    """The site with its newest banner, at most five seconds old; None where it is unknown, retired or unpublished.

    No query while it is in memory, one where that is older, two where there is a new banner. While the database is
    gone or slow the answer is the last one known; raises one of DATABASE_GONE where there is none.
    """
    now = time.monotonic()
    with _lock:
        site = _sites.get(key)
        if site is None:
            if now - _unknown.get(key, -MOST_SECONDS) < MOST_SECONDS:
                return None
        elif site.asking or now - site.asked_at < MOST_SECONDS:
            return site.served
        else:
            # One thread asks; the others need not wait for it, however long a lost database takes to answer.
            site.asking = True
    try:
        served = _read(key, before=site.served if site else None)
    except DATABASE_GONE:
        if site is None:
            raise
        served = site.served
    finally:
        if site:
            site.asking = False
    _keep(key, served)
    return served


def banner_of(site: int, banner: int) -> Mapping[str, Any] | None:
    """The content of a banner of this site that people may still see, by its id; None where the site has none such."""
    try:
        return _content(site, banner)
    except Banner.DoesNotExist:
        return None


def forget_served() -> None:
    """Read every site anew: for tests, whose database is another one each time."""
    _sites.clear()
    _unknown.clear()
    _content.cache_clear()


def _keep(key: str, served: Served | None) -> None:
    now = time.monotonic()
    with _lock:
        if served:
            _sites[key] = _Site(served=served, asked_at=now)
            return
        _sites.pop(key, None)
        if len(_unknown) >= _MOST_UNKNOWN:
            _unknown.clear()
        _unknown[key] = now


def _read(key: str, *, before: Served | None) -> Served | None:
    """The site as the database has it; `before` itself where nothing is new, so that its script is not made again."""
    newest = (
        Banner.objects.filter(site__key=key, site__retired_at=None)
        .select_related("site__brand")
        .defer("content")
        .order_by("-pk")
        .first()
    )
    if newest is None:
        return None
    site = newest.site
    served = Served(
        site=site.pk,
        key=site.key,
        name=site.name,
        origins=frozenset(site.origins),
        days=site.days,
        cookie_domain=site.cookie_domain,
        consent_mode=site.consent_mode,
        brand=site.brand_id,
        brand_key=site.brand.key,
        brand_name=site.brand.name,
        colour=site.brand.colour,
        banner=newest.pk,
        version=newest.version,
        content=_content(site.pk, newest.pk),
    )
    return before if served == before else served


# A banner never changes, so each is read once. One that does not exist yet may do so later: that is not kept.
@lru_cache(maxsize=256)
def _content(site: int, banner: int) -> Mapping[str, Any]:
    return Banner.objects.values_list("content", flat=True).get(pk=banner, site=site)
