"""What is served: from memory, soon after it was published, and while the database is gone."""

import datetime as dt
import threading

import pytest
from django.db import OperationalError, connection
from i18nfield.strings import LazyI18nString

from preferences.colours import brand_colours
from preferences.cookies import served
from preferences.cookies.publish import publish
from preferences.cookies.served import MOST_SECONDS, banner_of, forget_served, served_site
from preferences.models import Banner, Site
from tests.at_once import at_once
from tests.factories import SiteCategoryFactory, SiteCookieFactory, SiteFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


class Clock:
    """Stands in for the time module of served.py."""

    def __init__(self):
        self.seconds = 1000.0

    def monotonic(self):
        return self.seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(served, "time", clock)
    forget_served()
    yield clock
    forget_served()


def lose_connection():
    """The server throws this connection out: what comes next on it fails, as when the database is gone."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    other.close()


def test_all_that_the_hot_path_needs(shop):
    banner = shop.banners.get()
    site = served_site("shop")
    assert (site.site, site.key, site.name) == (shop.pk, "shop", "shop.example")
    assert site.origins == frozenset({"https://shop.example"})
    assert (site.banner, site.version, site.content) == (banner.pk, 1, banner.content)
    assert (site.days, site.cookie_domain, site.consent_mode) == (180, "", False)
    assert (site.brand, site.brand_key, site.brand_name) == (shop.brand_id, "acme", "Acme")
    assert site.colours == brand_colours("#1f4b99")
    assert site.asset is site.asset
    assert site.asset.etag.startswith(f'"{banner.pk}-1-')


def test_from_memory_until_it_is_five_seconds_old(shop, clock, django_assert_num_queries):
    with django_assert_num_queries(2):
        first = served_site("shop")
    clock.seconds += MOST_SECONDS - 0.01
    with django_assert_num_queries(0):
        assert served_site("shop") is first
    clock.seconds += 0.02
    with django_assert_num_queries(1):
        again = served_site("shop")
    # The very same, so that the script is not made anew.
    assert again is first


@pytest.mark.parametrize(
    ("model", "column", "value", "shown"),
    [
        (Site, "origins", ["https://new.example"], ("origins", frozenset({"https://new.example"}))),
        (Site, "days", 30, ("days", 30)),
        (Site, "cookie_domain", "shop.example", ("cookie_domain", "shop.example")),
        (Site, "consent_mode", True, ("consent_mode", True)),
        ("brand", "colour", "#aa0000", ("colour", "#aa0000")),
        ("brand", "name", "Acme Group", ("brand_name", "Acme Group")),
    ],
)
def test_a_change_is_served_within_five_seconds(shop, clock, model, column, value, shown):
    before = served_site("shop")
    script = before.asset
    row = shop.brand if model == "brand" else shop
    setattr(row, column, value)
    row.save()

    assert served_site("shop") is before
    clock.seconds += MOST_SECONDS
    after = served_site("shop")

    assert getattr(after, shown[0]) == shown[1]
    assert after.banner == before.banner
    assert after.asset is not script


def test_a_new_banner_is_served_within_five_seconds(shop, clock, django_assert_num_queries):
    before = served_site("shop")
    SiteCookieFactory(site=shop, name="_gid")
    banner = publish(shop, now=NOW)
    clock.seconds += MOST_SECONDS
    with django_assert_num_queries(2):
        after = served_site("shop")
    assert (after.banner, after.version, after.content) == (banner.pk, 2, banner.content)
    assert after.asset.etag != before.asset.etag


@pytest.mark.parametrize("state", ["unknown", "unpublished", "retired"])
def test_what_is_not_served(shop, clock, state, django_assert_num_queries):
    key = "nonsense"
    if state == "unpublished":
        key = SiteFactory().key
    elif state == "retired":
        key = "shop"
        assert served_site(key)
        Site.objects.update(retired_at=NOW)
        clock.seconds += MOST_SECONDS
    with django_assert_num_queries(1):
        assert served_site(key) is None
    with django_assert_num_queries(0):
        assert served_site(key) is None


def test_a_site_is_served_soon_after_its_first_publishing_and_after_its_return(shop, clock):
    site = SiteFactory(key="new")
    SiteCategoryFactory(site=site, category="necessary")
    assert served_site("new") is None
    publish(site, now=NOW)
    assert served_site("new") is None
    clock.seconds += MOST_SECONDS
    assert served_site("new").version == 1
    for retired_at, version in ((NOW, None), (None, 1)):
        Site.objects.filter(key="new").update(retired_at=retired_at)
        clock.seconds += MOST_SECONDS
        found = served_site("new")
        assert (found and found.version) == version


def test_unknown_keys_do_not_fill_the_memory_and_push_no_site_out(shop, django_assert_num_queries):
    first = served_site("shop")
    for number in range(served._MOST_UNKNOWN + 10):
        assert served_site(f"nonsense-{number}") is None
    assert len(served._unknown) <= served._MOST_UNKNOWN
    with django_assert_num_queries(0):
        assert served_site("shop") is first


def test_older_banners_by_their_ids_read_once(shop, django_assert_num_queries):
    first = shop.banners.get()
    other = SiteFactory()
    SiteCategoryFactory(site=other, category="necessary")
    elsewhere = publish(other, now=NOW)
    shop.title = LazyI18nString({"en": "Cookies?"})
    shop.save()
    second = publish(shop, now=NOW)

    with django_assert_num_queries(1):
        assert banner_of(shop.pk, first.pk) == first.content
        assert banner_of(shop.pk, first.pk) == first.content
    assert banner_of(shop.pk, second.pk) == second.content
    assert banner_of(shop.pk, elsewhere.pk) is None
    assert banner_of(other.pk, first.pk) is None


def test_a_banner_that_does_not_exist_yet_is_found_later(shop):
    newest = shop.banners.get().pk
    assert banner_of(shop.pk, newest + 1) is None
    banner = Banner.objects.create(pk=newest + 1, site=shop, version=2, content={"a": 1}, published_at=NOW)
    assert banner_of(shop.pk, banner.pk) == {"a": 1}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_takes_nothing_away(shop, clock):
    before = served_site("shop")
    lose_connection()
    clock.seconds += 3600

    assert served_site("shop") is before
    # Asked again only when it has grown old again.
    clock.seconds += MOST_SECONDS - 0.01
    assert served_site("shop") is before

    connection.close()
    Site.objects.update(days=30)
    assert served_site("shop") is before
    clock.seconds += 0.02
    assert served_site("shop").days == 30


@pytest.mark.django_db(transaction=True)
def test_what_is_not_in_memory_is_not_denied_while_the_database_is_gone(shop, clock):
    """Nobody is told that there is no such site, when all we know is that we cannot tell."""
    assert served_site("nonsense") is None
    clock.seconds += MOST_SECONDS
    lose_connection()
    for key in ("nonsense", "shop"):
        with pytest.raises(OperationalError):
            served_site(key)
    with pytest.raises(OperationalError):
        banner_of(shop.pk, 1)
    connection.close()
    assert served_site("shop")


@pytest.mark.django_db(transaction=True)
def test_one_asks_a_slow_database_and_nobody_else_waits(shop, clock, monkeypatch):
    before = served_site("shop")
    clock.seconds += MOST_SECONDS
    asked, answer = threading.Event(), threading.Event()
    calls = []

    def slow(key, **kwargs):
        calls.append(key)
        asked.set()
        assert answer.wait(10)
        return before

    def others():
        assert asked.wait(10)
        clock.seconds += 60
        found = [served_site("shop") for _ in range(3)]
        answer.set()
        return found

    monkeypatch.setattr(served, "_read", slow)
    assert at_once(lambda: served_site("shop"), others) == [before, [before] * 3]
    assert calls == ["shop"]
    assert served_site("shop") is before


def test_a_mistake_of_ours_is_not_hidden_and_does_not_stop_the_asking(shop, clock, monkeypatch):
    served_site("shop")
    clock.seconds += MOST_SECONDS
    with monkeypatch.context() as patch:
        patch.setattr(served, "_read", None)
        with pytest.raises(TypeError):
            served_site("shop")
    Site.objects.update(days=30)
    assert served_site("shop").days == 30
