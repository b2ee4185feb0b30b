"""What there is to ask about."""

import pytest
from django.utils import timezone

from tests.factories import BrandFactory, TopicFactory

pytestmark = pytest.mark.django_db


def test_the_catalogue(program, acme, news, activity):
    type(news).objects.filter(pk=news.pk).update(retired_at=timezone.now())
    assert program("links:create").get("/catalogue").json == {
        "brands": [
            {
                "key": "acme",
                "name": "Acme",
                "legal_entity": "Acme AS",
                "sender_name": "Acme",
                "sender_email": "news@acme.example.com",
                "privacy_notice_url": "https://acme.example.com/privacy",
                "retired": False,
            }
        ],
        "topics": [
            {
                "key": "acme-news",
                "brand": "acme",
                "name": "Product news",
                "channels": ["email", "sms", "post"],
                "retired": True,
            }
        ],
        "profiling_purposes": [
            {
                "key": "activity",
                "name": "Your activity",
                "use": "other",
                "default": "opt_out",
                "retired": False,
            }
        ],
        "next": None,
    }


def test_in_the_language_asked_for(shop, news):
    answer = shop.get("/catalogue", accept_language="nb")
    assert answer.json["topics"][0]["name"] == "Produktnytt"
    assert answer.headers["Content-Language"] == "nb"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages(shop, activity, limit):
    for _ in range(2):
        TopicFactory.create_batch(2, brand=BrandFactory())
    whole = shop.get("/catalogue").json
    read = {"brands": [], "topics": [], "profiling_purposes": []}
    cursor = ""
    while True:
        page = shop.get(f"/catalogue?limit={limit}{cursor}").json
        assert sum(len(page[name]) for name in read) <= limit
        for name, rows in read.items():
            rows += page[name]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert {**read, "next": None} == whole
    assert [len(rows) for rows in read.values()] == [2, 4, 1]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "cursor=9-1", "cursor=x", "cursor=1"])
def test_a_page_that_is_none(shop, query):
    assert shop.get(f"/catalogue?{query}").problem == (422, "invalid")


def test_constant_queries(shop, acme, django_assert_num_queries):
    shop.get("/catalogue")
    for _ in range(2):
        TopicFactory.create_batch(3)
        with django_assert_num_queries(3):
            shop.get("/catalogue")
