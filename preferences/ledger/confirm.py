"""Confirm what a person said yes to (double opt-in)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement, latest_time
from preferences.decisions.pending import pending_in_words
from preferences.enums import Actor, Outcome, Source, State
from preferences.ledger.append import Author, Entry, append, lock_recipient
from preferences.ledger.values import Change, ChangeResult, Recorded
from preferences.models import ContactPoint


def confirm(*, recipient: int, up_to: int, now: dt.datetime, contact_point: int | None = None) -> Recorded:
    """Make every yes of a recipient that waits for confirmation, up to the Event `up_to` (its id), a confirmed one.

    Writes Events of source link by the person, who has read the mail. The results name what was confirmed now and what
    had been before (already so); doing it again changes nothing. What was stopped since, has expired, or is not
    offered any more is left alone. `contact_point` is the one whose mail was read: it is verified by that. Raises
    RecipientGone.
    """
    with transaction.atomic():
        recipient = lock_recipient(recipient)
        choices = load_choices(recipient)
        waiting = [thing for thing in pending_in_words(choices=choices, now=now) if thing.event.pk <= up_to]
        entries = [
            Entry(
                scope=thing.event.scope,
                state=State.OPTED_IN,
                previous_state=State.PENDING,
                occurred_at=latest_time(choices=choices, now=now),
                moves=True,
                wording=thing.event.shown,
                confirmed=True,
            )
            for thing in waiting
        ]
        if contact_point is not None:
            read = ContactPoint.objects.filter(pk=contact_point, recipient=recipient, verified_at=None)
            read.update(verified_at=now)
        events = append(
            recipient=recipient,
            entries=entries,
            author=Author(source=Source.LINK, actor=Actor.RECIPIENT),
            now=now,
        )
    results = [
        _result(Change(scope=entry.scope, state=State.OPTED_IN, wording=entry.wording), now_by=event)
        for entry, event in zip(entries, events, strict=True)
    ]
    results += [
        _result(Change(scope=choice.scope, state=State.OPTED_IN), before_by=choice.event)
        for choice in choices
        # Confirmed after the mail was sent: by this very link, pressed before.
        if choice.confirmed
        and choice.event > up_to
        and deciding_statement(choices=choices, scope=choice.scope) is choice
    ]
    return Recorded(recipient=recipient, results=tuple(results))


def _result(change: Change, *, now_by: int | None = None, before_by: int | None = None) -> ChangeResult:
    return ChangeResult(
        change=change,
        outcome=Outcome.CHANGED if now_by else Outcome.ALREADY_SO,
        previous_state=State.PENDING if now_by else State.OPTED_IN,
        event=now_by or before_by,
        state=State.OPTED_IN,
    )
