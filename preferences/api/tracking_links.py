"""The pixel and the counted links of a mailing: for a thousand people at a time."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from preferences.api.answer import answer
from preferences.api.caller import ApiScope, Bearer
from preferences.api.fields import Body, optional
from preferences.api.links import MOST_PEOPLE
from preferences.api.people import Person, refs_of
from preferences.exports.tracking_links import Counted, CountedLink, TrackingLinks, make_tracking_links
from preferences.tokens import LONGEST_URL, WEB_URL, UrlInvalid, check_tracked_url

router = Router(tags=["Links"])

_MOST_LINKS = 100


def _tracked(url: str) -> str:
    try:
        check_tracked_url(url)
    except UrlInvalid as error:
        raise PydanticCustomError(error.code, "{reason}", {"reason": str(error)}) from error
    return url


Url = Annotated[
    str,
    AfterValidator(_tracked),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{WEB_URL}$",
            "maxLength": LONGEST_URL,
            "examples": ["https://shop.example.com/spring"],
        }
    ),
]


class LinkIn(Body):
    """A link whose clicks are to be counted. Neither URL is one of this site."""

    target: Annotated[
        Url, Field(description="Where it leads: here whoever may not be tracked goes straight.")
    ]
    counter: Annotated[
        Url, Field(description="Your own URL, which counts the click and leads to the target.")
    ]


class MessageIn(Body):
    """What would be counted in the message to one person."""

    person: Person
    pixel: Url = optional("Your own URL, which counts that the message was opened.")
    links: Annotated[list[LinkIn], Field(max_length=_MOST_LINKS)] = []


class TrackingLinksIn(Body):
    """The messages of a mailing."""

    messages: Annotated[list[MessageIn], Field(max_length=MOST_PEOPLE)]


class TrackingLinksOut(Schema):
    """What to put into the message to one person."""

    recipient: Annotated[int | None, Field(description="The id of the recipient; null for somebody unknown.")]
    tracking: Annotated[bool, Field(description="Whether opens and clicks may be measured.")]
    pixel: Annotated[str | None, Field(description="The URL of the pixel; null: leave it out.")]
    links: Annotated[
        list[str], Field(description="The links in the order given; where tracking is false, the targets.")
    ]


class TrackingLinksManyOut(Schema):
    """What to put into each message, in order."""

    results: list[TrackingLinksOut]


@router.post(
    "/tracking-links",
    auth=Bearer(ApiScope.LINKS_CREATE),
    response=TrackingLinksManyOut,
    operation_id="createTrackingLinks",
)
def create_tracking_links(request: HttpRequest, asked: TrackingLinksIn) -> HttpResponse:
    """Pixel and links that stop counting as soon as the person refuses it; plain links for whoever has refused.

    Stop links and manage links are never among them.
    """
    people = refs_of([message.person for message in asked.messages], location="body.messages")
    made = make_tracking_links(
        messages=[
            Counted(
                person=person,
                pixel=message.pixel,
                links=[CountedLink(target=link.target, counter=link.counter) for link in message.links],
            )
            for person, message in zip(people, asked.messages, strict=True)
        ],
        now=timezone.now(),
    )
    return answer({"results": [_links(links) for links in made]})


def _links(links: TrackingLinks) -> dict[str, Any]:
    return {
        "recipient": links.recipient,
        "tracking": links.tracking,
        "pixel": links.pixel,
        "links": list(links.links),
    }
