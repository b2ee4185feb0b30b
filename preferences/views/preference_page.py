"""The preference page, by link and by account: one template, one way of saving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from preferences import consent_cookie, ledger
from preferences.decisions.cookie_choices import CookieChoice, cookie_choices
from preferences.decisions.history import HistoryEntry, history_of
from preferences.decisions.mailbox import mailbox_of
from preferences.decisions.page import PreferencePage, page_for
from preferences.decisions.pending import pending_in_words
from preferences.enums import Source
from preferences.ledger import Evidence
from preferences.links import undo_path
from preferences.mail.request_confirmation import latest_request, next_mail_at
from preferences.mail.waiting import is_on_its_way
from preferences.models import Brand, Recipient
from preferences.scope import Scope
from preferences.views.outcomes import OutcomeLine, outcome_lines
from preferences.views.page_form import PageForm, PageFormInvalid, read_page_form, version_of
from preferences.views.privacy_signal import sends_gpc, signal_lines, signal_note

# So many of one's own changes stand on the page; staff see all of them.
_HISTORY_LENGTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Through which door the page was opened, and what that lets a person do.

    `evidence` is what a statement made here will bear. `may_widen` is False on a link past its freshness.
    `address` is masked for a link and full for a signed-in person.
    """

    recipient: Recipient
    evidence: Evidence
    may_widen: bool
    address: str
    contact_point: int | None
    brand: Brand | None

    @property
    def signed_in(self) -> bool:
        """True where a cookie bears the authority, and forms need a CSRF token."""
        return self.evidence.source is Source.ACCOUNT


def answer_preference_page(request: HttpRequest, *, door: Door, now: dt.datetime) -> HttpResponse:
    """Show the page; on POST, save what changed and show it again with what became of it.

    400 when what was sent does not fit the page, else 200: the answer to a POST is the page itself, so that it needs
    no cookie to carry the outcome over a redirect. Sending it twice changes nothing twice.

    Where the browser sends Global Privacy Control, that goes on record with what is saved, and the page says so; only
    looking at the page records nothing.
    """
    outcomes: list[OutcomeLine] = []
    error, status, saved = "", 200, False
    gpc = sends_gpc(request)
    asked_again = request.method == "POST" and "confirm_again" in request.POST
    if asked_again:
        ledger.ask_again(recipient=door.recipient.pk, now=now)
    elif request.method == "POST":
        # The page this was sent from may have shown what is no longer offered.
        known = page_for(recipient=door.recipient, now=now, offered_only=False)
        try:
            form = read_page_form(data=request.POST, page=known)
        except PageFormInvalid as invalid:
            error, status = str(invalid), 400
        else:
            outcomes = _save(form, page=known, door=door, gpc=gpc, now=now)
            saved = True
    page = page_for(recipient=door.recipient, now=now)
    history = history_of(recipient=door.recipient.pk, choices=page.choices, limit=_HISTORY_LENGTH)
    return render(
        request,
        "preferences/page.html",
        {
            "page": page,
            "door": door,
            "brand": door.brand,
            "error": error,
            "saved": saved,
            "outcomes": outcomes,
            "changed": any(line.changed for line in outcomes),
            "refused": any(line.refused for line in outcomes),
            "history": _with_undo(history, door=door, now=now),
            "asked_again": asked_again,
            "signal": signal_note(page=page) if gpc else None,
            "cookie_choices": _cookie_choices(request, gpc=gpc, now=now),
            "confirmation": _confirmation(door.recipient, page=page, now=now),
            "version": version_of(page=page, shown=page.switches),
            "shown": " ".join(switch.field for switch in page.switches),
            "was_on": " ".join(switch.field for switch in page.switches if switch.on),
            "version_of_stops": version_of(page=page, shown=page.stops),
            "shown_stops": " ".join(stop.value for stop in page.stops),
        },
        status=status,
    )


def _cookie_choices(request: HttpRequest, *, gpc: bool, now: dt.datetime) -> list[CookieChoice]:
    """What this browser has said on our sites; those where it said something stand first."""
    consents = consent_cookie.read_consents(request.COOKIES.get(consent_cookie.NAME, ""))
    return sorted(cookie_choices(consents, gpc=gpc, now=now), key=lambda choice: choice.said is None)


def _save(
    form: PageForm, *, page: PreferencePage, door: Door, gpc: bool, now: dt.datetime
) -> list[OutcomeLine]:
    """Record what the form says, under the privacy signal where the browser sends it."""
    recipient = door.recipient.pk
    evidence = replace(door.evidence, seen_version=form.seen_version)
    lines: list[OutcomeLine] = []
    if gpc:
        signal, recorded = ledger.record_under_gpc(
            recipient=recipient, changes=form.changes, evidence=evidence, now=now
        )
        lines += signal_lines(results=signal.results, contact_point=door.contact_point, now=now)
    else:
        recorded = ledger.record(recipient=recipient, changes=form.changes, evidence=evidence, now=now)
    return lines + outcome_lines(
        results=recorded.results, names=_names(page), contact_point=door.contact_point, now=now
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """How it stands with the mail by which a person confirms what waits.

    `address` is masked, and empty where no e-mail address works. `sent_at` is when the last mail about all of it was
    sent; None while one is on its way (`is_due`), and where there is none. `again_at` is when the next may go out,
    None for now.
    """

    things: tuple[str, ...]
    address: str
    sent_at: dt.datetime | None
    is_due: bool
    again_at: dt.datetime | None


def _confirmation(recipient: Recipient, *, page: PreferencePage, now: dt.datetime) -> Confirmation | None:
    """None where nothing waits for confirmation; four queries where something does."""
    waiting = pending_in_words(choices=page.choices, now=now)
    if not waiting:
        return None
    _person, point = mailbox_of(recipient=recipient.pk, now=now)
    latest = latest_request(recipient=recipient.pk)
    again_at = next_mail_at(latest)
    sent_at = latest.answered_at if latest and latest.sent else None
    return Confirmation(
        things=tuple(thing.what for thing in waiting),
        address=point.masked if point else "",
        sent_at=sent_at if sent_at and sent_at >= max(thing.event.recorded_at for thing in waiting) else None,
        is_due=latest is not None and is_on_its_way(latest, now=now),
        again_at=again_at if again_at and again_at > now else None,
    )


def _names(page: PreferencePage) -> dict[Scope, str]:
    return {switch.scope: switch.name for switch in page.switches} | {
        stop.scope: stop.name for stop in page.stops
    }


def _with_undo(
    history: Sequence[HistoryEntry], *, door: Door, now: dt.datetime
) -> list[tuple[HistoryEntry, str]]:
    """Each entry with the path of its undo page; empty where it cannot be undone from here."""
    return [
        (
            entry,
            undo_path(event=entry.event.pk, contact_point=door.contact_point, now=now)
            if entry.undoable and door.may_widen
            else "",
        )
        for entry in history
    ]
