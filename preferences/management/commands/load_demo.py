from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from preferences.demo.load import load_demo
from preferences.demo.people import ACCOUNT_HOLDER, ADMIN, PASSWORD, STAFF
from preferences.enums import Channel, ContactKind
from preferences.links import manage_url, stop_url, undo_url
from preferences.management.program import ProgramCommand
from preferences.models import ContactPoint, Event, Site, Topic

_TOPIC = "tallvik-product-news"


class Command(ProgramCommand):
    """Load the demo's catalogue, people and past, and print links to look at them with.

    Only where DEMO is on. A second run changes nothing and prints fresh links. --quiet prints nothing.
    """

    help = "Load demo data (once) and print ready links."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="print nothing")

    def handle(self, *args: Any, quiet: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Demo data is only loaded with DEMO=1: it holds accounts with known passwords."
            )
        load_demo(now=timezone.now())
        if not quiet:
            for title, value in _links():
                self.stdout.write(f"{title:<15} {value}")


def _links() -> list[tuple[str, str]]:
    """What to open, line by line; empty where the demo's people or topics were removed since."""
    now = timezone.now()
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=ACCOUNT_HOLDER).first()
    topic = Topic.objects.filter(key=_TOPIC).first()
    if point is None or topic is None:
        return []
    event = (
        Event.objects.filter(recipient=point.recipient_id, undoes=None, undone_by=None)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    lines = [
        ("Manage link", manage_url(contact_point=point, brand=topic.brand_id, now=now)),
        ("Stop link", stop_url(contact_point=point, topic=topic, channel=Channel.EMAIL)),
    ]
    if event is not None:
        lines.append(("Undo link", undo_url(event=event, contact_point=point.pk, now=now)))
    site = Site.objects.filter(brand=topic.brand_id, retired_at=None).first()
    if site is not None:
        lines.append(("Visitor page", f"{settings.BASE_URL}{reverse('demo:page', args=[site.key])}"))
    return [
        *lines,
        ("Account", f"{settings.BASE_URL}{reverse('preferences:account')}  {ACCOUNT_HOLDER}  {PASSWORD}"),
        ("Admin", f"{settings.BASE_URL}{reverse('admin:index')}  {ADMIN}  {PASSWORD}"),
        ("Staff", f"the same page and password: {', '.join(STAFF.values())}"),
    ]
