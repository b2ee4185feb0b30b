"""The cookie page, `/cookies/<site>/`: what a browser has said about a site, seen and changed without script."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from preferences import consent_cookie
from preferences.cookies.cors import our_origin
from preferences.cookies.read_consent import ConsentInvalid, Said, consent_id, judge
from preferences.cookies.record import ConsentRefused, record_consent, version_of
from preferences.cookies.remember import remember_consent
from preferences.cookies.served import Served, banner_of, served_site
from preferences.decisions.cookie_choices import AsksAgain, allowed_of, asks_again
from preferences.enums import CookieAction, CookieCategory
from preferences.models import Brand, CookieConsent, Wording
from preferences.views.linked import link_page
from preferences.views.privacy_signal import sends_gpc

# Of what one browser said, so many stand on the page, the newest; staff see all of it.
_MOST_SHOWN = 30


@link_page
def cookie_page(request: HttpRequest, site: str, consent: UUID | None = None) -> HttpResponse:
    """Show what was said, and on POST record what is said now, as the banner does.

    With a consent id in the path it is about that one, as in every link of ours; without, about the one this browser
    tells by its cookie. Either way the form must come from a page of ours: 403. 404 for an unknown site, and alike for
    a consent id of another.
    """
    served = served_site(site)
    if served is None:
        raise Http404
    gpc, now = sends_gpc(request), timezone.now()
    known = _known_consent(request, served=served, named=consent)
    error, status, saved = "", 200, False
    if request.method == "POST":
        if not _is_from_here(request):
            raise PermissionDenied
        known = known or uuid4()
        try:
            _record(request.POST, served=served, consent=known, gpc=gpc, now=now)
        except ConsentInvalid:
            error, status = (
                _("The page you sent cannot be recognised. Nothing was saved. Please try again below."),
                400,
            )
        except ConsentRefused as refused:
            if refused.code == "consent_of_another_site":
                # Chosen there in this very moment.
                raise Http404 from refused
            error, status = (
                (_("This was changed very often. Now it can only be refused."), 429)
                if refused.code == "too_many"
                else (_("This could not be saved just now. Please try again."), 503)
            )
        else:
            saved = True
    page = _page(served=served, consent=known, gpc=gpc, now=now)
    response = render(
        request,
        "preferences/cookies.html",
        {
            "page": page,
            "brand": Brand.objects.get(pk=served.brand),
            "error": error,
            "saved": saved,
            "has_id_in_path": consent is not None,
        },
        status=status,
    )
    # Browsers hide the origin of a form under no-referrer, and here it is what tells our form from another's. Other
    # sites learn nothing of the address either way.
    response.headers["Referrer-Policy"] = "same-origin"
    if saved and known:
        remember_consent(response, request=request, served=served, consent=known)
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category as the page shows it: its words, and whether it is allowed now."""

    key: str
    always: bool
    on: bool
    name: str
    description: str
    cookies: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record in words, with the exact texts that were shown for it, in the order in which they were."""

    record: CookieConsent
    action: str
    allowed: tuple[CookieCategory, ...]
    texts: tuple[Wording, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePage:
    """The page as values. `texts` are the banner's in the language of the page, or in the site's first.

    `asks_again` says why what was said does not count any more. `shown` names the blocks of text the page shows, as the
    record keeps them.
    """

    site: Served
    texts: Mapping[str, Any]
    categories: tuple[Category, ...]
    consent: UUID | None
    entries: tuple[Entry, ...]
    gpc: bool
    gpc_kept: bool
    asks_again: AsksAgain
    shown: str

    @property
    def newest(self) -> Entry | None:
        """What was said last; None where nothing was."""
        return self.entries[0] if self.entries else None


def _page(*, served: Served, consent: UUID | None, gpc: bool, now: dt.datetime) -> CookiePage:
    """Two queries at most."""
    languages = served.content["languages"]
    texts = languages.get(get_language()) or languages[served.content["language_order"][0]]
    entries = _entries(consent, site=served.site) if consent else ()
    newest = entries[0].record if entries else None
    again = _asks_again(newest, served=served, gpc=gpc, now=now) if newest else ""
    granted = newest.categories if newest and again in {"", "gpc"} else []
    if again == "gpc":
        granted = [category for category in granted if category != CookieCategory.MARKETING]
    blocks = [
        "banner",
        "details",
        *(["changed"] if again == "changed" else []),
        *(["gpc"] if gpc else []),
    ]
    return CookiePage(
        site=served,
        texts=texts,
        categories=tuple(
            Category(
                key=key,
                always=key == CookieCategory.NECESSARY,
                on=key == CookieCategory.NECESSARY or key in granted,
                **texts["categories"][key],
            )
            for key in served.content["categories"]
        ),
        consent=consent,
        entries=entries,
        gpc=gpc,
        gpc_kept=gpc and CookieCategory.MARKETING in granted,
        asks_again=again,
        shown=" ".join(blocks),
    )


def _asks_again(newest: CookieConsent, *, served: Served, gpc: bool, now: dt.datetime) -> AsksAgain:
    return asks_again(
        is_older=newest.version < served.version,
        recorded_at=newest.recorded_at,
        days=served.days,
        signal_is_new=gpc and not newest.gpc,
        granted=newest.categories,
        now=now,
    )


def _entries(consent: UUID, *, site: int) -> tuple[Entry, ...]:
    records = list(
        CookieConsent.objects.filter(consent=consent, site=site).order_by("-sequence")[:_MOST_SHOWN]
    )
    wordings = Wording.objects.in_bulk({wording for record in records for wording in record.wordings})
    return tuple(
        Entry(
            record=record,
            action=str(CookieAction(record.action).label),
            allowed=allowed_of(record.categories),
            texts=tuple(wordings[wording] for wording in record.wordings if wording in wordings),
        )
        for record in records
    )


def _known_consent(request: HttpRequest, *, served: Served, named: UUID | None) -> UUID | None:
    """The consent id that the page is about; None where the browser tells none of this site. One query at most.

    Raises Http404 for one in the path that is no random one, or is another site's.
    """
    known = named or consent_cookie.read_consents(request.COOKIES.get(consent_cookie.NAME, "")).get(
        served.key
    )
    if known is None:
        return None
    elsewhere = CookieConsent.objects.filter(consent=known).exclude(site=served.site)
    if consent_id(str(known)) and not elsewhere.exists():
        return known
    if named:
        raise Http404
    return None


def _is_from_here(request: HttpRequest) -> bool:
    """Whether a form was sent by a page of ours.

    The cookie says whose choice it is, and it goes with every request: the banner needs it so. Another site could thus
    choose for its visitors, or by an id in the path put one of its own into the cookie. A CSRF token would need a
    cookie of its own as soon as somebody looks at the page; browsers tell by themselves where a form comes from. One
    that tells neither is not believed.
    """
    if fetched_by := request.headers.get("Sec-Fetch-Site"):
        return fetched_by == "same-origin"
    return request.headers.get("Origin") in {f"{request.scheme}://{request.get_host()}", our_origin()}


def _record(data: QueryDict, *, served: Served, consent: UUID, gpc: bool, now: dt.datetime) -> None:
    """Record what the form says by the banner it showed, which may be older than the newest.

    Raises ConsentInvalid, ConsentRefused.
    """
    banner = data.get("banner", "")
    content = (
        banner_of(served.site, int(banner))
        if banner.isascii() and banner.isdigit() and len(banner) < 19
        else None
    )
    action = data.get("action", "")
    if content is None or action not in CookieAction:
        raise ConsentInvalid("body_invalid")
    asked: Sequence[str] = content["categories"]
    chosen = {
        CookieAction.ACCEPT_ALL: set(asked),
        CookieAction.REFUSE_ALL: set(),
        CookieAction.SAVE: set(data.getlist("category")),
    }[CookieAction(action)] | {CookieCategory.NECESSARY.value}
    said = Said(
        consent=consent,
        banner=int(banner),
        language=data.get("language", ""),
        action=CookieAction(action),
        # Those that are not asked about are for the judge to find.
        categories={category: category in chosen for category in (*asked, *chosen)},
        gpc=gpc,
        shown=data.get("shown", "").split(),
    )
    record_consent(
        new=judge(said, site=served.site, version=version_of(said.banner), content=content), now=now
    )
