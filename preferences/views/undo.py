"""The undo link, `/undo/<token>/`: GET shows what would be restored, POST restores it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from preferences import ledger
from preferences.decisions.choices import load_choices
from preferences.decisions.history import what_it_covers
from preferences.decisions.restorable import restorable
from preferences.enums import Outcome, Refusal, Source, State
from preferences.ledger import Evidence, RecipientGone
from preferences.models import Event
from preferences.tokens import TokenInvalid, UndoToken, read_undo_token
from preferences.views.language import prefer_language
from preferences.views.linked import LinkUnreadable, link_page


@link_page
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """One Event, taken back. A link past its time, and one that has nothing to undo any more, say so."""
    now = timezone.now()
    try:
        link = read_undo_token(token)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    event = _event(link)
    prefer_language(request, event.recipient.language)
    context = {"brand": event.brand, "what": what_it_covers(event), "event": event}
    if not link.is_fresh(now=now, days=settings.UNDO_DAYS):
        return render(request, "preferences/undo.html", {**context, "refusal": Refusal.LINK_TOO_OLD.label})
    if request.method != "POST":
        found = restorable(event=event, choices=load_choices(event.recipient_id))
        return render(
            request,
            "preferences/undo.html",
            {
                **context,
                "refusal": found.refusal.label if found.refusal else "",
                "state": State(event.state),
                "restored": found.restored_state,
            },
        )
    try:
        result = ledger.undo(event=event.pk, evidence=Evidence(source=Source.UNDO), now=now)
    except RecipientGone as error:
        raise LinkUnreadable from error
    return render(
        request,
        "preferences/undone.html",
        {
            **context,
            "done": result.outcome is Outcome.CHANGED,
            "result": result,
            "restored": result.change.state,
        },
    )


def _event(link: UndoToken) -> Event:
    """The Event a link undoes. An erased person's, and one whose contact point is gone, are not told from unknown."""
    event = Event.objects.select_related("recipient", "brand", "purpose").filter(pk=link.event).first()
    if event is None or event.recipient.erased_at:
        raise LinkUnreadable
    return event
