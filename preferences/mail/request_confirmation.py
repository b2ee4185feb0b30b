"""Ask for the mail by which a person confirms what they said yes to."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from preferences.decisions.mailbox import mailbox_of
from preferences.mail.send_confirmation import send_confirmation
from preferences.mail.waiting import give_up, is_on_its_way, take_over
from preferences.models import ConfirmationRequest, Recipient


def request_confirmation(*, recipient: int, now: dt.datetime) -> ConfirmationRequest | None:
    """Have the mail sent by the worker, and return the request it answers; None where there is no address to mail.

    Never sooner than CONFIRM_COOLDOWN_MINUTES after the last one to this person, however it was asked for: nobody can
    fill a mailbox with these. A request that still waits covers everything said before the worker takes it up, so
    asking again changes nothing. One that has waited too long is given up for a new one.
    """
    with transaction.atomic():
        # Requests for one person count one after the other, and none while the worker looks what to mail.
        Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        _person, point = mailbox_of(recipient=recipient, now=now)
        if point is None:
            return None
        waiting = ConfirmationRequest.objects.filter(recipient=recipient, answered_at=None).first()
        if waiting is not None and is_on_its_way(waiting, now=now):
            return waiting
        # Before the lost one is given up: it sent nothing that a cool-down would count from.
        due_at = max(now, next_mail_at(latest_request(recipient=recipient)) or now)
        if waiting is not None:
            give_up(ConfirmationRequest, [waiting.pk], now=now)
        return _make_request(recipient=recipient, due_at=due_at, now=now)


def join_requests(*, surviving: int, now: dt.datetime) -> None:
    """Have one mail sent to two people who turned out to be one, where either waits for one.

    Call after the merge, in its transaction, with the recipient locked. The mail goes out after the cool-down of both.
    """
    cool_down = dt.timedelta(minutes=settings.CONFIRM_COOLDOWN_MINUTES)
    # Before those that wait are given up: they sent nothing that a cool-down would count from.
    answered = list(_requests_of(surviving).filter(answered_at__gt=now - cool_down))
    waiting = take_over(ConfirmationRequest, recipient=surviving, now=now)
    if not waiting:
        return
    recent = [next_mail_at(request) or now for request in answered]
    due_at = max([now, *recent, *(request.due_at for request in waiting)])
    _make_request(recipient=surviving, due_at=due_at, now=now)


def _make_request(*, recipient: int, due_at: dt.datetime, now: dt.datetime) -> ConfirmationRequest:
    request = ConfirmationRequest.objects.create(recipient_id=recipient, requested_at=now, due_at=due_at)
    task = send_confirmation.using(run_after=due_at) if due_at > now else send_confirmation
    task.enqueue(request=request.pk)
    return request


def _requests_of(recipient: int) -> QuerySet[ConfirmationRequest]:
    return ConfirmationRequest.objects.filter(Q(recipient=recipient) | Q(recipient__merged_into=recipient))


def latest_request(*, recipient: int) -> ConfirmationRequest | None:
    """The last request for a person, or for a record merged into theirs: the mailbox is the same."""
    return _requests_of(recipient).order_by("-due_at", "-pk").first()


def next_mail_at(latest: ConfirmationRequest | None) -> dt.datetime | None:
    """The earliest time of the next mail, after the last one was sent or is due; None where there was none."""
    if latest is None:
        return None
    sent_at = max(latest.due_at, latest.answered_at or latest.due_at)
    return sent_at + dt.timedelta(minutes=settings.CONFIRM_COOLDOWN_MINUTES)
