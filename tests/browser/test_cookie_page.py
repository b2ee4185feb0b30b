"""The cookie page in a real browser: without script, by keyboard, on a narrow screen, in both schemes."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from preferences.cookies.served import forget_served
from preferences.models import CookieConsent, Site

pytestmark = pytest.mark.browser


@pytest.fixture
def url(live_server: LiveServer, settings: Any, shop: Site) -> str:
    settings.BASE_URL = live_server.url
    return f"{live_server.url}/cookies/shop/"


def said() -> list[str]:
    return list(CookieConsent.objects.order_by("pk").values_list("action", flat=True))


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_choosing_and_taking_it_back(browser: Browser, url: str, script: bool) -> None:
    """The browser tells by itself that the form is ours: the page asks for nothing else."""
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(url)
    assert context.cookies() == []
    page.get_by_role("switch", name="Statistics").check()
    page.get_by_role("button", name="Save my choices").click()
    expect(page.locator("#outcome")).to_contain_text("Saved. Chose by category. Allowed: Statistics.")
    page.goto(url)
    expect(page.get_by_role("switch", name="Statistics")).to_be_checked()
    page.get_by_role("button", name="Refuse all").click()
    expect(page.locator("#outcome")).to_contain_text("Refused all")
    assert said() == ["save", "refuse_all"]
    page.locator(".consent-id a").click()
    page.get_by_role("button", name="Accept all").click()
    expect(page.locator("#outcome")).to_contain_text("Accepted all")
    assert said() == ["save", "refuse_all", "accept_all"]
    assert [cookie["name"] for cookie in context.cookies()] == ["cookie_consents"]
    context.close()


@pytest.mark.parametrize(
    "path", ["", "5f0c9a8e-7f35-4b0e-9c53-2f8f3f9a4e11/"], ids=["cookie", "id in the path"]
)
def test_a_form_on_another_site_chooses_nothing(browser_context: BrowserContext, url: str, path: str) -> None:
    page = browser_context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Refuse all").click()
    page.locator("#outcome").wait_for()
    cookies = browser_context.cookies()
    form = (
        page.locator("form")
        .first.evaluate("form => form.outerHTML")
        .replace('action="#outcome"', f'action="{url}{path}"')
    )
    here, there = ("localhost", "127.0.0.1") if "localhost" in url else ("127.0.0.1", "localhost")
    other = url.replace(here, there)
    page.route(other, lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto(other)
    page.locator("[value=accept_all]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This is not open to you")
    assert said() == ["refuse_all"]
    assert [cookie["value"] for cookie in browser_context.cookies()] == [
        cookie["value"] for cookie in cookies
    ]


def test_enter_on_a_switch_saves_and_accepts_nothing(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("switch", name="Marketing").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("only the necessary ones")
    assert said() == ["save"]


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("gpc", [False, True])
def test_accepting_and_refusing_are_equal_in_size_and_look(
    browser: Browser, url: str, width: int, gpc: bool
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, extra_http_headers={"Sec-GPC": "1"} if gpc else {}
    )
    page = context.new_page()
    page.goto(url)
    accept, refuse = page.locator(".pair button").all()
    one, other = accept.bounding_box(), refuse.bounding_box()
    assert one
    assert other
    assert (one["width"], one["height"]) == (other["width"], other["height"])
    look = (
        "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderColor, s.font] }"
    )
    assert accept.evaluate(look) == refuse.evaluate(look)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_long_name_breaks_at_its_dots_and_nowhere_else(browser: Browser, url: str, shop: Site) -> None:
    shop.name = "www.tallvikmarine.example"
    shop.save()
    forget_served()
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(url)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Cookies on www.tallvikmarine.example")
    lines = heading.evaluate(LINES)
    context.close()
    assert len(lines) > 1
    assert [line for line in lines if line not in {"Cookies on", *PARTS}] == []


PARTS = ("www", "www.tallvikmarine", ".tallvikmarine", ".example", "Cookies on www")
# The text of an element, line by line as it stands on the screen.
LINES = """element => {
    const lines = new Map();
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        for (let at = 0; at < walker.currentNode.length; at++) {
            const range = document.createRange();
            range.setStart(walker.currentNode, at);
            range.setEnd(walker.currentNode, at + 1);
            const { top } = range.getBoundingClientRect();
            lines.set(top, (lines.get(top) ?? "") + range.toString());
        }
    }
    return [...lines.values()].map(line => line.trim()).filter(Boolean);
}"""


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "nb")])
def test_axe_finds_nothing(browser: Browser, url: str, shop: Site, scheme: Any, language: str) -> None:
    context = browser.new_context(
        color_scheme=scheme, locale=language, extra_http_headers={"Sec-GPC": "1"}, reduced_motion="reduce"
    )
    page = context.new_page()
    found = {}
    for name, press in {
        "nothing said": "",
        "accepted": "[value=accept_all]",
        "chosen": "[value=save]",
    }.items():
        page.goto(url)
        if press:
            page.locator(press).click()
            page.locator("#outcome").wait_for()
        for summary in page.locator("summary").all():
            summary.click()
        violations = axe_violations(page)
        if violations:
            found[name] = violations
    context.close()
    assert found == {}


def axe_violations(page: Page) -> list[tuple[str, list[str]]]:
    violations = Axe().run(page).response["violations"]
    return [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in violations]
