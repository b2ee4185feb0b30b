"""Mail a person the link by which they confirm what they said yes to (double opt-in).

The token is made here and nowhere else, at the moment the mail is sent: it is never stored, and nothing but the mail
holds it. So nobody but the reader of the mailbox can confirm.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.urls import reverse
from django.utils import timezone, translation

from preferences.decisions.mailbox import mailbox_of
from preferences.decisions.pending import Pending, brand_of, pending_in_words
from preferences.enums import MailKind
from preferences.mail.compose import Draft, LinkWriter, address_of, first_spoken
from preferences.mail.deliver import deliver, drop, put_on_record
from preferences.mail.waiting import lock_person, put_off, take_up
from preferences.models import ConfirmationRequest, ContactPoint
from preferences.tokens import ConfirmToken, make_confirm_token


@task()
def send_confirmation(*, request: int, mail: int | None = None) -> None:
    """Send one mail about everything the person has yet to confirm, and mark the request as answered. For the worker.

    Nothing is sent where nothing waits any more, or where the person has no usable e-mail address. Where the mail
    server cannot take it just now, the task is enqueued again for later with the `mail` (primary key) that attempts
    were made at, and the request waits again.
    """
    now = timezone.now()
    with transaction.atomic():
        point, things = _take_up(request, now=now)
        if point is None or not things:
            drop(mail=mail, now=now)
            return
        draft = _draft(point, things=things, now=now)
        mail = mail or put_on_record(draft, now=now)
    delivery = deliver(draft, mail=mail, now=now)
    if delivery.sent:
        ConfirmationRequest.objects.filter(pk=request).update(sent=True)
    elif delivery.again_after:
        _put_off(request, until=now + delivery.again_after, mail=mail, now=now)


def _take_up(request: int, *, now: dt.datetime) -> tuple[ContactPoint | None, list[Pending]]:
    """Where the mail of a request goes and what it is about; neither where it was answered before."""
    recipient = take_up(ConfirmationRequest, request, now=now)
    if recipient is None:
        return None, []
    person, point = mailbox_of(recipient=recipient, now=now)
    if person is None or point is None:
        return None, []
    with translation.override(first_spoken(point.recipient.language)):
        return point, pending_in_words(choices=person.choices, now=now)


def _put_off(request: int, *, until: dt.datetime, mail: int, now: dt.datetime) -> None:
    """Let the request wait again. One that was made in the meantime stands for it: its mail names everything."""
    with transaction.atomic():
        recipient = lock_person(ConfirmationRequest, request)
        if ConfirmationRequest.objects.filter(recipient=recipient, answered_at=None).exists():
            drop(mail=mail, now=now)
            return
        put_off(ConfirmationRequest, request, recipient=recipient, until=until)
        send_confirmation.using(run_after=until).enqueue(request=request, mail=mail)


def _draft(point: ContactPoint, *, things: Sequence[Pending], now: dt.datetime) -> Draft:
    """The mail about these things, from the brand they are all of, or from us where there are several."""

    def confirm_url() -> str:
        token = ConfirmToken(
            recipient=point.recipient_id,
            contact_point=point.pk,
            up_to=max(thing.event.pk for thing in things),
            issued_at=now,
        )
        return settings.BASE_URL + reverse("preferences:confirm", args=[make_confirm_token(token)])

    def context(link: LinkWriter) -> Mapping[str, Any]:
        return {
            "confirm_url": link(confirm_url),
            "things": [thing.what for thing in things],
            "until": min(thing.until for thing in things),
        }

    return Draft(
        kind=MailKind.CONFIRMATION,
        address=address_of(point),
        languages=(point.recipient.language,),
        context=context,
        recipient=point.recipient_id,
        contact_point=point.pk,
        brand=brand_of(thing.event for thing in things),
    )
