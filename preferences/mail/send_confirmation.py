"""Mail a person the link by which they confirm what they said yes to (double opt-in).

The token is made here and nowhere else, at the moment the mail is sent: it is never stored, and nothing but the mail
holds it. So nobody but the reader of the mailbox can confirm.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.tasks import task
from django.urls import reverse
from django.utils import timezone, translation

from preferences.decisions.pending import Pending, brand_of, confirmation_point, pending_in_words
from preferences.mail.deliver import compose, deliver, first_spoken
from preferences.models import ConfirmationRequest, ContactPoint, Recipient
from preferences.tokens import ConfirmToken, make_confirm_token


@task()
def send_confirmation(*, request: int, attempt: int = 1) -> None:
    """Send one mail about everything the person has yet to confirm, and mark the request as answered. For the worker.

    Nothing is sent where nothing waits any more, or where the person has no usable e-mail address. Where the mail
    server cannot take it just now, the task is enqueued again for later, and the request waits again.
    """
    now = timezone.now()
    point, things = _take_up(request, now=now)
    if point is None or not things:
        return
    message = _message(point, things=things, now=now)
    delivery = deliver(message, attempt=attempt, what=f"The confirmation of request {request}")
    if delivery.sent:
        ConfirmationRequest.objects.filter(pk=request).update(sent=True)
    elif delivery.again_after:
        _put_off(request, until=now + delivery.again_after, attempt=attempt + 1)


def _take_up(request: int, *, now: dt.datetime) -> tuple[ContactPoint | None, list[Pending]]:
    """Mark a request as answered, and return where its mail goes and what it is about; neither where it was answered.

    Marked before the mail is made and sent, under the lock of the person: whoever says yes from here on is not in this
    mail and has to get another. And should the rest fail in a way nobody thought of, no request waits for ever and
    keeps all later ones back.
    """
    with transaction.atomic():
        recipient = _lock_person(request)
        if not ConfirmationRequest.objects.filter(pk=request, answered_at=None).update(answered_at=now):
            return None, []
        person, point = confirmation_point(recipient=recipient, now=now)
        if person is None or point is None:
            return None, []
        with translation.override(first_spoken(point.recipient.language)):
            return point, pending_in_words(choices=person.choices, now=now)


def _put_off(request: int, *, until: dt.datetime, attempt: int) -> None:
    """Let the request wait again. One that was made in the meantime stands for it: its mail names everything."""
    with transaction.atomic():
        recipient = _lock_person(request)
        if ConfirmationRequest.objects.filter(recipient=recipient, answered_at=None).exists():
            return
        ConfirmationRequest.objects.filter(pk=request).update(
            recipient=recipient, answered_at=None, due_at=until
        )
        send_confirmation.using(run_after=until).enqueue(request=request, attempt=attempt)


def _lock_person(request: int) -> int:
    """Lock the recipient of a request, the surviving one after a merge, and return its id."""
    recipient = ConfirmationRequest.objects.values_list("recipient", flat=True).get(pk=request)
    while True:
        person = Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        if person.merged_into_id is None:
            return recipient
        recipient = person.merged_into_id


def _message(point: ContactPoint, *, things: Sequence[Pending], now: dt.datetime) -> EmailMultiAlternatives:
    """The mail about these things, from the brand they are all of, or from us where there are several."""
    token = ConfirmToken(
        recipient=point.recipient_id,
        contact_point=point.pk,
        up_to=max(thing.event.pk for thing in things),
        issued_at=now,
    )
    brand = brand_of(things)
    return compose(
        template="confirm",
        point=point,
        languages=(point.recipient.language,),
        sender=brand,
        context={
            "confirm_url": settings.BASE_URL
            + reverse("preferences:confirm", args=[make_confirm_token(token)]),
            "things": [thing.what for thing in things],
            "until": min(thing.until for thing in things),
            "brand": brand,
        },
    )
