"""Mail a fresh manage link to whoever reads an address."""

from __future__ import annotations

from django.conf import settings
from django.tasks import task
from django.utils import timezone

from preferences.enums import ContactKind
from preferences.links import manage_url
from preferences.mail.deliver import compose, deliver
from preferences.models import ContactPoint, LinkRequest


@task()
def send_link(*, address: str, language: str, request: int, attempt: int = 1) -> None:
    """Send the mail if the address belongs to somebody, and mark the request as answered either way. Run by the worker.

    Where the mail server cannot take it just now, the task is enqueued again for later; the request stays unanswered
    until the mail is sent or given up.
    """
    now = timezone.now()
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=address).select_related("recipient").first()
    if point is not None:
        message = compose(
            template="link",
            point=point,
            languages=(point.recipient.language, language),
            context={
                "manage_url": manage_url(contact_point=point, brand=None, now=now),
                "days": settings.MANAGE_LINK_DAYS,
            },
        )
        delivery = deliver(message, attempt=attempt, what=f"The link of request {request}")
        if delivery.again_after:
            later = send_link.using(run_after=now + delivery.again_after)
            later.enqueue(address=address, language=language, request=request, attempt=attempt + 1)
            return
    LinkRequest.objects.filter(pk=request).update(answered_at=now)
