"""The links and headers that a message about one topic has to carry, for one person or for many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q

from preferences.decisions.situation import PersonRef
from preferences.decisions.verdict import REACHED_AT
from preferences.enums import Channel, ContactKind
from preferences.links import manage_url, stop_url
from preferences.mail.headers import list_headers
from preferences.models import ContactPoint, Purpose, Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a message to one person carries. `headers` belong on an e-mail and are empty for any other channel."""

    recipient: int
    stop_url: str
    manage_url: str
    headers: dict[str, str] = field(default_factory=dict)


def make_links(
    *, people: Sequence[PersonRef], topic: Purpose, channel: Channel, now: dt.datetime
) -> list[Links | None]:
    """The links of each of `people` in the order given; None for somebody unknown, or without any address.

    They name the contact point the message goes to: the address the person was named by where the channel uses such
    an address, else the first of the kind it uses (verified first), else the address named, else any. Whether the
    message may be sent is another question. `topic` has its brand loaded. At most three queries for all of them.
    """
    recipients = _recipients(people)
    points = _points(recipients.values())
    return [
        _links(point, topic=topic, channel=channel, now=now)
        if (point := _point_for(person, points.get(recipients.get(person, 0), []), channel=channel))
        else None
        for person in people
    ]


def _links(point: ContactPoint, *, topic: Purpose, channel: Channel, now: dt.datetime) -> Links:
    stop = stop_url(contact_point=point, topic=topic, channel=channel)
    return Links(
        recipient=point.recipient_id,
        stop_url=stop,
        manage_url=manage_url(contact_point=point, brand=topic.brand_id, now=now),
        headers=list_headers(topic=topic, stop_url=stop) if channel is Channel.EMAIL else {},
    )


def _recipients(people: Iterable[PersonRef]) -> dict[PersonRef, int]:
    """The primary keys of whoever is known, of the surviving ones after a merge."""
    people = set(people)
    found: dict[PersonRef, int] = {}
    known = Recipient.objects.filter(
        Q(pk__in=[person.recipient for person in people if person.recipient is not None])
        | Q(external_id__in=[person.external_id for person in people if person.external_id is not None]),
        erased_at=None,
    ).values_list("pk", "external_id", "merged_into")
    for pk, external_id, merged_into in known:
        found[PersonRef(recipient=pk)] = merged_into or pk
        if external_id is not None:
            found[PersonRef(external_id=external_id)] = merged_into or pk
    addresses = ContactPoint.objects.filter(
        normalized__in={person.address for person in people if person.address is not None}
    ).values_list("kind", "normalized", "recipient")
    for kind, normalized, recipient in addresses:
        found[PersonRef(kind=ContactKind(kind), address=normalized)] = recipient
    return found


def _points(recipients: Iterable[int]) -> dict[int, list[ContactPoint]]:
    """The contact points of recipients in the order in which decisions use them."""
    points: dict[int, list[ContactPoint]] = {}
    for point in ContactPoint.objects.filter(recipient__in=set(recipients)).order_by(
        F("verified_at").asc(nulls_last=True), "pk"
    ):
        points.setdefault(point.recipient_id, []).append(point)
    return points


def _point_for(person: PersonRef, points: Sequence[ContactPoint], *, channel: Channel) -> ContactPoint | None:
    kind = REACHED_AT.get(channel, ContactKind.EMAIL)
    named = [point for point in points if (point.kind, point.normalized) == (person.kind, person.address)]
    of_kind = [point for point in points if point.kind == kind]
    in_order = [point for point in named if point.kind == kind] + of_kind + named + list(points)
    return in_order[0] if in_order else None
