"""The links: absolute URLs for mail, and the path a page of ours puts beside a change."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.urls import reverse

from preferences.enums import Channel
from preferences.models import ContactPoint, Purpose
from preferences.tokens import (
    ManageToken,
    StopToken,
    UndoToken,
    make_manage_token,
    make_stop_token,
    make_undo_token,
)


def stop_url(*, contact_point: ContactPoint, topic: Purpose, channel: Channel) -> str:
    """The stop link for one topic on one channel, for the message and its List-Unsubscribe header."""
    if topic.brand_id is None:
        raise ValueError("A profiling purpose has no stop link.")
    token = StopToken(
        recipient=contact_point.recipient_id,
        contact_point=contact_point.pk,
        brand=topic.brand_id,
        topic=topic.pk,
        channel=channel,
    )
    return _absolute(reverse("preferences:stop", args=[make_stop_token(token)]))


def manage_url(*, contact_point: ContactPoint, brand: int | None, now: dt.datetime) -> str:
    """The manage link of whoever reads this address; `brand` (primary key) gives the page its look."""
    token = ManageToken(
        recipient=contact_point.recipient_id, contact_point=contact_point.pk, brand=brand, issued_at=now
    )
    return _absolute(reverse("preferences:link", args=[make_manage_token(token)]))


def undo_url(*, event: int, contact_point: int | None, now: dt.datetime) -> str:
    """The link that takes one Event (primary key) back, for a message that reports the change."""
    return _absolute(undo_path(event=event, contact_point=contact_point, now=now))


def undo_path(*, event: int, contact_point: int | None, now: dt.datetime) -> str:
    """The same link for a page of ours. It works while `contact_point` is the person's; None where none was used."""
    token = UndoToken(event=event, contact_point=contact_point, issued_at=now)
    return reverse("preferences:undo", args=[make_undo_token(token)])


def _absolute(path: str) -> str:
    return settings.BASE_URL.rstrip("/") + path
