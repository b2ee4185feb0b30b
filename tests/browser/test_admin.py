"""The admin in a real browser: nothing is refused by the content security policy, and a change can be made."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from preferences.enums import (
    AttemptOutcome,
    ContactKind,
    CookieAction,
    CookieCategory,
    Hold,
    Intake,
    Kind,
    MailKind,
    MessageKind,
    MessageState,
    Source,
    State,
    SuppressionReason,
)
from preferences.imports.suppress import Suppressed, suppress_domain
from preferences.inbox.suggestion import to_json
from preferences.models import (
    AnswerTemplate,
    Brand,
    CookieConsent,
    Event,
    Mail,
    Message,
    ProfilingPurpose,
    PublishedRules,
    Recipient,
    Site,
    Topic,
)
from preferences.scope import Scope
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
def admin_page(page: Page, live_server: LiveServer, settings: Any, complaints: list[str]) -> Any:
    """Opens a page of the admin, signed in as a superuser."""
    settings.BASE_URL = live_server.url
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


# What a stranger may write: a line longer than any screen, markup, and letters that run from right to left.
_STRANGE = f"Stop\n<script>alert(1)</script> https://example.com/{'x' * 300}\nשלום"


def _message(kari: Recipient, brand: Brand) -> Message:
    """A message of Kari's that waits, with a copy that says something else."""
    now = timezone.now()
    message = Message.objects.create(
        key="k",
        received_at=now - dt.timedelta(days=2),
        intake=Intake.LISTENER,
        envelope_sender="kari@example.com",
        recipients=[brand.sender_email],
        size=100,
        raw=f"From: Kari <kari@example.com>\nSubject: Stop\n\n{_STRANGE}".encode(),
        state=MessageState.WAITING,
        hold=Hold.OTHER_TEXT,
        kind=MessageKind.STOP,
        sender="kari@example.com",
        subject="Stop",
        text=_STRANGE,
        evidence={"dkim": "pass", "spf": "fail"},
        brand=brand,
        recipient=kari,
        contact_point=kari.contact_points.get(normalized="kari@example.com"),
        suggestion=to_json([Scope(kind=Kind.MARKETING, brand=brand.pk)]),
        due_at=now + dt.timedelta(days=1),
    )
    message.copies.create(digest="d", received_at=now, raw=b"Subject: Stop\n\nNo, go on.")
    return message


def _consent(site: Site) -> CookieConsent:
    """Somebody accepted all in the banner of the site."""
    banner = site.banners.get()
    return CookieConsent.objects.create(
        consent=uuid.uuid4(),
        sequence=1,
        site=site,
        banner=banner,
        version=banner.version,
        language="nb",
        wordings=list(banner.content["languages"]["nb"]["wordings"].values()),
        action=CookieAction.ACCEPT_ALL,
        categories=list(CookieCategory),
        gpc=False,
        recorded_at=timezone.now(),
    )


def _answer(message: Message) -> Mail:
    mail = Mail.objects.create(
        kind=MailKind.ANSWER,
        recipient=message.recipient,
        contact_point=message.contact_point,
        brand=message.brand,
        answers=message,
        language="nb",
        message_id="<m@example.com>",
        subject="Vi har stoppet det",
        text=_STRANGE,
        created_at=timezone.now(),
    )
    for number, outcome in enumerate([AttemptOutcome.PUT_OFF, AttemptOutcome.SENT], start=1):
        mail.attempts.create(number=number, outcome=outcome, attempted_at=timezone.now(), detail="4.2.1")
    return mail


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
        ("preferences_message_changelist", []),
        ("preferences_message_change", ["message"]),
        ("preferences_mail_changelist", []),
        ("preferences_mail_change", ["mail"]),
        ("preferences_answertemplate_changelist", []),
        ("preferences_answertemplate_change", ["template"]),
        ("preferences_event_changelist", []),
        ("preferences_site_changelist", []),
        ("preferences_site_add", []),
        ("preferences_site_change", ["site"]),
        ("preferences_site_history", ["site"]),
        ("preferences_site_preview", ["site"]),
        ("preferences_banner_changelist", []),
        ("preferences_banner_change", ["banner"]),
        ("preferences_cookieconsent_changelist", []),
        ("preferences_cookieconsent_change", ["consent"]),
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
    shop: Site,
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
        "message": (message := _message(kari, acme)).pk,
        "mail": _answer(message).pk,
        "template": AnswerTemplate.objects.get(key="stopped").pk,
        "site": shop.pk,
        "banner": shop.banners.get().pk,
        "consent": _consent(shop).consent,
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
        "preferences_message_change",
        "preferences_mail_change",
        "preferences_site_change",
        "preferences_banner_change",
        "preferences_cookieconsent_changelist",
        "preferences_cookieconsent_change",
        "preferences_marketingrule_try",
        "preferences_publishedrules_difference",
    ],
)
def test_our_own_parts_are_accessible(
    name: str,
    scheme: Any,
    kari: Recipient,
    news: Topic,
    activity: ProfilingPurpose,
    shop: Site,
    admin_page: Any,
) -> None:
    consent = _consent(shop).consent
    message = _message(kari, news.brand)
    arguments = {
        "preferences_message_change": [message.pk],
        "preferences_mail_change": [_answer(message).pk],
        "preferences_recipient_change": [kari.pk],
        "preferences_recipient_on_behalf": [kari.pk],
        "preferences_recipient_facts": [kari.pk],
        "preferences_suppression_change": [_suppressed().suppression],
        "preferences_site_change": [shop.pk],
        "preferences_banner_change": [shop.banners.get().pk],
        "preferences_cookieconsent_change": [consent],
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


def test_a_message_is_settled_and_the_stop_undone(
    kari: Recipient, acme: Brand, news: Topic, admin_page: Any, complaints: list[str]
) -> None:
    message = _message(kari, acme)
    page: Page = admin_page("preferences_message_changelist")
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    expect(page.get_by_label("Stop all marketing from Acme")).to_be_checked()
    expect(page.locator(".letter").first).to_contain_text("<script>alert(1)</script>")
    expect(page.locator(".letter a")).to_have_count(0)

    # The key Enter sends nothing off.
    page.get_by_label("Subject").press("Enter")
    page.get_by_label("Language").select_option("en")
    page.get_by_role("button", name="Fill in").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile("you wrote to Acme"))
    expect(page.get_by_label("Send this answer")).to_be_checked()
    message.refresh_from_db()
    assert message.state == MessageState.WAITING
    page.get_by_role("button", name="Do this and settle the message").click()

    expect(page.get_by_role("heading", name="What it led to")).to_be_visible()
    message.refresh_from_db()
    assert message.state == MessageState.SETTLED
    assert message.answers.get().subject == "We have stopped it"

    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo this change").click()
    expect(page.locator(".acts")).to_contain_text("Undone")
    page.get_by_role("button", name="let it wait for staff again").click()
    expect(page.get_by_role("button", name="Do this and settle the message")).to_be_visible()
    assert Event.objects.count() == 2
    assert complaints == []


def test_on_a_phone_a_message_is_taken_without_looking_for_the_button(
    kari: Recipient, acme: Brand, admin_page: Any
) -> None:
    message = _message(kari, acme)
    admin_page("index").set_viewport_size({"width": 390, "height": 844})
    page: Page = admin_page("preferences_message_changelist")
    for part in (
        page.get_by_role("button", name="Take"),
        page.get_by_text("Wants no more marketing"),
        page.get_by_role("link", name=f"#{kari.pk}"),
    ):
        box = part.first.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    message.refresh_from_db()
    assert message.assigned_to is not None


def test_events_are_filtered(kari: Recipient, news: Topic, admin_page: Any, complaints: list[str]) -> None:
    page: Page = admin_page("preferences_event_changelist")
    page.get_by_text("Filters", exact=False).first.click()
    page.locator("select[name=source]").select_option("staff", force=True)
    page.get_by_role("button", name="Apply Filters").click()

    assert "source=staff" in page.url
    assert complaints == []


def test_a_cookie_is_added_and_everybody_asked_again(
    shop: Site, admin_page: Any, complaints: list[str]
) -> None:
    page: Page = admin_page("preferences_site_change", shop.pk)
    page.get_by_text("Add another Cookie", exact=True).click()
    row = page.locator(".form-group", has=page.locator("[name=cookies-3-name]"))
    row.get_by_label("Name").fill("_pk_id")
    row.get_by_label("Provider").fill("shop.example")
    row.get_by_label("Category").select_option("statistics")
    row.locator("summary").click()
    row.get_by_label("English").first.fill("Counts visits.")
    row.get_by_label("English").last.fill("13 months")
    page.get_by_role("button", name="Save and continue editing").click()

    expect(page.get_by_text("Published as version 2: everybody is asked again.")).to_be_visible()
    assert shop.cookies.get(name="_pk_id").purpose.localize("en") == "Counts visits."

    # A row is taken away with the keyboard alone.
    page.locator("[id^=id_cookies-][id$=-DELETE]").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Published as version 3: everybody is asked again.")).to_be_visible()
    assert shop.cookies.count() == 3
    assert complaints == []


def test_the_preview_shows_the_banner_and_keeps_nothing(
    shop: Site, admin_page: Any, complaints: list[str]
) -> None:
    page: Page = admin_page("preferences_site_preview", shop.pk)
    page.get_by_role("link", name="Norsk bokmål").click()
    page.get_by_role("button", name="Godta alle").click()
    expect(page.get_by_role("button", name="Godta alle")).to_have_count(0)

    page.reload()

    expect(page.get_by_role("button", name="Avslå alle")).to_be_visible()
    assert [cookie for cookie in page.context.cookies() if "consent" in cookie["name"]] == []
    assert not CookieConsent.objects.exists()
    assert complaints == []
