"""Mail a person the link by which they confirm what they said yes to (double opt-in).

The token is made here and nowhere else, at the moment the mail is sent: it is never stored, and nothing but the mail
holds it. So nobody but the reader of the mailbox can confirm.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.tasks import task
from django.urls import reverse
from django.utils import timezone, translation

from preferences.decisions.covering import Stated
from preferences.decisions.pending import confirmation_point, pending_in_words, pending_statements
from preferences.mail.deliver import compose, deliver, first_spoken
from preferences.models import ConfirmationRequest, ContactPoint
from preferences.tokens import ConfirmToken, make_confirm_token


@task()
def send_confirmation(*, request: int, attempt: int = 1) -> None:
    """Send one mail about everything the person has yet to confirm, and mark the request as answered. For the worker.

    Nothing is sent where nothing waits any more, or where the person has no usable e-mail address. Where the mail
    server cannot take it just now, the task is enqueued again for later.
    """
    now = timezone.now()
    asked = ConfirmationRequest.objects.filter(pk=request, answered_at=None).first()
    if asked is None:
        return
    person, point = confirmation_point(recipient=asked.recipient_id, now=now)
    sent = False
    if person is not None and point is not None:
        waiting = pending_statements(choices=person.choices, now=now)
        if waiting:
            delivery = deliver(
                _message(point, choices=person.choices, waiting=waiting, now=now),
                attempt=attempt,
                what=f"The confirmation of request {request}",
            )
            if delivery.again_after:
                later = send_confirmation.using(run_after=now + delivery.again_after)
                later.enqueue(request=request, attempt=attempt + 1)
                return
            sent = delivery.sent
    ConfirmationRequest.objects.filter(pk=request).update(answered_at=now, sent=sent)


def _message(
    point: ContactPoint, *, choices: tuple[Stated, ...], waiting: list[Stated], now: dt.datetime
) -> EmailMultiAlternatives:
    language = first_spoken(point.recipient.language)
    token = ConfirmToken(
        recipient=point.recipient_id,
        contact_point=point.pk,
        up_to=max(statement.event for statement in waiting),
        issued_at=now,
    )
    with translation.override(language):
        things = pending_in_words(choices=choices, now=now)
    return compose(
        template="confirm",
        point=point,
        languages=(language,),
        context={
            "confirm_url": settings.BASE_URL
            + reverse("preferences:confirm", args=[make_confirm_token(token)]),
            "things": [thing.what for thing in things],
            "days": settings.CONFIRM_DAYS,
        },
    )
