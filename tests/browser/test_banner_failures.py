"""What becomes of a site where the banner cannot be had, or its host: nothing optional, and nothing broken."""

import json
import socket
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from preferences.cookies.publish import publish
from preferences.models import Banner
from tests.browser.two_origins import (
    ACCEPT,
    MARKED,
    REFUSE,
    SAVE,
    BannerIn,
    File,
    Shop,
    browsing,
    granted,
    ran,
    recorded,
    settle,
    wait_until,
)
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.factories import SiteCategoryFactory, SiteFactory

pytestmark = pytest.mark.browser

OPTIONAL = {"preferences", "statistics", "marketing", "slow-statistics"}


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What goes wrong on the page, but for what the browser says of the network by itself."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        network = ("Failed to load resource", "Access to ", "net::ERR")
        if message.type == "error" and not message.text.startswith(network):
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def assert_unharmed(page: Page, banner: BannerIn) -> None:
    """The page works, and nothing runs as if somebody had consented."""
    settle(page)
    page.evaluate("document.querySelector('button').onclick = () => { document.title = 'Bought'; }")
    page.get_by_role("button", name="Buy").click()
    expect(page).to_have_title("Bought")
    assert not OPTIONAL & set(ran(page))
    expect(banner.dialog).to_have_count(0)
    assert page.context.cookies() == []


def nobody_listens() -> str:
    """An origin at which connections are refused."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def test_host_that_is_down(page: Page, banner: BannerIn, shop_front: Shop, errors: list[str]) -> None:
    shop_front.host = nobody_listens()
    page.goto(shop_front.put(MARKED))
    assert_unharmed(page, banner)
    assert errors == []


@pytest.mark.parametrize("what", ["banner.js", "texts/**"])
@pytest.mark.parametrize("trouble", ["connectionrefused", "blockedbyclient", 503, 404, "page"])
def test_part_that_cannot_be_had(
    page: Page, banner: BannerIn, shop_front: Shop, errors: list[str], what: str, trouble: str | int
) -> None:
    """Refused, blocked by an extension, answered with an error, or with a page of some portal."""

    def answer(route: Route) -> None:
        if trouble == "page":
            kind = "text/javascript" if what == "banner.js" else "text/html"
            body = "" if what == "banner.js" else "<!doctype html><title>Log in to the network</title>"
            route.fulfill(body=body, content_type=kind, headers={"Access-Control-Allow-Origin": "*"})
        elif isinstance(trouble, int):
            route.fulfill(status=trouble, body="", headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.abort(trouble)

    page.route(f"{shop_front.base}{what}", answer)
    page.goto(shop_front.put(MARKED))
    assert_unharmed(page, banner)
    assert errors == []
    # The link has become one to the page that needs no script, unless ours is there and stays so.
    page.unroute(f"{shop_front.base}{what}")
    page.goto(f"{shop_front.origin}/")
    banner.is_shown()


def test_link_leads_to_the_page_where_the_texts_cannot_be_had(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    """A link that did nothing would leave somebody without a way to say no."""
    page.route(f"{shop_front.base}texts/**", lambda route: route.abort("connectionrefused"))
    page.goto(shop_front.put(MARKED))
    settle(page)
    page.get_by_role("link", name="Cookies").click()
    page.wait_for_url(shop_front.base + "**")


@pytest.mark.parametrize("link", [True, False])
def test_texts_that_never_come(page: Page, banner: BannerIn, shop_front: Shop, link: bool) -> None:
    """The link leads to the page; where there is none, nothing jumps up when nobody expects it any more."""
    held: list[Route] = []
    page.route(f"{shop_front.base}texts/**", lambda route: held.append(route))
    url = shop_front.put("<button data-consent-open>Choices</button>", link=link)
    page.goto(url)
    if link:
        page.get_by_role("link", name="Cookies").click()
        page.wait_for_url(shop_front.base + "**")
        return
    page.get_by_role("button", name="Choices").click()
    page.wait_for_timeout(5000)
    held[0].continue_()
    banner.is_shown()
    expect(banner.button(SAVE)).to_have_count(0)
    assert page.url == url


def test_click_is_not_lost_while_the_texts_come(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    held: list[Route] = []
    page.route(f"{shop_front.base}texts/**", lambda route: held.append(route))
    url = shop_front.put()
    page.goto(url)
    for _time in range(2):
        page.get_by_role("link", name="Cookies").click()
    page.wait_for_timeout(500)
    assert len(held) == 1
    held[0].continue_()
    expect(banner.button(SAVE)).to_be_visible()
    page.wait_for_timeout(4500)
    assert page.url == url
    page.keyboard.press("Escape")
    expect(banner.button(SAVE)).to_be_hidden()


def test_slow_texts(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    held: list[Route] = []
    page.route(f"{shop_front.base}texts/**", lambda route: held.append(route))
    page.goto(shop_front.put(MARKED))
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Buy").click()
    assert not OPTIONAL & set(ran(page))
    expect(banner.dialog).to_have_count(0)
    assert len(held) == 1
    held[0].continue_()
    banner.is_shown()
    banner.choose(ACCEPT)
    wait_until(page, lambda: "statistics" in ran(page))


def test_slow_script_delays_nothing_on_the_page(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    held: list[Route] = []
    page.route(f"{shop_front.base}banner.js", lambda route: held.append(route))
    page.goto(shop_front.put(MARKED), wait_until="commit")
    page.get_by_role("button", name="Buy").click()
    assert not OPTIONAL & set(ran(page))
    held[0].continue_()
    banner.is_shown()


def test_record_that_hangs(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """The choice takes effect at once, and is sent again at the next load."""
    held: list[Route] = []
    page.route(f"{shop_front.base}consent", lambda route: held.append(route))
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.button(ACCEPT).click()
    banner.is_gone()
    wait_until(page, lambda: "marketing" in ran(page))
    assert granted(page) == OPTIONAL - {"slow-statistics"} | {"necessary"}
    wait_until(page, lambda: held)
    assert shop_front.kept(page)["s"] == 0
    assert shop_front.records() == []
    held[0].abort()
    page.unroute(f"{shop_front.base}consent")
    with recorded(page) as answer:
        page.goto(url)
    assert answer[0].status == 201
    banner.is_gone()
    assert [r.action for r in shop_front.records()] == ["accept_all"]
    wait_until(page, lambda: shop_front.kept(page)["s"] == 1)


# 4xx as a proxy answers them, which knows none of our codes.
@pytest.mark.parametrize("trouble", [503, 500, 403, 404, 408, 409, 422, 429, "connectionrefused"])
def test_record_that_fails_is_sent_again_at_the_next_load(
    page: Page, banner: BannerIn, shop_front: Shop, errors: list[str], trouble: str | int
) -> None:
    tries: list[dict[str, Any]] = []

    def fail(route: Route) -> None:
        tries.append(json.loads(route.request.post_data or "null"))
        if isinstance(trouble, str):
            route.abort(trouble)
        else:
            cors = {
                "Access-Control-Allow-Origin": shop_front.origin,
                "Access-Control-Allow-Credentials": "true",
            }
            body = json.dumps({"code": "try_again"}) if trouble >= 500 else "<h1>Not now</h1>"
            route.fulfill(status=trouble, body=body, headers=cors)

    page.route(f"{shop_front.base}consent", fail)
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.button(REFUSE).click()
    banner.is_gone()
    wait_until(page, lambda: tries)
    settle(page)
    assert len(tries) == 1
    assert shop_front.kept(page)["s"] == 0
    page.unroute(f"{shop_front.base}consent")
    with recorded(page) as answer:
        page.goto(url)
    assert answer[0].status == 201
    # The same again, but for how long ago it was said.
    again = json.loads(answer[0].request.post_data or "null")
    assert 0 <= tries[0].pop("age") <= again.pop("age") < 60
    assert again == tries[0]
    (record,) = shop_front.records()
    assert record.action == "refuse_all"
    assert str(record.consent) == tries[0]["consent"]
    assert record.wordings == [Banner.objects.latest("pk").content["languages"]["en"]["wordings"]["banner"]]
    assert errors == []
    # Once is enough.
    wait_until(page, lambda: shop_front.kept(page)["s"] == 1)
    shop_front.listen(page)
    page.goto(url)
    page.wait_for_function("said.length")
    settle(page)
    assert shop_front.asked == [("GET", "banner.js")]


@pytest.mark.parametrize("code", ["banner_unknown", "category_missing", "shown_missing"])
def test_record_that_can_never_be_taken_is_not_tried_for_ever(
    page: Page, banner: BannerIn, shop_front: Shop, code: str
) -> None:
    cors = {"Access-Control-Allow-Origin": shop_front.origin, "Access-Control-Allow-Credentials": "true"}
    page.route(
        f"{shop_front.base}consent",
        lambda route: route.fulfill(status=422, json={"code": code, "detail": "No."}, headers=cors),
    )
    url = shop_front.put()
    page.goto(url)
    banner.choose(ACCEPT)
    wait_until(page, lambda: "b" not in shop_front.kept(page))
    assert shop_front.kept(page)["s"] == 0
    page.unroute(f"{shop_front.base}consent")
    shop_front.listen(page)
    page.goto(url)
    page.wait_for_function("said.length")
    settle(page)
    assert shop_front.asked == [("GET", "banner.js")]


def test_refusal_does_not_wait_for_a_record_that_hangs(
    page: Page, banner: BannerIn, shop_front: Shop
) -> None:
    held: list[Route] = []
    page.route(f"{shop_front.base}consent", lambda route: held.append(route))
    page.goto(shop_front.put())
    banner.button(ACCEPT).click()
    wait_until(page, lambda: held)
    page.get_by_role("link", name="Cookies").click()
    banner.button(REFUSE).click()
    wait_until(page, lambda: len(held) > 1, seconds=8)
    held[1].continue_()
    (record,) = wait_until(page, shop_front.records)
    assert record.action == "refuse_all"


SPY = """
    const real = window.fetch;
    window.fetch = (...given) => {
        const request = new Request(...given);
        console.info(`${request.method} keepalive ${request.keepalive}`);
        return real(...given);
    };
"""


def test_choice_leaves_with_the_page(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """Who chooses and goes on at once is on record all the same."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.add_init_script(SPY)
    shop_front.put(path="/next")
    page.goto(shop_front.put())
    banner.is_shown()
    page.evaluate("addEventListener('consent:change', () => { location.href = '/next'; })")
    banner.button(REFUSE).click()
    page.wait_for_url("**/next")
    wait_until(page, shop_front.records)
    banner.is_gone()
    # The server of these tests is so near that any request would have reached it.
    assert "POST keepalive true" in told


def test_origin_that_the_site_does_not_have(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """A foreign page that loads the script shows a banner of no effect on our record."""
    shop_front.site.origins = ["https://elsewhere.example"]
    shop_front.site.save()
    shop_front.publish()
    page.goto(shop_front.put(MARKED))
    banner.is_shown()
    with page.expect_event("requestfailed") as failed:
        banner.button(REFUSE).click()
    assert failed.value.method == "POST"
    assert shop_front.records() == []


def test_consent_id_of_another_site_is_replaced(page: Page, banner: BannerIn, shop_front: Shop) -> None:
    """The host answers 409 to a replay; the browser makes another id and is on record with it."""
    other = SiteFactory(key="other", brand=shop_front.site.brand, origins=[shop_front.origin])
    SiteCategoryFactory(site=other, category="necessary")
    for category in ("statistics", "marketing"):
        SiteCategoryFactory(site=other, category=category)
        with transaction.atomic():
            publish(other, now=timezone.now())
    url = shop_front.put(MARKED)
    page.goto(url)
    banner.choose(ACCEPT)
    # The same id, carried over to the other site, which has a newer version and so asks.
    value = shop_front.cookie_in(page)["value"]
    page.context.add_cookies([{"name": "consent_other", "value": value, "url": shop_front.origin}])
    file = shop_front.front.files["/"]
    shop_front.front.files["/other"] = File(
        body=file.body.replace("/cookies/shop/", "/cookies/other/"), headers=file.headers
    )
    page.goto(f"{shop_front.origin}/other")
    BannerIn(page, site="other").button(ACCEPT).click()
    wait_until(page, lambda: len(shop_front.records()) == 2)
    first, second = shop_front.records()
    assert first.consent != second.consent
    assert (first.site_id, second.site_id) == (shop_front.site.pk, other.pk)


def test_script_that_an_extension_blocks_leaves_the_link(
    page: Page, shop_front: Shop, banner: BannerIn
) -> None:
    page.route("**/banner.js", lambda route: route.abort("blockedbyclient"))
    page.goto(shop_front.put(MARKED))
    assert_unharmed(page, banner)
    page.get_by_role("link", name="Cookies").click()
    expect(page).to_have_url(shop_front.base)


# Where cookies are blocked


@pytest.fixture
def far_host(shop_front: Shop, settings: Any) -> Shop:
    """The banner's host on another registrable domain; its cookies as under HTTPS, for which localhost counts.

    A browser that nobody has used before blocks third-party cookies, as most do always.
    """
    settings.BASE_URL = shop_front.host = shop_front.host.replace("choices.shop.localhost", "localhost")
    settings.HTTPS = True
    shop_front.publish()
    return shop_front


def test_third_party_cookies_blocked(page: Page, banner: BannerIn, far_host: Shop) -> None:
    """Only our own pages do not know the browser by themselves then; the site loses nothing."""
    url = far_host.put(MARKED)
    page.goto(url)
    answer = banner.choose(ACCEPT)
    assert answer.status == 201
    sent = answer.all_headers()["set-cookie"]
    assert sent.startswith("cookie_consents=")
    assert "SameSite=None" in sent
    assert "Secure" in sent
    assert {cookie["name"] for cookie in page.context.cookies()} == {far_host.cookie}
    assert len(far_host.records()) == 1
    page.goto(url)
    wait_until(page, lambda: "marketing" in ran(page))
    banner.is_gone()
    page.get_by_role("link", name="Cookies").click()
    banner.choose(REFUSE)
    assert [r.sequence for r in far_host.records()] == [1, 2]
    first, second = far_host.records()
    assert first.consent == second.consent


def test_all_cookies_blocked(browser: Browser, shop_front: Shop) -> None:
    """The choice holds for as long as the page stands."""
    with browsing(browser) as (page, banner):
        page.add_init_script(
            "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}})"
        )
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        url = shop_front.put(MARKED)
        page.goto(url)
        banner.choose(ACCEPT)
        wait_until(page, lambda: "marketing" in ran(page))
        page.goto(url)
        banner.is_shown()
        settle(page)
        assert not OPTIONAL & set(ran(page))
        assert errors == []


def test_sandboxed_page(browser: Browser, shop_front: Shop) -> None:
    """document.cookie throws there; the page must not."""
    with browsing(browser) as (page, _banner):
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        url = shop_front.put(MARKED, headers={"Content-Security-Policy": "sandbox allow-scripts"})
        page.goto(url)
        settle(page)
        assert not OPTIONAL & set(ran(page))
        assert errors == []


def test_site_by_plain_http(browser: Browser, shop_front: Shop, settings: Any) -> None:
    """Much that browsers offer to scripts is missing there, crypto.randomUUID among it."""
    arguments = [*CHROMIUM_ARGUMENTS, "--host-resolver-rules=MAP *.example 127.0.0.1"]
    settings.ALLOWED_HOSTS = [".example"]
    for name in ("host", "origin"):
        setattr(shop_front, name, getattr(shop_front, name).replace(".localhost", ".example"))
    settings.BASE_URL = shop_front.host
    shop_front.site.origins = [shop_front.origin]
    shop_front.site.save()
    shop_front.publish()
    other = browser.browser_type.launch(executable_path=chromium_path(), args=arguments)
    try:
        page = other.new_page(locale="en-GB")
        banner = BannerIn(page)
        page.goto(shop_front.put(MARKED))
        assert page.evaluate("isSecureContext") is False
        banner.choose(ACCEPT)
        wait_until(page, lambda: "marketing" in ran(page))
        (record,) = shop_front.records()
        assert record.consent.version == 4
        page.goto(f"{shop_front.origin}/")
        page.wait_for_function("said.length")
        banner.is_gone()
    finally:
        other.close()
