"""Our own pages beside the banner: the same choices without script, and what this browser said."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site as Links
from tests.browser.two_origins import (
    ACCEPT,
    MARKED,
    REFUSE,
    BannerIn,
    Shop,
    browsing,
    granted,
    wait_until,
)

pytestmark = pytest.mark.browser


def test_without_script_nothing_optional_runs_and_the_link_leads_to_the_page(
    browser: Browser, shop_front: Shop
) -> None:
    asked: list[str] = []
    with browsing(browser, java_script_enabled=False) as (page, _banner):
        page.on("request", lambda request: asked.append(request.url))
        page.goto(
            shop_front.put(MARKED + '<iframe data-category="marketing" data-src="/film.html"></iframe>')
        )
        page.wait_for_load_state("networkidle")
        assert [url for url in asked if "ran.js" in url or "film" in url] == []
        page.get_by_role("link", name="Cookies").click()
        expect(page).to_have_url(shop_front.base)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.get_by_role("button", name=REFUSE, exact=True).click()
        wait_until(page, shop_front.records)
        (record,) = shop_front.records()
        assert (record.action, record.categories) == ("refuse_all", ["necessary"])


def test_our_pages_know_what_the_browser_said(
    page: Page, banner: BannerIn, shop_front: Shop, site: Links, settings: Any
) -> None:
    settings.BASE_URL = shop_front.host
    page.goto(shop_front.put())
    banner.save(statistics=True)
    (record,) = shop_front.records()
    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "cookie_consents"]
    assert cookie["value"] == f"shop.{record.consent}"
    assert (cookie["httpOnly"], cookie["path"], cookie["sameSite"]) == (True, "/", "Lax")
    assert cookie["domain"] == "choices.shop.localhost"
    page.goto(site.manage.replace(site.url, shop_front.host))
    expect(page.get_by_text("shop.example").first).to_be_visible()
    page.locator(f"main a[href*='/cookies/{shop_front.site.key}/']").first.click()
    expect(
        page.get_by_role("checkbox", name="Statistics").or_(page.get_by_role("switch", name="Statistics"))
    ).to_be_checked()
    expect(page.get_by_text(str(record.consent)).first).to_be_attached()


def test_page_of_the_same_choices(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """What is withdrawn on our page by the id of the banner holds on the site at its next check."""
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    (record,) = shop_front.records()
    page.goto(f"{shop_front.base}{record.consent}/")
    page.get_by_role("button", name=REFUSE, exact=True).click()
    wait_until(page, lambda: len(shop_front.records()) == 2)
    assert {r.consent for r in shop_front.records()} == {record.consent}
    page.goto(url)
    shop_front.keep(page, k=1)
    page.goto(url)
    wait_until(page, lambda: granted(page) == {"necessary"})
