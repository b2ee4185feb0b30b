"""One statement, followed from the link in a mail to the record a program reads."""

import pytest

from tests.factories import TopicFactory
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db


def test_statement_from_the_link_to_the_record(visitor, person, manage_link):
    before = person(ANONYMOUS)
    assert (before["choices"], before["events"]) == ([], [])

    page = visitor.open(manage_link)
    assert page.heading == "Your preferences"
    assert "a•••@e•••.com" in page.text
    assert ANONYMOUS not in page.text
    assert page.history == []
    assert not page.is_on("Product news", "E-mail")

    saved = page.tick("Product news", "E-mail").press("Save my choices")

    assert saved.outcome == "Saved Product news, Acme – E-mail Started. Undo: Product news, Acme – E-mail"
    assert saved.is_on("Product news", "E-mail")
    assert saved.says("Product news", "E-mail").startswith("On. You said yes.")
    again = visitor.open(manage_link)
    assert again.is_on("Product news", "E-mail")
    (entry,) = again.history
    assert "Product news, Acme – E-mail Nothing said became Yes You, through a link in a message" in entry

    after = person(ANONYMOUS)
    (event,) = after["events"]
    assert {
        name: event[name] for name in ("kind", "brand", "purpose", "channel", "state", "source", "actor")
    } == {
        "kind": "marketing",
        "brand": "acme",
        "purpose": "acme-news",
        "channel": "email",
        "state": "opted_in",
        "source": "link",
        "actor": "recipient",
    }
    (choice,) = after["choices"]
    assert choice["event"] == event["id"]
    assert (choice["state"], choice["source"], choice["occurred_at"]) == (
        "opted_in",
        "link",
        event["occurred_at"],
    )
    for line in event["wording"].splitlines():
        assert line in page.text, "the history keeps words that stood on the page"


def test_only_what_was_changed_is_said(visitor, person, manage_link):
    page = visitor.open(manage_link)
    assert page.is_on("Your activity")
    page.tick("Events", "E-mail").untick("Your activity").press("Save my choices")
    assert said(person(ANONYMOUS)) == [
        ("acme/acme-events/email", "opted_in", "link"),
        ("*/activity/*", "opted_out", "link"),
    ]


def test_saving_what_is_so_already_says_nothing(visitor, person, manage_link):
    saved = visitor.open(manage_link).press("Save my choices")
    assert saved.outcome == "Nothing to change Everything was already as you sent it."
    assert said(person(ANONYMOUS)) == []


@pytest.mark.parametrize(
    ("button", "scope", "name"),
    [
        ("Stop all marketing", "*/*/*", "All marketing"),
        ("Stop everything from Acme", "acme/*/*", "Everything from Acme"),
        ("Stop: Text message", "*/*/sms", "All marketing – Text message"),
        ("Refuse all profiling", "*/*/*", "All profiling"),
    ],
)
def test_buttons_that_stop_more_at_once(visitor, person, manage_link, button, scope, name):
    page = visitor.open(manage_link)
    stopped = page.press(button)
    assert stopped.outcome == f"Saved {name} Stopped. Undo: {name}"
    assert said(person(ANONYMOUS)) == [(scope, "opted_out", "link")]
    (event,) = person(ANONYMOUS)["events"]
    assert event["kind"] == ("profiling" if "profiling" in button else "marketing")
    assert " ".join(event["wording"].splitlines()[0].split()) in page.text
    assert all(line in page.text for line in event["wording"].splitlines())
    assert button not in stopped.buttons


def test_stop_of_all_covers_a_topic_that_comes_later(visitor, manage_link, acme):
    visitor.open(manage_link).press("Stop all marketing")
    TopicFactory(brand=acme, name="Later", channels=["email"])
    page = visitor.open(manage_link)
    assert page.says("Later", "E-mail").startswith("Off. You stopped this together with other things.")


def test_yes_to_one_topic_after_stop_of_all_opens_that_alone(visitor, person, manage_link):
    stopped = visitor.open(manage_link).press("Stop all marketing")
    page = stopped.tick("Product news", "E-mail").press("Save my choices")
    assert page.is_on("Product news", "E-mail")
    assert not page.is_on("Product news", "Text message")
    assert not page.is_on("Events", "E-mail")
    assert said(person(ANONYMOUS)) == [
        ("*/*/*", "opted_out", "link"),
        ("acme/acme-news/email", "opted_in", "link"),
    ]


def test_refusing_marketing_leaves_profiling_and_the_other_way_round(visitor, manage_link):
    page = visitor.open(manage_link).tick("Product news", "E-mail").press("Save my choices")
    page = page.press("Refuse all profiling")
    assert page.is_on("Product news", "E-mail")
    assert not page.is_on("Your activity")
    page = page.tick("Your activity").press("Save my choices").press("Stop all marketing")
    assert page.is_on("Your activity")
    assert not page.is_on("Product news", "E-mail")


@pytest.mark.parametrize(
    ("button", "scope"),
    [
        ("Stop this", "acme/acme-news/email"),
        ("Stop everything from Acme", "acme/*/*"),
        ("Stop all marketing", "*/*/*"),
    ],
)
def test_stop_page(visitor, person, stop_link, button, scope):
    page = visitor.open(stop_link)
    assert page.heading == "Stop these messages?"
    assert "a•••@e•••.com" in page.text
    assert ANONYMOUS not in page.text
    assert said(person(ANONYMOUS)) == []

    stopped = page.press(button)

    assert stopped.heading == "Stopped"
    assert said(person(ANONYMOUS)) == [(scope, "opted_out", "link")]
    (event,) = person(ANONYMOUS)["events"]
    assert all(line in page.text for line in event["wording"].splitlines())

    again = page.press(button)
    assert again.heading == "Stopped already"
    assert len(person(ANONYMOUS)["events"]) == 1


def test_stop_page_does_not_tell_what_was_stopped_before(visitor, manage_link, stop_link):
    """Mail is forwarded: whoever opens the link must not learn what its owner has chosen."""
    before = visitor.open(stop_link)
    assert before.buttons == ["Stop this", "Stop everything from Acme", "Stop all marketing"]
    visitor.open(manage_link).press("Stop all marketing")
    visitor.client.post(stop_link)
    assert visitor.open(stop_link).response.content == before.response.content
    wrong = visitor.post(stop_link, {"stop": "nothing we know"})
    assert wrong.buttons == before.buttons
    # Whoever presses a button hears what became of it, and about no other.
    again = before.press("Stop this")
    assert again.heading == "Stopped already"
    assert again.buttons == ["Stop everything from Acme", "Stop all marketing"]


def test_every_line_of_a_wording_stands_on_the_stop_page(visitor, person, stop_link, reword):
    """Staff may write a wording of several lines; all of them are shown, since all of them are kept."""
    reword("stop_topic", "Stop {topic}.\nOn this channel: {channel}.")
    page = visitor.open(stop_link)
    page.press("Stop this")
    (event,) = person(ANONYMOUS)["events"]
    first, second, _service = event["wording"].splitlines()
    assert (first, second) == ("Stop Product news.", "On this channel: E-mail.")
    assert first in page.text
    assert second in page.text


def test_pages_work_without_the_wordings_of_staff(visitor, person, manage_link, stop_link, without_wordings):
    stopped = visitor.open(stop_link).press("Stop this")
    assert stopped.heading == "Stopped"
    assert "Service messages, such as order confirmations" in stopped.text
    assert visitor.open(manage_link).press("Stop all marketing").status == 200
    assert [event["wording"].splitlines()[0] for event in person(ANONYMOUS)["events"]] == [
        "Stop this: Product news, from Acme. Channel: E-mail.",
        "Stop all marketing from every brand of the group, on every channel.",
    ]


def test_history_tells_in_plain_words_what_staff_did(
    visitor, client, person, support, manage_link, anonymous
):
    client.force_login(support)
    answer = client.post(
        f"/admin/preferences/recipient/{anonymous.pk}/on-behalf/",
        {
            "subjects": ["all"],
            "answer": "opted_out",
            "route": "phone",
            "received_at": "2026-01-05T10:00",
            "reason": "Asked for it on the phone.",
        },
    )
    assert answer.status_code == 200
    (entry,) = visitor.open(manage_link).history
    assert "All marketing Nothing said became No Our staff, at your request (Phone call)" in entry
    assert "Asked for it on the phone." in entry
    assert "support@example.com" not in entry
    (event,) = person(ANONYMOUS)["events"]
    assert (event["source"], event["actor"], event["occurred_at"]) == (
        "staff",
        "staff",
        "2026-01-05T10:00:00Z",
    )


def test_history_shows_the_newest_first_and_where_each_came_from(visitor, manage_link, stop_link):
    visitor.open(manage_link).tick("Product news", "E-mail").press("Save my choices")
    visitor.client.post(stop_link.removeprefix("http://testserver"))
    newest, oldest = visitor.open(manage_link).history
    assert "Yes became No The unsubscribe button of your mail program" in newest
    assert "Nothing said became Yes You, through a link in a message" in oldest
