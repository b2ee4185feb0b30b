"""Mail a fresh manage link to whoever reads an address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.tasks import task
from django.utils import timezone

from preferences.enums import ContactKind, MailKind
from preferences.links import manage_url
from preferences.mail.compose import Draft, LinkWriter, address_of
from preferences.mail.deliver import deliver, drop
from preferences.models import ContactPoint, LinkRequest


@task()
def send_link(*, address: str, language: str, request: int, mail: int | None = None) -> None:
    """Send the mail if the address belongs to somebody, and mark the request as answered either way. Run by the worker.

    Where the mail server cannot take it just now, the task is enqueued again for later with the `mail` (primary key)
    that attempts were made at; the request stays unanswered until the mail is sent or given up.
    """
    now = timezone.now()
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=address).select_related("recipient").first()
    if point is None:
        drop(mail=mail, now=now)
    else:
        delivery = deliver(_draft(point, language=language, now=now), mail=mail, now=now)
        if delivery.again_after:
            later = send_link.using(run_after=now + delivery.again_after)
            later.enqueue(address=address, language=language, request=request, mail=delivery.mail)
            return
    LinkRequest.objects.filter(pk=request).update(answered_at=now)


def _draft(point: ContactPoint, *, language: str, now: dt.datetime) -> Draft:
    def context(link: LinkWriter) -> Mapping[str, Any]:
        return {
            "manage_url": link(lambda: manage_url(contact_point=point, brand=None, now=now)),
            "days": settings.MANAGE_LINK_DAYS,
        }

    return Draft(
        kind=MailKind.LINK,
        address=address_of(point),
        languages=(point.recipient.language, language),
        context=context,
        recipient=point.recipient_id,
        contact_point=point.pk,
    )
