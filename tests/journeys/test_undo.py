"""Taking a change back: nothing on opening, once on pressing, and only while nothing newer was said."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from preferences.links import undo_url
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db

TOO_OLD = "This link may still stop things, but it is too old to start them."


@pytest.fixture
def page(visitor, manage_link):
    return visitor.open(manage_link)


def test_undo_restores_on_pressing_and_not_on_opening(visitor, person, page):
    started = page.tick("Product news", "E-mail").press("Save my choices")
    stopped = started.press("Stop all marketing")
    before = person(ANONYMOUS)

    undo = visitor.open(stopped.link("Undo"))

    assert undo.heading == "Undo this change?"
    assert "All marketing Now No Afterwards Nothing said" in undo.text
    assert person(ANONYMOUS) == before
    undone = undo.press("Undo this change")
    assert undone.heading == "Undone"
    assert "All marketing is as it was before: Nothing said." in undone.text
    assert visitor.open(page.url).is_on("Product news", "E-mail")
    assert said(person(ANONYMOUS))[-1] == ("*/*/*", "unstated", "undo")
    assert "No became Nothing said You took an earlier change back" in visitor.open(page.url).history[0]


def test_undo_restores_the_statement_before(visitor, person, page):
    page = page.tick("Product news", "E-mail").press("Save my choices")
    page = page.untick("Product news", "E-mail").press("Save my choices")
    undo = visitor.open(page.link("Undo"))
    assert "Product news, Acme – E-mail Now No Afterwards Yes" in undo.text
    undo.press("Undo this change")
    assert visitor.open(page.url).is_on("Product news", "E-mail")


def test_undo_twice_says_so(visitor, person, page):
    undo = visitor.open(page.press("Stop all marketing").link("Undo"))
    undo.press("Undo this change")
    record = person(ANONYMOUS)
    for again in (undo.press("Undo this change"), visitor.open(undo.url)):
        assert again.heading == "This cannot be undone"
        assert "This has already been undone." in again.text
    assert person(ANONYMOUS) == record


def test_undo_after_something_newer_says_so(visitor, person, page):
    started = page.tick("Product news", "E-mail").press("Save my choices")
    undo = visitor.open(started.link("Undo"))
    started.press("Stop all marketing")
    record = person(ANONYMOUS)
    for late in (undo.press("Undo this change"), visitor.open(undo.url)):
        assert late.heading == "This cannot be undone"
        assert "Something newer has been said since; there is nothing to undo." in late.text
    assert person(ANONYMOUS) == record


def test_undo_of_an_undo_is_not_offered(visitor, page):
    visitor.open(page.press("Stop all marketing").link("Undo")).press("Undo this change")
    assert not visitor.open(page.url).has_link("Undo")


def undo_made(record, *, days_ago: float) -> str:
    made = timezone.now() - dt.timedelta(days=days_ago)
    return undo_url(event=record["events"][-1]["id"], contact_point=None, now=made)


@pytest.mark.parametrize(("days", "fresh"), [(29.99, True), (30.01, False)])
def test_undo_link_lasts_the_days_of_the_setting(visitor, person, settings, page, days, fresh):
    assert settings.UNDO_DAYS == 30
    page.press("Stop all marketing")
    link = undo_made(person(ANONYMOUS), days_ago=days)
    opened = visitor.open(link)
    assert (opened.status, "Undo this change" in opened.buttons) == (200, fresh)
    pressed = visitor.post(link, {})
    assert pressed.heading == ("Undone" if fresh else "This cannot be undone")
    assert (TOO_OLD in pressed.text) is not fresh
    assert len(person(ANONYMOUS)["events"]) == (2 if fresh else 1)


def test_old_undo_link_still_takes_a_yes_back(visitor, person, page):
    """That is narrowing, which every credential may do for ever."""
    page.tick("Product news", "E-mail").press("Save my choices")
    undone = visitor.open(undo_made(person(ANONYMOUS), days_ago=400)).press("Undo this change")
    assert undone.heading == "Undone"
    assert not visitor.open(page.url).is_on("Product news", "E-mail")


def test_undo_of_a_one_click_stop_from_the_history(visitor, person, page, stop_link):
    page.tick("Product news", "E-mail").press("Save my choices")
    visitor.client.post(stop_link.removeprefix("http://testserver"))
    visitor.open(visitor.open(page.url).link("Undo")).press("Undo this change")
    assert visitor.open(page.url).is_on("Product news", "E-mail")


def test_undo_link_of_an_event_that_never_was(visitor, db):
    link = undo_url(event=2**62, contact_point=None, now=timezone.now())
    assert visitor.open(link).heading == "This link does not work"
    assert visitor.post(link, {}).status == 404


def test_undo_page_names_nobody(visitor, page):
    html = visitor.open(page.press("Stop all marketing").link("Undo")).response.content.decode()
    assert not re.search(r"[\w•]+@", html)
