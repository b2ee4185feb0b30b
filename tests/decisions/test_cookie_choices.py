"""What one browser said on every site, for the preference page."""

import datetime as dt
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from preferences.cookies.publish import publish
from preferences.decisions.cookie_choices import CookieChoice, NewestRecord, cookie_choices
from preferences.enums import CookieAction, CookieCategory
from preferences.models import CookieConsent
from tests.factories import SiteCategoryFactory, SiteCookieFactory, SiteFactory

pytestmark = pytest.mark.django_db


def say(site, *, consent, action=CookieAction.SAVE, allowed=(), gpc=False):
    banner = site.banners.latest("pk")
    return CookieConsent.objects.create(
        consent=consent,
        sequence=CookieConsent.objects.filter(consent=consent).count() + 1,
        site=site,
        banner=banner,
        version=banner.version,
        language="en",
        wordings=[],
        action=action,
        categories=["necessary", *allowed],
        gpc=gpc,
        recorded_at=timezone.now(),
    ).recorded_at


@pytest.fixture
def blog(db):
    site = SiteFactory(key="blog", name="blog.example")
    for category in ("necessary", "statistics"):
        SiteCategoryFactory(site=site, category=category)
    publish_now(site)
    return site


def publish_now(site):
    with transaction.atomic():
        return publish(site, now=timezone.now())


def choices_of(consents, *, gpc=False, now=None):
    return cookie_choices(consents, gpc=gpc, now=now or timezone.now())


def test_no_site_no_choice():
    assert choices_of({}) == ()
    assert choices_of({"shop": uuid4()}) == ()


def test_every_site_in_use_by_name(shop, blog):
    SiteFactory(key="draft")
    retired = SiteFactory(key="old", retired_at=timezone.now())
    SiteCategoryFactory(site=retired, category="necessary")
    publish_now(retired)
    assert choices_of({}) == (
        CookieChoice(site="blog", name="blog.example", said=None),
        CookieChoice(site="shop", name="shop.example", said=None),
    )


def test_the_newest_record_of_the_browser(shop, blog):
    consent, other = uuid4(), uuid4()
    say(shop, consent=consent, action=CookieAction.REFUSE_ALL)
    recorded_at = say(shop, consent=consent, allowed=("marketing", "statistics"), gpc=True)
    say(shop, consent=other, action=CookieAction.REFUSE_ALL)

    in_blog, in_shop = choices_of({"shop": consent, "nowhere": other})

    assert in_blog.said is None
    assert in_shop.said == NewestRecord(
        action=CookieAction.SAVE,
        allowed=(CookieCategory.STATISTICS, CookieCategory.MARKETING),
        gpc=True,
        recorded_at=recorded_at,
        asks_again="",
    )


def test_the_id_of_another_site_says_nothing(shop, blog):
    consent = uuid4()
    say(blog, consent=consent)
    assert [choice.said for choice in choices_of({"shop": consent})] == [None, None]


def test_a_choice_of_an_older_version_does_not_count(shop):
    consent = uuid4()
    say(shop, consent=consent, allowed=("statistics",))
    SiteCookieFactory(site=shop, category="statistics", name="_new")
    publish_now(shop)
    (choice,) = choices_of({"shop": consent})
    assert choice.said.asks_again == "changed"


@pytest.mark.parametrize(
    ("after", "asks"), [(dt.timedelta(days=180, seconds=-1), ""), (dt.timedelta(days=180), "expired")]
)
@pytest.mark.parametrize("allowed", [(), ("statistics",)])
def test_a_choice_holds_for_the_days_of_the_site(shop, allowed, after, asks):
    consent = uuid4()
    said_at = say(shop, consent=consent, allowed=allowed)
    (choice,) = choices_of({"shop": consent}, now=said_at + after)
    assert choice.said.asks_again == asks


@pytest.mark.parametrize(
    ("allowed", "then", "now", "asks"),
    [
        (("marketing",), False, True, "gpc"),
        (("marketing",), True, True, ""),
        (("marketing",), True, False, ""),
        (("marketing",), False, False, ""),
        (("statistics",), False, True, ""),
    ],
)
def test_a_yes_to_marketing_from_before_the_signal_does_not_count(shop, allowed, then, now, asks):
    consent = uuid4()
    say(shop, consent=consent, allowed=allowed, gpc=then)
    (choice,) = choices_of({"shop": consent}, gpc=now)
    assert choice.said.asks_again == asks


@pytest.mark.parametrize("sites", [1, 20])
def test_one_query_whatever_the_number_of_sites(sites, django_assert_num_queries):
    consents = {}
    for site in SiteFactory.create_batch(sites):
        SiteCategoryFactory(site=site, category="necessary")
        publish_now(site)
        consents[site.key] = uuid4()
        for action in (CookieAction.SAVE, CookieAction.REFUSE_ALL):
            say(site, consent=consents[site.key], action=action)
    with django_assert_num_queries(1):
        choices = choices_of(consents)
    assert [choice.said.action for choice in choices] == [CookieAction.REFUSE_ALL] * sites
