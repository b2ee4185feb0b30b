from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from preferences.decisions.situation import PersonRef
from preferences.enums import Channel, ContactKind
from preferences.exports.links import Links, make_links
from preferences.identity import AddressInvalid, normalize_address
from preferences.management.program import ProgramCommand
from preferences.models import Topic


class Command(ProgramCommand):
    """Make the links that a message about one topic to one person has to carry.

    With --json:

        {
          "stop_url": "https://preferences.example.com/u/<token>/",
          "manage_url": "https://preferences.example.com/p/<token>/",
          "headers": {
            "List-Unsubscribe": "<https://preferences.example.com/u/<token>/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<topic-key.preferences.example.com>"
          }
        }

    `headers` belong on an e-mail and are {} for any other channel. The stop link never expires; the manage
    link may turn things on for MANAGE_LINK_DAYS from now. Makes no statement about whether the message may be
    sent. Refused for a topic that is unknown or retired, and for a channel the topic does not offer.
    """

    help = "Print the stop link, the manage link and the mail headers for a person and a topic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--topic", metavar="KEY", required=True, help="a topic's key (see `catalogue`)")
        parser.add_argument("--channel", default=Channel.EMAIL.value, help="default: email")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, email: str, topic: str, channel: str, json: bool, **options: Any) -> None:
        topic_, channel_ = _offered(topic=topic, channel=channel)
        made = _links(email=email, topic=topic_, channel=channel_)
        links: dict[str, Any] = {
            "stop_url": made.stop_url,
            "manage_url": made.manage_url,
            "headers": made.headers,
        }
        if json:
            self.write_json(links)
            return
        self.write_row("stop", links["stop_url"])
        self.write_row("manage", links["manage_url"])
        for name, value in links["headers"].items():
            self.stdout.write(f"{name}: {value}")


def _offered(*, topic: str, channel: str) -> tuple[Topic, Channel]:
    found = Topic.objects.select_related("brand").filter(key=topic).first()
    if found is None:
        raise CommandError(f"There is no topic {topic!r}; `catalogue` lists them.")
    if found.retired_at or (found.brand and found.brand.retired_at):
        raise CommandError(f"The topic {topic} is retired: nothing is sent about it any more.")
    if channel not in Channel.values:
        raise CommandError(f"There is no channel {channel!r}; known are {', '.join(Channel.values)}.")
    if channel not in found.channels:
        raise CommandError(
            f"The topic {topic} is not offered on {channel}; it is on {', '.join(found.channels)}."
        )
    return found, Channel(channel)


def _links(*, email: str, topic: Topic, channel: Channel) -> Links:
    try:
        address = normalize_address(kind=ContactKind.EMAIL, value=email)
    except AddressInvalid as error:
        raise CommandError(str(error)) from error
    people = [PersonRef(kind=ContactKind.EMAIL, address=address)]
    (links,) = make_links(people=people, topic=topic, channel=channel, now=timezone.now())
    if links is None:
        raise CommandError(f"No recipient has the address {email.strip()}.")
    return links
