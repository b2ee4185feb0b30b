"""The stop link, as a person opens it and as a mailbox provider posts to it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_stop_then_stop_more_then_undo(browser: Browser, site: Site, script: bool) -> None:
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(site.stop)
    expect(page.locator("main")).to_contain_text("a•••@e•••.com")
    expect(page.locator(".ask")).to_contain_text("Product news, from Acme. Channel: E-mail.")

    page.get_by_role("button", name="Stop this").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stopped")
    expect(page.get_by_role("status")).to_contain_text("Product news, Acme – E-mail Stopped.")

    page.get_by_role("button", name="Stop everything from Acme").click()
    expect(page.get_by_role("status")).to_contain_text("Everything from Acme Stopped.")
    expect(page.get_by_role("button")).to_have_text(["Stop all marketing"])

    page.get_by_role("link", name="Undo").click()
    expect(page.locator(".before-after")).to_have_text(re.compile(r"Now\s*No\s*Afterwards\s*Nothing said"))
    page.get_by_role("button", name="Undo this change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undone")

    # The narrower stop, said before, is what holds again.
    page.goto(site.manage)
    expect(page.locator(site.field(site.news))).not_to_be_checked()
    assert context.cookies() == []
    context.close()


def test_opening_the_page_stops_nothing(page: Page, site: Site) -> None:
    page.goto(site.stop)
    page.reload()
    page.goto(site.manage)
    expect(page.locator(site.field(site.news))).to_be_checked()


def test_one_click_is_seen_on_the_preference_page_and_not_on_the_stop_page(page: Page, site: Site) -> None:
    answer = page.request.post(site.stop, form={"List-Unsubscribe": "One-Click"})
    assert (answer.status, answer.text()) == (200, "OK\n")

    page.goto(site.stop)
    expect(page.get_by_role("button")).to_have_text(
        ["Stop this", "Stop everything from Acme", "Stop all marketing"]
    )

    page.goto(site.manage)
    expect(page.locator(site.field(site.news))).not_to_be_checked()
    expect(page.locator(".history li").first).to_contain_text("The unsubscribe button of your mail program")
