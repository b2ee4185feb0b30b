"""The pixel and the counted links of a mailing, made for whoever may be tracked."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences import ledger
from preferences.enums import Kind, ProfilingUse, Requirement, State
from preferences.models import Event, ProfilingPurpose
from preferences.scope import Scope
from preferences.tokens import read_tracking_token
from tests.factories import ProfilingPurposeFactory, RecipientFactory

pytestmark = pytest.mark.django_db

HERE = "http://testserver"
TARGET, COUNTER = "https://shop.example.com/spring?a=1#b", "https://count.example.net/c/7?to=%2Fspring"
PIXEL = "https://count.example.net/o/7.gif"
LINK = {"target": TARGET, "counter": COUNTER}


@pytest.fixture
def tracking(db):
    return ProfilingPurposeFactory(
        key="tracking", use=ProfilingUse.EMAIL_TRACKING, requirement=Requirement.OPT_OUT
    )


def make(program, *people, **message):
    message = message or {"pixel": PIXEL, "links": [LINK]}
    return program.post("/tracking-links", {"messages": [{"person": one, **message} for one in people]})


def opened(url):
    """Where the site leads whoever opens a link."""
    assert url.startswith(HERE)
    return Client().get(url.removeprefix(HERE)).headers.get("Location")


def refuse(say, person, purpose):
    return say(person, State.OPTED_OUT, Scope(kind=Kind.PROFILING, purpose=purpose.pk))


def test_of_whoever_may_be_tracked(shop, kari, tracking):
    (made,) = make(shop, {"email": "KARI@example.com"}).json["results"]
    assert (made["recipient"], made["tracking"]) == (kari.pk, True)
    assert made["pixel"].startswith(f"{HERE}/t/")
    assert made["pixel"].endswith(".gif")
    assert opened(made["pixel"]) == PIXEL
    (link,) = made["links"]
    assert link.endswith("/")
    assert opened(link) == COUNTER


def test_of_whoever_refuses(shop, kari, tracking, say):
    refuse(say, kari, tracking)
    (made,) = make(shop, {"recipient": kari.pk}).json["results"]
    assert made == {"recipient": kari.pk, "tracking": False, "pixel": None, "links": [TARGET]}


def test_where_nothing_is_tracked_at_all(shop, kari):
    (made,) = make(shop, {"recipient": kari.pk}).json["results"]
    assert made == {"recipient": kari.pk, "tracking": False, "pixel": None, "links": [TARGET]}


def test_where_the_purpose_is_retired(shop, kari, tracking):
    (link,) = make(shop, {"recipient": kari.pk}).json["results"][0]["links"]
    ProfilingPurpose.objects.update(retired_at=timezone.now())
    assert make(shop, {"recipient": kari.pk}).json["results"][0]["pixel"] is None
    assert opened(link) == TARGET


def test_tracking_is_what_decisions_say(shop, kari, anonymous, tracking, say):
    refuse(say, anonymous, tracking)
    people = [{"recipient": kari.pk}, {"recipient": anonymous.pk}, {"email": "nobody@example.com"}]
    made = make(shop, *people).json["results"]
    decided = shop.post("/decisions/batch", {"people": people, "profiling": "tracking"}).json["results"]
    assert [one["tracking"] for one in made] == [one["tracking"] for one in decided] == [True, False, False]


def test_in_order_with_those_nobody_knows(shop, kari, anonymous, tracking, say):
    refuse(say, anonymous, tracking)
    erased = RecipientFactory()
    ledger.erase(recipient=erased.pk, now=timezone.now())
    people = [{"recipient": anonymous.pk}, {"email": "nobody@example.com"}, {"recipient": kari.pk}]
    results = make(shop, *people, {"recipient": erased.pk}, {"recipient": kari.pk}).json["results"]
    assert [one["recipient"] for one in results] == [anonymous.pk, None, kari.pk, erased.pk, kari.pk]
    assert [one["pixel"] is not None for one in results] == [False, False, True, False, True]
    assert results[1] == {"recipient": None, "tracking": False, "pixel": None, "links": [TARGET]}
    assert results[2] == results[4]


def test_links_are_of_the_surviving_person(shop, kari, anonymous, tracking):
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="one person", now=timezone.now())
    (made,) = make(shop, {"recipient": kari.pk}).json["results"]
    assert made["recipient"] == anonymous.pk
    token = made["links"][0].split("/")[-2]
    assert read_tracking_token(token).recipient == anonymous.pk


def test_each_message_has_its_own(shop, kari, anonymous, tracking):
    second = {"target": "https://shop.example.com/2", "counter": "https://count.example.net/2"}
    answer = shop.post(
        "/tracking-links",
        {
            "messages": [
                {"person": {"recipient": kari.pk}, "links": [LINK, second, LINK]},
                {"person": {"recipient": anonymous.pk}, "pixel": PIXEL},
                {"person": {"recipient": kari.pk}},
            ]
        },
    )
    first, pixel_alone, nothing = answer.json["results"]
    assert first["pixel"] is None
    assert [opened(link) for link in first["links"]] == [COUNTER, second["counter"], COUNTER]
    assert (opened(pixel_alone["pixel"]), pixel_alone["links"]) == (PIXEL, [])
    assert (nothing["pixel"], nothing["links"], nothing["tracking"]) == (None, [], True)


def test_the_longest_urls(shop, kari, tracking):
    target, counter = (f"https://{name}.example.com/".ljust(2000, "x") for name in ("shop", "count"))
    (made,) = make(
        shop, {"recipient": kari.pk}, pixel=counter, links=[{"target": target, "counter": counter}]
    ).json["results"]
    assert opened(made["pixel"]) == counter
    assert opened(made["links"][0]) == counter
    assert len(made["links"][0]) < 5500


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "url_invalid"),
        ("javascript:alert(1)", "url_invalid"),
        ("data:text/html,x", "url_invalid"),
        ("ftp://shop.example.com/", "url_invalid"),
        ("mailto:kari@example.com", "url_invalid"),
        ("//evil.example.net", "url_invalid"),
        ("/\\evil.example.net", "url_invalid"),
        ("\\\\evil.example.net", "url_invalid"),
        ("/u/token/", "url_invalid"),
        ("https:/evil.example.net", "url_invalid"),
        ("https:///evil.example.net", "url_invalid"),
        ("https://", "url_invalid"),
        ("https://shop.example.com\\@evil.example.net/", "url_invalid"),
        ("https://shop.example.com@evil.example.net/", "url_invalid"),
        ("https://user:secret@shop.example.com/", "url_invalid"),
        ("https://shop.example.com:port/", "url_invalid"),
        ("https://[::1]/", "url_invalid"),
        ("https://shop.example.com/a b", "url_invalid"),
        ("https://shop.example.com/\r\nSet-Cookie: a=b", "url_invalid"),
        ("https://shop.example.com/\n", "url_invalid"),
        ("https://shop.example.com/\t", "url_invalid"),
        ("https://shop.example.com/\x00", "url_invalid"),
        ("https://shop.example.com/\u202e", "url_invalid"),
        (" https://shop.example.com/", "url_invalid"),
        ("https://blåbær.example.com/", "url_invalid"),
        ("https://ｅvil.example.com/", "url_invalid"),
        ("https://shop.example.com/æ", "url_invalid"),
        ('https://shop.example.com/"><script>', "url_invalid"),
        ("https://shop.example.com/".ljust(2001, "x"), "url_too_long"),
        ("x" * 1_000_000, "url_too_long"),
        ("http://testserver/u/token/", "url_ours"),
        ("http://testserver/p/token/", "url_ours"),
        ("https://TESTSERVER:8443/u/token/", "url_ours"),
        ("http://testserver./p/token/", "url_ours"),
        ("http://testserver", "url_ours"),
        ("http://testserver?x", "url_ours"),
    ],
)
def test_where_no_link_leads(shop, kari, tracking, url, code):
    for message, location in (
        ({"links": [LINK, {"target": url, "counter": COUNTER}]}, "links.1.target"),
        ({"links": [{"target": TARGET, "counter": url}]}, "links.0.counter"),
        ({"pixel": url}, "pixel"),
    ):
        answer = make(shop, {"recipient": kari.pk}, **message)
        assert answer.problem == (422, "invalid")
        assert [(fault["location"], fault["code"]) for fault in answer.json["errors"]] == [
            (f"body.messages.0.{location}", code)
        ]
        # What was sent is not repeated.
        assert len(url) < 20 or url.encode() not in answer.content


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com",
        "HTTPS://Shop.Example.com/",
        "https://shop.example.com:8443/a/b;c=1,2?d[]=1&e='2'(3)*#f:/?@!$",
        "https://xn--blbr-roah.example.com/%C3%A6",
        "https://shop.example.com?x",
        "https://192.0.2.1/x",
        "https://testserver.example.com/",
        "https://shop.example.com/?to=http://testserver/",
    ],
)
def test_where_links_lead(shop, kari, tracking, url):
    """The URL comes out as it went in, to the letter."""
    links = [{"target": url, "counter": COUNTER}, {"target": TARGET, "counter": url}]
    answer = make(shop, {"recipient": kari.pk}, pixel=url, links=links)
    assert answer.status == 200
    made = answer.json["results"][0]
    assert [opened(made["pixel"]), opened(made["links"][1])] == [url, url]
    ProfilingPurpose.objects.update(retired_at=timezone.now())
    assert opened(made["links"][0]) == url


def test_a_stop_link_is_refused_in_words(shop, kari, news, tracking):
    (links,) = shop.post(
        "/links", {"topic": "acme-news", "channel": "email", "people": [{"recipient": kari.pk}]}
    ).json["results"]
    for url in (links["stop_url"], links["manage_url"]):
        answer = make(shop, {"recipient": kari.pk}, links=[{"target": url, "counter": COUNTER}])
        (fault,) = answer.json["errors"]
        assert fault["code"] == "url_ours"
        assert fault["message"].startswith("A link to this site, such as a stop or manage link, is never")


@pytest.mark.parametrize(
    ("body", "location", "code"),
    [
        ({}, "body.messages", "missing"),
        ({"messages": [{}]}, "body.messages.0.person", "missing"),
        ({"messages": [{"person": {"recipient": 1}}] * 1001}, "body.messages", "too_long"),
        (
            {"messages": [{"person": {"recipient": 1}, "links": [LINK] * 101}]},
            "body.messages.0.links",
            "too_long",
        ),
        ({"messages": [{"person": {"recipient": 1}, "pixel": None}]}, "body.messages.0.pixel", "string_type"),
        ({"messages": [{"person": {"recipient": 1}, "pixel": 1}]}, "body.messages.0.pixel", "string_type"),
        ({"messages": [], "topic": "acme-news"}, "body", "extra_forbidden"),
        (
            {"messages": [{"person": {"recipient": 1}, "links": [{"target": TARGET}]}]},
            "body.messages.0.links.0.counter",
            "missing",
        ),
        ({"messages": [{"person": {"email": "not an address"}}]}, "body.messages.0", "email_invalid"),
    ],
)
def test_a_body_that_is_none(shop, tracking, body, location, code):
    answer = shop.post("/tracking-links", body)
    assert answer.status == 422
    assert [(fault["location"], fault["code"]) for fault in answer.json["errors"]] == [(location, code)]


def test_nobody(shop, tracking):
    assert make(shop).json == {"results": []}


def test_takes_its_scope(program, kari, tracking):
    client = program("decisions:read", "history:read")
    assert make(client, {"recipient": kari.pk}).problem == (403, "insufficient_scope")


def test_any_client_may_ask(program, kari, tracking, acme):
    assert make(program("links:create", brand=acme), {"recipient": kari.pk}).json["results"][0]["tracking"]


@pytest.mark.parametrize("people", [1, 30])
def test_constant_queries_and_nothing_written(shop, tracking, people):
    named = [{"recipient": person.pk} for person in RecipientFactory.create_batch(people)]
    make(shop, *named)
    with CaptureQueriesContext(connection) as queries:
        make(shop, *named)
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "WITH"]
    assert not Event.objects.exists()
