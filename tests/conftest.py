"""What every test may use."""

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config import translations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from pytest_django import DjangoDbBlocker

pytest_plugins = ["tests.cast", "tests.cleaning", "tests.mail_server"]

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
NO_CHROMIUM = f"no Chromium found (looked for {', '.join(CHROMIUM_NAMES)})"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> None:
    """Every test finds the national rules as they are shipped."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command("load_rules", stdout=io.StringIO())


def chromium_path() -> str | None:
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def pytest_configure() -> None:
    """Tests in Norwegian read compiled catalogues, which are not in the repository."""
    translations.compile_all(locale_folder=Path(__file__).resolve().parent.parent / "config" / "locale")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no browser; in CI that would hide something, so there they fail."""
    if chromium_path() or os.environ.get("CI", "").lower() in {"1", "true"}:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One Chromium for the whole run."""
    path = chromium_path()
    if path is None:
        pytest.fail(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, in which Django refuses to touch the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def browser_context(browser: "Browser") -> Iterator["BrowserContext"]:
    """A browser nobody has used before: no cookies, 1280 × 900, English."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def page(browser_context: "BrowserContext") -> "Page":
    """An empty tab of `browser_context`; `live_server.url` is where the site is."""
    return browser_context.new_page()
