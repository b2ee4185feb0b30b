"""Mail a fresh manage link to whoever reads an address."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.tasks import task
from django.template.loader import render_to_string
from django.utils import timezone, translation

from preferences.enums import ContactKind
from preferences.links import manage_url
from preferences.models import ContactPoint, LinkRequest

logger = logging.getLogger(__name__)

# How long to wait before each further attempt. Whoever asked is waiting, and may ask anew within the hour.
_AGAIN_AFTER = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30))


@task()
def send_link(*, address: str, language: str, request: int, attempt: int = 1) -> None:
    """Send the mail if the address belongs to somebody, and mark the request as answered either way. Run by the worker.

    Where the mail server cannot take it just now, the task is enqueued again for later; the request stays unanswered
    until the mail is sent or given up.
    """
    now = timezone.now()
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=address).select_related("recipient").first()
    if point is not None:
        try:
            _message(point, language=_first_spoken(point.recipient.language, language), now=now).send()
        # Every error of SMTP is one, and so is a connection refused, lost or timed out.
        except OSError as error:
            if attempt <= len(_AGAIN_AFTER) and _may_pass(error):
                later = send_link.using(run_after=now + _AGAIN_AFTER[attempt - 1])
                later.enqueue(address=address, language=language, request=request, attempt=attempt + 1)
                return
            # The error itself may quote the address.
            logger.error(
                "The link of request %s was not mailed, after %s attempts: %s",
                request,
                attempt,
                type(error).__name__,
            )
    LinkRequest.objects.filter(pk=request).update(answered_at=now)


def _message(point: ContactPoint, *, language: str, now: dt.datetime) -> EmailMultiAlternatives:
    with translation.override(language):
        context = {
            "manage_url": manage_url(contact_point=point, brand=None, now=now),
            "days": settings.MANAGE_LINK_DAYS,
        }
        message = EmailMultiAlternatives(
            subject=" ".join(render_to_string("mail/link/subject.txt", context).split()),
            body=render_to_string("mail/link/body.txt", context),
            # A domain beyond ASCII would be translated by the rules of 2003 on the way, to a domain of somebody else.
            to=[point.value if point.value.isascii() else point.normalized],
            headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
        )
        message.attach_alternative(render_to_string("mail/link/body.html", context), "text/html")
    return message


def _may_pass(error: OSError) -> bool:
    """Whether to try again: always, but where the server says that it never will (RFC 5321: 5yz)."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _text in error.recipients.values()]
        case smtplib.SMTPResponseException():
            codes = [error.smtp_code]
        case smtplib.SMTPNotSupportedError():
            return False
        case _:
            return True
    return any(code < 500 for code in codes)


def _first_spoken(*languages: str) -> str:
    """The first of these languages that we have translations for, or the site's own."""
    for language in languages:
        with contextlib.suppress(LookupError):
            return translation.get_supported_language_variant(language)
    return settings.LANGUAGE_CODE
