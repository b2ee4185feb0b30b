"""A site and the host of its cookie banner, two origins, and what a test does on the pages of the site."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Response, expect

from preferences.cookies.publish import publish
from preferences.cookies.read_words import shipped_words
from preferences.cookies.served import forget_served
from preferences.models import Banner, CookieConsent, Site

# Chromium finds every name below localhost on this machine, and takes these two for one site.
FRONT, HOST = "www.shop.localhost", "choices.shop.localhost"

WORDS = shipped_words()["en"]
TITLE, ACCEPT, REFUSE, DETAILS, SAVE, CLOSE, REOPEN = (
    WORDS[key] for key in ("title", "accept", "refuse", "details", "save", "close", "reopen")
)
ACCEPT_GPC, GPC, GPC_KEPT, CHANGED = (WORDS[key] for key in ("accept_gpc", "gpc", "gpc_kept", "changed"))

# What every page notes: each script that ran, and each event.
NOTES = """
    window.ran = [];
    window.said = [];
    addEventListener("consent:change", event => said.push(event.detail));
"""

MARKED = """
    <script type="text/plain" data-category="statistics" src="/ran.js?slow-statistics"></script>
    <script type="text/plain" data-category="statistics">ran.push("statistics")</script>
    <script type="text/plain" data-category="preferences">ran.push("preferences")</script>
    <script type="text/plain" data-category="marketing">ran.push("marketing")</script>
    <script type="text/plain" data-category="necessary">ran.push("necessary")</script>
    <script type="text/plain" data-category="telepathy">ran.push("telepathy")</script>
    <script type="text/plain">ran.push("no category")</script>
"""


@dataclass(frozen=True, kw_only=True)
class File:
    body: str
    headers: dict[str, str]


class Front:
    """The web server of a site: what a test puts there."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                file = front.files.get(path)
                if path == "/ran.js":
                    name = urlsplit(self.path).query
                    file = File(body=f"ran.push('{name}')", headers={"Content-Type": "text/javascript"})
                body = file.body.encode() if file else b""
                self.send_response(200 if file else 404)
                for name, value in (file.headers if file else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: object) -> None:
                """A browser that hangs up is no error."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(kw_only=True)
class Shop:
    """A site with its front, and the host of its banner."""

    site: Site
    front: Front
    host: str
    origin: str
    # The requests to the host of the banner: method, and path below /cookies/<site>/.
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"{self.host}/cookies/{self.site.key}/"

    @property
    def cookie(self) -> str:
        return f"consent_{self.site.key}"

    def put(
        self,
        body: str = "",
        *,
        path: str = "/",
        head: str = "",
        language: str = "en",
        attributes: str = "",
        headers: dict[str, str] | None = None,
        nonce: str = "",
        link: bool = True,
    ) -> str:
        """Put a page with the banner's script on the site; its URL."""
        anchor = f'<a href="{self.base}" data-consent-open>Cookies</a>' if link else ""
        html = f"""<!doctype html>
            <html lang="{language}"><head><meta charset="utf-8"><title>The shop</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <script nonce="{nonce}">{NOTES}</script>{head}
            <script src="{self.base}banner.js" defer nonce="{nonce}" {attributes}></script>
            </head><body><main><h1>The shop</h1><p>Everything in it.</p>
            <p><button type="button">Buy</button> {anchor}</p></main>{body}</body></html>"""
        self.front.files[path] = File(
            body=html, headers={"Content-Type": "text/html; charset=utf-8", **(headers or {})}
        )
        return f"{self.origin}{path}"

    def publish(self) -> Banner:
        """Publish what the tables say, so that the next page load meets it."""
        with transaction.atomic():
            banner = publish(self.site, now=timezone.now())
        forget_served()
        return banner

    def listen(self, page: Page) -> None:
        """Note in `asked` what the page asks the host of the banner for."""
        page.on(
            "request",
            lambda request: (
                request.url.startswith(self.base)
                and self.asked.append((request.method, request.url.removeprefix(self.base)))
            ),
        )

    def records(self) -> list[CookieConsent]:
        return list(CookieConsent.objects.order_by("pk"))

    def kept(self, page: Page) -> dict[str, Any]:
        """The choice as the browser keeps it."""
        return json.loads(unquote(self.cookie_in(page)["value"]))

    def keep(self, page: Page, **changes: object) -> None:
        """Change the choice that the browser keeps."""
        cookie = self.cookie_in(page)
        choice = {**json.loads(unquote(cookie["value"])), **changes}
        page.context.add_cookies([{**cookie, "value": quote(json.dumps(choice, separators=(",", ":")))}])

    def cookie_in(self, page: Page) -> Any:
        """The cookie that the site keeps in the browser."""
        (cookie,) = [found for found in page.context.cookies(self.origin) if found["name"] == self.cookie]
        return cookie

    def consent_id(self, page: Page) -> UUID:
        return UUID(self.kept(page)["id"])


class BannerIn:
    """The banner on a page, as people find it: by role and name."""

    def __init__(self, page: Page, *, site: str = "shop") -> None:
        page.set_default_timeout(10_000)
        self.page = page
        self.host = page.locator(f"#consent-{site}")

    @property
    def dialog(self) -> Locator:
        return self.host.get_by_role("dialog")

    def button(self, name: str) -> Locator:
        return self.host.get_by_role("button", name=name, exact=True)

    def switch(self, name: str) -> Locator:
        return self.host.get_by_role("switch", name=name).or_(self.host.get_by_role("checkbox", name=name))

    def is_shown(self) -> None:
        expect(self.button(REFUSE)).to_be_visible()

    def is_gone(self) -> None:
        expect(self.dialog).to_have_count(0)

    def open_details(self) -> None:
        self.button(DETAILS).click()
        expect(self.button(SAVE)).to_be_visible()

    def choose(self, name: str) -> Response:
        """Press a button that chooses; what the host answers to it."""
        with recorded(self.page) as answer:
            self.button(name).click()
        self.is_gone()
        return answer[0]

    def save(self, **switches: bool) -> Response:
        """Choose by category."""
        self.open_details()
        for name, wanted in switches.items():
            self.switch(name.capitalize()).set_checked(wanted)
        return self.choose(SAVE)


@contextmanager
def recorded(page: Page) -> Iterator[list[Response]]:
    """Wait until the host has answered what was sent in the block."""
    answers: list[Response] = []
    with page.expect_response(is_record) as answer:
        yield answers
    answers.append(answer.value)


def is_record(response: Response) -> bool:
    return response.request.method == "POST" and response.url.endswith("/consent")


def wait_until(page: Page, holds: Callable[[], Any], *, seconds: float = 5) -> Any:
    """Wait for what the database or the browser's cookies say."""
    for _turn in range(int(seconds * 20)):
        if found := holds():
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"did not come true within {seconds} seconds")


def forget_script(page: Page) -> None:
    """Empty the browser's cache, in which the banner's script stays for five minutes."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")


def settle(page: Page) -> None:
    """Let the page do whatever it would do, before something is said not to have happened."""
    page.wait_for_load_state("load")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 250)))")


def ran(page: Page) -> list[str]:
    return page.evaluate("ran")


def granted(page: Page) -> set[str]:
    """What the last event said is granted."""
    said = page.evaluate("said.at(-1)?.categories ?? {}")
    return {category for category, yes in said.items() if yes}


@contextmanager
def browsing(browser: Browser, **options: Any) -> Iterator[tuple[Page, BannerIn]]:
    """A browser of its own kind for the length of the block."""
    context = browser.new_context(**{"locale": "en-GB", **options})
    try:
        page = context.new_page()
        yield page, BannerIn(page)
    finally:
        context.close()
