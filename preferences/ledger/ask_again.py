"""Ask a person once more to confirm what they said yes to (double opt-in)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import latest_time
from preferences.decisions.pending import pending_in_words
from preferences.enums import Actor, Source, State
from preferences.ledger.append import Author, Entry, append, lock_recipient
from preferences.mail.request_confirmation import request_confirmation


def ask_again(*, recipient: int, up_to: int = 0, now: dt.datetime) -> None:
    """Have a mail sent about everything that waits for confirmation, after the cool-down.

    What nobody confirmed in time, up to the Event `up_to` (its id), is said anew: source link, by the person. It asks
    for no evidence, because the new mail alone can start it. Where nothing waits, nothing is written or sent; without
    an e-mail address that can be used, nothing is sent.
    Raises RecipientGone.
    """
    with transaction.atomic():
        recipient = lock_recipient(recipient)
        choices = load_choices(recipient)
        expired = [
            thing
            for thing in pending_in_words(choices=choices, now=now, expired=True)
            if thing.event.pk <= up_to
        ]
        append(
            recipient=recipient,
            entries=[
                Entry(
                    scope=thing.event.scope,
                    state=State.PENDING,
                    previous_state=State.PENDING,
                    occurred_at=latest_time(choices=choices, now=now),
                    moves=True,
                    wording=thing.event.shown,
                )
                for thing in expired
            ],
            author=Author(source=Source.LINK, actor=Actor.RECIPIENT),
            now=now,
        )
        if expired or pending_in_words(choices=choices, now=now):
            request_confirmation(recipient=recipient, now=now)
