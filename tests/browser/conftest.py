"""The site as people meet it: a live server, and links as they stand in a message."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from preferences import ledger
from preferences.enums import Channel, Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.links import manage_url, stop_url
from preferences.models import Brand, Purpose, Recipient, Topic
from preferences.models import Site as ShopSite
from preferences.scope import Scope
from tests.browser.two_origins import FRONT, HOST, BannerIn, Front, Shop


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the site is, and the links its one recipient has in her mailbox."""

    url: str
    manage: str
    old_manage: str
    stop: str
    news: Topic
    events: Topic
    activity: Purpose
    recipient: Recipient

    def field(self, topic: Topic, channel: Channel = Channel.EMAIL) -> str:
        """The CSS selector of the switch of a topic on a channel."""
        return f"[id='t{topic.pk}.{channel.value}']"


@pytest.fixture
def site(
    live_server: LiveServer,
    settings: Any,
    acme: Brand,
    news: Topic,
    events: Topic,
    activity: Purpose,
    anonymous: Recipient,
) -> Site:
    """Two topics of one brand. The recipient has said yes to e-mail about the first, three days ago."""
    settings.BASE_URL = live_server.url
    now = timezone.now()
    point = anonymous.contact_points.get()
    scope = Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)
    ledger.record(
        recipient=anonymous.pk,
        changes=[Change(scope=scope, state=State.OPTED_IN)],
        evidence=Evidence(source=Source.LINK, fresh=True),
        now=now - dt.timedelta(days=3),
    )
    return Site(
        url=live_server.url,
        manage=manage_url(contact_point=point, brand=acme.pk, now=now),
        old_manage=manage_url(contact_point=point, brand=acme.pk, now=now - dt.timedelta(days=400)),
        stop=stop_url(contact_point=point, topic=news, channel=Channel.EMAIL),
        news=news,
        events=events,
        activity=activity,
        recipient=anonymous,
    )


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    """The web server of a site that bears the banner, one for the whole run."""
    front = Front()
    yield front
    front.close()


@pytest.fixture
def shop_front(live_server: LiveServer, settings: Any, shop: ShopSite, front: Front) -> Shop:
    """The site `shop` on an origin of its own. The banner's host is another, of the same registrable domain."""
    settings.ALLOWED_HOSTS = [".localhost", "localhost", "127.0.0.1"]
    settings.BASE_URL = f"http://{HOST}:{live_server.thread.port}"
    front.files.clear()
    found = Shop(site=shop, front=front, host=settings.BASE_URL, origin=f"http://{FRONT}:{front.port}")
    shop.origins = [found.origin]
    shop.save()
    found.publish()
    return found


@pytest.fixture
def banner(page: Page) -> BannerIn:
    return BannerIn(page)
