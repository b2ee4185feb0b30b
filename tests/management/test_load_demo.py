import datetime as dt
import re
import time
from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from preferences import ledger
from preferences.colours import contrast
from preferences.decisions.page import page_for
from preferences.demo.catalogue import load_catalogue
from preferences.demo.past import plan_past
from preferences.demo.people import PASSWORD
from preferences.enums import Channel, CookieAction, CookieCategory, Reason, Source
from preferences.models import (
    Banner,
    Brand,
    Choice,
    ConfirmationRequest,
    ContactPoint,
    CookieConsent,
    Event,
    LinkRequest,
    Mail,
    Merge,
    Message,
    ProfilingPurpose,
    Recipient,
    Sale,
    Site,
    SiteCookie,
    Suppression,
    Topic,
    Wording,
)

pytestmark = pytest.mark.django_db

TABLES = (
    Brand,
    Topic,
    ProfilingPurpose,
    Recipient,
    ContactPoint,
    Event,
    Choice,
    Merge,
    Wording,
    LinkRequest,
    Sale,
    Suppression,
    ConfirmationRequest,
    Message,
    Mail,
    Site,
    SiteCookie,
    Banner,
    CookieConsent,
    get_user_model(),
    EmailAddress,
)


SIGNALS = "silje.moen@bjorkogsonn.example"


@pytest.fixture
def demo(settings, run):
    settings.DEMO = True
    settings.ROOT_URLCONF = "config.demo_urls"
    return run("load_demo")


def test_what_is_there(demo):
    assert (demo.status, demo.err) == (0, "")
    assert Brand.objects.count() == 3
    topics = Topic.objects.filter(retired_at=None)
    assert topics.count() >= 8
    assert {channel for topic in topics for channel in topic.channels} == set(Channel.values)
    assert list(ProfilingPurpose.objects.order_by("position").values_list("key", flat=True)) == [
        "activity",
        "customer-relationship",
        "email-tracking",
    ]
    people = Recipient.objects.filter(merged_into=None)
    assert people.count() == 40
    assert people.values("country").distinct().count() == 8
    assert 300 <= Event.objects.count() <= 900
    assert set(Event.objects.values_list("source", flat=True)) == {
        Source.LINK,
        Source.ONE_CLICK,
        Source.ACCOUNT,
        Source.STAFF,
        Source.IMPORT,
        Source.GPC,
        Source.UNDO,
        Source.MERGE,
        Source.EMAIL_REQUEST,
        Source.COMPLAINT,
    }


def test_every_text_is_there_in_both_languages(demo):
    for purpose in [*Topic.objects.all(), *ProfilingPurpose.objects.all()]:
        texts = [purpose.name, purpose.description]
        if isinstance(purpose, ProfilingPurpose):
            texts.append(purpose.data_used)
        for text in texts:
            assert text.data.keys() == {"en", "nb"}
            assert all(text.data.values())


def test_the_past_is_past_and_in_order(demo):
    now = timezone.now()
    recorded = list(Event.objects.order_by("pk").values_list("recorded_at", flat=True))
    assert recorded == sorted(recorded)
    assert now - dt.timedelta(days=120) < recorded[0]
    assert recorded[-1] < now
    assert sum(at > now - dt.timedelta(days=30) for at in recorded) >= 60
    assert not any(event.occurred_at > event.recorded_at for event in Event.objects.all())
    assert ledger.rebuild(check=True) == []


def test_what_a_page_was_asked_on_stands_in_the_history(demo):
    shown = Counter(Event.objects.exclude(wording=None).values_list("source", flat=True))
    assert shown.keys() == {Source.LINK, Source.ACCOUNT}
    assert not Event.objects.filter(source__in=shown, wording=None).exists()


def test_every_obstacle_and_every_permission_by_law_is_there_to_see(demo):
    reasons = Counter(
        switch.verdict.reason
        for recipient in Recipient.objects.filter(merged_into=None)
        for switch in page_for(recipient=recipient, now=timezone.now()).switches
    )
    assert reasons.keys() >= {
        *(Reason.LAW_ALLOWS, Reason.LAW_ALLOWS_CUSTOMERS, Reason.LAW_REQUIRES_SALE),
        *(Reason.SUPPRESSED, Reason.UNREACHABLE, Reason.NO_CONTACT_POINT),
        *(Reason.ON_REGISTER, Reason.REGISTER_NOT_SCREENED),
        *(Reason.CHOICE_PENDING, Reason.CHOICE_PENDING_EXPIRED),
    }
    # A yes of the past was confirmed where the law of the country asked for it.
    assert reasons[Reason.CHOICE_UNCONFIRMED] == 0
    assert Choice.objects.filter(confirmed=True).count() == 1
    assert ConfirmationRequest.objects.count() == 3
    assert not ConfirmationRequest.objects.filter(answered_at=None).exists()


def test_one_letter_came_too_late(demo):
    late = Event.objects.get(reason__startswith="The letter lay")
    assert not Choice.objects.filter(event=late).exists()


def test_the_inbox_has_something_of_everything(demo):
    found = Message.objects.order_by("received_at").values_list("kind", "state", "hold")
    assert list(found) == [
        ("access", "waiting", "needs_answer"),
        ("erasure", "waiting", "needs_answer"),
        ("unclear", "dismissed", ""),
        ("stop", "waiting", "sender_unknown"),
        ("stop", "waiting", "brand_unknown"),
        ("stop", "waiting", "sender_ambiguous"),
        ("unclear", "waiting", "needs_answer"),
        ("start", "waiting", "needs_answer"),
        ("auto_reply", "ignored", ""),
        ("stop", "acted", ""),
        ("profiling", "acted", ""),
        ("stop_link", "acted", ""),
        ("bounce", "acted", ""),
        ("complaint", "acted", ""),
    ]
    waiting = Message.objects.filter(state="waiting")
    now = timezone.now()
    assert waiting.filter(due_at__lt=now).count() == 1
    assert waiting.filter(due_at__range=(now, now + dt.timedelta(days=3))).exists()
    assert not waiting.filter(due_at=None).exists()
    assert list(waiting.exclude(assigned_to=None).values_list("assigned_to__email", flat=True)) == [
        "support@example.com"
    ]


def test_two_people_whose_browsers_send_the_privacy_signal(demo):
    signals = Event.objects.filter(source=Source.GPC)
    assert signals.values("recipient").distinct().count() == 2
    later = Event.objects.filter(
        source=Source.ACCOUNT, purpose__key="activity", recipient__contact_points__value=SIGNALS
    )
    assert Choice.objects.get(event=later.latest("pk")).state == "opted_in"


def test_every_brand_has_a_site_with_a_published_banner(demo):
    assert list(Site.objects.order_by("pk").values_list("key", "brand__key")) == [
        (brand, brand) for brand in ("tallvik", "aurelund", "cordilla")
    ]
    assert list(Banner.objects.order_by("pk").values_list("site__key", "version")) == [
        ("tallvik", 1),
        ("tallvik", 2),
        ("aurelund", 1),
        ("cordilla", 1),
    ]
    assert {language for site in Site.objects.all() for language in site.languages} == {
        *("en", "nb", "de", "es", "pt", "ar")
    }
    assert Site.objects.get(key="tallvik").origins == [
        "https://www.tallvik.example",
        "http://127.0.0.1:8001",
        "http://localhost:8001",
    ]


def test_every_cookie_is_told_in_every_language_of_its_site(demo):
    assert SiteCookie.objects.count() >= 20
    for cookie in SiteCookie.objects.select_related("site"):
        for text in (cookie.purpose, cookie.lifetime):
            assert text.data.keys() >= set(cookie.site.languages)
            assert all(text.data.values())


def test_what_sixty_days_of_visitors_said(demo):
    consents = list(CookieConsent.objects.order_by("pk").select_related("banner"))
    assert 2000 <= len(consents) <= 6000
    now = timezone.now()
    times = [consent.recorded_at for consent in consents]
    assert times == sorted(times)
    assert now - dt.timedelta(days=60) < times[0] < times[-1] < now
    assert len({at.date() for at in times}) == 60
    assert {consent.action for consent in consents} == set(CookieAction.values)
    assert {language for consent in consents for language in [consent.language]} == {
        *("en", "nb", "de", "es", "pt", "ar")
    }
    assert 0.03 < sum(consent.gpc for consent in consents) / len(consents) < 0.15
    stored = set(Wording.objects.values_list("content_hash", flat=True))
    said: Counter[object] = Counter()
    for consent in consents:
        said[consent.consent] += 1
        assert consent.sequence == said[consent.consent]
        assert (consent.site_id, consent.version) == (consent.banner.site_id, consent.banner.version)
        assert consent.banner.published_at <= consent.recorded_at
        assert stored.issuperset(consent.wordings)
        assert set(consent.categories) <= set(consent.banner.content["categories"])
        if consent.action == CookieAction.REFUSE_ALL:
            assert consent.categories == [CookieCategory.NECESSARY]
        if consent.action == CookieAction.ACCEPT_ALL:
            assert (CookieCategory.MARKETING in consent.categories) is not consent.gpc
    assert max(said.values()) == 2


def test_the_page_of_a_visitor(demo, client):
    page = client.get("/demo/tallvik/")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "frame-src 'self'" in policy
    html = page.content.decode()
    assert '<script src="/cookies/tallvik/banner.js" defer></script>' in html
    assert {"statistics", "marketing"} == set(
        re.findall(r'<script type="text/plain" data-category="(\w+)"', html)
    )
    for path in re.findall(r'"(/demo/[^"]+)"', html):
        assert client.get(path).status_code == 200, path
    assert 'data-language="de"' in client.get("/demo/tallvik/?words=de").content.decode()
    assert "data-language" not in client.get('/demo/tallvik/?words="x').content.decode()
    assert client.get("/demo/unknown/").status_code == 404


@pytest.mark.parametrize("path", ["/demo/tallvik/", "/demo/frame/", "/demo/page.js"])
def test_outside_the_demo_there_is_no_such_page(demo, settings, client, path):
    settings.ROOT_URLCONF = "config.urls"
    assert client.get(path).status_code == 404


def test_brand_colours_can_be_read_on_white(demo):
    for colour in Brand.objects.values_list("colour", flat=True):
        red, green, blue = bytes.fromhex(colour[1:])
        assert contrast((red, green, blue), (255, 255, 255)) >= 4.5


def test_the_same_past_every_time():
    purposes = load_catalogue()
    once, again = (list(plan_past(purposes=purposes, now=timezone.now())) for _ in range(2))
    assert once == again


def test_a_second_run_changes_nothing_and_is_quick(demo, run):
    before = [list(table.objects.order_by("pk").values()) for table in TABLES]
    started = time.perf_counter()

    again = run("load_demo")

    assert time.perf_counter() - started < 1
    assert again.status == 0
    assert [list(table.objects.order_by("pk").values()) for table in TABLES] == before
    assert _without_tokens(again.out) == _without_tokens(demo.out)


def test_quiet_says_nothing(settings, run):
    settings.DEMO = True
    settings.ROOT_URLCONF = "config.demo_urls"
    ended = run("load_demo", "--quiet")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert Event.objects.exists()


def test_what_is_printed(demo):
    assert _without_tokens(demo.out) == (
        "Manage link     http://testserver/p/<token>/\n"
        "Stop link       http://testserver/u/<token>/\n"
        "Undo link       http://testserver/undo/<token>/\n"
        "Visitor page    http://testserver/demo/tallvik/\n"
        f"Account         http://testserver/preferences/  kari@example.com  {PASSWORD}\n"
        f"Admin           http://testserver/admin/  admin@example.com  {PASSWORD}\n"
        "Staff           the same page and password: "
        "support@example.com, editor@example.com, auditor@example.com\n"
    )


def test_the_printed_links_open(demo, client):
    for path in re.findall(r"http://testserver(/(?:p|u|undo)/\S+)", demo.out):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200


@pytest.mark.parametrize(
    "email",
    [
        "kari@example.com",
        "admin@example.com",
        "support@example.com",
        "editor@example.com",
        "auditor@example.com",
    ],
)
def test_the_printed_sign_ins_work(demo, client, email):
    client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    assert client.get(reverse("preferences:account")).status_code == 200
    assert client.session["_auth_user_id"] == str(get_user_model().objects.get(email=email).pk)


def test_staff_are_in_their_groups(demo):
    staff = get_user_model().objects.filter(is_staff=True).order_by("email")
    assert [
        (user.email, user.is_superuser, [group.name for group in user.groups.all()]) for user in staff
    ] == [
        ("admin@example.com", True, []),
        ("auditor@example.com", False, ["auditors"]),
        ("editor@example.com", False, ["editors"]),
        ("support@example.com", False, ["support"]),
    ]


def _without_tokens(text: str) -> str:
    return re.sub(r"/[-\w.]{40,}/", "/<token>/", text)
