"""Take one Event back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from preferences.decisions.choices import load_choices
from preferences.decisions.restorable import restorable
from preferences.enums import Outcome, Refusal, Source
from preferences.ledger.append import RecipientGone, lock_recipient
from preferences.ledger.values import Change, ChangeResult, Evidence
from preferences.mail.request_notice import request_notice
from preferences.models import Choice, Event
from preferences.personal_data import names_personal_data


def undo(*, event: int, evidence: Evidence, now: dt.datetime) -> ChangeResult:
    """Restore what one Event changed, if nothing newer has been said; asks for no confirmation.

    Writes an Event of source undo that names the Event it undoes, whatever `evidence.source` says; its actor, staff,
    route and reason are kept, and the person is told by mail where it asks for that. The result's change bears the
    state that holds afterwards: `unstated` where nothing else has been said. Raises RecipientGone, and
    Event.DoesNotExist for an unknown id.
    """
    with transaction.atomic():
        # The lock of the person comes first: between reading the event and locking, anything could be said.
        undone = Event.objects.get(pk=event)
        if lock_recipient(undone.recipient_id) != undone.recipient_id:
            # The person's records were brought together since; the statement now stands in the merge.
            raise RecipientGone(code="recipient_merged")
        choices = load_choices(undone.recipient_id)
        found = restorable(event=undone, choices=choices)
        previous = found.state_before
        change = Change(scope=undone.scope, state=found.state_after)
        refusal = Refusal.PERSONAL_DATA if names_personal_data(evidence.reason) else found.refusal
        if refusal:
            return ChangeResult(
                change=change, outcome=Outcome.REFUSED, previous_state=previous, refusal=refusal
            )
        written = Event.objects.create(
            recipient_id=undone.recipient_id,
            kind=undone.kind,
            brand_id=undone.brand_id,
            purpose_id=undone.purpose_id,
            channel=undone.channel,
            state=change.state,
            previous_state=previous,
            occurred_at=now,
            recorded_at=now,
            source=Source.UNDO,
            actor=evidence.actor,
            staff_id=evidence.staff,
            route=evidence.route or "",
            reason=evidence.reason,
            undoes=undone,
        )
        resting = Choice.objects.filter(recipient=undone.recipient_id, event=undone)
        if found.restored is None:
            resting.delete()
        else:
            resting.update(
                state=found.restored.state,
                occurred_at=found.restored.occurred_at,
                event=found.restored.event,
                confirmed=found.restored.confirmed,
            )
        if evidence.notice:
            request_notice(recipient=undone.recipient_id, events=[written.pk], now=now)
    return ChangeResult(change=change, outcome=Outcome.CHANGED, previous_state=previous, event=written.pk)
