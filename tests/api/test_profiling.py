"""What may a person's data be used for? One person and many, over HTTP."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences import ledger
from preferences.enums import Channel, Kind, ProfilingUse, Requirement, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import ProfilingPurpose, PublishedRules
from preferences.scope import Scope
from tests.factories import BrandFactory, ProfilingPurposeFactory, RecipientFactory

pytestmark = pytest.mark.django_db

WEB_STOPPED = Scope(kind=Kind.MARKETING, channel=Channel.WEB)


@pytest.fixture
def other(db):
    return BrandFactory(key="other")


@pytest.fixture
def tracking(db):
    return ProfilingPurposeFactory(
        key="tracking", use=ProfilingUse.EMAIL_TRACKING, requirement=Requirement.OPT_IN, position=1
    )


def one(program, person, **query):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return program.get(f"/profiling/{person.pk}{'?' if asked else ''}{asked}")


def batch(program, *people, **asked):
    return program.post("/profiling", {"people": list(people), **asked})


def reasons(answer):
    """The reasons for the first purpose: segments, web, in_product."""
    first = answer.json["purposes"][0]
    return [first[name]["reason"] for name in ("segments", "web", "in_product")]


def test_the_whole_answer(shop, kari, activity, tracking, say):
    event = say(kari, State.OPTED_OUT, WEB_STOPPED)
    verdict = {
        "recipient": kari.pk,
        "allowed": True,
        "reason": "law_allows",
        "sentence": "The law lets us, until you say no.",
        "legal_basis": "legitimate_interest",
        "rule": "activity/*",
        "rules_version": PublishedRules.objects.latest("pk").version,
        "event": None,
        "tracking": False,
    }
    stopped = {
        "allowed": False,
        "reason": "choice_opted_out",
        "sentence": "You stopped this.",
        "legal_basis": "objection",
        "event": event,
    }
    answer = one(shop, kari)
    assert answer.status == 200
    assert answer.json["recipient"] == kari.pk
    assert answer.json["tracking"] is False
    first, second = answer.json["purposes"]
    assert first == {
        "purpose": "activity",
        "use": "other",
        "segments": verdict,
        "web": {**verdict, **stopped},
        "in_product": verdict,
    }
    assert (second["purpose"], second["use"]) == ("tracking", "email_tracking")
    assert answer.headers["Cache-Control"] == "no-store"


def test_segments_is_the_answer_of_decisions(shop, kari, activity, tracking, say):
    say(kari, State.OPTED_OUT, Scope.all_profiling())
    say(kari, State.OPTED_IN, Scope(kind=Kind.PROFILING, purpose=tracking.pk))
    answer = one(shop, kari).json
    assert answer["tracking"] is True
    for purpose in answer["purposes"]:
        decided = shop.post("/decisions", {"person": {"recipient": kari.pk}, "profiling": purpose["purpose"]})
        assert purpose["segments"] == purpose["web"] == purpose["in_product"] == decided.json


def test_the_signal_of_a_browser(shop, kari, activity, tracking):
    """Global Privacy Control, as it is recorded of somebody known."""
    recorded = ledger.record(
        recipient=kari.pk,
        changes=[
            Change(scope=scope, state=State.OPTED_OUT) for scope in (Scope.all_profiling(), WEB_STOPPED)
        ],
        evidence=Evidence(source=Source.GPC),
        now=timezone.now(),
    )
    answer = one(shop, kari)
    assert reasons(answer) == ["choice_opted_out_broadly"] * 3
    assert answer.json["purposes"][0]["web"]["event"] == recorded.results[0].event
    assert answer.json["tracking"] is False


def test_somebody_unknown_is_an_answer(shop, activity):
    answer = shop.get("/profiling/999999999")
    assert (answer.status, answer.json["recipient"]) == (200, None)
    assert reasons(answer) == ["recipient_unknown"] * 3


def test_somebody_erased(shop, kari, activity, tracking, say):
    say(kari, State.OPTED_IN, Scope(kind=Kind.PROFILING, purpose=tracking.pk))
    ledger.erase(recipient=kari.pk, now=timezone.now())
    answer = one(shop, kari)
    assert reasons(answer) == ["erased"] * 3
    assert answer.json["tracking"] is False


def test_after_a_merge_it_is_the_surviving_one(shop, kari, anonymous, activity, say):
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="one person", now=timezone.now())
    say(anonymous, State.OPTED_OUT, Scope.all_profiling())
    answer = one(shop, kari)
    assert answer.json["recipient"] == anonymous.pk
    assert reasons(answer) == ["choice_opted_out_broadly"] * 3


@pytest.mark.parametrize("brand_asked", [None, "acme", "other"])
def test_a_stop_of_a_brand_counts_for_its_pages(shop, kari, activity, acme, other, say, brand_asked):
    event = say(kari, State.OPTED_OUT, Scope(kind=Kind.MARKETING, brand=acme.pk))
    asked = {"brand": brand_asked} if brand_asked else {}
    answer = one(shop, kari, **asked)
    (many,) = batch(shop, {"recipient": kari.pk}, **asked).json["results"]
    assert many == answer.json
    web = answer.json["purposes"][0]["web"]
    assert (web["reason"], web["event"]) == (
        ("choice_opted_out_broadly", event) if brand_asked == "acme" else ("law_allows", None)
    )


def test_a_client_of_one_brand_asks_for_this_brand(program, kari, activity, acme, other, say):
    own, foreign = program(brand=acme), program(brand=other)
    say(kari, State.OPTED_OUT, Scope(kind=Kind.MARKETING, brand=acme.pk))
    assert one(own, kari).json == one(own, kari, brand="acme").json
    assert reasons(one(own, kari)) == ["law_allows", *["choice_opted_out_broadly"] * 2]
    assert reasons(one(foreign, kari)) == ["law_allows"] * 3
    (many,) = batch(own, {"recipient": kari.pk}).json["results"]
    assert many == one(own, kari).json


@pytest.mark.parametrize("brand", ["other", "no-such-brand"])
def test_a_client_of_one_brand_asks_for_no_other(program, kari, activity, acme, other, brand):
    client = program(brand=acme)
    assert one(client, kari, brand=brand).problem == (403, "brand_forbidden")
    assert batch(client, {"recipient": kari.pk}, brand=brand).problem == (403, "brand_forbidden")


def test_a_brand_there_is_not(shop, kari, activity):
    for answer, location in (
        (one(shop, kari, brand="no-such-brand"), "query.brand"),
        (batch(shop, {"recipient": kari.pk}, brand="no-such-brand"), "body.brand"),
    ):
        assert answer.problem == (422, "invalid")
        assert [(fault["location"], fault["code"]) for fault in answer.json["errors"]] == [
            (location, "brand_unknown")
        ]


def test_a_question_about_the_past(shop, kari, activity, say):
    said_at = timezone.now() - dt.timedelta(days=2)
    say(kari, State.OPTED_OUT, Scope.all_profiling(), now=said_at)
    before = (said_at - dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert reasons(one(shop, kari, as_of=before)) == ["law_allows"] * 3
    assert reasons(one(shop, kari)) == ["choice_opted_out_broadly"] * 3
    (many,) = batch(shop, {"recipient": kari.pk}, as_of=before).json["results"]
    assert many == one(shop, kari, as_of=before).json


def test_only_what_is_offered(shop, kari, activity, tracking, news):
    ProfilingPurpose.objects.filter(key="activity").update(retired_at=timezone.now())
    assert [purpose["purpose"] for purpose in one(shop, kari).json["purposes"]] == ["tracking"]


def test_nothing_is_offered(shop, kari):
    assert one(shop, kari).json == {"recipient": kari.pk, "tracking": False, "purposes": []}


def test_sentences_in_the_language_asked_for(shop, kari, activity, say):
    say(kari, State.OPTED_OUT, Scope(kind=Kind.PROFILING, purpose=activity.pk))
    answer = shop.get(f"/profiling/{kari.pk}", accept_language="nb")
    assert answer.json["purposes"][0]["web"]["sentence"] == "Du stoppet dette."
    assert answer.headers["Content-Language"] == "nb"


def test_in_order_each_as_often_as_named(shop, kari, anonymous, activity):
    kari_ = {"email": "KARI@example.com"}
    answer = batch(shop, kari_, {"email": "nobody@example.com"}, {"recipient": anonymous.pk}, kari_)
    results = answer.json["results"]
    assert [result["recipient"] for result in results] == [kari.pk, None, anonymous.pk, kari.pk]
    assert results[0] == results[3] == one(shop, kari).json
    assert results[1] == shop.get("/profiling/999999999").json


def test_nobody(shop, activity):
    assert batch(shop).json == {"results": []}


@pytest.mark.parametrize(
    ("body", "location", "code"),
    [
        ({}, "body.people", "missing"),
        ({"people": [{"recipient": 1}] * 11_000}, "body.people", "too_long"),
        ({"people": [{"recipient": 1, "email": "kari@example.com"}]}, "body.people.0", "not_one"),
        ({"people": [{}]}, "body.people.0", "not_one"),
        ({"people": [{"recipient": 0}]}, "body.people.0.recipient", "greater_than_equal"),
        ({"people": [{"name": "Kari"}]}, "body.people.0", "extra_forbidden"),
        ({"people": [], "colour": "red"}, "body", "extra_forbidden"),
        ({"people": [], "brand": None}, "body.brand", "string_type"),
        ({"people": [], "brand": "a b"}, "body.brand", "string_pattern_mismatch"),
        ({"people": [], "as_of": "2026-05-03"}, "body.as_of", "not_a_time"),
        ({"people": [], "as_of": "2026-05-03T14:00:00"}, "body.as_of", "no_offset"),
        ({"people": [{"email": "not an address"}]}, "body.people.0", "email_invalid"),
    ],
)
def test_a_body_that_is_none(shop, activity, body, location, code):
    answer = shop.post("/profiling", body)
    assert answer.status == 422
    assert (location, code) in [(fault["location"], fault["code"]) for fault in answer.json["errors"]]


@pytest.mark.parametrize(
    "path",
    [
        "/profiling/0",
        "/profiling/kari",
        "/profiling/-1",
        f"/profiling/{2**63}",
        "/profiling/1?as_of=2026-05-03",
    ],
)
def test_an_address_that_is_none(shop, activity, path):
    assert shop.get(path).problem == (422, "invalid")


@pytest.mark.parametrize("path", ["/profiling", "/profiling/1"])
def test_takes_its_scope(program, path):
    client = program("links:create", "history:read", "choices:write", "recipients:write")
    method = "POST" if path == "/profiling" else "GET"
    assert client.send(method, path, {"people": []}).problem == (403, "insufficient_scope")


@pytest.mark.parametrize(("method", "path"), [("GET", "/profiling"), ("POST", "/profiling/1")])
def test_takes_its_method(shop, method, path):
    assert shop.send(method, path).problem == (405, "method_not_allowed")


@pytest.mark.parametrize("people", [1, 30])
@pytest.mark.parametrize("more_purposes", [0, 5])
def test_constant_queries(shop, activity, acme, people, more_purposes, django_assert_num_queries):
    ProfilingPurposeFactory.create_batch(more_purposes)
    named = [{"recipient": person.pk} for person in RecipientFactory.create_batch(people)]
    batch(shop, *named)
    with django_assert_num_queries(2):
        batch(shop, *named)
    with django_assert_num_queries(3):
        batch(shop, *named, brand="acme")


def test_ten_thousand_people_in_as_many_queries_as_one(shop, kari, activity, django_assert_num_queries):
    batch(shop, {"recipient": kari.pk})
    with django_assert_num_queries(2):
        assert len(batch(shop, *[{"recipient": kari.pk}] * 10_000).json["results"]) == 10_000


def test_one_person_in_two_queries(shop, kari, activity, django_assert_num_queries):
    one(shop, kari)
    with django_assert_num_queries(2):
        one(shop, kari)


def test_nothing_is_written(shop, kari, activity, tracking):
    one(shop, kari)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        one(shop, kari)
        batch(shop, {"recipient": kari.pk})
    about_people = [query["sql"] for query in queries if "apiallowance" not in query["sql"]]
    assert about_people
    assert not [sql for sql in about_people if sql.split()[0] not in {"SELECT", "WITH"}]
