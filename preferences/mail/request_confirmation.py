"""Ask for the mail by which a person confirms what they said yes to."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from preferences.mail.send_confirmation import send_confirmation
from preferences.models import ConfirmationRequest, Recipient


def request_confirmation(*, recipient: int, now: dt.datetime) -> ConfirmationRequest:
    """Have the mail sent by the worker, and return the request it answers.

    Never sooner than CONFIRM_COOLDOWN_MINUTES after the last one to this person, however it was asked for: nobody can
    fill a mailbox with these. A request that still waits covers everything said before it is answered, so asking again
    changes nothing.
    """
    with transaction.atomic():
        # Requests for one person count one after the other.
        Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        requests = ConfirmationRequest.objects.filter(recipient=recipient)
        waiting = requests.filter(answered_at=None).first()
        if waiting is not None:
            return waiting
        latest = requests.order_by("-due_at").first()
        due_at = max(now, latest.due_at + cool_down()) if latest else now
        request = ConfirmationRequest.objects.create(recipient_id=recipient, requested_at=now, due_at=due_at)
        task = send_confirmation.using(run_after=due_at) if due_at > now else send_confirmation
        task.enqueue(request=request.pk)
        return request


def cool_down() -> dt.timedelta:
    """The time between two such mails to one person."""
    return dt.timedelta(minutes=settings.CONFIRM_COOLDOWN_MINUTES)
