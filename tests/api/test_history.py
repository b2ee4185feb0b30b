"""What is known of one person, read back."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences.enums import Channel, Kind, State
from preferences.ledger import merge
from preferences.models import Event
from preferences.scope import Scope
from tests.factories import BrandFactory, RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db


def by_email(topic):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)


def test_the_profile(shop, kari):
    assert shop.get(f"/recipients/{kari.pk}").json == {
        "recipient": kari.pk,
        "external_id": None,
        "country": "NO",
        "relationship": "business_customer",
        "organisation": "",
        "language": "nb",
        "born_on": None,
        "contact_points": [
            {"kind": "email", "masked": "k•••@e•••.com", "verified": False, "unreachable": False}
        ],
    }


def test_the_choices(shop, kari, news, say):
    first = say(kari, State.OPTED_OUT, Scope.all_marketing(), now=timezone.now() - dt.timedelta(hours=1))
    second = say(kari, State.OPTED_IN, by_email(news))
    choices = shop.get(f"/recipients/{kari.pk}/choices").json["choices"]
    assert [(choice["event"], choice["brand"], choice["purpose"], choice["state"]) for choice in choices] == [
        (first, None, None, "opted_out"),
        (second, "acme", "acme-news", "opted_in"),
    ]
    assert choices[1]["occurred_at"].endswith("Z")


def test_the_history(shop, kari, news, say):
    event = say(kari, State.OPTED_IN, by_email(news))
    answer = shop.get(f"/recipients/{kari.pk}/events").json
    row = Event.objects.get()
    assert answer == {
        "recipient": kari.pk,
        "events": [
            {
                "event": event,
                "kind": "marketing",
                "brand": "acme",
                "purpose": "acme-news",
                "channel": "email",
                "state": "opted_in",
                "confirmed": False,
                "occurred_at": row.occurred_at.isoformat().replace("+00:00", "Z"),
                "recipient": kari.pk,
                "previous_state": "unstated",
                "source": "account",
                "actor": "recipient",
                "route": None,
                "reason": "",
                "legal_basis": "consent",
                "superseded": False,
                "undoes": None,
                "recorded_at": row.recorded_at.isoformat().replace("+00:00", "Z"),
                "wording": None,
            }
        ],
        "next": None,
    }


def test_pages_of_the_history(shop, kari, say):
    start = timezone.now() - dt.timedelta(hours=1)
    ids = [
        say(
            kari,
            State.OPTED_OUT,
            Scope(kind=Kind.MARKETING, channel=channel),
            now=start + dt.timedelta(minutes=number),
        )
        for number, channel in enumerate(Channel)
    ]
    read, cursor = [], ""
    while True:
        page = shop.get(f"/recipients/{kari.pk}/events?limit=3{cursor}").json
        read.append([event["event"] for event in page["events"]])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [len(page) for page in read] == [3, 3, 1]
    assert [event for page in read for event in page] == ids[::-1]


def test_after_a_merge_the_history_is_one(shop, kari, anonymous, say):
    first = say(anonymous, State.OPTED_OUT, Scope(kind=Kind.MARKETING, channel=Channel.SMS))
    second = say(kari, State.OPTED_OUT, Scope(kind=Kind.MARKETING, channel=Channel.POST))
    merge(surviving=kari.pk, absorbed=anonymous.pk, reason="The same person", now=timezone.now())
    answer = shop.get(f"/recipients/{anonymous.pk}/events").json
    assert answer["recipient"] == kari.pk
    assert {first, second} <= {event["event"] for event in answer["events"]}
    assert shop.get(f"/recipients/{anonymous.pk}").json["recipient"] == kari.pk


def test_a_client_of_one_brand_sees_what_concerns_it(program, kari, acme, news, activity, say):
    other = TopicFactory(brand=BrandFactory(key="rival"))
    say(kari, State.OPTED_IN, by_email(news))
    say(kari, State.OPTED_IN, by_email(other))
    say(kari, State.OPTED_OUT, Scope(kind=Kind.PROFILING, purpose=activity.pk))
    say(kari, State.OPTED_OUT, Scope(kind=Kind.MARKETING, channel=Channel.POST))
    own = program(brand=acme)
    for path, name in (("choices", "choices"), ("events", "events")):
        seen = own.get(f"/recipients/{kari.pk}/{path}").json[name]
        assert {(each["kind"], each["brand"]) for each in seen} == {
            ("marketing", "acme"),
            ("marketing", None),
        }


@pytest.mark.parametrize("path", ["", "/choices", "/events"])
def test_somebody_unknown_or_erased(shop, kari, path):
    assert shop.get(f"/recipients/{2**62}{path}").problem == (404, "recipient_unknown")
    assert shop.get(f"/recipients/0{path}").problem == (422, "invalid")
    assert shop.get(f"/recipients/{2**63}{path}").problem == (422, "invalid")
    type(kari).objects.filter(pk=kari.pk).update(erased_at=timezone.now())
    assert shop.get(f"/recipients/{kari.pk}{path}").problem == (404, "recipient_erased")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=-1", f"cursor={'9' * 30}"]
)
def test_a_page_that_is_none(shop, kari, query):
    assert shop.get(f"/recipients/{kari.pk}/events?{query}").problem == (422, "invalid")


@pytest.mark.parametrize("events", [1, 5])
def test_constant_queries(shop, events, say, django_assert_num_queries):
    person = RecipientFactory()
    for channel in list(Channel)[:events]:
        say(person, State.OPTED_OUT, Scope(kind=Kind.MARKETING, channel=channel))
    shop.get(f"/recipients/{person.pk}/events")
    with django_assert_num_queries(2):
        shop.get(f"/recipients/{person.pk}/events")
    with django_assert_num_queries(2):
        shop.get(f"/recipients/{person.pk}/choices")
