from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from preferences.enums import Channel, ContactKind
from preferences.identity import AddressInvalid
from preferences.links import manage_url, stop_url
from preferences.mail.headers import list_headers
from preferences.management.program import ProgramCommand
from preferences.models import ContactPoint, Topic

# The number or address a message on this channel goes to; everywhere else the e-mail address names the
# person.
_REACHED_AT = {
    Channel.SMS: ContactKind.PHONE,
    Channel.PHONE: ContactKind.PHONE,
    Channel.POST: ContactKind.POSTAL,
}


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
        point = _contact_point(email=email, channel=channel_)
        now = timezone.now()
        stop = stop_url(contact_point=point, topic=topic_, channel=channel_)
        links: dict[str, Any] = {
            "stop_url": stop,
            "manage_url": manage_url(contact_point=point, brand=topic_.brand_id, now=now),
            "headers": list_headers(topic=topic_, stop_url=stop) if channel_ is Channel.EMAIL else {},
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


def _contact_point(*, email: str, channel: Channel) -> ContactPoint:
    """The address asked about, or the number or postal address of its owner that the channel uses."""
    try:
        point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=email).first()
    except AddressInvalid as error:
        raise CommandError(str(error)) from error
    if point is None:
        raise CommandError(f"No recipient has the address {email.strip()}.")
    kind = _REACHED_AT.get(channel, ContactKind.EMAIL)
    if kind is ContactKind.EMAIL:
        return point
    reached_at = ContactPoint.objects.filter(recipient=point.recipient_id, kind=kind).order_by("pk").first()
    return reached_at or point
