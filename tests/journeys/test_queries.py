"""A page costs the same few queries whatever the number of topics, and however much was said."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from preferences.cookies.publish import publish
from tests.factories import CREATED_AT, SiteCategoryFactory, SiteFactory, TopicFactory
from tests.journeys.conftest import KARI, said

pytestmark = pytest.mark.django_db

EVERY_CHANNEL = ["email", "sms", "phone", "post", "in_product", "web", "social"]


def queries_of(visitor, path: str, data=None) -> int:
    visitor.open(path)
    with CaptureQueriesContext(connection) as queries:
        page = visitor.open(path) if data is None else visitor.post(path, data)
    assert page.status == 200
    return len(queries)


@pytest.fixture
def paths(visitor, links, kari, news, activity):
    visitor.client.force_login(kari.account)
    made = links(KARI)
    return {"/p/": made["manage_url"], "/u/": made["stop_url"], "/preferences/": "/preferences/"}


# /p/: address and person, brand of the link, choices, catalogue, version, wordings, history, cookie choices.
# /preferences/: session and user besides, the person, and what the menu asks about the account; no brand.
@pytest.mark.parametrize(("name", "count"), [("/p/", 8), ("/u/", 3), ("/preferences/", 9)])
@pytest.mark.parametrize("topics", [1, 40])
def test_queries_of_a_page(visitor, acme, person, paths, name, count, topics):
    TopicFactory.create_batch(topics - 1, brand=acme, channels=EVERY_CHANNEL)
    if topics > 1:
        TopicFactory.create_batch(5, channels=EVERY_CHANNEL)
        page = visitor.open(paths["/p/"])
        everything = page.choices["shown"][0].split()
        visitor.post(paths["/p/"], {**page.choices, "on": everything})
        assert len(said(person(KARI))) > 150
    assert queries_of(visitor, paths[name]) == count


@pytest.mark.parametrize(("name", "count"), [("/p/", 9), ("/u/", 3), ("/preferences/", 10)])
@pytest.mark.parametrize("sites", [1, 10])
def test_queries_of_a_page_with_cookie_choices_and_the_privacy_signal(
    visitor, paths, shop, name, count, sites
):
    """One more for the signal; the cookie choices are one query whatever this browser said, and on how many sites."""
    for site in SiteFactory.create_batch(sites - 1):
        SiteCategoryFactory(site=site, category="necessary")
        publish(site, now=CREATED_AT)
    visitor.headers["sec-gpc"] = "1"
    page = visitor.open("/cookies/shop/").press("Refuse all")
    assert page.status == 200
    assert queries_of(visitor, paths[name]) == count


@pytest.mark.parametrize("records", [1, 20])
def test_queries_of_the_cookie_page(visitor, shop, records):
    """Whether the id is another site's, what was said, the words that were shown, and the brand."""
    page = visitor.open("/cookies/shop/")
    for number in range(records):
        page = page.press("Accept all" if number % 2 else "Refuse all")
    assert len(page.history) == records
    assert queries_of(visitor, "/cookies/shop/") == 4


@pytest.mark.parametrize("changes", [1, 40])
def test_queries_of_a_save(visitor, acme, person, paths, changes):
    """However many switches are changed at once: the page twice, the ledger's few statements between, and the nine by
    which the mail that tells of it is asked for."""
    TopicFactory.create_batch(changes, brand=acme, channels=["email"])
    page = visitor.open(paths["/p/"])
    on = page.choices.get("on", [])
    rest = [
        field for field in page.choices["shown"][0].split() if field not in on and field.endswith(".email")
    ]
    assert len(rest) == changes + 1
    with CaptureQueriesContext(connection) as queries:
        visitor.post(paths["/p/"], {**page.choices, "on": [*on, *rest[:changes]]})
    assert len(said(person(KARI))) == changes
    assert len(queries) == 20 + 9
