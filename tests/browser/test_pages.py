"""What holds for every page a person opens, whatever the page: seen with the demo's catalogue, the longest there is."""

import datetime as dt
import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone, translation
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response
from pytest_django.live_server_helper import LiveServer

from preferences import ledger
from preferences.demo.load import load_demo
from preferences.demo.people import ACCOUNT_HOLDER
from preferences.enums import Channel, ContactKind, Kind, Relationship, Source, State
from preferences.ledger import Change, Evidence
from preferences.links import manage_url, stop_url, undo_url
from preferences.mail.send_confirmation import send_confirmation
from preferences.models import ConfirmationRequest, ContactPoint, CookieConsent, Event, Topic
from preferences.scope import Scope
from tests.factories import UserFactory

pytestmark = pytest.mark.browser

FIRST_VIEW = 30_000
# Pages that are not easily provoked: their templates stand in for them.
RARE = (
    "400.html",
    "403.html",
    "403_csrf.html",
    "500.html",
    "preferences/confirm_sent.html",
    "preferences/send_link_later.html",
    "preferences/try_again.html",
)


@pytest.fixture
def demo(live_server: LiveServer, settings: Any) -> dict[str, str]:
    """The demo, and the links of one of its people."""
    settings.BASE_URL = live_server.url
    settings.ROOT_URLCONF = "config.demo_urls"
    now = timezone.now()
    load_demo(now=now)
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=ACCOUNT_HOLDER).get()
    topic = Topic.objects.order_by("pk").first()
    said = Event.objects.filter(recipient=point.recipient_id)
    newest, oldest = said.filter(undoes=None, undone_by=None).latest("pk"), said.earliest("pk")
    year_ago = now - dt.timedelta(days=400)
    consent = CookieConsent.objects.filter(sequence=2).earliest("pk")
    cookies = f"{live_server.url}/cookies/{consent.site.key}/"
    return {
        "home": f"{live_server.url}/",
        "send link": f"{live_server.url}/link/",
        "manage": manage_url(contact_point=point, brand=topic.brand_id, now=now),
        "manage, no brand": manage_url(contact_point=point, brand=None, now=now),
        "manage, too old": manage_url(contact_point=point, brand=topic.brand_id, now=year_ago),
        "stop": stop_url(contact_point=point, topic=topic, channel=Channel.EMAIL),
        "undo": undo_url(event=newest.pk, contact_point=point.pk, now=now),
        "undo, too late": undo_url(event=oldest.pk, contact_point=point.pk, now=year_ago),
        "unreadable": f"{live_server.url}/p/no-such-token/",
        "cookies": cookies,
        "cookies of a browser": f"{cookies}{consent.consent}/",
        "page with the banner": f"{live_server.url}/demo/{consent.site.key}/",
        "API": f"{live_server.url}/api/v1/docs",
        "not found": f"{live_server.url}/no-such-page/",
    }


def tour(page: Page, demo: dict[str, str], *, language: str) -> Iterator[str]:
    """Open every page in turn, those that answer a POST included; the name of the page is yielded when it stands."""
    page.set_default_timeout(10_000)
    for name, url in demo.items():
        page.goto(f"{url}?language={language}")
        yield name
    page.goto(demo["undo"])
    press(page, "main form button", answer="[role=status]")
    yield "undone"
    page.goto(demo["stop"])
    press(page, ".ask button", answer=".big-tick")
    yield "stopped"
    page.goto(demo["stop"])
    yield "stop, stopped already"
    page.goto(demo["manage"])
    page.locator(".switch input:checked").first.uncheck()
    press(page, ".save button", answer=".note--good")
    yield "manage, saved"
    page.locator(".switch input:not(:checked)").first.check()
    # What a tab would send that was opened before anything was said.
    page.locator(".choices [name=version]").evaluate("element => { element.value = 1; }")
    press(page, ".save button", answer=".note--warning")
    yield "manage, refused"
    page.locator(".choices [name=version]").evaluate("element => { element.value = 'x'; }")
    press(page, ".save button", answer=".note--danger")
    yield "manage, not understood"
    page.goto(demo["send link"])
    page.locator("main input").fill("no address")
    press(page, "main form button", answer=".errorlist")
    yield "send link, invalid"
    page.locator("main input").fill("somebody@example.com")
    press(page, "main form button", answer="main:not(:has(form))")
    yield "send link, done"
    yield from confirmations(page, demo, language=language)
    for template in RARE:
        show(page, template, url=demo["home"] + "rare/", language=language)
        yield template
    for email in (ACCOUNT_HOLDER, UserFactory().email):
        sign_in(page, email, demo)
        page.goto(demo["home"] + "preferences/")
        yield f"account of {email}"


def confirmations(page: Page, demo: dict[str, str], *, language: str) -> Iterator[str]:
    """The pages of double opt-in, as somebody sees them who has moved to Germany and is no customer any more."""
    recipient = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=ACCOUNT_HOLDER).get().recipient
    recipient.country, recipient.relationship = "DE", Relationship.CONSUMER_PROSPECT
    recipient.save()
    topics = Topic.objects.filter(retired_at=None, brand__retired_at=None, channels__contains=["email"])
    ledger.record(
        recipient=recipient.pk,
        changes=[
            Change(
                scope=Scope(
                    kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL
                ),
                state=State.OPTED_IN,
            )
            for topic in topics
        ],
        evidence=Evidence(source=Source.ACCOUNT),
        now=timezone.now(),
    )
    page.goto(demo["manage"])
    yield "manage, confirmation due"
    send_confirmation.func(request=ConfirmationRequest.objects.latest("pk").pk)
    page.goto(demo["manage"])
    yield "manage, confirmation sent"
    an_hour_ago = timezone.now() - dt.timedelta(hours=1)
    ConfirmationRequest.objects.update(due_at=an_hour_ago, answered_at=an_hour_ago)
    page.goto(demo["manage"])
    page.locator("#confirmation button").wait_for()
    yield "manage, confirmation to be sent again"
    (link,) = re.findall(r"^http\S+$", mail.outbox[-1].body, re.MULTILINE)
    page.goto(f"{link}?language={language}")
    yield "confirm"
    press(page, "main form button", answer=".big-tick")
    yield "confirmed"
    page.goto(link)
    yield "confirm, confirmed already"


def press(page: Page, button: str, *, answer: str) -> None:
    """Press a button and wait for the page that answers."""
    with page.expect_navigation():
        page.locator(button).click()
    page.locator(answer).first.wait_for()


def show(page: Page, template: str, *, url: str, language: str) -> None:
    """Open a template as if the site had answered with it."""
    with translation.override(language):
        body = render_to_string(template)
    page.route(url, lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    page.goto(url)
    page.unroute(url)


def sign_in(page: Page, email: str, demo: dict[str, str]) -> None:
    client = Client()
    client.force_login(get_user_model().objects.get(email=email))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": demo["home"]}]
    )


class Listener:
    """Notes what a page asks others for, and what the browser complains about."""

    def __init__(self, page: Page, *, site: str) -> None:
        self.found: list[str] = []
        self._site = site
        page.on("request", self._on_request)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(self._site):
            self.found.append(f"third party: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # The browser writes a line for every page that is not a 200; that is what those pages are.
        expected = re.search(r"status of 4\d\d", message.text) and "/static/" not in message.location["url"]
        if message.type in {"error", "warning"} and not expected:
            self.found.append(f"console: {message.text}")


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "nb")])
def test_axe_and_console_find_nothing(
    browser: Browser, demo: dict[str, str], scheme: Any, language: str
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    listener = Listener(page, site=demo["home"])
    axe = Axe()
    found = {}
    for name in tour(page, demo, language=language):
        # Axe knows a skip link by its being the first link of the page, and before it stands the one in the banner.
        rules = {"region": {"enabled": name != "page with the banner"}}
        violations = axe.run(page, options={"rules": rules}).response["violations"]
        if violations:
            found[name] = [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in violations]
        assert page.evaluate("document.documentElement.lang") == language, name
    context.close()
    assert found == {}
    assert listener.found == []


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("nb", "ltr"), ("ar", "rtl")])
def test_fits_320_px(
    browser: Browser, demo: dict[str, str], settings: Any, language: str, direction: str
) -> None:
    """No sideways scrolling, and every target at least 24 by 24 pixels (WCAG 2.2, criteria 1.4.10 and 2.5.8)."""
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "Arabic")]
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    wrong = {}
    for name in tour(page, demo, language=language):
        assert page.evaluate("document.documentElement.dir") == direction, name
        width = page.evaluate("document.documentElement.scrollWidth")
        small = page.evaluate(SMALL_TARGETS)
        if width > 320 or small:
            wrong[name] = (width, small)
    context.close()
    assert wrong == {}


# Links within a sentence are excepted.
SMALL_TARGETS = """() => [
        ...document.querySelectorAll("main :is(a, button, summary, input:not([type=hidden])), header a")
    ]
    .filter(target => target.checkVisibility())
    .filter(target => !target.matches("p a") || target.parentElement.textContent === target.textContent)
    .map(target => [target.outerHTML.slice(0, 80), target.getBoundingClientRect()])
    .filter(([html, box]) => box.width < 24 || box.height < 24)
    .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""


def test_first_view_is_small(browser: Browser, demo: dict[str, str]) -> None:
    """All that the first view of the fullest page loads, compressed as the server does."""
    context = browser.new_context()
    page = context.new_page()
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(demo["manage"], wait_until="load")
    sizes = {response.url: len(gzip.compress(response.body(), 6)) for response in responses}
    context.close()
    assert len(sizes) > 2
    assert sum(sizes.values()) < FIRST_VIEW, sizes


def test_link_pages_set_no_cookie(browser: Browser, demo: dict[str, str]) -> None:
    context = browser.new_context()
    page = context.new_page()
    for name, url in demo.items():
        page.goto(url)
        assert context.cookies() == [], name
    page.goto(demo["manage"])
    page.locator(".switch input:checked").first.uncheck()
    page.locator(".save button").click()
    page.locator("#outcome").wait_for()
    assert context.cookies() == []
    context.close()
