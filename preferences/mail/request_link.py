"""Ask for a fresh manage link to be mailed."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection, transaction

from preferences.identity import keyed_hash
from preferences.mail.send_link import send_link
from preferences.models import LinkRequest

_WINDOW = dt.timedelta(hours=1)


class LinkRefused(Exception):
    """This client has asked too often within the hour."""

    code = "too_many_requests"


def request_link(*, address: str, client: str, language: str, now: dt.datetime) -> None:
    """Note the request and leave the rest to the worker: who the address belongs to is not looked up here.

    `address` in the spelling of `normalize_address`. At most LINK_CAP_PER_CLIENT requests an hour from one client,
    and LINK_CAP_PER_MAILBOX to one mailbox, all brands together; one above the latter is passed over in silence,
    so that nobody can fill a mailbox, or learn that it was asked for. Raises LinkRefused.
    """
    mailbox_hash = keyed_hash(purpose="mailbox", value=address)
    client_hash = keyed_hash(purpose="client", value=client)
    since = now - _WINDOW
    with transaction.atomic():
        # Requests of one client, and to one mailbox, count one after the other. The order of the keys is fixed.
        with connection.cursor() as cursor:
            for key in sorted({mailbox_hash, client_hash}):
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        recent = LinkRequest.objects.filter(requested_at__gt=since)
        if recent.filter(client_hash=client_hash).count() >= settings.LINK_CAP_PER_CLIENT:
            raise LinkRefused
        full = recent.filter(mailbox_hash=mailbox_hash).count() >= settings.LINK_CAP_PER_MAILBOX
        request = LinkRequest.objects.create(
            mailbox_hash=mailbox_hash,
            client_hash=client_hash,
            requested_at=now,
            answered_at=now if full else None,
        )
        if not full:
            send_link.enqueue(address=address, language=language, request=request.pk)
