"""The undo link, `/undo/<token>/`: GET shows what would be restored, POST restores it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from preferences import ledger
from preferences.decisions.choices import load_choices
from preferences.decisions.history import what_it_covers
from preferences.decisions.restorable import Restorable, restorable
from preferences.enums import Outcome, Refusal, Source, State
from preferences.ledger import Evidence
from preferences.models import Event
from preferences.tokens import TokenInvalid, UndoToken, read_undo_token
from preferences.views.language import prefer_language
from preferences.views.linked import LinkUnreadable, contact_point_of, link_page


@link_page
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """One Event, taken back. A link past its time, and one that has nothing to undo any more, say so.

    A yes is taken back by a link past its time all the same, unless an earlier yes would hold again.
    """
    now = timezone.now()
    try:
        link = read_undo_token(token)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    event = _event(link)
    prefer_language(request, event.recipient.language)
    context = {"brand": event.brand, "what": what_it_covers(event), "event": event}
    refusal = _refusal(event=event, fresh=link.is_fresh(now=now, days=settings.UNDO_DAYS))
    if refusal:
        return render(request, "preferences/undo.html", {**context, "refusal": refusal.label})
    found = restorable(event=event, choices=load_choices(event.recipient_id))
    if request.method != "POST":
        return render(
            request,
            "preferences/undo.html",
            {
                **context,
                "refusal": found.refusal.label if found.refusal else "",
                "state": State(event.state),
                "restored": found.state_after,
            },
        )
    evidence = Evidence(source=Source.UNDO, notice=_widens(found))
    result = ledger.undo(event=event.pk, evidence=evidence, now=now)
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


def _refusal(*, event: Event, fresh: bool) -> Refusal | None:
    """Why this link does not undo the event, whatever was said since; None where it may.

    Past its time it may only narrow. What waits for confirmation may stand over a yes that needed none; that may not
    come back.
    """
    if event.recipient.merged_into_id:
        # The person's records were brought together since; the statement now stands in the merge.
        return Refusal.NOT_UNDOABLE
    if fresh or event.state == State.OPTED_IN:
        return None
    if event.state == State.PENDING:
        found = restorable(event=event, choices=load_choices(event.recipient_id))
        if found.state_after is not State.OPTED_IN:
            return None
    return Refusal.LINK_TOO_OLD


def _widens(found: Restorable) -> bool:
    """Whether an undo lets more be sent than before. Then the person is told: a link may be in the wrong hands."""
    return found.state_before is State.OPTED_OUT or found.state_after in {State.OPTED_IN, State.PENDING}


def _event(link: UndoToken) -> Event:
    """The Event a link undoes.

    An erased person's is not told from an unknown one, nor is one whose link was shown at a contact point that is
    gone, or somebody else's, by now.
    """
    event = Event.objects.select_related("recipient", "brand", "purpose").filter(pk=link.event).first()
    if event is None or event.recipient.erased_at:
        raise LinkUnreadable
    if link.contact_point is not None:
        point = contact_point_of(recipient=event.recipient_id, contact_point=link.contact_point)
        if point is None:
            raise LinkUnreadable
    return event
