"""Whatever is wrong with a posted preference page: one clear answer, and nothing written that was not meant."""

import pytest
from django.utils import timezone

from preferences.enums import Channel
from tests.factories import TopicFactory
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db

NOT_OFFERED = (
    "The page you sent names something that is not offered. Nothing was saved. Please try again below."
)
NOT_RECOGNISED = "The page you sent cannot be recognised. Nothing was saved. Please try again below."


@pytest.fixture
def page(visitor, manage_link):
    return visitor.open(manage_link)


def with_field(page, field: str, *, change: str) -> dict[str, list[str]]:
    """The form as it is, with one more field that is claimed to have been shown and to have been changed."""
    data = page.choices
    data["shown"] = [f"{data['shown'][0]} {field}"]
    match change:
        case "ticked":
            data["on"] = [*data["on"], field]
        case "unticked":
            data["was_on"] = [f"{data['was_on'][0]} {field}"]
        case "ticked, not shown":
            return {**page.choices, "on": [*data["on"], field]}
        case "unticked, not shown":
            return {**page.choices, "was_on": [f"{data['was_on'][0]} {field}"]}
    return data


def unknown_fields(page) -> dict[str, str]:
    events = page.switch("Events", "E-mail").attributes["value"].partition(".")[0]
    profiling = page.switch("Your activity").attributes["value"]
    return {
        "no such topic": "t999999999.email",
        "no such profiling purpose": "p999999999",
        "no such channel": f"{events}.fax",
        "no channel": events,
        "profiling with a channel": f"{profiling}.email",
        "a null byte": f"{events}.email\x00",
        "nonsense": "'; DROP TABLE preferences_event; --",
        "negative": "t-1.email",
        "digits that are not ours": f"t{'٣' * 3}.email",
        "long": "t" + "9" * 5000 + ".email",
    }


UNKNOWN = [
    *("no such topic", "no such profiling purpose", "no such channel", "no channel"),
    *("profiling with a channel", "a null byte", "nonsense", "negative", "digits that are not ours", "long"),
]


@pytest.mark.parametrize("change", ["ticked", "unticked", "ticked, not shown", "unticked, not shown"])
@pytest.mark.parametrize("name", UNKNOWN)
def test_field_that_is_not_offered(visitor, person, page, name, change):
    data = with_field(page.tick("Product news", "E-mail"), unknown_fields(page)[name], change=change)
    answer = visitor.post(page.url, data)
    assert (answer.status, answer.outcome) == (400, NOT_OFFERED)
    assert not answer.is_on("Product news", "E-mail")
    assert person(ANONYMOUS)["events"] == []


@pytest.mark.parametrize(
    "stop", ["", "everything", "brand.999999", "brand.x", "channel.fax", "channel.", "all\x00"]
)
def test_stop_that_is_not_offered(visitor, person, page, stop):
    answer = visitor.post(page.url, {"version": "0", "stop": stop})
    assert (answer.status, answer.outcome) == (400, NOT_OFFERED)
    assert person(ANONYMOUS)["events"] == []


VERSIONS = {
    "empty": "",
    "letters": "abc",
    "negative": "-1",
    "signed": "+1",
    "a fraction of nothing": ".0123456789abcdef",
    "thirty digits": "9" * 30,
    "twenty digits": "9" * 20,
    "other digits": "١٢",
    "superscript": "²",
    "a null byte": "1\x00",
    "a blank": " 1",
    "hexadecimal": "0x1",
}


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS.keys())
def test_version_that_is_none(visitor, person, page, version):
    for data in (page.tick("Product news", "E-mail").choices, {"stop": ["all"]}):
        answer = visitor.post(page.url, {**data, "version": version})
        assert (answer.status, answer.outcome) == (400, NOT_RECOGNISED)
    assert person(ANONYMOUS)["events"] == []


def test_form_without_version(visitor, person, page):
    data = page.tick("Product news", "E-mail").choices
    del data["version"]
    assert visitor.post(page.url, data).outcome == NOT_RECOGNISED
    assert visitor.post(page.url, {}).outcome == NOT_RECOGNISED
    assert person(ANONYMOUS)["events"] == []


NOT_OF_OURS = "Product news, Acme – E-mail The page you sent cannot be recognised. Open it again."


@pytest.mark.parametrize("newest", ["1000000000", "9" * 19])
def test_version_from_the_future_starts_nothing_and_still_stops(visitor, person, page, newest):
    data = page.tick("Product news", "E-mail").untick("Your activity").choices
    words = data["version"][0].partition(".")[2]
    answer = visitor.post(page.url, {**data, "version": f"{newest}.{words}"})
    assert answer.status == 200
    assert "Your activity Stopped." in answer.outcome
    assert NOT_OF_OURS in answer.outcome
    assert said(person(ANONYMOUS)) == [("*/activity/*", "opted_out", "link")]
    assert person(ANONYMOUS)["events"][0]["wording"]


def test_words_edited_since_the_page_was_opened(visitor, person, page, reword):
    """What goes into the history as shown was shown: no yes to words nobody read, and a stop without any."""
    reword("page", "Other words.")
    saved = page.tick("Product news", "E-mail").untick("Your activity").press("Save my choices")
    assert NOT_OF_OURS in saved.outcome
    (event,) = person(ANONYMOUS)["events"]
    assert (event["state"], event["wording"]) == ("opted_out", None)
    # The page that answers has the new words, and with them the yes is taken.
    assert "Other words." in saved.text
    saved.tick("Product news", "E-mail").press("Save my choices")
    assert person(ANONYMOUS)["events"][1]["wording"].startswith("Other words.")


def test_another_language_chosen_in_another_tab(visitor, person, page):
    """The answer is in that language, the words that were read were not: they are not kept as if they had been."""
    visitor.open(f"{page.url}?language=nb")
    page.tick("Product news", "E-mail").untick("Your activity").press("Save my choices")
    assert [(event["state"], event["wording"]) for event in person(ANONYMOUS)["events"]] == [
        ("opted_out", None)
    ]


@pytest.mark.parametrize("words", ["", ".", ".0123456789abcdef", ".\x00", f".{'f' * 5000}", ".1.2"])
def test_version_with_other_words_starts_nothing(visitor, person, page, words):
    data = page.tick("Product news", "E-mail").choices
    answer = visitor.post(page.url, {**data, "version": f"0{words}"})
    assert NOT_OF_OURS in answer.outcome
    assert person(ANONYMOUS)["events"] == []


def test_stale_tab_never_undoes_a_newer_stop(visitor, person, page, stop_link):
    tab = visitor.open(page.url).tick("Product news", "E-mail").tick("Events", "E-mail")
    visitor.client.post(stop_link.removeprefix("http://testserver"))
    saved = tab.press("Save my choices")
    assert (
        "Product news, Acme – E-mail This was stopped after the page was opened. Look at the page again, then decide."
    ) in saved.outcome
    assert "Events, Acme – E-mail Started." in saved.outcome
    assert not saved.is_on("Product news", "E-mail")
    # The page that answers is up to date, so now it is a decision.
    assert saved.tick("Product news", "E-mail").press("Save my choices").is_on("Product news", "E-mail")


def test_stale_tab_never_undoes_a_stop_of_everything(visitor, person, page):
    tab = visitor.open(page.url).tick("Product news", "E-mail").tick("Your activity")
    page.press("Stop all marketing")
    saved = tab.press("Save my choices")
    assert "This was stopped after the page was opened." in saved.outcome
    assert [event[1] for event in said(person(ANONYMOUS))] == ["opted_out"]


def test_stale_tab_leaves_alone_what_it_did_not_change(visitor, person, page):
    """The old tab shows a box as ticked that was stopped meanwhile; sending it as it was starts nothing."""
    page.tick("Product news", "E-mail").press("Save my choices")
    tab = visitor.open(page.url)
    visitor.open(page.url).press("Stop all marketing")
    tab.untick("Your activity").press("Save my choices")
    assert [event[0] for event in said(person(ANONYMOUS))] == [
        "acme/acme-news/email",
        "*/*/*",
        "*/activity/*",
    ]
    assert not visitor.open(page.url).is_on("Product news", "E-mail")


def test_stale_tab_stops(visitor, person, page):
    """A tab that shows as off what was started since is sent as it was: that starts and stops nothing."""
    page.tick("Product news", "E-mail").press("Save my choices")
    tab = visitor.open(page.url)
    visitor.open(page.url).tick("Events", "E-mail").press("Save my choices")
    saved = tab.untick("Product news", "E-mail").press("Save my choices")
    assert saved.is_on("Events", "E-mail")
    assert not saved.is_on("Product news", "E-mail")


def test_form_sent_twice_changes_nothing_twice(visitor, person, page):
    page.tick("Product news", "E-mail").press("Save my choices")
    again = page.press("Save my choices")
    assert again.outcome == "Nothing to change Product news, Acme – E-mail This was on already."
    assert len(person(ANONYMOUS)["events"]) == 1


def test_form_of_a_megabyte(visitor, person, page):
    data = {**page.tick("Product news", "E-mail").choices, "x": "x" * 1_000_000}
    answer = visitor.post(page.url, data)
    assert (answer.status, answer.heading) == (400, "We did not understand this")
    assert "Nothing was saved." in answer.text
    assert person(ANONYMOUS)["events"] == []


def test_form_of_two_thousand_fields(visitor, person, page):
    answer = visitor.post(page.url, {**page.choices, **{f"x{n}": "1" for n in range(2000)}})
    assert (answer.status, answer.heading) == (400, "We did not understand this")
    assert person(ANONYMOUS)["events"] == []


def test_form_that_is_no_form(visitor, person, page):
    for body, kind in (
        ("version", "text/plain"),
        ('{"stop": "all"}', "application/json"),
        ("x", "multipart/form-data"),
    ):
        answer = visitor.client.generic("POST", page.url, body, content_type=kind)
        assert answer.status_code == 400
    assert person(ANONYMOUS)["events"] == []


def test_null_bytes_in_every_field(visitor, person, page):
    for name in ("version", "shown", "was_on", "on", "stop"):
        answer = visitor.post(page.url, {**page.choices, name: "a\x00b"})
        assert answer.status == 400, name
    assert person(ANONYMOUS)["events"] == []


RETIRED = "This is no longer offered: it can be stopped, but not started."


def test_retired_topic_can_be_stopped_and_not_started(visitor, person, news, page, stop_link):
    page = page.tick("Product news", "E-mail").press("Save my choices")
    type(news).objects.filter(pk=news.pk).update(retired_at=timezone.now())
    assert "Product news" not in [legend.text for legend in visitor.open(page.url).root.all("legend")]

    stopped = visitor.open(stop_link).press("Stop this")
    assert stopped.heading == "Stopped"
    answer = page.tick("Product news", "Text message").press("Save my choices")
    assert answer.outcome == f"Not everything was saved Product news, Acme – Text message {RETIRED}"
    undo = visitor.open(stopped.link("Undo")).press("Undo this change")
    assert said(person(ANONYMOUS))[:2] == [
        ("acme/acme-news/email", "opted_in", "link"),
        ("acme/acme-news/email", "opted_out", "link"),
    ]
    # Taking a stop back is no new yes: it restores the one that was given, and nothing is sent about it any more.
    assert undo.heading == "Undone"


def test_one_click_for_a_retired_topic_and_brand(visitor, person, acme, news, stop_link):
    type(news).objects.filter(pk=news.pk).update(retired_at=timezone.now())
    type(acme).objects.filter(pk=acme.pk).update(retired_at=timezone.now())
    assert visitor.client.post(stop_link.removeprefix("http://testserver")).status_code == 200
    assert visitor.open(stop_link).press("Stop everything from Acme").heading == "Stopped"
    assert [event[1] for event in said(person(ANONYMOUS))] == ["opted_out", "opted_out"]


def test_stop_for_a_channel_the_topic_no_longer_offers(visitor, person, news, stop_link):
    type(news).objects.filter(pk=news.pk).update(channels=[Channel.SMS.value])
    assert visitor.open(stop_link).press("Stop this").heading == "Stopped"
    assert said(person(ANONYMOUS)) == [("acme/acme-news/email", "opted_out", "link")]


@pytest.fixture
def catalogue_edit(acme, news, activity):
    """What staff do while somebody has the page open, by name."""
    now = timezone.now()

    def edit(name: str) -> None:
        match name:
            case "topic retired":
                type(news).objects.filter(pk=news.pk).update(retired_at=now)
            case "brand retired":
                type(acme).objects.filter(pk=acme.pk).update(retired_at=now)
            case "channel dropped":
                type(news).objects.filter(pk=news.pk).update(channels=[Channel.SMS.value])
            case "profiling retired":
                type(activity).objects.filter(pk=activity.pk).update(retired_at=now)
            case "another topic added":
                TopicFactory(brand=acme)

    return edit


EDITS = ["topic retired", "brand retired", "channel dropped", "profiling retired", "another topic added"]


@pytest.mark.parametrize("edit", EDITS)
def test_stops_are_saved_although_the_catalogue_was_edited_meanwhile(
    visitor, person, page, catalogue_edit, edit
):
    """What a person stops stays stopped, whatever staff did while the page was open, and so do the words they read."""
    page = page.tick("Product news", "E-mail").press("Save my choices")
    tab = page.untick("Product news", "E-mail").untick("Your activity")
    catalogue_edit(edit)
    saved = tab.press("Save my choices")
    assert (saved.status, saved.by_id("outcome-title").text) == (200, "Saved")
    assert "Product news, Acme – E-mail Stopped." in saved.outcome
    assert "Your activity Stopped." in saved.outcome
    assert said(person(ANONYMOUS))[1:] == [
        ("acme/acme-news/email", "opted_out", "link"),
        ("*/activity/*", "opted_out", "link"),
    ]
    assert all(event["wording"] for event in person(ANONYMOUS)["events"])


def test_starts_are_saved_although_another_topic_was_retired_meanwhile(visitor, person, page, catalogue_edit):
    tab = page.tick("Events", "E-mail").tick("Product news", "E-mail").untick("Your activity")
    catalogue_edit("topic retired")
    saved = tab.press("Save my choices")
    assert "Events, Acme – E-mail Started." in saved.outcome
    assert f"Product news, Acme – E-mail {RETIRED}" in saved.outcome
    assert "Your activity Stopped." in saved.outcome
    assert "Product news" not in [legend.text for legend in saved.root.all("legend")]
    assert [event[:2] for event in said(person(ANONYMOUS))] == [
        ("acme/acme-events/email", "opted_in"),
        ("*/activity/*", "opted_out"),
    ]


def test_channel_dropped_meanwhile_starts_nothing(visitor, person, page, catalogue_edit):
    catalogue_edit("channel dropped")
    saved = page.tick("Product news", "E-mail").press("Save my choices")
    assert saved.status == 200
    assert "Product news, Acme – E-mail This topic is not offered on that channel." in saved.outcome
    assert person(ANONYMOUS)["events"] == []


@pytest.mark.parametrize(
    ("button", "edit", "scope"),
    [
        ("Stop everything from Acme", "brand retired", "acme/*/*"),
        ("Stop: Letter", "topic retired", "*/*/post"),
        ("Stop: Letter", "channel dropped", "*/*/post"),
        ("Refuse all profiling", "profiling retired", "*/*/*"),
        ("Stop all marketing", "brand retired", "*/*/*"),
    ],
)
def test_button_of_what_was_retired_meanwhile_stops(
    visitor, person, page, catalogue_edit, button, edit, scope
):
    catalogue_edit(edit)
    saved = page.press(button)
    assert (saved.status, saved.by_id("outcome-title").text) == (200, "Saved")
    assert said(person(ANONYMOUS)) == [(scope, "opted_out", "link")]
    (event,) = person(ANONYMOUS)["events"]
    assert all(line in page.text for line in event["wording"].splitlines())
