"""The admin in a real browser: nothing is refused by the content security policy, and a change can be made."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from preferences.enums import ContactKind, Source, State, SuppressionReason
from preferences.imports.suppress import Suppressed, suppress_domain
from preferences.models import Brand, Event, ProfilingPurpose, PublishedRules, Recipient, Topic
from tests.factories import AdminFactory, ContactPointFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of: refused scripts and styles, errors in scripts, missing files."""
    found: list[str] = []
    page.on(
        "console",
        lambda message: found.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def admin_page(page: Page, live_server: LiveServer, complaints: list[str]) -> Any:
    """Opens a page of the admin, signed in as a superuser."""
    client = Client()
    client.force_login(AdminFactory())
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    def opened(name: str, *arguments: object) -> Page:
        page.goto(live_server.url + reverse(f"admin:{name}", args=arguments))
        return page

    return opened


def _suppressed() -> Suppressed:
    return suppress_domain(
        domain="example.com", reason=SuppressionReason.OTHER, note="A note.", by=None, now=timezone.now()
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("index", []),
        ("preferences_recipient_changelist", []),
        ("preferences_recipient_add", []),
        ("preferences_recipient_change", ["kari"]),
        ("preferences_recipient_on_behalf", ["kari"]),
        ("preferences_recipient_facts", ["kari"]),
        ("preferences_recipient_erase", ["kari"]),
        ("preferences_suppression_changelist", []),
        ("preferences_suppression_add", []),
        ("preferences_suppression_change", ["suppression"]),
        ("preferences_event_changelist", []),
        ("preferences_brand_change", ["acme"]),
        ("preferences_topic_change", ["news"]),
        ("preferences_topic_add", []),
        ("preferences_topic_history", ["news"]),
        ("preferences_wordingtemplate_changelist", []),
        ("preferences_marketingrule_changelist", []),
        ("preferences_marketingrule_add", []),
        ("preferences_marketingrule_try", []),
        ("preferences_profilingrule_changelist", []),
        ("preferences_publishedrules_changelist", []),
        ("preferences_publishedrules_difference", ["published"]),
        ("accounts_user_changelist", []),
    ],
)
def test_no_page_is_hampered_by_its_policy(
    name: str,
    arguments: list[str],
    kari: Recipient,
    acme: Brand,
    news: Topic,
    activity: ProfilingPurpose,
    admin_page: Any,
    complaints: list[str],
) -> None:
    published = PublishedRules.objects.latest("pk")
    rows = {
        "kari": kari.pk,
        "acme": acme.pk,
        "news": news.pk,
        "published": published.pk,
        "suppression": _suppressed().suppression,
    }
    admin_page("index").set_viewport_size({"width": 1400, "height": 900})
    page: Page = admin_page(name, *(rows[argument] for argument in arguments))
    page.wait_for_load_state("networkidle")

    expect(page.locator("#nav-sidebar")).to_be_visible()
    assert complaints == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    [
        "index",
        "preferences_recipient_change",
        "preferences_recipient_on_behalf",
        "preferences_recipient_add",
        "preferences_recipient_facts",
        "preferences_suppression_add",
        "preferences_suppression_change",
        "preferences_marketingrule_try",
        "preferences_publishedrules_difference",
    ],
)
def test_our_own_parts_are_accessible(
    name: str, scheme: Any, kari: Recipient, news: Topic, activity: ProfilingPurpose, admin_page: Any
) -> None:
    arguments = {
        "preferences_recipient_change": [kari.pk],
        "preferences_recipient_on_behalf": [kari.pk],
        "preferences_recipient_facts": [kari.pk],
        "preferences_suppression_change": [_suppressed().suppression],
        # What `activity` brought.
        "preferences_publishedrules_difference": [PublishedRules.objects.latest("pk").pk],
    }.get(name, [])
    ContactPointFactory(
        recipient=kari, kind=ContactKind.PHONE, value="+4740000000", unreachable_at=timezone.now()
    )
    kari.sales.create(
        brand=news.brand, sold_on=timezone.now().date(), subject="Payroll", recorded_at=timezone.now()
    )
    admin_page("index").emulate_media(color_scheme=scheme)
    page: Page = admin_page(name, *arguments)
    page.wait_for_timeout(300)

    results = Axe().run(page, context="#content")

    assert results.violations_count == 0, results.generate_report()


def test_a_change_on_somebodys_behalf(
    kari: Recipient, news: Topic, activity: ProfilingPurpose, admin_page: Any, complaints: list[str]
) -> None:
    page: Page = admin_page("preferences_recipient_changelist")
    page.get_by_role("textbox").first.fill("KARI@example.com")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Change something on their behalf").click()

    page.get_by_label("Stop all marketing from every brand of the group").check()
    expect(page.locator("blockquote:visible")).to_have_count(1)
    page.get_by_label("No, stop this").check()
    page.get_by_label("How the request came in").select_option("phone")
    page.get_by_label("Reason").fill("Called and asked for it.")
    page.get_by_role("button", name="Record this").click()

    expect(page.get_by_role("status")).to_contain_text("Changed")
    event = Event.objects.get()
    assert (event.source, event.state, event.staff.email.startswith("admin")) == (
        Source.STAFF,
        State.OPTED_OUT,
        True,
    )

    page.get_by_role("link", name="To the person's screen").click()
    expect(page.locator(".timeline tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Text shown").click()
    expect(page.locator(".exact-text")).to_contain_text("Stopp all markedsføring")
    assert complaints == []


def test_events_are_filtered(kari: Recipient, news: Topic, admin_page: Any, complaints: list[str]) -> None:
    page: Page = admin_page("preferences_event_changelist")
    page.get_by_text("Filters", exact=False).first.click()
    page.locator("select[name=source]").select_option("staff", force=True)
    page.get_by_role("button", name="Apply Filters").click()

    assert "source=staff" in page.url
    assert complaints == []
