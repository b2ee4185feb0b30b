"""Confirm what a person said yes to (double opt-in)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement, latest_time
from preferences.decisions.pending import pending_statements
from preferences.enums import Actor, Outcome, Refusal, Source, State
from preferences.ledger.append import Author, Entry, append, lock_recipient
from preferences.ledger.values import Change, ChangeResult, Recorded
from preferences.models import Event


def confirm(*, recipient: int, up_to: int, now: dt.datetime) -> Recorded:
    """Make every yes of a recipient that waits for confirmation, up to the Event `up_to` (its id), a confirmed one.

    Writes Events of source link by the person, who has read the mail. The results name what was confirmed now and what
    had been before (already so); doing it again changes nothing. What was stopped since, has expired, or is not
    offered any more is left alone. Raises RecipientGone.
    """
    with transaction.atomic():
        recipient = lock_recipient(recipient)
        choices = load_choices(recipient)
        waiting = [
            statement
            for statement in pending_statements(choices=choices, now=now)
            if statement.event <= up_to
        ]
        asked = Event.objects.select_related("wording", "purpose__brand").in_bulk(
            [statement.event for statement in waiting]
        )
        refusals = {statement.event: _refusal(asked[statement.event]) for statement in waiting}
        confirmed = [statement for statement in waiting if refusals[statement.event] is None]
        events = append(
            recipient=recipient,
            entries=[
                Entry(
                    scope=statement.scope,
                    state=State.OPTED_IN,
                    previous_state=State.PENDING,
                    occurred_at=latest_time(choices=choices, now=now),
                    moves=True,
                    wording=asked[statement.event].shown,
                    confirmed=True,
                )
                for statement in confirmed
            ],
            author=Author(source=Source.LINK, actor=Actor.RECIPIENT),
            now=now,
        )
    written = dict(zip((statement.event for statement in confirmed), events, strict=True))
    results = [
        ChangeResult(
            change=Change(scope=statement.scope, state=State.OPTED_IN),
            outcome=Outcome.REFUSED if refusals[statement.event] else Outcome.CHANGED,
            previous_state=State.PENDING,
            refusal=refusals[statement.event],
            event=written.get(statement.event),
            state=None if refusals[statement.event] else State.OPTED_IN,
        )
        for statement in waiting
    ]
    results += [
        ChangeResult(
            change=Change(scope=choice.scope, state=State.OPTED_IN),
            outcome=Outcome.ALREADY_SO,
            previous_state=State.OPTED_IN,
            event=choice.event,
            state=State.OPTED_IN,
        )
        for choice in choices
        # Confirmed after the mail was sent: by this very link, pressed before.
        if choice.confirmed
        and choice.event > up_to
        and deciding_statement(choices=choices, scope=choice.scope) is choice
    ]
    return Recorded(recipient=recipient, results=tuple(results))


def _refusal(event: Event) -> Refusal | None:
    """Why what was said yes to cannot be started any more; None where it can."""
    purpose = event.purpose
    if purpose is None or purpose.retired_at or (purpose.brand and purpose.brand.retired_at):
        return Refusal.PURPOSE_RETIRED
    if event.channel and event.channel not in purpose.channels:
        return Refusal.CHANNEL_NOT_OFFERED
    return None
