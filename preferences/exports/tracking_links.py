"""The pixel and the counted links of a mailing: for whoever may be tracked, and plain links for everybody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from preferences.decisions.profiling import profiling_of
from preferences.decisions.situation import PersonRef
from preferences.links import tracked_url
from preferences.tokens import TrackingToken


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLink:
    """A link of a message: where it leads (`target`), and the sender's own URL that counts and leads there."""

    target: str
    counter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a sender would count in the message to one person: by `pixel` (None for none) that it was opened."""

    person: PersonRef
    pixel: str | None
    links: Sequence[CountedLink]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingLinks:
    """What stands in the message instead, links in the order given.

    Of somebody who may not be tracked, or is unknown (`recipient` None), there is no pixel, and the links are the
    targets themselves.
    """

    recipient: int | None
    tracking: bool
    pixel: str | None
    links: tuple[str, ...]


def make_tracking_links(*, messages: Sequence[Counted], now: dt.datetime) -> list[TrackingLinks]:
    """What stands in each of `messages`, in order. Two queries for all of them, and no write. Raises UrlInvalid."""
    profiled = profiling_of(people=[message.person for message in messages], now=now)
    return [
        _tracked(message, recipient=one.person.recipient)
        if one.person and one.tracking
        else TrackingLinks(
            recipient=one.person.recipient if one.person else None,
            tracking=False,
            pixel=None,
            links=tuple(link.target for link in message.links),
        )
        for message, one in zip(messages, profiled, strict=True)
    ]


def _tracked(message: Counted, *, recipient: int) -> TrackingLinks:
    def url(*, target: str | None, counter: str) -> str:
        return tracked_url(TrackingToken(recipient=recipient, target=target, counter=counter))

    return TrackingLinks(
        recipient=recipient,
        tracking=True,
        pixel=url(target=None, counter=message.pixel) if message.pixel is not None else None,
        links=tuple(url(target=link.target, counter=link.counter) for link in message.links),
    )
