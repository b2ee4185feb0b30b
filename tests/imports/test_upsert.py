"""What other systems know is taken over; nothing of it lets more be sent than before."""

import datetime as dt
import threading
import time
from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from preferences.decisions.decide import ask_about, decide
from preferences.enums import Channel, ContactKind, MessageClass, Reason, Relationship, Source, State
from preferences.identity import address_hash
from preferences.imports.upsert import (
    PersonRecord,
    Problem,
    SaleRecord,
    ScreeningRecord,
    Upserted,
    upsert,
)
from preferences.ledger import Change, Evidence, erase, merge, record
from preferences.models import Choice, ContactPoint, Event, Recipient, Sale
from preferences.scope import Scope
from tests.at_once import at_once
from tests.factories import BrandFactory, ContactPointFactory, RecipientFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
YESTERDAY = NOW - dt.timedelta(days=1)
SOLD_ON = dt.date(2026, 5, 20)


def one(**fields) -> Upserted:
    (result,) = upsert(people=[PersonRecord(**fields)], now=NOW)
    return result


def sale(
    *, brand: str = "acme", subject: str = "Payroll, one year", refusal_offered: bool = True
) -> SaleRecord:
    return SaleRecord(brand=brand, sold_on=SOLD_ON, subject=subject, refusal_offered=refusal_offered)


def everything() -> list[list[dict]]:
    return [list(model.objects.order_by("pk").values()) for model in (Recipient, ContactPoint, Sale, Event)]


def test_somebody_new_is_added_with_all_that_is_told(acme):
    result = one(
        external_id="crm-1",
        email="Kari@BLÅBÆR.no",
        phone="0047 400 00 000",
        postal="Storgata 1,\n0155 Oslo",
        country="NO",
        relationship="consumer_customer",
        organisation="Blåbær AS",
        language="nb",
        born_on=dt.date(1990, 2, 28),
        sales=(sale(),),
        screening=ScreeningRecord(screened_at=YESTERDAY, on_register=False),
    )

    person = Recipient.objects.get()
    assert result == Upserted(
        recipient=person.pk,
        created=True,
        filled=(
            *("born_on", "country", "email", "external_id", "language", "organisation", "phone", "postal"),
            *("relationship", "sales", "screening"),
        ),
    )
    assert (person.external_id, person.country, person.relationship, person.organisation) == (
        "crm-1",
        "NO",
        "consumer_customer",
        "Blåbær AS",
    )
    assert (person.language, person.born_on, person.created_at) == ("nb", dt.date(1990, 2, 28), NOW)
    points = {point.kind: point for point in person.contact_points.all()}
    assert {kind: point.normalized for kind, point in points.items()} == {
        "email": "kari@xn--blbr-roah.no",
        "phone": "+4740000000",
        "postal": "storgata 1, 0155 oslo",
    }
    for kind, point in points.items():
        assert bytes(point.address_hash) == address_hash(kind=ContactKind(kind), normalized=point.normalized)
        assert point.verified_at is None
    assert (points["phone"].screened_at, points["phone"].on_register) == (YESTERDAY, False)
    sold = person.sales.get()
    assert (sold.brand, sold.sold_on, sold.subject, sold.refusal_offered, sold.recorded_at) == (
        acme,
        SOLD_ON,
        "Payroll, one year",
        True,
        NOW,
    )
    assert not Event.objects.exists()


def test_the_same_again_changes_nothing(acme):
    record_ = PersonRecord(
        external_id="crm-1",
        email="kari@example.com",
        phone="+4740000000",
        country="NO",
        relationship="consumer_customer",
        born_on=dt.date(1990, 2, 28),
        sales=(sale(),),
        screening=ScreeningRecord(screened_at=YESTERDAY, on_register=False),
    )
    upsert(people=[record_], now=NOW)
    before = everything()

    (again,) = upsert(people=[record_], now=NOW + dt.timedelta(days=1))

    assert again == Upserted(recipient=Recipient.objects.get().pk)
    assert everything() == before


@pytest.mark.parametrize(
    "named",
    [
        {"external_id": "crm-1"},
        {"email": "KARI@example.com"},
        {"phone": "0047 400 00 000"},
        {"external_id": "crm-1", "email": "kari@example.com", "phone": "+4740000000"},
    ],
)
def test_a_person_is_found_by_id_or_by_any_address(named):
    kari = RecipientFactory(external_id="crm-1", email="kari@example.com")
    ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4740000000")

    assert one(**named, language="nb") == Upserted(recipient=kari.pk, changed=("language",))


def test_a_new_address_is_added_beside_the_old_one():
    kari = RecipientFactory(external_id="crm-1", email="kari@example.com")

    result = one(external_id="crm-1", email="kari.hansen@example.com", phone="+4740000000")

    assert (result.filled, result.changed) == (("phone",), ("email",))
    assert set(kari.contact_points.values_list("normalized", flat=True)) == {
        "kari@example.com",
        "kari.hansen@example.com",
        "+4740000000",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"external_id": "crm-1", "email": "ola@example.com"},
        {"external_id": "crm-1", "email": "kari@example.com", "phone": "+4740000001"},
        {"email": "kari@example.com", "phone": "+4740000001"},
        {"external_id": "crm-9", "email": "kari@example.com"},
    ],
    ids=["id and address", "a second address", "two addresses", "an id beside somebody else's address"],
)
def test_a_record_of_two_people_moves_nothing(fields):
    kari = RecipientFactory(external_id="crm-1", email="kari@example.com")
    ola = RecipientFactory(external_id="crm-2", email="ola@example.com")
    ContactPointFactory(recipient=ola, kind=ContactKind.PHONE, value="+4740000001")
    before = everything()

    result = one(**fields, organisation="Fjord AS")

    assert result == Upserted(recipient=None, problem=Problem.CONFLICT)
    assert everything() == before
    assert kari.contact_points.count() == 1


def test_who_was_merged_is_the_surviving_person_and_who_was_erased_is_nobody(acme, news):
    kari = RecipientFactory(external_id="crm-1", email="kari@example.com")
    other = RecipientFactory(external_id="crm-2", email="other@example.com", organisation="")
    merge(surviving=kari.pk, absorbed=other.pk, reason="One person.", now=YESTERDAY)

    assert one(external_id="crm-2", language="nb").recipient == kari.pk
    assert one(external_id="crm-2", email="kari@example.com", language="en").recipient == kari.pk

    erase(recipient=kari.pk, now=NOW)
    again = one(external_id="crm-1", email="kari@example.com", country="NO", relationship="consumer_customer")
    assert again.created
    assert again.recipient != kari.pk
    assert _reason(again.recipient, news, Channel.POST) == Reason.NO_CONTACT_POINT
    record(
        recipient=again.recipient,
        changes=[Change(scope=_scope(news, Channel.EMAIL), state=State.OPTED_IN)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    assert _reason(again.recipient, news, Channel.EMAIL) == Reason.SUPPRESSED


# Known, told, and what the person is then.
EDITS = [
    (("", ""), ("SE", "business_customer"), ("SE", "business_customer"), "filled"),
    (("NO", ""), ("NO", "business_customer"), ("NO", "business_customer"), "filled"),
    (("", "consumer_prospect"), ("SE", "consumer_prospect"), ("SE", "consumer_prospect"), "filled"),
    (("SE", "business_customer"), ("SE", "consumer_prospect"), ("SE", "consumer_prospect"), "changed"),
    (("SE", "consumer_prospect"), ("SE", "business_customer"), ("SE", "consumer_prospect"), "kept"),
    (("DE", "consumer_prospect"), ("US", "consumer_prospect"), ("DE", "consumer_prospect"), "kept"),
    (("NO", "consumer_customer"), ("NO", "consumer_prospect"), ("NO", "consumer_prospect"), "changed"),
    (("NO", "consumer_prospect"), ("NO", "consumer_customer"), ("NO", "consumer_prospect"), "kept"),
]


@pytest.mark.parametrize(("known", "told", "then", "word"), EDITS)
def test_country_and_relationship_change_only_where_no_rule_becomes_laxer(known, told, then, word):
    kari = RecipientFactory(external_id="crm-1", country=known[0], relationship=known[1])

    result = one(external_id="crm-1", country=told[0], relationship=told[1])

    kari.refresh_from_db()
    assert (kari.country, kari.relationship) == then
    names = {
        name for name, old, new in zip(("country", "relationship"), known, told, strict=True) if old != new
    }
    assert {word: set(getattr(result, word)) for word in ("filled", "changed", "kept")} == {
        "filled": set(),
        "changed": set(),
        "kept": set(),
        word: names,
    }


def test_of_two_details_the_one_that_widens_is_kept_and_the_other_is_changed():
    kari = RecipientFactory(external_id="crm-1", country="SE", relationship="business_customer")

    result = one(external_id="crm-1", country="US", relationship="consumer_prospect")

    kari.refresh_from_db()
    assert (kari.country, kari.relationship) == ("SE", "consumer_prospect")
    assert (result.changed, result.kept) == (("relationship",), ("country",))


@pytest.mark.parametrize("channel", [*Channel, None])
def test_no_edit_ever_lets_more_be_sent(channel, news, activity):
    """Every pair of two countries and four relationships, both ways: whatever was denied by law stays denied."""
    news.channels = [word.value for word in Channel]
    news.save()
    key = news.key if channel else activity.key
    ask = ask_about(key=key, channel=channel)
    words = [(country, relationship) for country in ("NO", "SE", "DE") for relationship in Relationship]
    people = {}
    for known in words:
        for told in words:
            people[RecipientFactory(country=known[0], relationship=known[1]).pk] = told

    def permitted() -> set[int]:
        return {
            pk
            for pk in people
            if decide(recipient=pk, ask=ask, message_class=MessageClass.MARKETING, now=NOW).permitted
        }

    before = permitted()
    emails = dict(ContactPoint.objects.values_list("recipient", "value"))
    upsert(
        people=[
            PersonRecord(email=emails[pk], country=told[0], relationship=told[1])
            for pk, told in people.items()
        ],
        now=NOW,
    )

    assert permitted() <= before


BIRTHS = [
    (None, dt.date(2015, 1, 1), dt.date(2015, 1, 1), "filled"),
    (None, dt.date(1980, 1, 1), dt.date(1980, 1, 1), "filled"),
    (dt.date(1980, 1, 1), dt.date(2015, 1, 1), dt.date(2015, 1, 1), "changed"),
    (dt.date(2015, 1, 1), dt.date(1980, 1, 1), dt.date(2015, 1, 1), "kept"),
]


@pytest.mark.parametrize(("known", "told", "then", "word"), BIRTHS)
def test_a_person_gets_younger_never_older(known, told, then, word):
    kari = RecipientFactory(external_id="crm-1", born_on=known)

    result = one(external_id="crm-1", born_on=told)

    kari.refresh_from_db()
    assert kari.born_on == then
    assert getattr(result, word) == ("born_on",)


def test_a_child_does_not_move_to_where_the_age_is_lower():
    kari = RecipientFactory(
        external_id="crm-1", country="DE", relationship="consumer_prospect", born_on=dt.date(2011, 1, 1)
    )

    result = one(external_id="crm-1", country="BR")

    kari.refresh_from_db()
    assert (kari.country, result.kept) == ("DE", ("country",))


def test_a_refusal_that_was_not_offered_stays_so_and_one_that_was_may_turn_out_not_to_have_been(acme):
    kari = RecipientFactory(external_id="crm-1")

    assert one(external_id="crm-1", sales=(sale(refusal_offered=True),)).filled == ("sales",)
    assert one(external_id="crm-1", sales=(sale(refusal_offered=False),)).changed == ("sales",)
    assert one(external_id="crm-1", sales=(sale(refusal_offered=True),)).kept == ("sales",)
    assert kari.sales.get().refusal_offered is False

    assert one(external_id="crm-1", sales=(sale(subject=" Payroll,   one\u00a0year "),)).kept == ("sales",)
    assert one(external_id="crm-1", sales=(sale(subject="Time sheets"),)).changed == ("sales",)
    assert kari.sales.count() == 2


def test_the_newest_look_into_the_register_counts():
    kari = RecipientFactory(email=None)
    point = ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4740000000")

    def told(days_ago: int, *, on_register: bool) -> Upserted:
        return one(
            phone="+47 400 00 000",
            screening=ScreeningRecord(screened_at=NOW - dt.timedelta(days=days_ago), on_register=on_register),
        )

    assert told(3, on_register=True).filled == ("screening",)
    assert told(4, on_register=False).kept == ("screening",)
    assert told(3, on_register=False).kept == ("screening",)
    point.refresh_from_db()
    assert (point.screened_at, point.on_register) == (NOW - dt.timedelta(days=3), True)
    assert told(2, on_register=False).changed == ("screening",)
    assert told(2, on_register=True).changed == ("screening",)
    point.refresh_from_db()
    assert (point.screened_at, point.on_register) == (NOW - dt.timedelta(days=2), True)


GOOD = PersonRecord(external_id="crm-1", email="kari@example.com")
TOMORROW = NOW.date() + dt.timedelta(days=1)
BAD = [
    (PersonRecord(), Problem.NOBODY_NAMED),
    (PersonRecord(country="NO"), Problem.NOBODY_NAMED),
    (replace(GOOD, email="kari"), Problem.EMAIL_INVALID),
    (replace(GOOD, email="kari@example.com\nBcc: ola@example.com"), Problem.EMAIL_INVALID),
    (replace(GOOD, email="\ud800@example.com"), Problem.EMAIL_INVALID),
    (replace(GOOD, email="k" * 400 + "@example.com"), Problem.EMAIL_INVALID),
    (replace(GOOD, phone="400 00 000"), Problem.PHONE_INVALID),
    (replace(GOOD, postal="\x00"), Problem.POSTAL_INVALID),
    (replace(GOOD, postal="\ud800"), Problem.POSTAL_INVALID),
    (replace(GOOD, postal="Storgata 1 " * 100), Problem.POSTAL_INVALID),
    (replace(GOOD, external_id="c" * 81), Problem.EXTERNAL_ID_INVALID),
    (replace(GOOD, external_id="crm\x001"), Problem.EXTERNAL_ID_INVALID),
    (replace(GOOD, external_id=" crm-1"), Problem.EXTERNAL_ID_INVALID),
    (replace(GOOD, external_id="\udfff"), Problem.EXTERNAL_ID_INVALID),
    (replace(GOOD, country="no"), Problem.COUNTRY_INVALID),
    (replace(GOOD, country="XX"), Problem.COUNTRY_INVALID),
    (replace(GOOD, country="*"), Problem.COUNTRY_INVALID),
    (replace(GOOD, country="NOR"), Problem.COUNTRY_INVALID),
    (replace(GOOD, relationship="friend"), Problem.RELATIONSHIP_INVALID),
    (replace(GOOD, relationship="*"), Problem.RELATIONSHIP_INVALID),
    (replace(GOOD, language="Norwegian"), Problem.LANGUAGE_INVALID),
    (replace(GOOD, language="nb_NO"), Problem.LANGUAGE_INVALID),
    (replace(GOOD, organisation="F" * 161), Problem.ORGANISATION_INVALID),
    (replace(GOOD, organisation="Fjord\nAS"), Problem.ORGANISATION_INVALID),
    (replace(GOOD, born_on=TOMORROW), Problem.BORN_ON_INVALID),
    (replace(GOOD, born_on=dt.date(1850, 1, 1)), Problem.BORN_ON_INVALID),
    (replace(GOOD, sales=(sale(brand="nobody"),)), Problem.SALE_BRAND_UNKNOWN),
    (replace(GOOD, sales=(sale(brand="\x00"),)), Problem.SALE_BRAND_UNKNOWN),
    (
        replace(GOOD, sales=(replace(sale(), sold_on=TOMORROW + dt.timedelta(days=1)),)),
        Problem.SALE_DAY_INVALID,
    ),
    (replace(GOOD, sales=(sale(), sale(subject=" "))), Problem.SALE_SUBJECT_INVALID),
    (replace(GOOD, sales=(sale(subject="Sold to ola@example.com"),)), Problem.SALE_SUBJECT_INVALID),
    (
        replace(GOOD, screening=ScreeningRecord(screened_at=YESTERDAY, on_register=True)),
        Problem.SCREENING_WITHOUT_PHONE,
    ),
    (
        replace(
            GOOD,
            phone="+4740000000",
            screening=ScreeningRecord(screened_at=NOW + dt.timedelta(hours=1), on_register=True),
        ),
        Problem.SCREENED_AT_INVALID,
    ),
]


@pytest.mark.parametrize(("bad", "problem"), BAD)
def test_a_bad_record_is_named_and_the_others_stand(bad, problem, acme):
    results = upsert(people=[bad, PersonRecord(email="ola@example.com", sales=(sale(),)), bad], now=NOW)

    assert [result.problem for result in results] == [problem, None, problem]
    assert Recipient.objects.count() == 1
    assert ContactPoint.objects.get().normalized == "ola@example.com"


def test_every_problem_has_a_test_and_a_sentence():
    assert {problem for _bad, problem in BAD} | {Problem.CONFLICT} == set(Problem)
    assert len({str(problem.label) for problem in Problem}) == len(Problem)


def test_an_empty_batch_asks_nothing_of_anybody(django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        assert upsert(people=[], now=NOW) == []


def test_one_person_twice_in_a_batch_is_one_person(acme):
    results = upsert(
        people=[
            PersonRecord(external_id="crm-1", email="kari@example.com", country="NO"),
            PersonRecord(email="kari@example.com", phone="+4740000000", relationship="consumer_prospect"),
            PersonRecord(phone="+4740000000", country="US", sales=(sale(refusal_offered=True),)),
            PersonRecord(phone="+4740000000", sales=(sale(refusal_offered=False),)),
            PersonRecord(external_id="crm-2", phone="+4740000000"),
        ],
        now=NOW,
    )

    kari = Recipient.objects.get()
    assert [result.recipient for result in results] == [*[kari.pk] * 4, None]
    assert [result.created for result in results] == [True, False, False, False, False]
    assert results[4].problem == Problem.CONFLICT
    assert (kari.country, kari.relationship) == ("NO", "consumer_prospect")
    assert kari.contact_points.count() == 2
    assert kari.sales.get().refusal_offered is False


def test_no_choice_is_touched(kari, news):
    record(
        recipient=kari.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=YESTERDAY,
    )
    before = list(Choice.objects.values())

    one(email="kari@example.com", country="SE", relationship="business_customer", sales=(_sale_by(news),))

    assert list(Choice.objects.values()) == before
    assert Event.objects.count() == 1


def test_the_number_of_queries_does_not_grow():
    brand = BrandFactory(key="acme")

    def queries(people) -> int:
        with CaptureQueriesContext(connection) as captured:
            results = upsert(people=people, now=NOW)
        assert not any(result.problem for result in results)
        return len(captured)

    def batch(first: int, count: int, **fields) -> list[PersonRecord]:
        return [
            PersonRecord(
                external_id=f"crm-{number}",
                email=f"p{number}@example.com",
                phone=f"+474{number:07}",
                sales=(sale(brand=brand.key),),
                screening=ScreeningRecord(screened_at=fields.pop("at", YESTERDAY), on_register=False),
                **fields,
            )
            for number in range(first, first + count)
        ]

    one_new, many_new = queries(batch(1, 1)), queries(batch(2, 300))
    assert many_new == one_new <= 13
    one_known, many_known = queries(batch(1, 1)), queries(batch(2, 300))
    assert many_known == one_known <= 10
    one_edited, many_edited = (
        queries([replace(person, country="NO", language="nb") for person in batch(first, count)])
        for first, count in ((1, 1), (2, 300))
    )
    assert many_edited == one_edited <= 12


@pytest.mark.django_db(transaction=True)
def test_the_same_people_from_several_senders_at_once_are_there_once():
    BrandFactory(key="acme")
    people = [
        PersonRecord(external_id=f"crm-{n}", email=f"p{n}@example.com", phone=f"+474{n:07}", sales=(sale(),))
        for n in range(20)
    ]

    results = at_once(
        lambda: upsert(people=people, now=NOW),
        lambda: upsert(people=people[::-1], now=NOW)[::-1],
        lambda: upsert(people=people[10:] + people[:10], now=NOW)[10:] + upsert(people=people[10:], now=NOW),
        lambda: upsert(people=people, now=NOW),
    )

    assert Recipient.objects.count() == 20
    assert ContactPoint.objects.count() == 40
    assert Sale.objects.count() == 20
    assert len({tuple(result.recipient for result in batch) for batch in results}) == 1


@pytest.mark.django_db(transaction=True)
def test_an_upsert_and_a_merge_at_once():
    kari = RecipientFactory(external_id="crm-1", email="kari@example.com")
    other = RecipientFactory(external_id="crm-2", email="other@example.com")

    at_once(
        lambda: merge(surviving=kari.pk, absorbed=other.pk, reason="One person.", now=NOW),
        lambda: one(external_id="crm-2", email="other@example.com", phone="+4740000000"),
    )

    assert set(kari.contact_points.values_list("normalized", flat=True)) == {
        "kari@example.com",
        "other@example.com",
        "+4740000000",
    }


@pytest.mark.django_db(transaction=True)
def test_an_upsert_waits_for_a_merge_that_has_begun():
    kari = RecipientFactory(external_id="crm-1", email="kari@example.com")
    other = RecipientFactory(external_id="crm-2", email="other@example.com")
    merged = threading.Event()

    def merging() -> None:
        with transaction.atomic():
            merge(surviving=kari.pk, absorbed=other.pk, reason="One person.", now=NOW)
            merged.set()
            # Long enough for the other to have read all it reads without the lock.
            time.sleep(0.5)

    def upserting() -> Upserted:
        merged.wait(timeout=10)
        return one(external_id="crm-2", email="other@example.com", phone="+4740000000", organisation="Ås AS")

    _merged, result = at_once(merging, upserting)

    assert result.recipient == kari.pk
    kari.refresh_from_db()
    assert kari.organisation == "Ås AS"
    assert ContactPoint.objects.get(kind=ContactKind.PHONE).recipient == kari


def _scope(topic, channel) -> Scope:
    return Scope(kind=topic.kind, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def _reason(recipient, topic, channel) -> Reason:
    ask = ask_about(key=topic.key, channel=channel)
    return decide(recipient=recipient, ask=ask, message_class=MessageClass.MARKETING, now=NOW).reason


def _sale_by(topic) -> SaleRecord:
    return sale(brand=topic.brand.key)
