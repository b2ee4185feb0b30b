"""Two saves at once: real threads, real connections, one order, nothing lost and nothing said twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.at_once import at_once
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db(transaction=True)


def poster(url: str, data: dict[str, Any]) -> Callable[[], Any]:
    path = url.removeprefix("http://testserver")
    return lambda: Client().post(path, data, headers={"accept-language": "en"})


def test_one_form_sent_many_times_at_once_is_one_event(visitor, person, manage_link):
    data = visitor.open(manage_link).tick("Product news", "E-mail").choices
    answers = [answer.content.decode() for answer in at_once(*[poster(manage_link, data)] * 6)]
    assert sum("Started." in answer for answer in answers) == 1
    assert sum("This was on already." in answer for answer in answers) == 5
    assert said(person(ANONYMOUS)) == [("acme/acme-news/email", "opted_in", "link")]


def test_different_saves_at_once_are_all_kept(visitor, person, manage_link):
    page = visitor.open(manage_link)
    fields = [
        page.switch(*name).attributes["value"] for name in (("Product news", "E-mail"), ("Events", "E-mail"))
    ]
    forms = [{**page.choices, "on": [*page.choices["on"], field]} for field in fields]
    answers = at_once(
        *[poster(manage_link, form) for form in forms],
        poster(manage_link, page.untick("Your activity").choices),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(said(person(ANONYMOUS))) == [
        ("*/activity/*", "opted_out", "link"),
        ("acme/acme-events/email", "opted_in", "link"),
        ("acme/acme-news/email", "opted_in", "link"),
    ]


@pytest.mark.parametrize("round_", range(3))
def test_yes_and_stop_at_once_never_end_in_a_yes_over_a_stop(visitor, person, manage_link, stop_link, round_):
    """Whichever comes first: a yes after the stop is stale and refused, a stop after the yes stands."""
    data = visitor.open(manage_link).tick("Product news", "E-mail").choices
    yes, stop = at_once(poster(manage_link, data), poster(stop_link, {"List-Unsubscribe": "One-Click"}))
    assert (yes.status_code, stop.status_code) == (200, 200)
    record = person(ANONYMOUS)
    states = [event["state"] for event in record["events"]]
    assert states in (["opted_out"], ["opted_in", "opted_out"])
    (choice,) = record["choices"]
    assert choice["state"] == "opted_out"
    assert not visitor.open(manage_link).is_on("Product news", "E-mail")


def test_undo_pressed_many_times_at_once_is_one_undo(visitor, person, manage_link):
    undo = visitor.open(manage_link).press("Stop all marketing").link("Undo")
    answers = [answer.content.decode() for answer in at_once(*[poster(undo, {})] * 4)]
    assert sum("<h1>Undone</h1>" in answer for answer in answers) == 1
    assert [event[2] for event in said(person(ANONYMOUS))] == ["link", "undo"]


def test_links_asked_for_at_once_keep_to_the_cap(anonymous, settings, worker):
    settings.LINK_CAP_PER_MAILBOX, settings.LINK_CAP_PER_CLIENT = 2, 4
    answers = at_once(*[poster("/link/", {"address": ANONYMOUS})] * 6)
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 2
    worker()
    assert len(mail.outbox) == 2
