"""The link of a confirmation mail, `/confirm/<token>/`: GET shows what would start, POST starts it."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from preferences import ledger
from preferences.decisions.choices import load_choices
from preferences.decisions.history import what_it_covers
from preferences.decisions.pending import brand_of, pending_in_words
from preferences.ledger import ChangeResult
from preferences.models import Event
from preferences.scope import Scope
from preferences.tokens import TokenInvalid, read_confirm_token
from preferences.views.language import prefer_language
from preferences.views.linked import LinkUnreadable, contact_point_of, link_page
from preferences.views.outcomes import outcome_lines


@link_page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Everything the mail named and that still waits, confirmed by one button.

    What was not confirmed in time, and what this mail did not name, can be had mailed anew: the answer to that is the
    same whatever comes of it. A link whose address is gone, or somebody else's by now, leads to nobody.
    """
    now = timezone.now()
    try:
        link = read_confirm_token(token)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    point = contact_point_of(recipient=link.recipient, contact_point=link.contact_point)
    if point is None:
        raise LinkUnreadable
    recipient = point.recipient
    prefer_language(request, recipient.language)
    # What was said before two records of a person were brought together stands there as another Event.
    up_to = link.up_to if link.recipient == recipient.pk else 0
    choices = load_choices(recipient.pk)
    waiting = pending_in_words(choices=choices, now=now)
    named = [thing for thing in waiting if thing.event.pk <= up_to]
    expired = [
        thing for thing in pending_in_words(choices=choices, now=now, expired=True) if thing.event.pk <= up_to
    ]
    context = {
        "address": point.masked,
        "brand": brand_of(thing.event for thing in named or expired or waiting),
    }
    if request.method == "POST" and "send_again" in request.POST:
        ledger.ask_again(recipient=recipient.pk, up_to=up_to, now=now)
        return render(request, "preferences/confirm_sent.html", {"address": point.masked})
    fresh = up_to > 0 and link.is_fresh(now=now, days=settings.CONFIRM_DAYS)
    if request.method == "POST":
        results: Sequence[ChangeResult] = ()
        if fresh:
            results = ledger.confirm(
                recipient=recipient.pk, up_to=up_to, contact_point=point.pk, now=now
            ).results
        lines = outcome_lines(results=results, names=_names(results), contact_point=point.pk, now=now)
        return render(
            request,
            "preferences/confirmed.html",
            {**context, "outcomes": lines, "changed": any(line.changed for line in lines)},
        )
    return render(
        request,
        "preferences/confirm.html",
        {
            **context,
            "things": named if fresh else [],
            "expired": expired,
            "may_send_again": bool(waiting or expired),
        },
    )


def _names(results: Sequence[ChangeResult]) -> dict[Scope, str]:
    """What each scope is called."""
    events = Event.objects.select_related("brand", "purpose").in_bulk([result.event for result in results])
    return {event.scope: what_it_covers(event) for event in events.values()}
