"""Global Privacy Control in the browser of somebody who signs in."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences import ledger
from preferences.ledger import RecipientGone
from preferences.models import Recipient
from preferences.views.privacy_signal import sends_gpc

logger = logging.getLogger(__name__)


def record_signal(*, request: HttpRequest, user: AbstractBaseUser) -> None:
    """Put the signal on record for whoever has signed in, and tell them if that changed anything.

    Nobody is kept out because of it: what cannot be stored now is stored at the next sign-in.
    """
    if not sends_gpc(request):
        return
    try:
        recipient = Recipient.objects.filter(account=user.pk).first()
        if recipient is None:
            return
        recorded = ledger.record_gpc(recipient=recipient.pk, now=timezone.now())
    except (DatabaseError, RecipientGone):
        logger.exception("The privacy signal of somebody who signed in could not be recorded")
        return
    if recorded.changed:
        messages.info(
            request,
            _(
                "Your browser sends the Global Privacy Control signal. So tailoring to you, and marketing on websites "
                "and in social media, are refused from now on. You can take that back on your preference page."
            ),
        )
