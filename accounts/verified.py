"""The one signal this project listens to: allauth says that an address was verified."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.link import LinkOutcome, link_verified_address
from accounts.unproven import drop_unproven_claims


@receiver(email_confirmed, dispatch_uid="accounts.verified")
def link_on_verification(*, request: HttpRequest, email_address: EmailAddress, **_kwargs: Any) -> None:
    """Link account and recipient, and end empty claims; say so where another account holds the address."""
    drop_unproven_claims(user=email_address.user, address=email_address.email)
    link = link_verified_address(user=email_address.user, address=email_address.email, now=timezone.now())
    if link.outcome is LinkOutcome.HELD_BY_ANOTHER_ACCOUNT:
        messages.warning(
            request,
            _(
                "The choices for %(address)s are kept with another account. They stay as they are; "
                "you can still change them through the link in any message we send there."
            )
            % {"address": email_address.email},
        )
