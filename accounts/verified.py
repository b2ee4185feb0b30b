"""What follows when an address is verified: here, or by a sign-in server that vouches for it."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.link import LinkOutcome, link_verified_address
from accounts.unproven import drop_unproven_claims, has_proven_another, keep_one_way_in


# The one signal this project listens to.
@receiver(email_confirmed, dispatch_uid="accounts.verified")
def on_verification(*, request: HttpRequest, email_address: EmailAddress, **_kwargs: Any) -> None:
    """End what others hold of the account and the address, then link account and recipient."""
    user = email_address.user
    with transaction.atomic():
        if not has_proven_another(address=email_address):
            keep_one_way_in(request=request, user=user)
        drop_unproven_claims(user=user, address=email_address.email)
    link_and_say(request=request, user=user, address=email_address.email)


def link_and_say(*, request: HttpRequest, user: AbstractBaseUser, address: str) -> None:
    """Link account and recipient; tell the person where another account holds the address.

    Raises AddressInvalid, LinkUnstable.
    """
    link = link_verified_address(user=user, address=address, now=timezone.now())
    if link.outcome is LinkOutcome.HELD_BY_ANOTHER_ACCOUNT:
        messages.warning(
            request,
            _(
                "The choices for %(address)s are kept with another account. They stay as they are; "
                "you can still change them through the link in any message we send there."
            )
            % {"address": address},
        )
