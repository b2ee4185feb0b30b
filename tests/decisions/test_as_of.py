"""What would have been answered then: by what had been recorded, and nothing said or done since."""

import datetime as dt

import pytest

from preferences import ledger
from preferences.decisions.decide import ask_about, decide
from preferences.enums import (
    Channel,
    Kind,
    MessageClass,
    Reason,
    Relationship,
    Source,
    State,
    SuppressionKind,
    SuppressionReason,
)
from preferences.ledger import Change, Evidence
from preferences.models import Sale, Suppression, Topic
from preferences.scope import Scope
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
NOW = START + dt.timedelta(days=100)


def day(number):
    return START + dt.timedelta(days=number)


@pytest.fixture
def person(news):
    return RecipientFactory(relationship=Relationship.CONSUMER_PROSPECT)


def say(person, topic, state, at, scope=None):
    scope = scope or Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
    (result,) = ledger.record(
        recipient=person.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=at,
    ).results
    return result.event


def answers(person, *moments):
    ask = ask_about(key="acme-news", channel=Channel.EMAIL)
    return [
        decide(
            recipient=person.pk, ask=ask, message_class=MessageClass.MARKETING, now=NOW, as_of=moment
        ).reason
        for moment in moments
    ]


def test_what_was_said_later_does_not_count(person, news):
    say(person, news, State.OPTED_IN, day(10))
    say(person, news, State.OPTED_OUT, day(20), scope=Scope.all_marketing())
    assert answers(person, day(5), day(10), day(19), day(20), None) == [
        Reason.LAW_REQUIRES_CONSENT,
        Reason.CHOICE_OPTED_IN,
        Reason.CHOICE_OPTED_IN,
        Reason.CHOICE_OPTED_OUT_BROADLY,
        Reason.CHOICE_OPTED_OUT_BROADLY,
    ]


def test_what_was_undone_later_still_counted(person, news):
    event = say(person, news, State.OPTED_IN, day(10))
    ledger.undo(event=event, evidence=Evidence(source=Source.UNDO), now=day(20))
    assert answers(person, day(15), day(20)) == [Reason.CHOICE_OPTED_IN, Reason.LAW_REQUIRES_CONSENT]


def test_who_was_merged_later_was_somebody_else(person, news):
    """The yes of the one is no answer about the other, before they were known to be one."""
    other = RecipientFactory(relationship=Relationship.CONSUMER_PROSPECT)
    third = RecipientFactory(relationship=Relationship.CONSUMER_PROSPECT)
    say(person, news, State.OPTED_IN, day(1))
    say(other, news, State.OPTED_OUT, day(2))
    ledger.merge(surviving=person.pk, absorbed=other.pk, reason="one person", now=day(10))
    ledger.merge(surviving=third.pk, absorbed=person.pk, reason="one person", now=day(20))
    assert answers(other, day(5), day(15), day(25), None) == [Reason.CHOICE_OPTED_OUT] * 4
    # Whose an address was keeps no history: it is the third's now, and the answer the stricter one.
    assert answers(person, day(5), day(15), day(25)) == [
        Reason.NO_CONTACT_POINT,
        Reason.CHOICE_OPTED_OUT,
        Reason.CHOICE_OPTED_OUT,
    ]


def test_facts_and_suppressions_count_from_when_they_were_recorded(person, news):
    person.relationship = Relationship.CONSUMER_CUSTOMER
    person.save()
    Sale.objects.create(
        recipient=person,
        brand=news.brand,
        sold_on=day(0).date(),
        subject="subscription",
        refusal_offered=True,
        recorded_at=day(10),
    )
    Suppression.objects.create(
        kind=SuppressionKind.DOMAIN,
        domain="example.com",
        reason=SuppressionReason.OTHER,
        created_at=day(20),
        lifted_at=day(30),
    )
    assert answers(person, day(5), day(15), day(25), day(35)) == [
        Reason.LAW_REQUIRES_SALE,
        Reason.LAW_ALLOWS_CUSTOMERS,
        Reason.SUPPRESSED,
        Reason.LAW_ALLOWS_CUSTOMERS,
    ]


def test_what_was_retired_later_was_still_offered(person, news):
    say(person, news, State.OPTED_IN, day(1))
    Topic.objects.filter(pk=news.pk).update(retired_at=day(10))
    assert answers(person, day(5), day(10), None) == [
        Reason.CHOICE_OPTED_IN,
        Reason.PURPOSE_RETIRED,
        Reason.PURPOSE_RETIRED,
    ]


def test_a_moment_to_come_is_taken_for_now(person, news):
    say(person, news, State.OPTED_IN, day(1))
    assert answers(person, NOW + dt.timedelta(days=10_000)) == answers(person, None)
