"""Put a mail of ours into its two parts, and hand it to the mail server."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from preferences.enums import ContactKind
from preferences.identity import normalize_address
from preferences.models import Brand, ContactPoint

logger = logging.getLogger(__name__)

# How long to wait before each further attempt. Whoever asked is waiting, and may ask anew within the hour.
_AGAIN_AFTER = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one attempt. `again_after` says how long to wait for the next; None where there is none."""

    sent: bool
    again_after: dt.timedelta | None = None


def compose(
    *,
    template: str,
    point: ContactPoint,
    languages: tuple[str, ...],
    context: Mapping[str, Any],
    sender: Brand | None = None,
) -> EmailMultiAlternatives:
    """The mail in templates/mail/<template>/ to one address, in the first of `languages` that we speak.

    `context` holds what the templates name. It comes from the sender address of the brand `sender`, or from ours.
    """
    with translation.override(first_spoken(*languages)):
        message = EmailMultiAlternatives(
            subject=" ".join(render_to_string(f"mail/{template}/subject.txt", dict(context)).split()),
            body=render_to_string(f"mail/{template}/body.txt", dict(context)),
            from_email=_sender(sender) if sender else None,
            # A domain beyond ASCII would be translated by the rules of 2003 on the way, to a domain of somebody else.
            to=[point.value if point.value.isascii() else point.normalized],
            headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
        )
        message.attach_alternative(render_to_string(f"mail/{template}/body.html", dict(context)), "text/html")
    return message


def _sender(brand: Brand) -> str:
    """`"Acme News" <news@acme.example.com>`."""
    address = normalize_address(kind=ContactKind.EMAIL, value=brand.sender_email)
    return str(Address(display_name=" ".join(brand.sender_name.split()), addr_spec=address))


def deliver(message: EmailMultiAlternatives, *, attempt: int, what: str) -> Delivery:
    """Hand a mail to the mail server; `what` names it in the log when it is given up after the last attempt."""
    try:
        message.send()
    # Every error of SMTP is one, and so is a connection refused, lost or timed out.
    except OSError as error:
        if attempt <= len(_AGAIN_AFTER) and _may_pass(error):
            return Delivery(sent=False, again_after=_AGAIN_AFTER[attempt - 1])
        # The error itself may quote the address.
        logger.error("%s was not mailed, after %s attempts: %s", what, attempt, type(error).__name__)
        return Delivery(sent=False)
    return Delivery(sent=True)


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


def first_spoken(*languages: str) -> str:
    """The first of these languages that we have translations for, or the site's own."""
    for language in languages:
        with contextlib.suppress(LookupError):
            return translation.get_supported_language_variant(language)
    return settings.LANGUAGE_CODE
