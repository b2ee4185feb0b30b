"""The headers by which a mail program shows its own unsubscribe button (RFC 8058, RFC 2369, RFC 2919)."""

import re

import pytest

from preferences.enums import Channel
from preferences.links import stop_url
from preferences.mail.headers import list_headers
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
