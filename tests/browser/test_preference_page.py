"""People change their choices in a real browser: with and without script, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from preferences.enums import Channel, Refusal
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def save(page: Page) -> Locator:
    """Save, and return the part of the page that says what became of it."""
    page.get_by_role("button", name="Save my choices").click()
    return page.locator("#outcome")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_change_is_saved_said_and_undone(browser: Browser, site: Site, script: bool) -> None:
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(site.manage)
    news = page.locator(site.field(site.news))
    expect(news).to_be_checked()
    expect(news).to_have_accessible_description(re.compile(r"^On\. You said yes\. \d+ \w+ \d{4}$"))

    news.uncheck()
    outcome = save(page)

    expect(outcome).to_contain_text("Saved")
    expect(outcome.get_by_role("listitem")).to_have_count(1)
    expect(outcome).to_contain_text("Product news, Acme – E-mail Stopped.")
    expect(news).not_to_be_checked()
    expect(news).to_have_accessible_description(re.compile(r"^Off\. You stopped this\. "))

    outcome.get_by_role("link", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo this change?")
    expect(page.locator(".before-after")).to_have_text(re.compile(r"Now\s*No\s*Afterwards\s*Yes"))
    page.get_by_role("button", name="Undo this change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undone")

    page.goto(site.manage)
    expect(news).to_be_checked()
    expect(page.locator(".history li").first).to_contain_text("You took an earlier change back")
    context.close()


def test_only_what_changed_is_saved(page: Page, site: Site) -> None:
    page.goto(site.manage)
    page.locator(site.field(site.events)).check()
    page.locator(f"[id='p{site.activity.pk}']").uncheck()
    outcome = save(page)
    expect(outcome.get_by_role("listitem")).to_have_count(2)
    expect(outcome).to_contain_text("Events, Acme – E-mail Started.")
    expect(outcome).to_contain_text("Your activity Stopped.")
    expect(page.locator(".history li")).to_have_count(3)


def test_unsaved_change_is_marked(page: Page, site: Site) -> None:
    page.goto(site.manage)
    hint = page.get_by_text("You have changes that are not saved yet.")
    mark = page.locator(".switch", has=page.locator(site.field(site.news))).get_by_text("Not saved yet")
    expect(hint).to_be_hidden()
    expect(mark).to_be_hidden()
    page.locator(site.field(site.news)).uncheck()
    expect(hint).to_be_visible()
    expect(mark).to_be_visible()


def test_stop_all_button_stops_everything(page: Page, site: Site) -> None:
    page.goto(site.manage)
    page.get_by_role("button", name="Stop all marketing", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("All marketing Stopped.")
    for channel in (Channel.EMAIL, Channel.SMS, Channel.POST):
        expect(page.locator(site.field(site.news, channel))).not_to_be_checked()
    expect(page.get_by_role("button", name="Stop all marketing", exact=True)).to_have_count(0)
    expect(page.locator("#all")).to_contain_text("You have stopped this already.")
    # Profiling is another matter.
    expect(page.locator(f"[id='p{site.activity.pk}']")).to_be_checked()


def test_stale_tab_does_not_undo_a_newer_stop(browser_context: BrowserContext, site: Site) -> None:
    stale, other = browser_context.new_page(), browser_context.new_page()
    stale.goto(site.manage)
    other.goto(site.manage)
    other.get_by_role("button", name="Stop all marketing", exact=True).click()

    # It still shows "on" for e-mail, which nobody touches here, and asks for another topic.
    expect(stale.locator(site.field(site.news))).to_be_checked()
    stale.locator(site.field(site.events)).check()
    outcome = save(stale)

    expect(outcome).to_contain_text("Not everything was saved")
    expect(outcome).to_contain_text(str(Refusal.STALE.label))
    expect(stale.locator(site.field(site.news))).not_to_be_checked()
    expect(stale.locator(site.field(site.events))).not_to_be_checked()


def test_old_link_stops_and_offers_a_fresh_one(page: Page, site: Site) -> None:
    page.goto(site.old_manage)
    expect(page.get_by_text("This link is too old to turn anything on.")).to_be_visible()
    expect(page.locator(site.field(site.events))).to_be_disabled()
    page.locator(site.field(site.news)).uncheck()
    expect(save(page)).to_contain_text("Product news, Acme – E-mail Stopped.")
    expect(page.locator(site.field(site.news))).to_be_disabled()

    page.get_by_role("button", name="Send me a fresh link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look in your mailbox")


def test_keyboard_alone(page: Page, site: Site) -> None:
    page.goto(site.manage)
    walk_to(page, page.locator(site.field(site.events)))
    page.keyboard.press("Space")
    walk_to(page, page.get_by_role("button", name="Save my choices"))
    page.keyboard.press("Enter")

    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("Events, Acme – E-mail Started.")
    expect(outcome).to_be_focused()
    walk_to(page, outcome.get_by_role("link", name="Undo"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo this change?")
    walk_to(page, page.get_by_role("button", name="Undo this change"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Undone")


def test_enter_on_a_switch_saves_and_stops_nothing(page: Page, site: Site) -> None:
    page.goto(site.manage)
    page.locator(site.field(site.events)).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Everything was already as you sent it.")
    expect(page.locator(site.field(site.news))).to_be_checked()


def test_focus_is_never_hidden_by_the_save_bar(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 320, "height": 560})
    page.goto(site.manage)
    # There and back: scrolling down and up bring things under different edges.
    walk_to(page, page.get_by_role("link", name=re.compile("Privacy notice")))
    walk_to(page, page.get_by_role("link", name="Skip to the content"), key="Shift+Tab")


def test_page_follows_the_language(page: Page, site: Site) -> None:
    page.goto(site.manage)
    page.get_by_role("link", name="Norsk").click()
    expect(page.locator("html")).to_have_attribute("lang", "nb")
    expect(page.locator("legend", has_text="Produktnytt")).to_be_visible()
    # Saving keeps it.
    page.locator(site.field(site.news)).uncheck()
    page.locator(".save button").click()
    expect(page.locator("html")).to_have_attribute("lang", "nb")


def walk_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Press Tab until `target` has the focus; wherever it comes by, something of the focused thing is in sight."""
    for _step in range(80):
        page.keyboard.press(key)
        assert page.evaluate(FOCUS_IN_SIGHT), page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{target} cannot be reached by {key}")


FOCUS_IN_SIGHT = """() => {
    const element = document.activeElement;
    if (element === document.body) return true;
    const box = element.getClientRects()[0];
    const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return element.contains(seen) || (seen !== null && seen.contains(element) && !seen.matches(".save"));
}"""
