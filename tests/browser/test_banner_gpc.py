"""Global Privacy Control on a real site: it refuses marketing by default and never overrides an explicit yes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from preferences.models import Banner
from tests.browser.two_origins import (
    ACCEPT,
    ACCEPT_GPC,
    GPC,
    GPC_KEPT,
    MARKED,
    REFUSE,
    SAVE,
    BannerIn,
    Shop,
    browsing,
    granted,
    ran,
    settle,
    wait_until,
)

pytestmark = pytest.mark.browser

SWITCHED_ON = """Object.defineProperty(
    Navigator.prototype, "globalPrivacyControl", {get: () => true, configurable: true, enumerable: true})"""


@pytest.fixture
def private(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that sends the signal."""
    context = browser.new_context(locale="en-GB")
    context.add_init_script(SWITCHED_ON)
    yield context
    context.close()


@pytest.fixture
def page(private: BrowserContext) -> Page:
    return private.new_page()


def wordings(*blocks: str) -> set[str]:
    texts = Banner.objects.latest("pk").content["languages"]["en"]["wordings"]
    return {texts[block] for block in blocks}


def test_signal_is_shown_and_refuses_marketing(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    expect(banner.host.get_by_text(GPC)).to_be_visible()
    expect(banner.button(ACCEPT)).to_have_count(0)
    answer = banner.choose(ACCEPT_GPC)
    assert answer.json()["categories"]["marketing"] is False
    wait_until(page, lambda: "statistics" in ran(page))
    settle(page)
    assert granted(page) == {"necessary", "preferences", "statistics"}
    assert page.evaluate("said.at(-1).gpc") is True
    assert "marketing" not in ran(page)
    (record,) = shop_front.records()
    assert (record.action, record.gpc) == ("accept_all", True)
    assert set(record.categories) == {"necessary", "preferences", "statistics"}
    assert set(record.wordings) == wordings("banner", "gpc")
    page.goto(url)
    page.wait_for_function("said.length")
    banner.is_gone()
    assert granted(page) == {"necessary", "preferences", "statistics"}


def test_explicit_yes_in_the_details_stands_and_is_shown(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.open_details()
    expect(banner.host.get_by_text(GPC).last).to_be_visible()
    expect(banner.switch("Marketing")).not_to_be_checked()
    banner.switch("Marketing").check()
    banner.choose(SAVE)
    wait_until(page, lambda: "marketing" in ran(page))
    (record,) = shop_front.records()
    assert (record.action, record.gpc, record.categories) == ("save", True, ["necessary", "marketing"])
    assert set(record.wordings) == wordings("banner", "details", "gpc")

    page.goto(url)
    wait_until(page, lambda: "marketing" in ran(page))
    banner.is_gone()
    page.get_by_role("link", name="Cookies").click()
    expect(banner.switch("Marketing")).to_be_checked()
    expect(banner.host.get_by_text(GPC).last).to_be_visible()
    expect(banner.host.get_by_text(GPC_KEPT)).to_be_visible()


def test_refusing_is_recorded_with_the_signal(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put(MARKED))
    banner.choose(REFUSE)
    (record,) = shop_front.records()
    assert (record.action, record.gpc, record.categories) == ("refuse_all", True, ["necessary"])


def test_yes_from_before_the_signal_does_not_count(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    # Switched on while the browser is running: the page before was still without it.
    page.add_init_script("delete Navigator.prototype.globalPrivacyControl")
    page.goto(url)
    banner.choose(ACCEPT)
    wait_until(page, lambda: "marketing" in ran(page))

    page.add_init_script(SWITCHED_ON)
    page.goto(url)
    expect(banner.host.get_by_text(GPC)).to_be_visible()
    settle(page)
    assert "marketing" not in ran(page)
    assert "marketing" not in granted(page)
    banner.choose(ACCEPT_GPC)
    settle(page)
    assert "marketing" not in ran(page)
    first, second = shop_front.records()
    assert (first.gpc, second.gpc) == (False, True)
    assert first.consent == second.consent
    assert "marketing" in first.categories
    assert "marketing" not in second.categories
    page.goto(url)
    page.wait_for_function("said.length")
    banner.is_gone()


def test_no_from_before_the_signal_still_counts(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """Nothing in it contradicts the signal, so nobody is asked again."""
    url = shop_front.put(MARKED)
    page.add_init_script("delete Navigator.prototype.globalPrivacyControl")
    page.goto(url)
    banner.save(statistics=True)
    page.add_init_script(SWITCHED_ON)
    page.goto(url)
    wait_until(page, lambda: "statistics" in ran(page))
    banner.is_gone()


def test_header_alone_is_the_signal_too(browser: Browser, shop_front: Shop) -> None:
    """A browser or an extension that sends the header, and whose script knows nothing of it."""
    with browsing(browser, extra_http_headers={"Sec-GPC": "1"}) as (page, banner):
        url = shop_front.put(MARKED)
        page.goto(url)
        answer = banner.choose(ACCEPT)
        assert answer.json()["gpc"] is True
        assert answer.json()["categories"]["marketing"] is False
        wait_until(page, lambda: "marketing" not in granted(page))
        (record,) = shop_front.records()
        assert (record.gpc, set(record.categories)) == (True, {"necessary", "preferences", "statistics"})
        page.goto(url)
        page.wait_for_function("said.length")
        settle(page)
        assert "marketing" not in ran(page)


def test_signal_in_consent_mode(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    shop_front.site.consent_mode = True
    shop_front.site.save()
    shop_front.publish()
    page.goto(shop_front.put())
    banner.choose(ACCEPT_GPC)
    update = page.evaluate("Array.from(dataLayer.at(-1))")
    assert update[1] == "update"
    assert update[2]["ad_storage"] == update[2]["ad_user_data"] == update[2]["ad_personalization"] == "denied"
    assert update[2]["analytics_storage"] == "granted"
