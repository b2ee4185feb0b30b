"""Mail a fresh manage link to whoever reads an address."""

from __future__ import annotations

import contextlib

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.tasks import task
from django.template.loader import render_to_string
from django.utils import timezone, translation

from preferences.enums import ContactKind
from preferences.links import manage_url
from preferences.models import ContactPoint, LinkRequest


@task()
def send_link(*, address: str, language: str, request: int) -> None:
    """Send the mail if the address belongs to somebody; mark the request as answered either way. Run by the worker."""
    now = timezone.now()
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=address).select_related("recipient").first()
    if point is not None:
        with translation.override(_first_spoken(point.recipient.language, language)):
            context = {
                "manage_url": manage_url(contact_point=point, brand=None, now=now),
                "days": settings.MANAGE_LINK_DAYS,
            }
            message = EmailMultiAlternatives(
                subject=" ".join(render_to_string("mail/link/subject.txt", context).split()),
                body=render_to_string("mail/link/body.txt", context),
                to=[point.value],
                headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
            )
            message.attach_alternative(render_to_string("mail/link/body.html", context), "text/html")
            message.send()
    LinkRequest.objects.filter(pk=request).update(answered_at=now)


def _first_spoken(*languages: str) -> str:
    """The first of these languages that we have translations for, or the site's own."""
    for language in languages:
        with contextlib.suppress(LookupError):
            return translation.get_supported_language_variant(language)
    return settings.LANGUAGE_CODE
