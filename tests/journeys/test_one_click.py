"""The unsubscribe button of mail programs: RFC 8058 in every shape providers send it, and in some they do not."""

import pytest
from django.db import DataError, IntegrityError, OperationalError

from preferences.views import one_click
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db

URLENCODED = "application/x-www-form-urlencoded"
BOUNDARY = "----8058"
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
MULTIPART = f"{PART}One-Click\r\n--{BOUNDARY}--\r\n"
BODIES = {
    "urlencoded": ("List-Unsubscribe=One-Click", URLENCODED),
    "urlencoded with a charset": ("List-Unsubscribe=One-Click", f"{URLENCODED}; charset=UTF-8"),
    "multipart": (MULTIPART, f"multipart/form-data; boundary={BOUNDARY}"),
    "empty": ("", URLENCODED),
    "empty, no type": ("", ""),
    "plain text": ("List-Unsubscribe=One-Click", "text/plain"),
    "json": ('{"List-Unsubscribe": "One-Click"}', "application/json"),
    "another case": ("list-unsubscribe=one-click", URLENCODED),
    "with a null byte": ("List-Unsubscribe=One-Click%00", URLENCODED),
    "latin-1": ("List-Unsubscribe=One-Click&x=%E5", f"{URLENCODED}; charset=iso-8859-1"),
    "multipart without boundary": (MULTIPART, "multipart/form-data"),
    "multipart cut off": (MULTIPART[:40], f"multipart/form-data; boundary={BOUNDARY}"),
    "one megabyte": ("List-Unsubscribe=One-Click&x=" + "x" * 1_000_000, URLENCODED),
    "one megabyte of multipart": (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="x"\r\n\r\n{"x" * 1_000_000}\r\n--{BOUNDARY}--\r\n',
        f"multipart/form-data; boundary={BOUNDARY}",
    ),
    "two thousand fields": ("&".join(f"a{n}=1" for n in range(2000)), URLENCODED),
}


def post(visitor, url, body="List-Unsubscribe=One-Click", content_type=URLENCODED, **headers):
    """POST as a provider does: nobody's cookies, no CSRF token, no redirect followed."""
    path = url.removeprefix("http://testserver")
    return visitor.client.generic("POST", path, body, content_type=content_type, headers=headers)


@pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES.keys())
def test_one_click_stops_whatever_the_body(visitor, person, stop_link, body, content_type):
    answer = post(visitor, stop_link, body, content_type)

    assert answer.status_code == 200
    assert answer.content == b"OK\n"
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"
    assert said(person(ANONYMOUS)) == [("acme/acme-news/email", "opted_out", "one_click")]
    (event,) = person(ANONYMOUS)["events"]
    assert (event["actor"], event["wording"]) == ("recipient", None)


def test_one_click_repeated_and_unknown_look_like_the_first(visitor, person, stop_link):
    first, second = post(visitor, stop_link), post(visitor, stop_link)
    unknown = post(visitor, "http://testserver/u/nobody-has-this-token/")

    assert {answer.status_code for answer in (first, second, unknown)} == {200}
    assert {answer.content for answer in (first, second, unknown)} == {b"OK\n"}
    kept = [
        {name for name in answer.headers if name != "X-Request-ID"} for answer in (first, second, unknown)
    ]
    assert kept[0] == kept[1] == kept[2]
    assert len(person(ANONYMOUS)["events"]) == 1


def test_one_click_with_the_headers_of_the_mail(visitor, person, links, anonymous, news):
    headers = links(ANONYMOUS)["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    post(visitor, headers["List-Unsubscribe"].strip("<>"), headers["List-Unsubscribe-Post"])
    assert said(person(ANONYMOUS)) == [("acme/acme-news/email", "opted_out", "one_click")]


def test_one_click_without_the_last_slash_is_not_redirected(visitor, person, stop_link):
    assert post(visitor, stop_link.rstrip("/")).status_code == 200
    assert len(person(ANONYMOUS)["events"]) == 1


def test_one_click_stops_its_channel_alone(visitor, links, manage_link):
    page = visitor.open(manage_link).tick("Product news", "E-mail").tick("Product news", "Text message")
    page.press("Save my choices")
    post(visitor, links(ANONYMOUS, channel="sms")["stop_url"])
    page = visitor.open(manage_link)
    assert page.is_on("Product news", "E-mail")
    assert not page.is_on("Product news", "Text message")


def test_one_click_ignores_who_is_signed_in(visitor, person, kari, stop_link):
    """A stop belongs to whom the mail was sent to, whoever's browser it runs in, and writes nothing to a session."""
    visitor.client.force_login(kari.account)
    visitor.client.cookies["django_language"] = "nb"
    assert not post(visitor, stop_link).cookies
    assert len(person(ANONYMOUS)["events"]) == 1
    assert person("kari@example.com")["events"] == []


@pytest.mark.parametrize(
    "agent", ["", "curl/8", "Googlebot/2.1", "Mozilla/5.0 (compatible; Barracuda Sentinel)"]
)
def test_one_click_does_not_look_at_the_user_agent(visitor, person, stop_link, agent):
    assert post(visitor, stop_link, **{"user-agent": agent}).status_code == 200
    assert len(person(ANONYMOUS)["events"]) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(visitor, person, stop_link, method):
    answer = visitor.client.generic(method, stop_link.removeprefix("http://testserver"))
    assert answer.status_code == 405
    assert person(ANONYMOUS)["events"] == []


def test_unknown_button_is_no_one_click(visitor, person, stop_link):
    """Somebody pressed a button we do not know: guessing what it was could stop too little."""
    page = visitor.post(stop_link, {"stop": "the world\x00"})
    assert page.status == 400
    assert "This button is not known. Nothing was changed." in page.text
    assert person(ANONYMOUS)["events"] == []


@pytest.mark.django_db(transaction=True)
def test_one_click_for_a_topic_that_is_no_more_looks_like_an_unknown_token(visitor, person, news, stop_link):
    """Nothing is sent about it, and a provider that came again for ever would never get through."""
    type(news).objects.filter(pk=news.pk).delete()
    answer = post(visitor, stop_link)
    assert (answer.status_code, answer.content) == (200, b"OK\n")
    assert person(ANONYMOUS)["events"] == []


@pytest.mark.parametrize("error", [IntegrityError, DataError, OperationalError])
def test_one_click_that_cannot_be_stored_is_to_come_again(visitor, stop_link, monkeypatch, error):
    def refuse(**asked):
        raise error

    monkeypatch.setattr(one_click.ledger, "record", refuse)
    answer = post(visitor, stop_link)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
