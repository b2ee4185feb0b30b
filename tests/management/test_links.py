import re

import pytest
from django.conf import settings

from preferences.enums import Channel, ContactKind
from preferences.models import ContactPoint
from preferences.tokens import StopToken, read_manage_token, read_stop_token
from tests.factories import ContactPointFactory


@pytest.fixture
def address(kari) -> ContactPoint:
    return kari.contact_points.get()


def test_links_as_json(run, kari, address, news):
    ended = run("links", "KARI@example.com", "--topic", "acme-news", "--json")

    assert (ended.status, ended.err) == (0, "")
    stop, manage = _token(ended.json["stop_url"], "u"), _token(ended.json["manage_url"], "p")
    assert ended.json == {
        "stop_url": f"http://testserver/u/{stop}/",
        "manage_url": f"http://testserver/p/{manage}/",
        "headers": {
            "List-Unsubscribe": f"<http://testserver/u/{stop}/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<acme-news.preferences.example.com>",
        },
    }
    assert read_stop_token(stop) == StopToken(
        recipient=kari.pk,
        contact_point=address.pk,
        brand=news.brand_id,
        topic=news.pk,
        channel=Channel.EMAIL,
    )
    read = read_manage_token(manage)
    assert (read.recipient, read.contact_point, read.brand) == (kari.pk, address.pk, news.brand_id)


def test_the_links_work(run, client, news, address):
    links = run("links", "kari@example.com", "--topic", "acme-news", "--json").json

    for url in (links["stop_url"], links["manage_url"]):
        assert client.get(url.removeprefix(settings.BASE_URL)).status_code == 200


def test_the_stop_link_is_the_same_every_time(run, news, address):
    first, second = (
        run("links", "kari@example.com", "--topic", "acme-news", "--json").json["stop_url"] for _ in range(2)
    )

    assert first == second


def test_links_for_a_text_message_are_for_the_number(run, kari, address, news):
    number = ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4740000000")

    links = run("links", "kari@example.com", "--topic", "acme-news", "--channel", "sms", "--json").json

    token = read_stop_token(_token(links["stop_url"], "u"))
    assert (token.contact_point, token.channel) == (number.pk, Channel.SMS)
    assert links["headers"] == {}


def test_links_for_a_letter_without_a_postal_address_are_for_the_one_asked_about(run, address, news):
    links = run("links", "kari@example.com", "--topic", "acme-news", "--channel", "post", "--json").json

    assert read_stop_token(_token(links["stop_url"], "u")).contact_point == address.pk


def test_links_as_text(run, news, address):
    lines = run("links", "kari@example.com", "--topic", "acme-news").out.splitlines()

    assert [re.sub(r"/[-\w.]{40,}/", "/<token>/", line) for line in lines] == [
        "stop\thttp://testserver/u/<token>/",
        "manage\thttp://testserver/p/<token>/",
        "List-Unsubscribe: <http://testserver/u/<token>/>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Id: <acme-news.preferences.example.com>",
    ]


def _token(url: str, kind: str) -> str:
    found = re.fullmatch(rf"http://testserver/{kind}/([-\w.]+)/", url)
    assert found, url
    return found[1]
