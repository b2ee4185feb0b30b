"""Ask for the mail by which a person confirms what they said yes to."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from preferences.mail.send_confirmation import send_confirmation
from preferences.models import ConfirmationRequest, Recipient


def request_confirmation(*, recipient: int, now: dt.datetime) -> ConfirmationRequest:
    """Have the mail sent by the worker, and return the request it answers.

    Never sooner than CONFIRM_COOLDOWN_MINUTES after the last one to this person, however it was asked for: nobody can
    fill a mailbox with these. A request that still waits covers everything said before the worker takes it up, so
    asking again changes nothing.
    """
    with transaction.atomic():
        # Requests for one person count one after the other, and none while the worker looks what to mail.
        Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        waiting = ConfirmationRequest.objects.filter(recipient=recipient, answered_at=None).first()
        if waiting is not None:
            return waiting
        due_at = max(now, next_mail_at(latest_request(recipient=recipient)) or now)
        request = ConfirmationRequest.objects.create(recipient_id=recipient, requested_at=now, due_at=due_at)
        task = send_confirmation.using(run_after=due_at) if due_at > now else send_confirmation
        task.enqueue(request=request.pk)
        return request


def latest_request(*, recipient: int) -> ConfirmationRequest | None:
    """The last request for a person, or for a record merged into theirs: the mailbox is the same."""
    return (
        ConfirmationRequest.objects.filter(Q(recipient=recipient) | Q(recipient__merged_into=recipient))
        .order_by("-due_at", "-pk")
        .first()
    )


def next_mail_at(latest: ConfirmationRequest | None) -> dt.datetime | None:
    """The earliest time of the next mail, after the last one was sent or is due; None where there was none."""
    if latest is None:
        return None
    sent_at = max(latest.due_at, latest.answered_at or latest.due_at)
    return sent_at + dt.timedelta(minutes=settings.CONFIRM_COOLDOWN_MINUTES)
