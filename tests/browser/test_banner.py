"""The cookie banner on a real site: what is chosen in it holds at once, stays, and is on record."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone
from i18nfield.strings import LazyI18nString
from playwright.sync_api import Browser, BrowserContext, Page, expect

from preferences.cookies.served import forget_served
from preferences.models import Banner, SiteCookie, Wording
from tests.browser.two_origins import (
    ACCEPT,
    CHANGED,
    CLOSE,
    DETAILS,
    FRONT,
    MARKED,
    REFUSE,
    REOPEN,
    SAVE,
    TITLE,
    BannerIn,
    Shop,
    browsing,
    forget_script,
    granted,
    ran,
    recorded,
    settle,
    wait_until,
)

pytestmark = pytest.mark.browser

STORED = """async () => ({
    cookies: document.cookie,
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).length,
    caches: await caches.keys(),
})"""
NOTHING_STORED = {"cookies": "", "local": [], "session": [], "databases": 0, "caches": []}


def test_nothing_is_stored_or_asked_for_before_a_choice(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    shop_front.listen(page)
    page.goto(shop_front.put(MARKED))
    banner.is_shown()
    settle(page)
    published = Banner.objects.latest("pk")
    assert sorted(shop_front.asked) == [("GET", "banner.js"), ("GET", f"texts/{published.pk}/en.json")]
    assert page.evaluate(STORED) == NOTHING_STORED
    assert page.context.cookies() == []
    assert [name for name in ran(page) if name != "necessary"] == []
    assert page.evaluate("said") == []
    assert shop_front.records() == []


def test_looking_into_the_details_and_closing_is_no_choice(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    page.goto(shop_front.put(MARKED))
    banner.open_details()
    banner.switch("Statistics").check()
    banner.button(CLOSE).click()
    expect(banner.button(SAVE)).to_be_hidden()
    banner.is_shown()
    settle(page)
    assert page.context.cookies() == []
    assert "statistics" not in ran(page)
    assert shop_front.records() == []


EVERYTHING = {"necessary", "preferences", "statistics", "marketing"}


@pytest.mark.parametrize(
    ("button", "action", "categories"),
    [(ACCEPT, "accept_all", EVERYTHING), (REFUSE, "refuse_all", {"necessary"})],
)
def test_choice_takes_effect_is_kept_and_recorded(
    page: Page, banner: BannerIn, shop_front: Shop, button: str, action: str, categories: set[str]
) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    published = Banner.objects.latest("pk")

    answer = banner.choose(button)

    assert answer.status == 201
    assert granted(page) == categories
    wait_until(page, lambda: "statistics" in ran(page) or "statistics" not in categories)
    (record,) = shop_front.records()
    assert (record.site_id, record.banner_id, record.version) == (shop_front.site.pk, published.pk, 1)
    assert (record.action, set(record.categories), record.gpc) == (action, categories, False)
    assert (record.language, record.sequence) == ("en", 1)
    assert record.consent == shop_front.consent_id(page)
    assert record.consent.version == 4
    assert record.wordings == [published.content["languages"]["en"]["wordings"]["banner"]]

    # It holds for the next page, which says nothing to anybody.
    shop_front.listen(page)
    page.goto(url)
    page.wait_for_function("said.length")
    settle(page)
    banner.is_gone()
    assert granted(page) == categories
    assert {name for name in ran(page) if name in EVERYTHING} | {"necessary"} == categories
    assert shop_front.asked == [("GET", "banner.js")]
    assert len(shop_front.records()) == 1


def test_choice_by_category(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put(MARKED))
    banner.open_details()
    for name in ("Preferences", "Statistics", "Marketing"):
        expect(banner.switch(name)).not_to_be_checked()
    banner.switch("Statistics").check()
    banner.choose(SAVE)
    assert granted(page) == {"necessary", "statistics"}
    wait_until(page, lambda: "statistics" in ran(page))
    assert not {"preferences", "marketing"} & set(ran(page))
    (record,) = shop_front.records()
    assert (record.action, record.categories) == ("save", ["necessary", "statistics"])
    texts = Banner.objects.latest("pk").content["languages"]["en"]["wordings"]
    assert record.wordings == [texts["banner"], texts["details"]]

    # The details say what holds now.
    page.get_by_role("link", name="Cookies").click()
    expect(banner.switch("Statistics")).to_be_checked()
    expect(banner.switch("Preferences")).not_to_be_checked()


def test_accepting_in_the_details(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.open_details()
    banner.choose(ACCEPT)
    (record,) = shop_front.records()
    assert (record.action, set(record.categories)) == ("accept_all", EVERYTHING)


@pytest.mark.parametrize("language", ["en", "nb"])
def test_wordings_on_record_are_what_stood_on_the_screen(
    page: Page, banner: BannerIn, shop_front: Shop, language: str
) -> None:
    page.goto(shop_front.put(language=language))
    words = Banner.objects.latest("pk").content["languages"][language]
    expect(banner.button(words["accept"])).to_be_visible()
    first = shown(page)
    banner.button(words["details"]).click()
    expect(banner.button(words["save"])).to_be_visible()
    # The cookies of a category stand one press further in.
    for summary in banner.dialog.locator("summary").all():
        summary.click()
    second = shown(page)
    banner.choose(words["refuse"])
    (record,) = shop_front.records()
    assert record.language == language
    texts = [Wording.objects.get(pk=content_hash).text for content_hash in record.wordings]
    assert len(texts) == 2
    assert_same_text(first, texts[0])
    assert_same_text(second, texts[1])


def test_details_of_a_cookie_and_states_in_words(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.button(DETAILS).click()
    cookie = banner.dialog.locator("dl").first
    assert cookie.locator("dt").all_text_contents() == ["Name", "Provider", "Purpose", "Kept for"]
    assert cookie.locator("dd").all_text_contents()[:2] == ["consent_shop", "shop.example"]
    row = banner.dialog.locator(".name", has=page.locator("[name=statistics]"))
    for checked, word in ((True, "On"), (False, "Off")):
        banner.switch("Statistics").set_checked(checked)
        assert row.locator(".state:visible").all_text_contents() == [word]


SHOWN = """() => {
    const found = [];
    const root = document.querySelector("[id^=consent-]").shadowRoot;
    const dialogs = [...root.querySelectorAll("dialog[open]")];
    // A modal dialog stands before any other.
    const top = dialogs.find(dialog => dialog.matches(":modal")) ?? dialogs[0];
    const walker = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        const isDrawing = parent.closest("style, script, [aria-hidden=true], button[aria-label]");
        if (text && !isDrawing && parent.checkVisibility()) found.push(text);
    }
    const labels = [...top.querySelectorAll("button[aria-label]")].map(button => button.ariaLabel);
    return found.concat(labels, [...top.querySelectorAll("a[href]")].map(link => link.href));
}"""


def shown(page: Page) -> list[str]:
    """Every piece of text in the banner, what its signs are called, and where its links lead."""
    return page.evaluate(SHOWN)


def assert_same_text(pieces: list[str], wording: str) -> None:
    """Everything that stood there stands in the wording, and every line of it stood there, maybe in pieces."""
    assert [piece for piece in pieces if piece not in wording] == []
    lines = [line for line in wording.splitlines() if line]
    missing = []
    for line in lines:
        left = line
        for piece in sorted(pieces, key=len, reverse=True):
            left = left.replace(piece, "")
        if left.strip(" :()–-"):
            missing.append(line)
    assert missing == []


@pytest.mark.parametrize(
    ("attributes", "page_language", "browser_language", "expected"),
    [
        ("", "nb", "en-GB", "Avslå alle"),
        ("data-language=nb", "en", "en-GB", "Avslå alle"),
        ("", "", "nb-NO", "Avslå alle"),
        ("", "xx", "yy", "Refuse all"),
        ("", "nb-NO", "en-GB", "Avslå alle"),
        ("", "no", "en-GB", "Avslå alle"),
    ],
)
def test_language(
    browser: Browser,
    shop_front: Shop,
    attributes: str,
    page_language: str,
    browser_language: str,
    expected: str,
) -> None:
    language = {"Avslå alle": "nb", "Refuse all": "en"}[expected]
    with browsing(browser, locale=browser_language) as (page, banner):
        page.goto(shop_front.put(language=page_language, attributes=attributes))
        expect(banner.button(expected)).to_be_visible()
        assert banner.button(expected).evaluate("element => element.closest('[lang]')?.lang") == language


def test_event_says_what_changed(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put()
    page.goto(url)
    banner.choose(REFUSE)
    banner.is_gone()
    page.get_by_role("link", name="Cookies").click()
    banner.switch("Statistics").check()
    banner.choose(SAVE)
    nothing = {"necessary": True, "preferences": False, "statistics": False, "marketing": False}
    common = {"site": "shop", "version": 1, "gpc": False}
    assert page.evaluate("said") == [
        {**common, "categories": nothing, "action": "refuse_all"},
        {**common, "categories": {**nothing, "statistics": True}, "action": "save"},
    ]
    page.goto(url)
    page.wait_for_function("said.length")
    assert page.evaluate("said") == [{**common, "categories": {**nothing, "statistics": True}, "action": ""}]
    assert [(r.sequence, r.action) for r in shop_front.records()] == [(1, "refuse_all"), (2, "save")]


def test_consent_for_programs(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.choose(ACCEPT)
    assert page.evaluate("consent.site") == "shop"
    assert page.evaluate("JSON.stringify(consent.get())").count("statistics") == 1
    page.evaluate("consent.open()")
    expect(banner.button(SAVE)).to_be_visible()
    expect(banner.switch("Statistics")).to_be_checked()


def test_link_reopens_the_banner_and_gets_the_focus_back(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    url = shop_front.put()
    page.goto(url)
    banner.choose(ACCEPT)
    link = page.get_by_role("link", name="Cookies")
    link.click()
    expect(banner.button(REFUSE)).to_be_visible()
    assert page.url == url
    assert page.evaluate("document.activeElement.id") == "consent-shop"
    page.keyboard.press("Escape")
    banner.is_gone()
    expect(link).to_be_focused()
    assert len(shop_front.records()) == 1
    expect(banner.button(REOPEN)).to_have_count(0)


def test_page_without_a_link_gets_a_button(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put(link=False))
    banner.is_shown()
    expect(banner.button(REOPEN)).to_have_count(0)
    banner.choose(REFUSE)
    banner.button(REOPEN).click()
    expect(banner.button(SAVE)).to_be_visible()
    page.keyboard.press("Escape")
    expect(banner.button(REOPEN)).to_be_focused()


def test_link_that_comes_later_opens_too(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(link=False)
    page.goto(url)
    banner.choose(REFUSE)
    page.evaluate("""document.querySelector("main").insertAdjacentHTML(
        "beforeend", "<button type=button data-consent-open>Later <b>cookies</b></button>")""")
    page.get_by_text("cookies", exact=True).click()
    expect(banner.button(SAVE)).to_be_visible()


def test_choice_in_the_first_layer_does_not_move_the_page(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    """The focus goes back to what opened the details, and only when they close."""
    foot = f'<footer><a href="{shop_front.base}" data-consent-open>Cookies</a></footer>'
    page.goto(shop_front.put("<p>More.</p>" * 100 + foot, link=False))
    banner.is_shown()
    link = page.get_by_role("link", name="Cookies", exact=True)
    # The banner covers it, but not for the keyboard.
    link.press("Enter")
    banner.button(CLOSE).click()
    expect(link).to_be_focused()
    page.evaluate("scrollTo(0, 0)")
    banner.choose(REFUSE)
    settle(page)
    assert page.evaluate("scrollY") == 0
    expect(link).not_to_be_focused()


def test_focus_that_comes_back_does_not_move_the_page(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    foot = f'<footer><a href="{shop_front.base}" data-consent-open>Cookies</a></footer>'
    page.goto(shop_front.put("<p>More.</p>" * 100 + foot, link=False))
    banner.choose(REFUSE)
    link = page.get_by_role("link", name="Cookies")
    link.click()
    expect(banner.button(SAVE)).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    banner.button(CLOSE).click()
    expect(link).to_be_focused()
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize(
    "body",
    [
        '<form id="consent"><input name="site"></form>',
        '<a id="consent"></a><a id="consent" name="site"></a>',
    ],
)
def test_elements_named_like_ours_are_no_banner(
    page: Page, banner: BannerIn, shop_front: Shop, body: str
) -> None:
    page.goto(shop_front.put(body))
    banner.choose(REFUSE)
    assert page.evaluate("consent.site") == "shop"


def test_script_loaded_twice_is_one_banner(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    twice = f'<script src="{shop_front.base}banner.js" defer></script>'
    page.goto(shop_front.put(MARKED + twice, head=twice))
    banner.is_shown()
    settle(page)
    expect(banner.host).to_have_count(1)
    expect(banner.button(ACCEPT)).to_have_count(1)
    banner.choose(ACCEPT)
    wait_until(page, lambda: "statistics" in ran(page))
    settle(page)
    assert len(ran(page)) == len(set(ran(page)))
    assert len(shop_front.records()) == 1
    assert len(page.evaluate("said")) == 1


def test_preview_stores_and_sends_nothing(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(attributes="data-preview")
    shop_front.listen(page)
    for _time in range(2):
        page.goto(url)
        banner.is_shown()
        banner.button(ACCEPT).click()
        settle(page)
        assert page.evaluate(STORED) == NOTHING_STORED
    assert page.context.cookies() == []
    assert {method for method, _path in shop_front.asked} == {"GET"}
    assert shop_front.records() == []


def test_choice_runs_out(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    now = timezone.now().timestamp()
    banner.choose(ACCEPT)
    cookie = shop_front.cookie_in(page)
    assert cookie["expires"] == pytest.approx(now + shop_front.site.days * 86400, abs=120)
    assert (cookie["sameSite"], cookie["path"], cookie["domain"]) == ("Lax", "/", FRONT)
    shop_front.keep(page, t=int(now) - shop_front.site.days * 86400 - 60)
    page.goto(url)
    banner.is_shown()
    settle(page)
    assert not {"preferences", "statistics", "marketing"} & set(ran(page))


def test_choice_from_the_future_is_none(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """The clock was set back: it would hold for longer than the days of the site."""
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    now = int(timezone.now().timestamp())
    shop_front.keep(page, t=now + 3600)
    page.goto(url)
    banner.is_shown()
    settle(page)
    assert not {"preferences", "statistics", "marketing"} & set(ran(page))
    # Clocks are never quite alike.
    shop_front.keep(page, t=now + 30)
    page.goto(url)
    wait_until(page, lambda: "statistics" in ran(page))
    banner.is_gone()


def test_choice_holds_below_the_cookie_domain(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    site = shop_front.site
    site.cookie_domain = "shop.localhost"
    other = shop_front.origin.replace("www.", "blog.")
    site.origins = [shop_front.origin, other]
    site.save()
    shop_front.publish()
    page.goto(shop_front.put(MARKED))
    banner.choose(ACCEPT)
    page.goto(other)
    wait_until(page, lambda: "statistics" in ran(page))
    banner.is_gone()


def test_cookie_domain_of_somebody_else_is_left_alone(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    shop_front.site.cookie_domain = "example.com"
    shop_front.site.save()
    shop_front.publish()
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    page.goto(url)
    wait_until(page, lambda: "statistics" in ran(page))
    banner.is_gone()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "%",
        "%7B",
        "null",
        "%5B%5D",
        "7",
        "%7B%22v%22%3A1%2C%22c%22%3A%5B%22statistics%22%5D%7D",
        "%7B%22id%22%3A%221%22%7D",
    ],
)
def test_cookie_that_cannot_be_read_is_no_choice(
    page: Page, banner: BannerIn, shop_front: Shop, value: str
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.context.add_cookies([{"name": shop_front.cookie, "value": value, "url": shop_front.origin}])
    page.goto(shop_front.put(MARKED))
    banner.is_shown()
    settle(page)
    assert not {"preferences", "statistics", "marketing"} & set(ran(page))
    banner.choose(ACCEPT)
    assert len(shop_front.records()) == 1
    assert errors == []


@pytest.fixture
def other_tab(browser_context: BrowserContext) -> Page:
    return browser_context.new_page()


def test_choice_in_one_tab_holds_in_the_other(
    page: Page, other_tab: Page, banner: BannerIn, shop_front: Shop
) -> None:
    url = shop_front.put(MARKED)
    for tab in (page, other_tab):
        tab.goto(url)
        BannerIn(tab).is_shown()
    banner.choose(ACCEPT)
    BannerIn(other_tab).is_gone()
    wait_until(other_tab, lambda: "statistics" in ran(other_tab))
    assert granted(other_tab) == EVERYTHING
    other_tab.get_by_role("link", name="Cookies").click()
    BannerIn(other_tab).choose(REFUSE)
    wait_until(page, lambda: granted(page) == {"necessary"})
    assert [(r.sequence, r.action) for r in shop_front.records()] == [(1, "accept_all"), (2, "refuse_all")]


def test_new_version_asks_again(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    expect(banner.host.get_by_text(CHANGED)).to_have_count(0)
    banner.choose(ACCEPT)
    page.evaluate("document.cookie = '_ga=1; path=/'")
    cookie = SiteCookie.objects.get(name="_fbp")
    cookie.purpose = LazyI18nString({"en": "Sells you to everybody.", "nb": "Selger deg til alle."})
    cookie.save()
    assert shop_front.publish().version == 2
    forget_script(page)

    page.goto(url)
    expect(banner.host.get_by_text(CHANGED)).to_be_visible()
    settle(page)
    assert not {"preferences", "statistics", "marketing"} & set(ran(page))
    assert granted(page) <= {"necessary"}
    # What a yes to the version before has left behind.
    assert "_ga=1" not in page.evaluate("document.cookie")

    banner.choose(ACCEPT)
    wait_until(page, lambda: "statistics" in ran(page))
    first, second = shop_front.records()
    texts = Banner.objects.latest("pk").content["languages"]["en"]["wordings"]
    assert (second.version, second.sequence, second.consent) == (2, 2, first.consent)
    assert set(second.wordings) == {texts["banner"], texts["changed"]}
    page.goto(url)
    wait_until(page, lambda: "statistics" in ran(page))
    banner.is_gone()


def test_new_words_ask_nobody_again(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    shop_front.site.title = LazyI18nString({"en": "Cookies?", "nb": "Kjeks?"})
    shop_front.site.save()
    assert shop_front.publish().version == 1
    forget_script(page)
    page.goto(url)
    wait_until(page, lambda: "statistics" in ran(page))
    banner.is_gone()


@pytest.mark.parametrize("last_check", [-3600, 600, 10**8])
def test_withdrawn_elsewhere_is_honoured_at_the_next_check(
    page: Page, banner: BannerIn, shop_front: Shop, last_check: int
) -> None:
    """One in the future is none: the clock was set back."""
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    consent = withdraw(page, shop_front)

    # Not yet looked at: the last check was a moment ago.
    shop_front.listen(page)
    page.goto(url)
    page.wait_for_function("said.length")
    settle(page)
    assert shop_front.asked == [("GET", "banner.js")]

    shop_front.keep(page, k=int(timezone.now().timestamp()) + last_check)
    page.goto(url)
    wait_until(page, lambda: granted(page) == {"necessary"})
    assert ("GET", f"consent/{consent}") in shop_front.asked
    assert shop_front.kept(page)["c"] == []
    page.goto(url)
    page.wait_for_function("said.length")
    settle(page)
    assert not {"preferences", "statistics", "marketing"} & set(ran(page))
    assert [r.action for r in shop_front.records()] == ["accept_all", "refuse_all"]


def withdraw(page: Page, shop: Shop) -> uuid.UUID:
    """Refuse all, away from the site, with the consent id of this browser."""
    consent = shop.consent_id(page)
    said = {
        "consent": str(consent),
        "banner": Banner.objects.latest("pk").pk,
        "language": "en",
        "action": "refuse_all",
        "categories": {"necessary": True, "preferences": False, "statistics": False, "marketing": False},
        "gpc": False,
        "shown": ["banner"],
    }
    answer = Client().post(
        "/cookies/shop/consent", said, content_type="application/json", headers={"Origin": shop.host}
    )
    assert answer.status_code == 201, answer.content
    return consent


def test_choice_that_stands_is_looked_at_and_kept(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    long_ago = int(timezone.now().timestamp()) - 3600
    shop_front.keep(page, k=long_ago)
    page.goto(url)
    wait_until(page, lambda: shop_front.kept(page)["k"] > long_ago)
    assert granted(page) == EVERYTHING
    assert set(shop_front.kept(page)["c"]) == EVERYTHING - {"necessary"}


def test_site_that_was_retired_is_unharmed(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.is_shown()
    shop_front.site.retired_at = timezone.now()
    shop_front.site.save()
    forget_served()
    forget_script(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    settle(page)
    expect(banner.host).to_have_count(0)
    assert not {"preferences", "statistics", "marketing"} & set(ran(page))
    assert errors == []


def test_dialog_has_the_title_for_its_name(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.is_shown()
    expect(banner.dialog).to_have_accessible_name(TITLE)
    expect(banner.host.get_by_role("heading", name=TITLE)).to_be_visible()
    banner.button(DETAILS).click()
    expect(banner.host.get_by_text("_fbp").filter(visible=True).first).to_be_visible()
    expect(banner.host.get_by_text("Always on")).to_be_visible()
    expect(banner.dialog.last).to_have_accessible_name(DETAILS)


@pytest.mark.parametrize("button", [ACCEPT, REFUSE])
def test_same_choice_again_is_not_recorded_twice(
    page: Page, banner: BannerIn, shop_front: Shop, button: str
) -> None:
    page.goto(shop_front.put())
    banner.choose(button)
    page.get_by_role("link", name="Cookies").click()
    with recorded(page) as answer:
        banner.button(button).click()
    assert answer[0].status == 200
    assert len(shop_front.records()) == 1
