"""What a stream of people does besides naming the right ones."""

import json
from dataclasses import replace

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences import ledger
from preferences.decisions.decide import ask_about
from preferences.decisions.situation import PersonRef
from preferences.enums import Channel, ContactKind, Source, State
from preferences.exports.audience import Audience, Format, stream_audience
from preferences.ledger import Change, Evidence
from tests.factories import ContactPointFactory, RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(db):
    TopicFactory(key="news", channels=[Channel.IN_PRODUCT.value, Channel.EMAIL.value])
    return ask_about(key="news", channel=Channel.IN_PRODUCT)


@pytest.fixture
def allowed(ask):
    """Makes people who have said yes, in the product and by e-mail."""

    def allowed(number, **columns):
        people = [RecipientFactory(**columns) for _ in range(number)]
        for person in people:
            ledger.record(
                recipient=person.pk,
                changes=[
                    Change(scope=replace(ask.scope, channel=channel), state=State.OPTED_IN)
                    for channel in (Channel.IN_PRODUCT, Channel.EMAIL)
                ],
                evidence=Evidence(source=Source.ACCOUNT),
                now=timezone.now(),
            )
        return people

    return allowed


def stream(ask, **options):
    return stream_audience(audience=Audience(ask=ask, format=Format.NDJSON), now=timezone.now(), **options)


def who(blocks):
    return [json.loads(line)["recipient"] for line in b"".join(blocks).splitlines()]


def test_whoever_is_asked_about_twice_comes_once(ask, allowed):
    (person,) = allowed(1, email="twice@example.com", external_id="x1")
    allowed(1)
    asked = [
        PersonRef(recipient=person.pk),
        PersonRef(recipient=person.pk),
        PersonRef(external_id="x1"),
        PersonRef(kind=ContactKind.EMAIL, address="twice@example.com"),
    ]

    assert who(stream(ask, asked=asked)) == [person.pk]


def test_whoever_is_unknown_is_passed_over(ask, allowed):
    allowed(1)
    asked = [
        PersonRef(recipient=2**63 - 1),
        PersonRef(external_id="nobody"),
        PersonRef(kind=ContactKind.EMAIL, address="nobody@example.com"),
    ]

    assert who(stream(ask, asked=asked)) == []
    assert who(stream(ask, asked=[])) == []


def test_one_after_another_with_other_people_each(ask, allowed):
    """What the first one kept for itself is not in the way of the next."""
    first, second = allowed(2)

    assert who(stream(ask, asked=[PersonRef(recipient=first.pk)])) == [first.pk]
    assert who(stream(ask, asked=[PersonRef(recipient=second.pk)])) == [second.pk]


def test_whoever_was_absorbed_is_the_surviving_person(ask, allowed):
    surviving, absorbed = allowed(2)
    ledger.merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="one person", now=timezone.now())

    assert who(stream(ask, asked=[PersonRef(recipient=absorbed.pk)])) == [surviving.pk]
    assert who(stream(ask)) == [surviving.pk]


def test_somebody_named_by_an_address_is_reached_there(allowed):
    (person,) = allowed(1, email="first@example.com")
    ContactPointFactory(recipient=person, value="second@example.com")
    ask = ask_about(key="news", channel=Channel.EMAIL)
    line = json.loads(
        b"".join(stream(ask, asked=[PersonRef(kind=ContactKind.EMAIL, address="second@example.com")]))
    )

    assert line["address"] == "second@example.com"


def test_a_reader_who_stops_early_leaves_the_connection_usable(ask, allowed):
    allowed(3)
    blocks = stream_audience(audience=Audience(ask=ask), now=timezone.now())
    assert next(blocks).startswith(b"recipient,")
    blocks.close()

    assert len(who(stream(ask))) == 3


def test_the_number_of_queries_does_not_grow_with_the_people(ask, allowed):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            who(stream(ask, asked=[PersonRef(recipient=n) for n in range(1, 50)]))
        return len(captured)

    allowed(1)
    few = queries()
    allowed(20)
    assert queries() == few


def test_what_the_database_says_comes_as_a_django_error(ask):
    """So that whoever serves it can tell a database that is gone from a mistake of ours."""
    with pytest.raises(DataError):
        who(stream(ask, asked=[PersonRef(external_id="\0")]))
