"""The audience, a batch and one question each give the same answers, whatever the people."""

import datetime as dt
import json
import random

import pytest
from django.utils import timezone

from preferences import ledger
from preferences.decisions.decide import ask_about, decide, decide_many
from preferences.decisions.situation import PersonRef
from preferences.enums import (
    Channel,
    ContactKind,
    Kind,
    MessageClass,
    ProfilingUse,
    Reason,
    Relationship,
    Requirement,
    Source,
    State,
    SuppressionKind,
    SuppressionReason,
)
from preferences.exports.audience import Audience, Format, stream_audience
from preferences.identity import address_hash
from preferences.ledger import Change, Evidence
from preferences.models import Choice, ContactPoint, ProfilingPurpose, Recipient, Sale, Suppression
from preferences.scope import Scope
from tests.factories import (
    BrandFactory,
    ContactPointFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

NOW = timezone.now()
EVERY_CHANNEL = [channel.value for channel in Channel]
# Law of every kind, with registers and without, with age limits and without; and places without rules of their own.
COUNTRIES = ["NO", "DE", "AT", "SE", "US", "FR", "IT", "GB", "AU", "BE", "JP", "ZZ", ""]
DOMAINS = ["one.example", "two.example", "sub.two.example"]
PEOPLE = 60


class Population:
    """Random people; the same for the same seed. What they said goes through the ledger."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 - nothing secret
        self.topics = [
            TopicFactory(brand=brand, channels=EVERY_CHANNEL)
            for brand in (BrandFactory(), BrandFactory(offers_to_children=True))
            for _ in range(2)
        ]
        self.purposes = [ProfilingPurposeFactory(), self._tracking()]
        self.people = [self._person(number) for number in range(PEOPLE)]
        for person in self.people:
            for _ in range(self.random.choice([0, 0, 1, 1, 2, 4])):
                self._say(person)
        # A yes of a time before its law asked for confirmation.
        for choice in Choice.objects.filter(state=State.PENDING):
            if self.maybe(0.3):
                point = ContactPoint.objects.filter(
                    recipient=choice.recipient, kind=ContactKind.EMAIL
                ).first()
                ledger.confirm(
                    recipient=choice.recipient_id,
                    up_to=choice.event_id,
                    contact_point=point.pk if point else None,
                    now=NOW,
                )
                # An address added afterwards is not the one whose reader confirmed.
                ContactPointFactory(
                    recipient=choice.recipient, value=f"later{choice.pk}@one.example", created_at=NOW
                )
        self._move()
        self._rare()
        self._suppress()
        self._merge_and_erase()

    def maybe(self, share):
        return self.random.random() < share

    def _tracking(self):
        return ProfilingPurposeFactory(
            use=ProfilingUse.EMAIL_TRACKING,
            requirement=self.random.choice(list(Requirement)),
            retired_at=NOW if self.maybe(0.15) else None,
        )

    def _person(self, number):
        person = RecipientFactory(
            email=None,
            external_id=f"x{number}",
            country=self.random.choice(COUNTRIES),
            relationship=self.random.choice(["", *Relationship]),
            born_on=self.random.choice([None, None, self._birthday()]),
            language=self.random.choice(["en", "nb"]),
        )
        for index in range(self.random.choice([0, 1, 1, 1, 2, 3])):
            ContactPointFactory(
                recipient=person,
                value=f"{number}-{index}@{self.random.choice(DOMAINS)}",
                verified_at=self.random.choice([None, NOW - dt.timedelta(days=index)]),
                unreachable_at=NOW if self.maybe(0.2) else None,
            )
        for index in range(self.random.choice([0, 1, 2])):
            screened = self.random.choice([None, 1, 30, 32])
            ContactPointFactory(
                recipient=person,
                kind=ContactKind.PHONE,
                value=f"+47 {40_000_000 + 10 * number + index}",
                screened_at=screened and NOW - dt.timedelta(days=screened),
                on_register=screened and self.maybe(0.3),
            )
        if self.maybe(0.7):
            ContactPointFactory(
                recipient=person, kind=ContactKind.POSTAL, value=f'Street {number}\n"Town", \\ æ'
            )
        for topic in self.topics:
            if self.maybe(0.3):
                Sale.objects.create(
                    recipient=person,
                    brand=topic.brand,
                    sold_on=NOW.date() + dt.timedelta(days=self.random.choice([-400, 0, 1])),
                    subject=f"{topic.pk}",
                    refusal_offered=self.maybe(0.7),
                    recorded_at=NOW,
                )
        return person

    def _birthday(self):
        years = self.random.choice([10, 13, 15, 16, 18, 40])
        return NOW.date().replace(year=NOW.year - years) + dt.timedelta(days=self.random.choice([-1, 0, 1]))

    def _say(self, person):
        topic = self.random.choice(self.topics)
        channel = self.random.choice([Channel.EMAIL, Channel.EMAIL, Channel.EMAIL, Channel.PHONE, *Channel])
        scope, state = self.random.choice(
            [
                *[(self.leaf(topic, channel), State.OPTED_IN)] * 4,
                (self.leaf(topic, channel), State.OPTED_OUT),
                (Scope(kind=Kind.MARKETING, brand=topic.brand_id), State.OPTED_OUT),
                (Scope(kind=Kind.MARKETING, channel=channel), State.OPTED_OUT),
                (Scope.all_marketing(), State.OPTED_OUT),
                (Scope.all_profiling(), State.OPTED_OUT),
                *(
                    (Scope(kind=Kind.PROFILING, purpose=self.random.choice(self.purposes).pk), state)
                    for state in (State.OPTED_IN, State.OPTED_OUT)
                ),
            ]
        )
        ledger.record(
            recipient=person.pk,
            changes=[Change(scope=scope, state=state)],
            evidence=Evidence(source=Source.ACCOUNT),
            now=NOW - dt.timedelta(days=self.random.choice([0, 1, 13, 14, 15])),
        )

    @staticmethod
    def leaf(topic, channel):
        return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)

    def _move(self):
        """Some live elsewhere by now, where the law asks for more, or for less."""
        for person in self.random.sample(self.people, PEOPLE // 4):
            Recipient.objects.filter(pk=person.pk).update(country=self.random.choice(COUNTRIES))

    def _rare(self):
        """What chance brings about too seldom: yeses that nobody confirmed in time, or that were given elsewhere."""
        for number in range(6):
            person = RecipientFactory(
                email=f"rare{number}@one.example",
                country="NO" if number % 2 else "DE",
                relationship="",
            )
            ledger.record(
                recipient=person.pk,
                changes=[
                    Change(scope=self.leaf(self.topics[number % 4], Channel.EMAIL), state=State.OPTED_IN)
                ],
                evidence=Evidence(source=Source.ACCOUNT),
                now=NOW - dt.timedelta(days=15),
            )
            Recipient.objects.filter(pk=person.pk).update(country="DE")
        for number, topic in enumerate(self.topics):
            person = RecipientFactory(email=f"number{number}@one.example", country="DE", relationship="")
            ContactPointFactory(recipient=person, kind=ContactKind.PHONE, value=f"+49 171 39200{number:02}")
            (asked,) = ledger.record(
                recipient=person.pk,
                changes=[Change(scope=self.leaf(topic, Channel.SMS), state=State.OPTED_IN)],
                evidence=Evidence(source=Source.ACCOUNT),
                now=NOW,
            ).results
            ledger.confirm(recipient=person.pk, up_to=asked.event, now=NOW)

    def _suppress(self):
        for point in self.random.sample(list(ContactPoint.objects.order_by("pk")), 8):
            Suppression.objects.create(
                kind=SuppressionKind.ADDRESS,
                address_hash=address_hash(kind=ContactKind(point.kind), normalized=point.normalized),
                reason=SuppressionReason.OTHER,
                created_at=NOW,
                lifted_at=NOW if self.maybe(0.3) else None,
            )
        Suppression.objects.create(
            kind=SuppressionKind.DOMAIN,
            domain="two.example",
            reason=SuppressionReason.COMPETITOR,
            created_at=NOW,
            lifted_at=NOW if self.maybe(0.3) else None,
        )

    def _merge_and_erase(self):
        first, second, third, fourth = self.random.sample(self.people, 4)
        ledger.merge(surviving=first.pk, absorbed=second.pk, reason="one person", now=NOW)
        ledger.merge(surviving=third.pk, absorbed=first.pk, reason="one person", now=NOW)
        ledger.erase(recipient=fourth.pk, now=NOW)


def lines(ask, **options):
    text = b"".join(stream_audience(audience=Audience(ask=ask, format=Format.NDJSON), now=NOW, **options))
    return [json.loads(line) for line in text.splitlines()]


def as_line(decided, people):
    person, verdict = decided.person, decided.verdict
    point = verdict.point or next(
        (p.id for p in person.points if p.kind is ContactKind.EMAIL and p.usable), None
    )
    return {
        "recipient": person.recipient,
        "external_id": people[person.recipient].external_id or "",
        "address": ContactPoint.objects.get(pk=point).value if point else "",
        "language": people[person.recipient].language,
        "tracking": verdict.tracking,
        "reason": verdict.reason.value,
    }


def by_person(lines_):
    return sorted(lines_, key=lambda line: (line["recipient"], line["address"]))


def asked_about(refs, ask):
    return decide_many(people=refs, ask=ask, message_class=MessageClass.MARKETING, now=NOW)


@pytest.mark.parametrize("seed", range(4))
def test_audience_batch_and_single_decisions_agree(seed):
    population = Population(seed)
    people = Recipient.objects.in_bulk()
    everybody = [PersonRef(recipient=pk) for pk, person in people.items() if person.merged_into_id is None]
    seen = set()
    for topic in population.topics:
        for channel in Channel:
            ask = ask_about(key=topic.key, channel=channel)
            batch = asked_about(everybody, ask)
            seen |= {decided.verdict.reason for decided in batch}
            for ref, decided in zip(everybody, batch, strict=True):
                single = decide(
                    recipient=ref.recipient, ask=ask, message_class=MessageClass.MARKETING, now=NOW
                )
                assert single == decided.verdict
            allowed = [as_line(decided, people) for decided in batch if decided.verdict.allowed]
            assert by_person(lines(ask)) == by_person(allowed)
    assert len(seen) > 12


@pytest.mark.parametrize("seed", range(100, 103))
def test_audience_of_a_list_agrees(seed):
    """A list names people in every way there is, some twice, some unknown."""
    population = Population(seed)
    people = Recipient.objects.in_bulk()
    points = list(ContactPoint.objects.all())
    refs = [PersonRef(recipient=10**9), PersonRef(external_id="nobody")]
    refs += [PersonRef(kind=ContactKind.EMAIL, address="nobody@example.com")]
    refs += [PersonRef(recipient=pk) for pk in people]
    refs += [PersonRef(external_id=person.external_id) for person in people.values() if person.external_id]
    refs += [PersonRef(kind=ContactKind(point.kind), address=point.normalized) for point in points]
    refs = population.random.sample(refs, len(refs) // 2)
    refs += refs[:5]
    for topic in population.topics[:2]:
        for channel in Channel:
            ask = ask_about(key=topic.key, channel=channel)
            allowed = [
                as_line(decided, people) for decided in asked_about(refs, ask) if decided.verdict.allowed
            ]
            once = [json.loads(line) for line in {json.dumps(line) for line in allowed}]
            assert by_person(lines(ask, asked=refs)) == by_person(once)


def test_every_reason_to_deny_comes_up_in_some_population():
    """What the comparison above is worth: the populations have people for every branch."""
    seen = set()
    for seed in (7, 8, 9):
        topics = Population(seed).topics
        everybody = [PersonRef(recipient=pk) for pk in Recipient.objects.values_list("pk", flat=True)]
        seen |= {
            decided.verdict.reason
            for topic in topics
            for channel in Channel
            for decided in asked_about(everybody, ask_about(key=topic.key, channel=channel))
        }
        # The next one brings its own, under the same names.
        Recipient.objects.update(external_id=None)
        ContactPoint.objects.all().delete()
        ProfilingPurpose.objects.update(retired_at=NOW)
        Suppression.objects.all().delete()
    assert set(Reason) - seen <= {
        Reason.SERVICE_MESSAGE,
        Reason.RECIPIENT_UNKNOWN,
        Reason.PURPOSE_RETIRED,
        Reason.CHANNEL_NOT_OFFERED,
    }
