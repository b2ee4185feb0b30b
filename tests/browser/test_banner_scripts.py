"""What a page has marked starts after consent to its category, and stops when consent is withdrawn."""

import pytest
from playwright.sync_api import ConsoleMessage, Page, Route, expect

from preferences.models import SiteCategory
from tests.browser.two_origins import (
    ACCEPT,
    HOST,
    MARKED,
    REFUSE,
    SAVE,
    BannerIn,
    File,
    Shop,
    granted,
    ran,
    settle,
    wait_until,
)

pytestmark = pytest.mark.browser

NONCE = "c29tZXRoaW5n"


def strict(shop: Shop, **more: str) -> dict[str, str]:
    """The Content-Security-Policy of a careful site: it lets the banner in and nothing else."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'nonce-{NONCE}'",
        "style-src": "'none'",
        "connect-src": shop.host,
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        **more,
    }
    if not policy["require-trusted-types-for"]:
        del policy["require-trusted-types-for"]
    return {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}


ORDERED = """
    <script nonce="{nonce}" type="text/plain" data-category="statistics" src="/ran.js?first" id="one"></script>
    <script nonce="{nonce}" type="text/plain" data-category="statistics">ran.push("second")</script>
    <script nonce="{nonce}" type="text/plain" data-category="statistics" src="/ran.js?third"></script>
    <script nonce="{nonce}" type="text/plain" data-category="statistics">ran.push("fourth")</script>
    <script nonce="{nonce}" type="text/plain" data-category="marketing" src="/ran.js?marketing"></script>
"""


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of, refused scripts and styles included."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "favicon.ico" not in message.location.get("url", ""):
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_marked_scripts_start_in_order_under_a_strict_policy(
    page: Page, banner: BannerIn, shop_front: Shop, complaints: list[str]
) -> None:
    # Trusted Types want a policy for text that becomes a script, which is the page's to give.
    url = shop_front.put(
        ORDERED.format(nonce=NONCE),
        nonce=NONCE,
        headers=strict(shop_front, **{"require-trusted-types-for": "", "img-src": "'self'"}),
        head='<link rel="icon" href="data:,">',
    )
    page.goto(url)
    # It is styled although the page allows no style.
    expect(banner.dialog).to_have_css("position", "fixed")
    settle(page)
    assert ran(page) == []
    banner.save(statistics=True)
    wait_until(page, lambda: "fourth" in ran(page))
    settle(page)
    assert ran(page) == ["first", "second", "third", "fourth"]
    assert page.evaluate("document.querySelector('#one').dataset.category") == "statistics"
    page.goto(url)
    wait_until(page, lambda: "fourth" in ran(page))
    settle(page)
    assert ran(page) == ["first", "second", "third", "fourth"]
    assert [text for text in complaints if "data:" not in text] == []


def test_banner_works_where_trusted_types_are_required(
    page: Page, banner: BannerIn, shop_front: Shop, complaints: list[str]
) -> None:
    url = shop_front.put(nonce=NONCE, headers=strict(shop_front), head='<link rel="icon" href="data:,">')
    page.goto(url)
    banner.save(statistics=True)
    assert granted(page) == {"necessary", "statistics"}
    assert [text for text in complaints if "data:" not in text] == []


def test_banner_works_as_an_external_file_without_a_nonce(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    """A policy that names the host of the banner is enough."""
    policy = {"script-src": f"'self' 'nonce-{NONCE}' {shop_front.host}", "require-trusted-types-for": ""}
    # The notes of the page have the nonce, the banner's script none.
    url = shop_front.put(
        '<script type="text/plain" data-category="statistics" src="/ran.js?external"></script>',
        nonce=NONCE,
        headers=strict(shop_front, **policy),
    )
    file = shop_front.front.files["/"]
    tag = f'banner.js" defer nonce="{NONCE}"'
    assert tag in file.body
    shop_front.front.files["/"] = File(body=file.body.replace(tag, 'banner.js" defer'), headers=file.headers)
    page.goto(url)
    expect(banner.dialog).to_have_css("position", "fixed")
    banner.choose(ACCEPT)
    wait_until(page, lambda: ran(page) == ["external"])


def test_no_script_borrows_the_nonce_of_the_banner(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """Else whoever may put markup into a page, which the policy makes harmless, could run scripts in it."""
    bad = '<script type="text/plain" data-category="statistics">ran.push("injected")</script>'
    wrong = bad.replace("<script", '<script nonce="d3Jvbmc="')
    url = shop_front.put(
        bad + wrong, nonce=NONCE, headers=strict(shop_front, **{"require-trusted-types-for": ""})
    )
    page.goto(url)
    banner.choose(ACCEPT)
    settle(page)
    assert ran(page) == []


def test_what_was_slipped_into_the_page_never_starts(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """'strict-dynamic' lets in whatever a trusted script starts, so the banner looks at the nonce itself."""
    slipped_in = """
        <img name="currentScript" alt="">
        <script type="text/plain" data-category="necessary" src="/ran.js?evil"></script>
        <script type="text/plain" data-category="necessary" src="/ran.js?wrong" nonce="d3Jvbmc="></script>
        <script type="text/plain" data-category="statistics" src="/ran.js?evil-later"></script>"""
    own = f'<script type="text/plain" data-category="necessary" src="/ran.js?own" nonce="{NONCE}"></script>'
    policy = {"script-src": f"'nonce-{NONCE}' 'strict-dynamic'", "require-trusted-types-for": ""}
    page.goto(shop_front.put(slipped_in + own, nonce=NONCE, headers=strict(shop_front, **policy)))
    wait_until(page, lambda: "own" in ran(page))
    banner.choose(ACCEPT)
    settle(page)
    assert ran(page) == ["own"]


@pytest.mark.parametrize("url", ["javascript:", "JavaScript:", "\tjava\nscript:", "data:text/html,", "//["])
def test_only_addresses_on_the_web_are_embedded(
    page: Page, banner: BannerIn, shop_front: Shop, url: str
) -> None:
    bad = f"""<iframe data-category="necessary" data-src="{url}parent.ran.push('evil')" title="Evil"></iframe>"""
    good = '<iframe data-category="necessary" data-src="count.html" title="Good"></iframe>'
    page.goto(shop_front.put(bad + good))
    banner.is_shown()
    expect(page.get_by_title("Good")).to_have_attribute("src", "count.html")
    settle(page)
    assert page.get_by_title("Evil").get_attribute("src") is None
    assert ran(page) == []


@pytest.mark.parametrize("category", ["preferences", "statistics", "marketing"])
def test_only_what_was_allowed_starts(page: Page, banner: BannerIn, shop_front: Shop, category: str) -> None:
    page.goto(shop_front.put(MARKED))
    banner.save(**{category: True})
    wait_until(page, lambda: category in ran(page))
    settle(page)
    expected = {"necessary", category} | ({"slow-statistics"} if category == "statistics" else set())
    assert set(ran(page)) | {"necessary"} == expected


def test_category_that_the_site_does_not_ask_about_never_starts(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    SiteCategory.objects.get(site=shop_front.site, category="preferences").delete()
    shop_front.publish()
    page.goto(shop_front.put(MARKED))
    answer = banner.choose(ACCEPT)
    assert answer.json()["categories"] == {"necessary": True, "statistics": True, "marketing": True}
    wait_until(page, lambda: "marketing" in ran(page))
    settle(page)
    assert not {"preferences", "telepathy", "no category"} & set(ran(page))


def test_scripts_that_come_later_wait_and_start_too(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.is_shown()
    add = """name => {
        const script = document.createElement("script");
        script.type = "text/plain";
        script.dataset.category = "statistics";
        script.textContent = `ran.push("${name}")`;
        const wrapper = document.createElement("section");
        wrapper.append(script);
        document.body.append(wrapper);
    }"""
    page.evaluate(add, "before")
    settle(page)
    assert ran(page) == []
    banner.choose(ACCEPT)
    page.evaluate(add, "after")
    wait_until(page, lambda: ran(page) == ["before", "after"])


def test_body_that_is_swapped_keeps_the_banner_and_its_marks(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    """As sites do that load the next page by script."""
    page.goto(shop_front.put())
    banner.is_shown()
    page.evaluate("""() => {
        const body = document.createElement("body");
        body.innerHTML = `<h1>Next</h1>
            <script type="text/plain" data-category="statistics">ran.push("next")</` + `script>`;
        document.body.replaceWith(body);
    }""")
    banner.is_shown()
    settle(page)
    assert ran(page) == []
    banner.choose(ACCEPT)
    wait_until(page, lambda: ran(page) == ["next"])


def test_async_scripts_start_too(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(
        shop_front.put(
            '<script type="text/plain" data-category="statistics" src="/ran.js?async" async></script>'
            '<script type="text/plain" data-category="statistics">ran.push("plain")</script>'
        )
    )
    banner.choose(ACCEPT)
    wait_until(page, lambda: set(ran(page)) == {"async", "plain"})


def test_script_that_hangs_holds_up_its_own_category_and_not_for_long(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    held: list[Route] = []
    page.route("**/hangs.js", lambda route: held.append(route))
    page.goto(
        shop_front.put("""
            <script type="text/plain" data-category="statistics" src="/hangs.js"></script>
            <script type="text/plain" data-category="statistics">ran.push("next")</script>
            <script type="text/plain" data-category="marketing">ran.push("other")</script>""")
    )
    banner.choose(ACCEPT)
    wait_until(page, lambda: held)
    assert ran(page) == ["other"]
    wait_until(page, lambda: ran(page) == ["other", "next"], seconds=8)
    held[0].abort()


FRAMES = """
    <iframe data-category="marketing" data-src="/film.html" title="A film" width="300" height="150"></iframe>
    <iframe data-category="statistics" data-src="/count.html" title="A count"></iframe>
    <img data-category="marketing" data-src="/pixel.gif" alt="">
"""


def test_frames_and_pictures_come_with_consent_and_go_with_it(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(shop_front.origin)))
    page.goto(shop_front.put(FRAMES))
    banner.is_shown()
    settle(page)
    wanted = {"/film.html", "/count.html", "/pixel.gif"}
    assert not wanted & set(asked)
    film, count, pixel = (
        page.locator("[title='A film']"),
        page.locator("[title='A count']"),
        page.locator("img"),
    )
    banner.save(marketing=True)
    expect(film).to_have_attribute("src", "/film.html")
    expect(pixel).to_have_attribute("src", "/pixel.gif")
    settle(page)
    assert wanted & set(asked) == {"/film.html", "/pixel.gif"}
    page.get_by_role("link", name="Cookies").click()
    banner.choose(REFUSE)
    for element in (film, count, pixel):
        expect(element).not_to_have_attribute("src", "/film.html")
        assert element.get_attribute("src") in (None, "", "about:blank")
    page.get_by_role("link", name="Cookies").click()
    banner.choose(ACCEPT)
    expect(film).to_have_attribute("src", "/film.html")
    expect(count).to_have_attribute("src", "/count.html")


STOPPABLE = """
    <script type="text/plain" data-category="statistics" data-stop="counter.parts.stop">
        window.counter = {name: "it", parts: {stop() { ran.push("stopped " + (this === counter.parts)); }}};
        document.cookie = "_ga=1; path=/";
        document.cookie = "_ga_AB12=1; path=/";
        document.cookie = "_ga_WIDE=1; path=/; domain=shop.localhost";
        document.cookie = "_gat=1; path=/";
        document.cookie = "basket=1; path=/";
        ran.push("started");
    </script>
    <script type="text/plain" data-category="statistics" data-stop="nothing.like.it">ran.push("no stop")</script>
    <script type="text/plain" data-category="statistics" data-stop="breaks">
        window.breaks = () => { throw new Error("of the page") };
    </script>
    <script type="text/plain" data-category="marketing" data-stop="never">
        document.cookie = "_fbp=1; path=/";
        window.never = () => ran.push("stopped marketing");
    </script>
"""


def names(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def test_withdrawal_stops_what_can_be_stopped(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put(STOPPABLE))
    banner.choose(ACCEPT)
    wait_until(page, lambda: "_fbp" in names(page))
    assert {"_ga", "_ga_AB12", "_ga_WIDE", "_gat", "basket", "_fbp"} <= names(page)

    page.get_by_role("link", name="Cookies").click()
    banner.switch("Statistics").uncheck()
    banner.choose(SAVE)

    assert page.evaluate("said.at(-1)")["categories"] == {
        "necessary": True,
        "preferences": True,
        "statistics": False,
        "marketing": True,
    }
    assert ran(page) == ["started", "no stop", "stopped true"]
    wait_until(page, lambda: not {"_ga", "_ga_AB12", "_ga_WIDE"} & names(page))
    assert {"_gat", "basket", "_fbp", shop_front.cookie} <= names(page)
    record = shop_front.records()[-1]
    assert (record.action, set(record.categories)) == ("save", {"necessary", "preferences", "marketing"})


LATE = """
    ran.push("late");
    document.cookie = "_ga=1; path=/";
    window.late = {stop() { ran.push("stopped"); }};
"""
# A browser in which a script that was taken out of the page runs all the same.
RUNS_ANYWAY = "Document.prototype.adoptNode = node => node"


@pytest.mark.parametrize("kind", ["", "async", "data-type=module"])
@pytest.mark.parametrize(("browser_script", "expected"), [("", []), (RUNS_ANYWAY, ["late", "stopped"])])
def test_script_still_on_its_way_when_consent_is_withdrawn(
    page: Page, banner: BannerIn, shop_front: Shop, kind: str, browser_script: str, expected: list[str]
) -> None:
    held: list[Route] = []
    page.route("**/late.js", lambda route: held.append(route))
    page.add_init_script(browser_script)
    shop_front.front.files["/late.js"] = File(body=LATE, headers={"Content-Type": "text/javascript"})
    marked = '<script type="text/plain" data-category="statistics" data-stop="late.stop" src="/late.js"'
    page.goto(shop_front.put(f"{marked} {kind}></script>"))
    banner.choose(ACCEPT)
    wait_until(page, lambda: held)
    page.get_by_role("link", name="Cookies").click()
    banner.choose(REFUSE)
    held[0].continue_()
    wait_until(page, lambda: ran(page) == expected)
    settle(page)
    assert ran(page) == expected
    assert "_ga" not in names(page)
    if not expected:
        # Who changes their mind once more gets it.
        page.unroute("**/late.js")
        page.get_by_role("link", name="Cookies").click()
        banner.choose(ACCEPT)
        wait_until(page, lambda: ran(page) == ["late"])


def test_cookies_below_a_path_are_deleted_at_the_next_load_too(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    """What a script left behind before it was stopped goes at the next load, if not at once."""
    url = shop_front.put(STOPPABLE)
    page.goto(url)
    banner.choose(REFUSE)
    page.evaluate("document.cookie = '_ga=left; path=/'")
    page.goto(url)
    page.wait_for_function("said.length")
    wait_until(page, lambda: "_ga" not in names(page))


SIGNALS = {
    "ad_storage": "marketing",
    "ad_user_data": "marketing",
    "ad_personalization": "marketing",
    "analytics_storage": "statistics",
    "functionality_storage": "preferences",
    "personalization_storage": "preferences",
}
LAYER = """(window.dataLayer ?? []).map(entry =>
    [Object.prototype.toString.call(entry), ...Array.from(entry)])"""


def signals(*categories: str) -> dict[str, str]:
    return {name: "granted" if of in categories else "denied" for name, of in SIGNALS.items()}


def test_consent_mode(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    shop_front.site.consent_mode = True
    shop_front.site.save()
    shop_front.publish()
    url = shop_front.put()
    page.goto(url)
    banner.is_shown()
    default = {**signals(), "security_storage": "granted", "wait_for_update": 500}
    assert page.evaluate(LAYER) == [["[object Arguments]", "consent", "default", default]]
    banner.save(statistics=True)
    update = page.evaluate(LAYER)[1:]
    assert [entry[:3] for entry in update] == [["[object Arguments]", "consent", "update"]]
    assert {**signals("statistics")}.items() <= update[0][3].items()

    page.goto(url)
    page.wait_for_function("said.length")
    # Google's documentation asks for both at every page: what holds until it is heard, and what was chosen.
    assert page.evaluate(LAYER) == [
        ["[object Arguments]", "consent", "default", default],
        ["[object Arguments]", "consent", "update", {**signals("statistics"), "security_storage": "granted"}],
    ]

    page.get_by_role("link", name="Cookies").click()
    banner.choose(REFUSE)
    last = page.evaluate(LAYER)[-1]
    assert last[2] == "update"
    assert signals().items() <= last[3].items()


def test_consent_mode_keeps_the_layer_and_function_of_the_page(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    shop_front.site.consent_mode = True
    shop_front.site.save()
    shop_front.publish()
    head = "<script>window.dataLayer = [{event: 'mine'}]; function gtag() { dataLayer.push(arguments); }</script>"
    page.goto(shop_front.put(head=head))
    banner.choose(ACCEPT)
    layer = page.evaluate("dataLayer.map(entry => entry.event ?? entry[1])")
    assert layer == ["mine", "default", "update"]


def test_no_consent_mode_unless_switched_on(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    page.goto(shop_front.put())
    banner.choose(ACCEPT)
    assert page.evaluate("[typeof dataLayer, typeof gtag]") == ["undefined", "undefined"]


def test_host_of_the_banner_is_another_origin(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """What all these tests rest on."""
    page.goto(shop_front.put())
    banner.is_shown()
    assert HOST in shop_front.host
    assert page.evaluate("location.origin") == shop_front.origin != shop_front.host
