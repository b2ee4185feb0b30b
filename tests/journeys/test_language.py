"""The language of a page: asked for in the URL, else chosen before, else the person's own, else the browser's."""

import pytest

from tests.factories import RecipientFactory
from tests.journeys.conftest import ANONYMOUS, KARI
from tests.journeys.screen import Visitor

pytestmark = pytest.mark.django_db

NEWS = {"en": "Product news", "nb": "Produktnytt"}


@pytest.fixture
def manage(links, news, events, activity):
    """The path of the manage link of somebody who speaks that language ("" for nobody knows which)."""

    def manage(language: str) -> str:
        RecipientFactory(email="speaker@example.com", language=language)
        return links("speaker@example.com")["manage_url"].removeprefix("http://testserver")

    return manage


@pytest.mark.parametrize(
    ("asked", "cookie", "own", "browser", "shown"),
    [
        ("", "", "", "", "en"),
        ("", "", "", "nb", "nb"),
        ("", "", "", "nb-NO,nb;q=0.9,en;q=0.8", "nb"),
        ("", "", "", "de,fr;q=0.5", "en"),
        ("", "", "nb", "en", "nb"),
        ("", "", "en", "nb", "en"),
        ("", "", "tlh", "nb", "nb"),
        ("", "en", "nb", "nb", "en"),
        ("", "nb", "en", "en", "nb"),
        ("", "tlh", "nb", "en", "nb"),
        ("nb", "en", "en", "en", "nb"),
        ("en", "nb", "nb", "nb", "en"),
        ("tlh", "", "nb", "en", "nb"),
        ("", "", "", "\x00", "en"),
        ("%00", "", "nb", "en", "nb"),
        ("n" * 5000, "", "nb", "en", "nb"),
        ("nb-" * 3000, "", "en", "en", "nb"),
        ("../../etc", "", "nb", "en", "nb"),
    ],
)
def test_language_of_the_page(client, manage, asked, cookie, own, browser, shown):
    path = manage(own)
    if cookie:
        client.cookies["django_language"] = cookie
    answer = client.get(
        path + (f"?language={asked}" if asked else ""),
        headers={"accept-language": browser} if browser else {},
    )
    html = answer.content.decode()
    assert f'<html lang="{shown}" dir="ltr">' in html
    assert answer.headers["Content-Language"] == shown
    assert NEWS[shown] in html
    assert NEWS["nb" if shown == "en" else "en"] not in html
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


def test_chosen_language_stays(visitor, manage):
    path = manage("en")
    page = visitor.open(path)
    page = visitor.open(page.link("Norsk"))
    assert page.language == "nb"
    (cookie,) = page.response.cookies.values()
    assert (cookie.key, cookie.value) == ("django_language", "nb")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert visitor.open(path).language == "nb"
    assert visitor.open("/link/").language == "nb"
    assert visitor.open("/accounts/login/").language == "nb"
    assert visitor.open(visitor.open(path).link("English")).language == "en"
    assert visitor.open(path).language == "en"


@pytest.mark.parametrize("path", ["/look/acme-{colour}.css", "/healthz"])
def test_what_is_no_page_sets_no_language_cookie(client, acme, path):
    answer = client.get(f"{path.format(colour=acme.colour[1:])}?language=nb")
    assert answer.status_code == 200
    assert not answer.cookies


def test_stylesheet_that_everybody_may_keep_is_the_same_for_everybody(client, acme):
    client.cookies["django_language"] = "nb"
    answer = client.get(f"/look/acme-{acme.colour[1:]}.css")
    assert "public" in answer.headers["Cache-Control"]
    assert "Vary" not in answer.headers
    assert "Content-Language" not in answer.headers


def test_neutral_page_remembers_the_language_too(client, db):
    answer = client.get("/p/nonsense/?language=nb")
    assert answer.cookies["django_language"].value == "nb"


def test_account_page_speaks_the_persons_language(kari, news, activity):
    visitor = Visitor(language="en")
    visitor.client.force_login(kari.account)
    page = visitor.open("/preferences/")
    assert page.language == "nb"
    assert "Produktnytt" in page.text


@pytest.mark.parametrize(("language", "what"), [("en", "Product news"), ("nb", "Produktnytt")])
def test_words_are_kept_in_the_language_they_were_shown_in(visitor, person, manage_link, language, what):
    page = visitor.open(f"{manage_link}?language={language}")
    field = page.by_id(_email_of(page, what))
    data = page.choices
    visitor.post(page.url, {**data, "on": [*data["on"], field.attributes["value"]]})
    (event,) = person(ANONYMOUS)["events"]
    assert what in event["wording"]
    assert all(line in page.text for line in event["wording"].splitlines())


def _email_of(page, topic: str) -> str:
    """The id of the e-mail switch of a topic, whatever e-mail is called in the language of the page."""
    fieldset = next(f for f in page.root.all("fieldset") if next(f.all("legend")).text == topic)
    return next(
        box.attributes["id"] for box in fieldset.all("input") if box.attributes["id"].endswith(".email")
    )


def test_stop_and_undo_pages_speak_the_persons_language(visitor, links, kari, news):
    stop = visitor.open(links(KARI)["stop_url"])
    assert stop.language == "nb"
    assert "Produktnytt" in stop.text
    stopped = visitor.post(stop.url, {"stop": "topic"})
    assert stopped.language == "nb"
    (undo,) = [
        a.attributes["href"] for a in stopped.root.all("a") if a.attributes["href"].startswith("/undo/")
    ]
    assert visitor.open(undo).language == "nb"


def test_neutral_page_speaks_the_browsers_language():
    assert Visitor(language="nb").open("/p/nonsense/").language == "nb"
