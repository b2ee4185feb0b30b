"""The headers by which a mail program shows its own unsubscribe button (RFC 8058, RFC 2369, RFC 2919)."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from preferences.enums import Channel
from preferences.links import stop_url
from preferences.mail.headers import list_headers
from preferences.tokens import read_stop_token
from tests.factories import ContactPointFactory

pytestmark = pytest.mark.django_db


def headers_of(contact_point, topic):
    url = stop_url(contact_point=contact_point, topic=topic, channel=Channel.EMAIL)
    return list_headers(topic=topic, stop_url=url)


def test_headers(news, settings):
    settings.BASE_URL = "https://preferences.example.com"
    headers = headers_of(ContactPointFactory(), news)
    assert headers.keys() == {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"}
    assert re.fullmatch(r"<https://preferences\.example\.com/u/[\w-]+\.[\w-]+/>", headers["List-Unsubscribe"])
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Id"] == "<acme-news.preferences.example.com>"


def test_list_id_is_one_for_all_and_the_link_each_ones_own(news):
    one, other = (headers_of(ContactPointFactory(), news) for _ in range(2))
    assert one["List-Id"] == other["List-Id"]
    assert one["List-Unsubscribe"] != other["List-Unsubscribe"]


def test_an_address_to_write_to_follows_the_link(news, settings):
    settings.BASE_URL, settings.STOP_ADDRESS = "https://preferences.example.com", "stop@example.com"
    url = stop_url(contact_point=ContactPointFactory(), topic=news, channel=Channel.EMAIL)
    headers = list_headers(topic=news, stop_url=url)
    token = re.fullmatch(r"https://preferences\.example\.com/u/([\w-]+\.[\w-]+)/", url)[1]
    assert headers["List-Unsubscribe"] == f"<{url}>, <mailto:stop@example.com?subject=stop%20{token}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_a_mail_program_writes_there_can_be_read(news, settings):
    """By the rules of mailto links (RFC 6068), in any letter case a server leaves the address in."""
    settings.STOP_ADDRESS = "stop+marketing&more@example.com"
    point = ContactPointFactory()
    address = re.search(r"<(mailto:[^>]*)>", headers_of(point, news)["List-Unsubscribe"])[1]
    mailto = urlsplit(address)
    assert unquote(mailto.path) == "stop+marketing&more@example.com"
    word, token = parse_qs(mailto.query)["subject"][0].split()
    assert word == "stop"
    assert read_stop_token(token).contact_point == point.pk
