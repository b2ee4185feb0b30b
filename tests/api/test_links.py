"""The links and headers of a mailing."""

import pytest
from django.test import Client
from django.utils import timezone

from preferences.enums import ContactKind
from preferences.tokens import read_stop_token
from tests.factories import ContactPointFactory, RecipientFactory

pytestmark = pytest.mark.django_db

NEWS = {"topic": "acme-news", "channel": "email"}


def make(program, *people, **asked):
    return program.post("/links", {**NEWS, **asked, "people": list(people)})


def stop_token(links):
    return read_stop_token(links["stop_url"].split("/")[-2])


def test_links_and_headers(shop, kari, news):
    (links,) = make(shop, {"email": "KARI@example.com"}).json["results"]
    assert links["recipient"] == kari.pk
    assert links["problem"] is None
    assert set(links["headers"]) == {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"}
    assert links["headers"]["List-Unsubscribe"] == f"<{links['stop_url']}>"
    for url in (links["stop_url"], links["manage_url"]):
        assert Client().get(url.removeprefix("http://testserver")).status_code == 200


def test_they_work(shop, kari, news):
    (links,) = make(shop, {"recipient": kari.pk}).json["results"]
    Client().post(
        links["stop_url"].removeprefix("http://testserver"),
        "List-Unsubscribe=One-Click",
        content_type="text/plain",
    )
    verdict = shop.post("/decisions", {"person": {"recipient": kari.pk}, **NEWS}).json
    assert verdict["reason"] == "choice_opted_out"


def test_in_order_with_those_nobody_knows(shop, kari, anonymous, news):
    people = [
        {"recipient": anonymous.pk},
        {"email": "nobody@example.com"},
        {"recipient": kari.pk},
        {"external_id": "C-404"},
        {"recipient": anonymous.pk},
        {"recipient": RecipientFactory(email=None).pk},
    ]
    results = make(shop, *people).json["results"]
    assert [links["recipient"] for links in results] == [
        anonymous.pk,
        None,
        kari.pk,
        None,
        anonymous.pk,
        None,
    ]
    assert results[1] == {
        "recipient": None,
        "stop_url": None,
        "manage_url": None,
        "headers": {},
        "problem": "recipient_unknown",
    }


def test_which_address(shop, kari, news):
    """The one named where the channel uses such an address, else the first of its kind, verified ones before all."""
    phone = ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4790000000")
    second = ContactPointFactory(recipient=kari, value="kari2@example.com", verified_at=timezone.now())
    first = kari.contact_points.get(normalized="kari@example.com")
    for channel, person, point in (
        ("email", {"recipient": kari.pk}, second),
        ("email", {"email": "kari@example.com"}, first),
        ("email", {"phone": "+4790000000"}, second),
        ("sms", {"recipient": kari.pk}, phone),
        ("sms", {"email": "kari@example.com"}, phone),
        ("post", {"email": "kari@example.com"}, first),
    ):
        (links,) = make(shop, person, channel=channel).json["results"]
        assert stop_token(links).contact_point == point.pk, (channel, person)
        assert bool(links["headers"]) is (channel == "email")


def test_after_a_merge_the_links_are_the_surviving_ones(shop, kari, anonymous, news):
    type(kari).objects.filter(pk=anonymous.pk).update(merged_into=kari, external_id="C-1")
    results = make(shop, {"recipient": anonymous.pk}, {"external_id": "C-1"}).json["results"]
    assert [links["recipient"] for links in results] == [kari.pk, kari.pk]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"topic": "no-such-topic"}, "purpose_unknown"),
        ({"topic": "activity"}, "purpose_unknown"),
        ({"channel": "phone"}, "channel_not_offered"),
        ({"channel": "fax"}, "invalid"),
    ],
)
def test_what_is_not_offered(shop, kari, news, activity, asked, code):
    assert make(shop, {"recipient": kari.pk}, **asked).problem == (422, code)


def test_a_retired_topic(shop, kari, news, acme):
    type(acme).objects.update(retired_at=timezone.now())
    assert make(shop, {"recipient": kari.pk}).problem == (422, "purpose_retired")


def test_nobody_and_too_many(shop, news):
    assert make(shop).json == {"results": []}
    assert make(shop, *[{"recipient": 1}] * 1001).problem == (422, "invalid")
    assert make(shop, {"email": "not an address"}).problem == (422, "address_invalid")


@pytest.mark.parametrize("people", [1, 20])
def test_constant_queries(shop, news, people, django_assert_num_queries):
    make(shop)
    named = [{"recipient": person.pk} for person in RecipientFactory.create_batch(people)]
    named += [{"email": "nobody@example.com"}]
    with django_assert_num_queries(4):
        make(shop, *named)
