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
    TrackingToken,
    UndoToken,
    make_manage_token,
    make_stop_token,
    make_tracking_token,
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


class LinkMaker:
    """Makes the two links of a message for many people: the same as `stop_url` and `manage_url`, with what is common to
    all of them looked up once."""

    def __init__(self, *, brand: int, topic: int, channel: Channel, now: dt.datetime) -> None:
        self._brand, self._topic, self._channel, self._now = brand, topic, channel, now
        self._stop, self._manage = (
            _absolute(reverse(f"preferences:{name}", args=["token"])).split("token")
            for name in ("stop", "link")
        )

    def stop_url(self, recipient: int, contact_point: int) -> str:
        """The stop link of a recipient reached at a contact point (primary keys)."""
        before, after = self._stop
        token = StopToken(
            recipient=recipient,
            contact_point=contact_point,
            brand=self._brand,
            topic=self._topic,
            channel=self._channel,
        )
        return f"{before}{make_stop_token(token)}{after}"

    def manage_url(self, recipient: int, contact_point: int) -> str:
        """The manage link of a recipient reached at a contact point (primary keys)."""
        before, after = self._manage
        token = ManageToken(
            recipient=recipient, contact_point=contact_point, brand=self._brand, issued_at=self._now
        )
        return f"{before}{make_manage_token(token)}{after}"


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


def tracked_url(token: TrackingToken) -> str:
    """The tracked link, or the pixel where the token has no target. Raises UrlInvalid."""
    name = "tracking_pixel" if token.target is None else "tracked_click"
    return _absolute(reverse(f"preferences:{name}", args=[make_tracking_token(token)]))


def _absolute(path: str) -> str:
    return settings.BASE_URL.rstrip("/") + path
