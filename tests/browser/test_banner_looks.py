"""The cookie banner as people see, read and reach it: equal buttons, every width, colour, direction and key."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from preferences.colours import brand_colours
from tests.browser.test_banner_gpc import SWITCHED_ON
from tests.browser.two_origins import (
    ACCEPT,
    ACCEPT_GPC,
    CLOSE,
    DETAILS,
    REFUSE,
    REOPEN,
    SAVE,
    BannerIn,
    Shop,
    browsing,
    granted,
    recorded,
    settle,
)

pytestmark = pytest.mark.browser


STYLE = """element => {
    const style = getComputedStyle(element);
    return Object.fromEntries([...style].map(name => [name, style.getPropertyValue(name)]));
}"""


# Both at the same moment: the banner may be on its way in.
DIFFERENCE = """(one, other) => {
    const first = one.getBoundingClientRect(), second = other.getBoundingClientRect();
    const styles = [one, other].map(element => getComputedStyle(element));
    const same = (a, b) => Math.abs(a - b) < 0.5;
    return {
        width: first.width - second.width,
        height: first.height - second.height,
        inARow: same(first.top, second.top),
        inAColumn: same(first.left, second.left) && same(first.right, second.right),
        style: [...styles[0]].filter(name =>
            styles[0].getPropertyValue(name) !== styles[1].getPropertyValue(name)),
    };
}"""


def assert_equal_weight(one: Locator, other: Locator) -> None:
    """Same size, beside or above each other, and the same in every property of their style."""
    found = one.evaluate(DIFFERENCE, other.element_handle())
    assert found.pop("inARow") != found.pop("inAColumn")
    assert found == {"width": pytest.approx(0, abs=0.5), "height": pytest.approx(0, abs=0.5), "style": []}


@pytest.mark.parametrize(
    ("width", "language", "private"),
    [(1280, "en", False), (320, "en", False), (1280, "nb", False), (1280, "en", True), (320, "ar", False)],
)
def test_accept_and_refuse_are_equal(
    browser: Browser, shop_front: Shop, width: int, language: str, private: bool
) -> None:
    speak(shop_front, "en", "nb", "ar")
    with browsing(browser, viewport={"width": width, "height": 800}) as (page, banner):
        if private:
            page.add_init_script(SWITCHED_ON)
        page.goto(shop_front.put(language=language))
        words = texts(page, shop_front, language)
        accept = banner.button(words["accept_gpc" if private else "accept"])
        refuse = banner.button(words["refuse"])
        expect(accept).to_be_visible()
        assert_equal_weight(accept, refuse)
        # Neither has the focus, nor anything else that prefers it.
        assert page.evaluate("document.activeElement === document.body")
        banner.button(words["details"]).click()
        expect(banner.button(words["save"])).to_be_visible()
        assert_equal_weight(accept, refuse)


def speak(shop: Shop, *languages: str) -> None:
    shop.site.languages = list(languages)
    shop.site.save()
    shop.publish()


def texts(page: Page, shop: Shop, language: str) -> dict[str, Any]:
    return shop.site.banners.latest("pk").content["languages"][language]


SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) sum += entry.value;
    }).observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 150);
})"""
# Rules that many pages have, and that a thing put into the page could set off.
TOUCHY = """<style>
    body { display: flow-root; margin: 0; }
    body > * + * { margin-block-start: 40px; }
    body > :first-child { border-block-start: 30px solid; }
    main > p:nth-child(2) { padding: 20px; }
</style>"""


@pytest.mark.parametrize("head", ["", TOUCHY, "<style>body { display: grid; gap: 40px; }</style>"])
def test_nothing_on_the_page_moves(page: Page, banner: BannerIn, shop_front: Shop, head: str) -> None:
    page.goto(shop_front.put("<p>More.</p>" * 30, head=head))
    before = page.evaluate("document.querySelector('main').getBoundingClientRect().top")
    banner.is_shown()
    banner.choose(ACCEPT)
    page.get_by_role("link", name="Cookies").click()
    expect(banner.button(SAVE)).to_be_visible()
    page.keyboard.press("Escape")
    assert page.evaluate(SHIFT) == 0
    assert page.evaluate("document.querySelector('main').getBoundingClientRect().top") == before


def test_layout_shift_would_be_seen(page: Page, shop_front: Shop) -> None:
    """That the browser of these tests measures it at all."""
    page.goto(shop_front.put("<p>More.</p>" * 30))
    settle(page)
    page.evaluate("document.body.style.paddingTop = '200px'")
    assert page.evaluate(SHIFT) > 0


OUTSIDE = """() => {
    const root = document.querySelector("[id^=consent-]").shadowRoot;
    const width = document.documentElement.clientWidth;
    return [...root.querySelectorAll("dialog[open] *")]
        .filter(element => element.checkVisibility())
        .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
        .filter(([html, box]) => box.width && (box.left < -0.5 || box.right > width + 0.5))
        .map(([html]) => html);
}"""
SMALL = """() => {
    const root = document.querySelector("[id^=consent-]").shadowRoot;
    return [...root.querySelectorAll("dialog[open] :is(button, a, input, summary)")]
        .filter(element => element.checkVisibility())
        .map(element => [element.outerHTML.slice(0, 80), element.closest("label") ?? element])
        .map(([html, element]) => [html, element.getBoundingClientRect()])
        .filter(([html, box]) => box.width < 24 || box.height < 24)
        .map(([html, box]) => `${html} ${box.width}x${box.height}`);
}"""


@pytest.mark.parametrize(
    ("viewport", "scale", "language"),
    [
        ({"width": 320, "height": 560}, 1, "en"),
        ({"width": 320, "height": 256}, 4, "en"),  # 1280 × 1024 at 400 % (WCAG 2.2, criterion 1.4.10)
        ({"width": 640, "height": 450}, 2, "nb"),  # 1280 × 900 at 200 %
        ({"width": 320, "height": 560}, 1, "ar"),
    ],
)
def test_fits_and_every_button_can_be_reached(
    browser: Browser, shop_front: Shop, viewport: Any, scale: int, language: str
) -> None:
    speak(shop_front, "en", "nb", "ar")
    direction = "rtl" if language == "ar" else "ltr"
    with browsing(browser, viewport=viewport, device_scale_factor=scale) as (page, banner):
        page.goto(shop_front.put(language=language))
        words = texts(page, shop_front, language)
        for buttons in (("accept", "refuse", "details"), ("accept", "refuse", "save", "close")):
            expect(banner.button(words[buttons[-1]])).to_be_visible()
            assert banner.dialog.last.evaluate("element => getComputedStyle(element).direction") == direction
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
            assert page.evaluate(OUTSIDE) == []
            assert page.evaluate(SMALL) == []
            for button in buttons:
                banner.button(words[button]).scroll_into_view_if_needed()
                banner.button(words[button]).click(trial=True)
            if "details" in buttons:
                banner.button(words["details"]).click()


def test_page_stays_usable_under_the_first_layer(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put("<p>More.</p>" * 60))
    banner.is_shown()
    page.get_by_role("button", name="Buy").click()
    page.mouse.move(400, 100)
    page.mouse.wheel(0, 400)
    page.wait_for_function("scrollY > 0")
    covered = banner.dialog.bounding_box()
    assert covered
    assert covered["height"] < 450


@pytest.mark.parametrize(
    ("scheme", "language", "private"), [("light", "en", False), ("dark", "en", False), ("dark", "ar", True)]
)
def test_axe_finds_nothing(
    browser: Browser, shop_front: Shop, scheme: Any, language: str, private: bool
) -> None:
    speak(shop_front, "en", "ar")
    look = "<style>:root { color-scheme: light dark; }</style>"
    axe = Axe()
    with browsing(browser, color_scheme=scheme) as (page, banner):
        if private:
            page.add_init_script(SWITCHED_ON)
        direction = 'dir="rtl"' if language == "ar" else ""
        page.goto(shop_front.put(language=f'{language}" {direction} data-x="', head=look, link=False))
        words = texts(page, shop_front, language)
        expect(banner.button(words["refuse"])).to_be_visible()
        first = found_by(axe, page)
        banner.button(words["details"]).click()
        expect(banner.button(words["save"])).to_be_visible()
        details = found_by(axe, page)
        banner.choose(words["refuse"])
        expect(banner.button(words["reopen"])).to_be_visible()
        assert (first, details, found_by(axe, page)) == ([], [], [])


def found_by(axe: Axe, page: Page) -> list[tuple[str, list[str]]]:
    violations = axe.run(page).response["violations"]
    return [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in violations]


COLOURS = """() => {
    const root = document.querySelector("[id^=consent-]").shadowRoot;
    const found = new Set();
    for (const element of root.querySelectorAll("dialog[open] *")) {
        const style = getComputedStyle(element);
        for (const name of ["color", "background-color", "border-top-color", "accent-color"])
            found.add(style.getPropertyValue(name));
    }
    return [...found];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_looks_of_the_brand(browser: Browser, shop_front: Shop, scheme: Any) -> None:
    brand = shop_front.site.brand
    brand.colour = "#7a1fa2"
    brand.save()
    shop_front.publish()
    look = brand_colours(brand.colour)
    colour = look.on_light if scheme == "light" else look.on_dark
    with browsing(browser, color_scheme=scheme) as (page, banner):
        page.goto(shop_front.put())
        banner.is_shown()
        settle(page)
        assert rgb(colour) in page.evaluate(COLOURS)
        ground = banner.dialog.evaluate("element => getComputedStyle(element).backgroundColor")
        numbers = [int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")[:3]]
        assert (sum(numbers) / 3 > 127) == (scheme == "light")


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


MOVES = """() => {
    const root = document.querySelector("[id^=consent-]").shadowRoot;
    const found = [];
    for (const element of root.querySelectorAll("*")) {
        for (const pseudo of [null, "::before", "::after", "::backdrop"]) {
            const style = getComputedStyle(element, pseudo);
            const animation = style.animationName === "none" ? "" : style.animationDuration;
            const times = `${style.transitionDuration},${animation}`.split(",");
            if (times.some(time => parseFloat(time) > 0.001)) found.push(element.outerHTML.slice(0, 80));
        }
        if (getComputedStyle(element).scrollBehavior === "smooth") found.push(element.outerHTML.slice(0, 80));
    }
    return found;
}"""


def test_nothing_moves_where_less_motion_is_wanted(browser: Browser, shop_front: Shop) -> None:
    with browsing(browser, reduced_motion="reduce") as (page, banner):
        page.goto(shop_front.put())
        banner.is_shown()
        assert page.evaluate(MOVES) == []
        banner.open_details()
        assert page.evaluate(MOVES) == []


def test_forced_colours_keep_buttons_and_switches_apart(browser: Browser, shop_front: Shop) -> None:
    with browsing(browser, forced_colors="active", reduced_motion="reduce") as (page, banner):
        page.goto(shop_front.put())
        banner.is_shown()
        for name in (ACCEPT, REFUSE):
            border = banner.button(name).evaluate("element => getComputedStyle(element).borderTopWidth")
            assert float(border.removesuffix("px")) >= 1
        assert_equal_weight(banner.button(ACCEPT), banner.button(REFUSE))
        banner.open_details()
        switch = banner.switch("Statistics")
        off = look_of(page, switch)
        switch.check()
        page.mouse.move(0, 0)
        switch.blur()
        assert look_of(page, switch) != off


def look_of(page: Page, switch: Locator) -> bytes:
    """A picture of a switch, whatever element draws it."""
    box = switch.evaluate("element => (element.closest('label') ?? element).getBoundingClientRect().toJSON()")
    return page.screenshot(clip={name: box[name] for name in ("x", "y", "width", "height")})


HOSTILE = """<style>
    *:not(html, head, body) {
        display: none !important; visibility: hidden !important; position: static !important;
        font-size: 0 !important; color: transparent !important; line-height: 0 !important;
        width: 1px !important; text-transform: uppercase !important; letter-spacing: 2em !important;
        pointer-events: none !important; user-select: none !important; text-indent: -9999px !important;
    }
    * { all: revert; }
    button, dialog, input, a { all: unset; background: red; width: 10px; opacity: 0.01; transform: scale(4); }
    dialog { inset: 0; display: none; }
    header.sticky { display: block !important; visibility: visible !important; position: fixed !important;
        inset: auto 0 0 0; height: 300px; width: 100% !important; z-index: 1000000; background: gold; }
</style>"""


def test_styles_of_the_page_do_not_reach_it(browser: Browser, shop_front: Shop) -> None:
    plain: dict[str, Any] = {}
    for head, body in (("", ""), (HOSTILE, '<header class="sticky">Offers!</header>')):
        with browsing(browser) as (page, banner):
            page.goto(shop_front.put(body, head=head, link=not head))
            banner.is_shown()
            settle(page)
            plain[head] = banner.button(ACCEPT).bounding_box(), banner.button(ACCEPT).evaluate(STYLE)
            # Not covered by anything either: a real click arrives.
            banner.open_details()
            banner.choose(ACCEPT)
    assert plain[""] == plain[HOSTILE]


# By keyboard


FOCUSED = """() => {
    const element = document.activeElement;
    const inner = element.shadowRoot?.activeElement;
    return inner ? (inner.getAttribute("aria-label") ?? inner.innerText ?? "") || inner.tagName : element.tagName;
}"""
IN_SIGHT = """() => {
    const root = document.querySelector("[id^=consent-]").shadowRoot;
    const element = root.activeElement;
    if (!element) return true;
    const box = element.getBoundingClientRect();
    const target = root.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const label = element.closest("label");
    return element.contains(target) || (label?.contains(target) ?? false);
}"""


def walk_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Press Tab until the target has the focus; whatever has it on the way can be seen and shows it."""
    for _step in range(40):
        page.keyboard.press(key)
        assert page.evaluate(IN_SIGHT), page.evaluate(FOCUSED)
        if has_focus(target):
            return
    pytest.fail(f"{target} cannot be reached by {key}")


def has_focus(target: Locator) -> bool:
    return target.evaluate("element => element.getRootNode().activeElement === element")


def test_everything_by_keyboard(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.is_shown()
    # The first thing that Tab comes to stands in the banner.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "consent-shop"
    page.keyboard.press("Shift+Tab")

    details = banner.button(DETAILS)
    walk_to(page, details)
    page.keyboard.press("Enter")
    expect(banner.button(SAVE)).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "consent-shop"
    page.keyboard.press("Escape")
    expect(banner.button(SAVE)).to_be_hidden()
    assert page.context.cookies() == []
    expect(details).to_be_focused()

    page.keyboard.press("Enter")
    walk_to(page, banner.switch("Statistics"))
    page.keyboard.press("Space")
    expect(banner.switch("Statistics")).to_be_checked()
    walk_to(page, banner.button(SAVE))
    with recorded(page):
        page.keyboard.press("Enter")
    banner.is_gone()
    assert granted(page) == {"necessary", "statistics"}

    link = page.get_by_role("link", name="Cookies")
    for _step in range(10):
        page.keyboard.press("Tab")
        if link.evaluate("element => element === document.activeElement"):
            break
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    walk_to(page, banner.button(REFUSE))
    with recorded(page):
        page.keyboard.press("Space")
    banner.is_gone()
    expect(link).to_be_focused()
    assert granted(page) == {"necessary"}


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_focus_stays_in_the_details(page: Page, banner: BannerIn, shop_front: Shop, key: str) -> None:
    page.goto(shop_front.put())
    banner.open_details()
    met = set()
    for _step in range(30):
        page.keyboard.press(key)
        # Past the last thing the focus is the browser's own, then the dialog's again.
        assert page.evaluate("document.activeElement.id || document.activeElement.tagName") in {
            "consent-shop",
            "BODY",
        }
        assert page.evaluate(IN_SIGHT)
        met.add(page.evaluate(FOCUSED))
    assert {ACCEPT, REFUSE, SAVE, CLOSE} <= met


UNDER_THE_BUTTONS = """() => {
    const focused = document.querySelector("[id^=consent-]").shadowRoot.activeElement;
    const dialog = focused?.closest("dialog");
    const buttons = dialog?.querySelector(".actions");
    // What scrolls is itself reached by Tab.
    if (!focused || focused === dialog || buttons.contains(focused)) return 0;
    const shown = (focused.closest("label") ?? focused).getBoundingClientRect();
    return Math.max(0, shown.bottom - buttons.getBoundingClientRect().top);
}"""


@pytest.mark.parametrize(("language", "height"), [("nb", 568), ("ar", 568), ("nb", 460)])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_buttons_that_stay_in_sight_hide_nothing_that_has_the_focus(
    browser: Browser, shop_front: Shop, language: str, height: int, key: str
) -> None:
    """WCAG 2.2, criterion 2.4.11, on a small phone and with the longest label."""
    speak(shop_front, "en", "nb", "ar")
    with browsing(browser, viewport={"width": 320, "height": height}) as (page, banner):
        page.add_init_script(SWITCHED_ON)
        page.goto(shop_front.put(language=language))
        words = texts(page, shop_front, language)
        banner.button(words["details"]).click()
        expect(banner.button(words["save"])).to_be_visible()
        for summary in banner.dialog.locator("summary").all():
            summary.press("Enter")
        banner.button(words["close"]).focus()
        for _step in range(16):
            page.keyboard.press(key)
            assert page.evaluate(UNDER_THE_BUTTONS) == 0, page.evaluate(FOCUSED)


def test_focus_is_seen(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.is_shown()
    for name in (ACCEPT, REFUSE, DETAILS):
        button = banner.button(name)
        walk_to(page, button)
        outline = button.evaluate(
            "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
        )
        assert outline[0] != "none"
        assert outline[1] >= 2


def test_first_layer_does_not_take_the_focus(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put('<label>Search <input id="search" autofocus></label>'))
    banner.is_shown()
    settle(page)
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("shoes")
    expect(page.locator("#search")).to_have_value("shoes")


def test_small_button_does_not_hide_what_is_focused(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """It stands in a corner and is small."""
    page.set_viewport_size({"width": 320, "height": 560})
    page.goto(shop_front.put(link=False))
    banner.choose(REFUSE)
    box = banner.button(REOPEN).bounding_box()
    assert box
    assert 24 <= box["height"] <= 64
    assert 24 <= box["width"] <= 200
    assert box["y"] + box["height"] <= 560


def test_private_browser_reads_the_same_names(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.add_init_script(SWITCHED_ON)
    page.goto(shop_front.put())
    expect(banner.button(ACCEPT_GPC)).to_be_visible()
    walk_to(page, banner.button(ACCEPT_GPC))
