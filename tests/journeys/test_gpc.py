"""Global Privacy Control, from the browser to the history: stated once, shown, never over what is said after it."""

import re

import pytest
from django.test import Client

from tests.accounts.people import add_address, verify
from tests.factories import PASSWORD
from tests.journeys.conftest import ANONYMOUS, KARI, said
from tests.journeys.screen import Visitor
from tests.journeys.test_old_link import link_made

pytestmark = pytest.mark.django_db

TITLE = "Your browser sends Global Privacy Control"
BY_SIGNAL = [
    ("*/*/*", "opted_out", "gpc"),
    ("*/*/web", "opted_out", "gpc"),
    ("*/*/social", "opted_out", "gpc"),
]
STOPPED = (
    "All profiling Stopped by the privacy signal of your browser. Undo: All profiling "
    "All marketing – On the website Stopped by the privacy signal of your browser. "
    "Undo: All marketing – On the website "
    "All marketing – Social media Stopped by the privacy signal of your browser. "
    "Undo: All marketing – Social media"
)


@pytest.fixture
def private() -> Visitor:
    """Somebody whose browser sends the signal."""
    visitor = Visitor()
    visitor.headers["sec-gpc"] = "1"
    return visitor


@pytest.fixture
def old_link(anonymous, news, events, activity) -> str:
    return link_made(anonymous.contact_points.get(), days_ago=400)


def note(page) -> str:
    return page.by_id("signal").text if TITLE in page.text else ""


def test_looking_records_nothing_and_says_what_the_signal_does(private, person, manage_link):
    page = private.open(manage_link)
    assert "By that signal you refuse that we tailor marketing to you" in note(page)
    for name in ("All profiling", "All marketing – On the website", "All marketing – Social media"):
        assert f"{name} Not on record yet." in note(page)
    assert "Put the signal on record" in page.buttons
    assert private.client.head(page.url, headers=private.headers).status_code == 200
    assert person(ANONYMOUS)["events"] == []


def test_a_browser_without_the_signal_is_told_nothing(visitor, manage_link):
    assert note(visitor.open(manage_link)) == ""


@pytest.mark.parametrize("value", ["0", "", "true", "1.0", "1, 1"])
def test_another_value_is_no_signal(visitor, person, manage_link, value):
    visitor.headers["sec-gpc"] = value
    page = visitor.open(manage_link)
    assert note(page) == ""
    page.press("Save my choices")
    assert person(ANONYMOUS)["events"] == []


def test_the_signal_is_put_on_record_by_a_button(private, person, manage_link):
    saved = private.open(manage_link).press("Put the signal on record")
    assert saved.outcome == f"Saved {STOPPED}"
    assert said(person(ANONYMOUS)) == BY_SIGNAL
    assert re.search(r"All profiling Refused\. On record since \d+ \w+ \d{4}\.", note(saved))
    assert "Put the signal on record" not in saved.buttons
    assert "The privacy signal of your browser" in saved.history[0]
    assert not saved.is_on("Your activity")


def test_the_signal_goes_on_record_with_what_is_saved(private, person, manage_link):
    saved = private.open(manage_link).tick("Product news", "E-mail").press("Save my choices")
    assert (
        saved.outcome
        == f"Saved {STOPPED} Product news, Acme – E-mail Started. Undo: Product news, Acme – E-mail"
    )
    assert said(person(ANONYMOUS)) == [*BY_SIGNAL, ("acme/acme-news/email", "opted_in", "link")]
    again = saved.untick("Product news", "E-mail").press("Save my choices")
    assert "privacy signal" not in again.outcome
    assert len(said(person(ANONYMOUS))) == 5


def test_a_stop_button_records_it_too(private, person, manage_link):
    saved = private.open(manage_link).press("Stop all marketing")
    assert said(person(ANONYMOUS)) == [("*/*/*", "opted_out", "link"), ("*/*/*", "opted_out", "gpc")]
    assert "All marketing Stopped." in saved.outcome
    assert "All profiling Stopped by the privacy signal of your browser." in saved.outcome
    assert note(saved).count("Refused already, without the signal.") == 2
    assert "Put the signal on record" not in saved.buttons


def test_refusing_all_tailoring_oneself_outlives_the_signal(private, person, manage_link):
    """It was said by a button, in words of its own; taking the signal back does not take that back."""
    saved = private.open(manage_link).press("Refuse all profiling")
    assert saved.outcome.startswith("Saved")
    assert "All profiling Stopped. Undo: All profiling" in saved.outcome
    assert [source for _what, _state, source in said(person(ANONYMOUS))] == ["link", "gpc", "gpc"]
    for channel in ("On the website", "Social media"):
        private.open(saved.link(f"Undo: All marketing – {channel}")).press("Undo this change")
    page = private.open(manage_link)
    assert not page.is_on("Your activity")
    assert "All profiling Refused already, without the signal." in note(page)


def test_a_no_pressed_on_a_page_from_before_the_signal_outlives_it(private, person, manage_link):
    before = private.open(manage_link)
    signalled = private.open(manage_link).press("Put the signal on record")
    saved = before.press("Refuse all profiling")
    assert "All profiling This was stopped already." in saved.outcome
    assert said(person(ANONYMOUS)) == [*BY_SIGNAL, ("*/*/*", "opted_out", "link")]
    undone = private.open(signalled.link("Undo: All profiling"))
    assert "Undo this change" not in undone.buttons
    assert not private.open(manage_link).is_on("Your activity")


def test_signed_in_the_same(private, person, kari, news, activity):
    private.client.force_login(kari.account)
    page = private.open("/preferences/?language=en")
    assert "Not on record yet." in note(page)
    assert person(KARI)["events"] == []
    page.press("Put the signal on record")
    assert said(person(KARI)) == BY_SIGNAL


def test_a_yes_in_the_same_form_stands_beside_the_signal(private, visitor, person, manage_link):
    # Off to begin with, so that it can be turned on.
    visitor.open(manage_link).untick("Your activity").press("Save my choices")
    saved = private.open(manage_link).tick("Your activity").press("Save my choices")
    assert "Your activity Started." in saved.outcome
    assert saved.is_on("Your activity")
    assert re.search(
        r"All profiling Refused\. On record since [^.]+\. "
        r"You said yes to this yourself after it, and that stands: Your activity, \d+ \w+ \d{4}\.",
        note(saved),
    )
    assert said(person(ANONYMOUS))[1:] == [*BY_SIGNAL, ("*/activity/*", "opted_in", "link")]


def test_a_stale_page_does_not_start_what_was_stopped_since(private, visitor, person, manage_link):
    visitor.open(manage_link).untick("Your activity").press("Save my choices")
    stale = private.open(manage_link)
    visitor.open(manage_link).press("Refuse all profiling")
    saved = stale.tick("Your activity").press("Save my choices")
    assert "This was stopped after the page was opened." in saved.outcome
    assert not saved.is_on("Your activity")


def test_an_older_yes_is_stopped_visibly_and_can_be_had_back(private, visitor, person, manage_link):
    visitor.open(manage_link).untick("Your activity").press("Save my choices")
    visitor.open(manage_link).tick("Your activity").press("Save my choices")
    page = private.open(manage_link)
    assert "You said yes to this before; the signal stops it, until you say yes again: Your activity" in note(
        page
    )
    saved = page.press("Put the signal on record")
    assert not saved.is_on("Your activity")
    undone = private.open(saved.link("Undo: All profiling")).press("Undo this change")
    assert undone.heading == "Undone"
    page = private.open(manage_link)
    assert page.is_on("Your activity")
    assert "taken back since." in note(page)


def test_what_is_said_after_the_signal_is_never_overridden(private, person, manage_link):
    private.open(manage_link).press("Put the signal on record")
    private.open(manage_link).tick("Your activity").press("Save my choices")
    for _visit in range(3):
        page = private.open(manage_link).press("Save my choices")
        assert page.outcome == "Nothing to change Everything was already as you sent it."
        assert page.is_on("Your activity")
    assert len(said(person(ANONYMOUS))) == 4


def test_what_was_taken_back_is_not_stated_again(private, person, manage_link):
    saved = private.open(manage_link).press("Put the signal on record")
    private.open(saved.link("Undo: All profiling")).press("Undo this change")
    page = private.open(manage_link).press("Save my choices")
    assert re.search(r"All profiling On record since [^;]+; taken back since\.", note(page))
    assert page.is_on("Your activity")
    assert [source for _what, _state, source in said(person(ANONYMOUS))] == ["gpc"] * 3 + ["undo"]


def test_a_link_past_its_freshness_records_it(private, person, old_link):
    page = private.open(old_link)
    assert "Not on record yet." in note(page)
    saved = page.press("Save my choices")
    assert "All profiling Stopped by the privacy signal of your browser." in saved.outcome
    assert "Undo" in saved.outcome
    assert said(person(ANONYMOUS)) == BY_SIGNAL


def test_the_stop_page_records_it_after_the_stop(private, person, stop_link):
    page = private.open(stop_link)
    assert person(ANONYMOUS)["events"] == []
    stopped = page.press("Stop this")
    assert said(person(ANONYMOUS))[1:] == BY_SIGNAL
    assert said(person(ANONYMOUS))[0][1:] == ("opted_out", "link")
    assert stopped.heading == "Stopped"
    assert STOPPED in stopped.text
    undone = private.open(stopped.link("Undo: All profiling")).press("Undo this change")
    assert undone.heading == "Undone"
    again = private.open(stop_link).press("Stop this")
    assert again.heading == "Stopped already"
    assert "privacy signal" not in again.text


def test_in_norwegian_too(stop_link):
    norwegian = Visitor()
    norwegian.headers["sec-gpc"] = "1"
    page = norwegian.open(f"{stop_link}?language=nb").press("Stopp dette")
    assert "Stoppet av nettleserens personvernsignal." in page.text


def test_one_click_is_none_of_its_business(private, person, stop_link):
    """A mailbox provider sends it, and no browser of the person's."""
    private.post(stop_link, {"List-Unsubscribe": "One-Click"})
    assert [source for _what, _state, source in said(person(ANONYMOUS))] == ["one_click"]


def test_asking_for_a_mail_records_nothing(private, person, manage_link, old_link):
    private.post(manage_link, {"confirm_again": "1"})
    private.post(old_link, {"send_fresh": "1"})
    assert person(ANONYMOUS)["events"] == []


def test_a_form_that_is_not_understood_records_nothing(private, person, manage_link):
    answer = private.post(manage_link, {"version": "x"})
    assert answer.status == 400
    assert person(ANONYMOUS)["events"] == []


def test_two_people_who_turn_out_to_be_one_have_one_signal(private, person, manage_link, kari):
    """Kari shows that she reads the address at which the signal was heard before."""
    private.open(manage_link).press("Put the signal on record")
    browser = Client()
    browser.force_login(kari.account)
    add_address(browser, ANONYMOUS)
    verify(browser, ANONYMOUS)

    private.client.force_login(kari.account)
    page = private.open("/preferences/?language=en")
    assert "Not on record yet." not in note(page)
    page = page.tick("Your activity").press("Save my choices")
    assert "Your activity Started." in page.outcome
    assert "privacy signal" not in page.outcome
    assert [source for _what, _state, source in said(person(KARI))].count("gpc") == 3
    assert private.open(manage_link).press("Save my choices").is_on("Your activity")


# Signing in


def signing_in(visitor):
    return visitor.open("/accounts/login/?language=en").press("Sign In", login=KARI, password=PASSWORD)


def test_signing_in_puts_it_on_record(private, person, kari, news, activity):
    page = signing_in(private)
    assert said(person(KARI)) == BY_SIGNAL
    assert "Your browser sends the Global Privacy Control signal. So tailoring to you" in page.text
    assert len(page.history) == 3
    assert page.has_link("Undo: All profiling")
