"""The links and headers of a mailing: for a thousand people at a time."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from preferences.api.answer import answer
from preferences.api.caller import ApiScope, Bearer, caller
from preferences.api.fields import Body, Key
from preferences.api.people import Person, refs_of
from preferences.api.problems import Problem
from preferences.enums import Channel
from preferences.exports.links import Links, make_links
from preferences.models import Topic

router = Router(tags=["Links"])

MOST_PEOPLE = 1000


class LinksIn(Body):
    """Whom a message about a topic goes to."""

    topic: Key
    channel: Channel
    people: Annotated[list[Person], Field(max_length=MOST_PEOPLE)]


class LinksOut(Schema):
    """What the message to one person carries. Put the headers on it as they are; other channels have none."""

    recipient: int | None
    stop_url: str | None
    manage_url: str | None
    headers: dict[str, str]
    problem: Annotated[
        Literal["recipient_unknown"] | None,
        Field(description="There is no such person, or no address of theirs."),
    ]


class LinksManyOut(Schema):
    """The links of each person, in order."""

    results: list[LinksOut]


@router.post("/links", auth=Bearer(ApiScope.LINKS_CREATE), response=LinksManyOut, operation_id="createLinks")
def create_links(request: HttpRequest, asked: LinksIn) -> HttpResponse:
    """Stop link, manage link and mail headers for each person. Says nothing on whether the message may be sent."""
    topic = Topic.objects.select_related("brand").filter(key=asked.topic).first()
    if topic is None:
        raise Problem("purpose_unknown")
    caller(request).require_brand(topic.brand_id)
    if topic.retired_at or (topic.brand and topic.brand.retired_at):
        raise Problem("purpose_retired")
    if asked.channel not in topic.channels:
        raise Problem("channel_not_offered")
    made = make_links(people=refs_of(asked.people), topic=topic, channel=asked.channel, now=timezone.now())
    return answer({"results": [_links(one) for one in made]})


def _links(links: Links | None) -> dict[str, object]:
    return {
        "recipient": links.recipient if links else None,
        "stop_url": links.stop_url if links else None,
        "manage_url": links.manage_url if links else None,
        "headers": links.headers if links else {},
        "problem": None if links else "recipient_unknown",
    }
