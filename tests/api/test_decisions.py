"""May we send this? One person and many, over HTTP."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences.enums import Channel, Kind, Reason, State
from preferences.models import PublishedRules
from preferences.scope import Scope

pytestmark = pytest.mark.django_db

NEWS = {"topic": "acme-news", "channel": "email"}
KARI = {"email": "kari@example.com"}


def news_by_email(news):
    return Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)


def ask(program, person=KARI, **question):
    return program.post("/decisions", {"person": person, **(question or NEWS)})


def test_the_whole_answer(shop, kari, news, say):
    event = say(kari, State.OPTED_IN, news_by_email(news))
    answer = ask(shop)
    assert answer.status == 200
    assert answer.json == {
        "recipient": kari.pk,
        "allowed": True,
        "reason": "choice_opted_in",
        "sentence": "You said yes.",
        "legal_basis": "consent",
        "rule": "NO/email/business_customer",
        "rules_version": PublishedRules.objects.latest("pk").version,
        "event": event,
        "tracking": False,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_person_is_named_in_four_ways(shop, kari, news):
    type(kari).objects.filter(pk=kari.pk).update(external_id="C-1")
    kari.contact_points.model.objects.make(
        recipient=kari.pk, kind="phone", value="+4790000000", now=timezone.now()
    ).save()
    for person in (
        {"recipient": kari.pk},
        {"external_id": "C-1"},
        {"email": "KARI@Example.com "},
        {"phone": "+47 900 00 000"},
    ):
        assert ask(shop, person).json["recipient"] == kari.pk, person


@pytest.mark.parametrize(
    "person",
    [
        {},
        {"recipient": 1, "email": "kari@example.com"},
        {"recipient": "1"},
        {"recipient": True},
        {"recipient": 0},
        {"recipient": 2**63},
        {"recipient": None},
        {"email": None},
        {"external_id": ""},
        {"external_id": "C\u0000"},
        {"name": "Kari"},
        "kari@example.com",
        None,
    ],
)
def test_a_person_is_named_by_exactly_one_thing(shop, news, person):
    assert ask(shop, person).problem == (422, "invalid")


def test_somebody_unknown(shop, news):
    answer = ask(shop, {"email": "nobody@example.com"})
    assert (answer.status, answer.json["recipient"], answer.json["reason"]) == (
        200,
        None,
        "recipient_unknown",
    )


@pytest.mark.parametrize("person", [{"email": "kari(at)example.com"}, {"phone": "12345"}])
def test_an_address_that_is_none(shop, news, person):
    answer = ask(shop, person)
    assert answer.problem == (422, "address_invalid")
    assert [fault["location"] for fault in answer.json["errors"]] == ["body.person"]
    assert next(iter(person.values())).encode() not in answer.content


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"topic": "no-such-topic", "channel": "email"}, "purpose_unknown"),
        ({"profiling": "no-such-purpose"}, "purpose_unknown"),
        ({"topic": "acme-news"}, "invalid"),
        ({"channel": "email"}, "invalid"),
        ({"topic": "acme-news", "channel": "fax"}, "invalid"),
        ({"topic": "activity", "channel": "email"}, "invalid"),
        ({"profiling": "acme-news"}, "invalid"),
        ({"profiling": "activity", "channel": "email"}, "invalid"),
        ({"topic": "acme-news", "channel": "email", "profiling": "activity"}, "invalid"),
        ({**NEWS, "message_class": "both"}, "invalid"),
        ({**NEWS, "as_of": "yesterday"}, "invalid"),
        ({**NEWS, "as_of": "2026-05-03T14:00:00"}, "invalid"),
        ({**NEWS, "as_of": "2026-05-03"}, "invalid"),
        ({**NEWS, "as_of": 1777777777}, "invalid"),
        ({**NEWS, "as_of": "0001-01-01T00:00:00+10:00"}, "invalid"),
        ({**NEWS, "colour": "red"}, "invalid"),
    ],
)
def test_a_question_that_is_none(shop, kari, news, activity, question, code):
    assert ask(shop, **question).problem == (422, code)


def test_what_is_not_offered_is_a_verdict(shop, kari, news):
    assert ask(shop, topic="acme-news", channel="phone").json["reason"] == "channel_not_offered"
    type(news).objects.filter(pk=news.pk).update(retired_at=timezone.now())
    assert ask(shop).json["reason"] == "purpose_retired"


def test_a_service_message_always_passes(shop, kari, news, say):
    say(kari, State.OPTED_OUT, Scope.all_marketing())
    assert ask(shop).json["reason"] == "choice_opted_out_broadly"
    assert ask(shop, **NEWS, message_class="service").json["reason"] == "service_message"


def test_a_question_about_the_past(shop, kari, news, say):
    said_at = timezone.now() - dt.timedelta(days=2)
    say(kari, State.OPTED_OUT, Scope.all_marketing(), now=said_at)
    before = (said_at - dt.timedelta(hours=1)).isoformat()
    assert ask(shop, **NEWS, as_of=before).json["event"] is None
    assert ask(shop).json["event"]


def test_profiling(shop, kari, activity):
    answer = ask(shop, profiling="activity")
    assert (answer.status, answer.json["reason"], answer.json["rule"]) == (200, "law_allows", "activity/*")


def test_sentences_in_the_language_asked_for(shop, kari, news, say):
    say(kari, State.OPTED_OUT, news_by_email(news))
    norwegian = shop.post("/decisions", {"person": KARI, **NEWS}, accept_language="nb-NO, en;q=0.5")
    english = ask(shop)
    assert (norwegian.json["sentence"], english.json["sentence"]) == (
        "Du stoppet dette.",
        "You stopped this.",
    )
    assert (norwegian.headers["Content-Language"], english.headers["Content-Language"]) == ("nb", "en")
    assert "Accept-Language" in norwegian.headers["Vary"]


def batch(program, people, **question):
    return program.post("/decisions/batch", {"people": people, **(question or NEWS)})


def test_a_batch_answers_in_order_and_duplicates_each(shop, kari, anonymous, news):
    people = [KARI, {"email": "nobody@example.com"}, {"recipient": anonymous.pk}, KARI]
    results = batch(shop, people).json["results"]
    assert [result["recipient"] for result in results] == [kari.pk, None, anonymous.pk, kari.pk]
    assert results[0] == results[3] == ask(shop).json


def test_an_empty_batch(shop, news):
    assert batch(shop, []).json == {"results": []}


def test_too_large_a_batch(shop, news):
    answer = batch(shop, [{"recipient": 1}] * 10_001)
    assert answer.problem == (422, "invalid")
    assert [fault["location"] for fault in answer.json["errors"]] == ["body.people"]


def test_ten_thousand_people_in_as_many_queries_as_one(shop, kari, news, django_assert_num_queries):
    batch(shop, [KARI])
    for people in ([KARI], [KARI] * 10_000):
        with django_assert_num_queries(2):
            assert len(batch(shop, people).json["results"]) == len(people)


def test_one_decision_in_two_queries(shop, kari, news, django_assert_num_queries):
    ask(shop)
    with django_assert_num_queries(2):
        ask(shop)


def test_who_is_no_address_in_a_batch_is_named_by_place(shop, news):
    answer = batch(shop, [KARI, {"email": "x"}, {"phone": "yyyy"}, {"email": "not an address"}])
    assert answer.problem == (422, "invalid")
    answer = batch(shop, [KARI, {"phone": "yyyy"}, {"email": "not an address"}])
    assert answer.problem == (422, "address_invalid")
    assert [(fault["location"], fault["code"]) for fault in answer.json["errors"]] == [
        ("body.people.1", "phone_invalid"),
        ("body.people.2", "email_invalid"),
    ]


def test_rules_that_are_loaded_meanwhile_hold_from_the_next_question(shop, kari, news):
    """Each answer rests on one set of rules, which it names."""
    first = ask(shop).json
    content = PublishedRules.objects.latest("pk").content
    content = {**content, "marketing": [rule for rule in content["marketing"] if "NO" not in str(rule)]}
    PublishedRules.objects.create(version="f" * 64, content=content, in_force_from=timezone.now())
    second = ask(shop).json
    assert first["rules_version"] != second["rules_version"]
    assert first["rule"].startswith("NO/")
    assert second["rule"].startswith("*/")


def test_every_reason_has_a_place_in_the_schema(shop):
    schema = shop.get("/openapi.json").json
    assert set(schema["components"]["schemas"]["Reason"]["enum"]) == set(Reason.values)


def test_profiling_is_no_service_message(shop, kari, activity):
    answer = ask(shop, profiling="activity", message_class="service")
    assert answer.problem == (422, "invalid")
    assert answer.json["errors"][0]["code"] == "service_not_for_profiling"
    assert ask(shop, profiling="activity", message_class="marketing").status == 200
