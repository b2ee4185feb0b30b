"""Record what people said to another system."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences.enums import Channel, Kind, State
from preferences.models import Choice, ConfirmationRequest, Event, Wording
from preferences.scope import Scope
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db

NEWS = {"topic": "acme-news", "channel": "email"}
YES, NO = {**NEWS, "state": "opted_in"}, {**NEWS, "state": "opted_out"}


def tell(program, recipient, *changes, **evidence):
    body = {"person": {"recipient": recipient.pk}, "changes": list(changes)}
    return program.post("/choices", body | ({"evidence": evidence} if evidence else {}))


def outcomes(answer):
    assert answer.status == 200, answer.content
    return [(result["outcome"], result["refusal"]) for result in answer.json["results"]]


def test_a_yes_with_all_that_proves_it(shop, kari, news):
    said_at = timezone.now() - dt.timedelta(hours=2)
    answer = tell(
        shop,
        kari,
        YES,
        occurred_at=said_at.isoformat(),
        reason="Checkout, order form",
        wording={"language": "en", "text": "Send me product news.\nI can stop at any time."},
    )
    event = Event.objects.get()
    assert answer.json == {
        "recipient": kari.pk,
        "results": [
            {
                "outcome": "changed",
                "refusal": None,
                "sentence": "Changed",
                "previous_state": "unstated",
                "state": "opted_in",
                "event": event.pk,
                "mail_due_at": None,
            }
        ],
    }
    assert (event.source, event.actor, event.reason) == ("api", "recipient", "Checkout, order form")
    assert event.occurred_at == said_at
    assert Wording.objects.get().text == "Send me product news.\nI can stop at any time."


def test_a_yes_turns_over_nothing(shop, kari, news):
    assert outcomes(tell(shop, kari, NO)) == [("changed", None)]
    assert outcomes(tell(shop, kari, YES)) == [("refused", "already_stated")]
    assert outcomes(tell(shop, kari, NO)) == [("already_so", None)]
    assert Choice.objects.get().state == "opted_out"


def test_a_yes_the_law_wants_confirmed_waits(shop, news):
    german = RecipientFactory(country="DE", relationship="consumer_prospect")
    answer = tell(shop, german, YES)
    (result,) = answer.json["results"]
    assert (result["outcome"], result["state"]) == ("changed", "pending")
    assert result["mail_due_at"]
    assert ConfirmationRequest.objects.get().recipient_id == german.pk
    assert set(result) == {
        *("outcome", "refusal", "sentence", "previous_state", "state", "event", "mail_due_at")
    }


def test_the_four_kinds_of_change(shop, kari, acme, news, activity):
    answer = tell(
        shop,
        kari,
        YES,
        {"profiling": "activity", "state": "opted_out"},
        {"brand": "acme", "channel": "sms", "state": "opted_out"},
        {"brand": "acme", "state": "opted_out"},
        {"all": "marketing", "channel": "post", "state": "opted_out"},
        {"all": "marketing", "state": "opted_out"},
        {"all": "profiling", "state": "opted_out"},
    )
    assert {outcome for outcome, _ in outcomes(answer)} == {"changed"}
    assert [event.scope for event in Event.objects.order_by("pk")] == [
        Scope(kind=Kind.MARKETING, brand=acme.pk, purpose=news.pk, channel=Channel.EMAIL),
        Scope(kind=Kind.PROFILING, purpose=activity.pk),
        Scope(kind=Kind.MARKETING, brand=acme.pk, channel=Channel.SMS),
        Scope(kind=Kind.MARKETING, brand=acme.pk),
        Scope(kind=Kind.MARKETING, channel=Channel.POST),
        Scope.all_marketing(),
        Scope.all_profiling(),
    ]


def test_one_refusal_leaves_the_others_standing(shop, kari, news, activity):
    answer = tell(
        shop,
        kari,
        {"topic": "no-such-topic", "channel": "email", "state": "opted_in"},
        {"topic": "activity", "channel": "email", "state": "opted_out"},
        {"profiling": "acme-news", "state": "opted_out"},
        {"brand": "no-such-brand", "state": "opted_out"},
        {"topic": "acme-news", "channel": "phone", "state": "opted_in"},
        YES,
    )
    assert outcomes(answer) == [
        *[("refused", "purpose_unknown")] * 4,
        ("refused", "channel_not_offered"),
        ("changed", None),
    ]


def test_nothing_but_unknown_things(shop, kari):
    answer = tell(shop, kari, {"brand": "no-such-brand", "state": "opted_out"})
    assert outcomes(answer) == [("refused", "purpose_unknown")]
    assert Event.objects.count() == 0


def test_a_retired_topic_may_be_stopped_and_not_started(shop, kari, news):
    type(news).objects.update(retired_at=timezone.now())
    assert outcomes(tell(shop, kari, YES, NO)) == [("refused", "purpose_retired"), ("changed", None)]


def test_a_statement_told_late(shop, kari, news, say):
    say(kari, State.OPTED_OUT, Scope.all_marketing(), now=timezone.now() - dt.timedelta(hours=1))
    before = (timezone.now() - dt.timedelta(days=1)).isoformat()
    assert outcomes(tell(shop, kari, YES, occurred_at=before)) == [("superseded", None)]
    ahead = (timezone.now() + dt.timedelta(days=1)).isoformat()
    assert outcomes(tell(shop, kari, NO, occurred_at=ahead)) == [("refused", "in_the_future")]


def test_an_address_in_the_reason(shop, kari, news):
    reason = "Wrote from kari@example.com"
    assert outcomes(tell(shop, kari, YES, reason=reason)) == [("refused", "personal_data")]
    assert outcomes(tell(shop, kari, NO, reason=reason)) == [("changed", None)]
    assert Event.objects.get().reason == ""


@pytest.mark.parametrize(
    "change",
    [
        {},
        "opted_out",
        {"topic": "acme-news", "state": "opted_in"},
        {"topic": "acme-news", "channel": "fax", "state": "opted_in"},
        {**NEWS, "state": "pending"},
        {**NEWS, "state": "unstated"},
        {**YES, "brand": "acme"},
        {**YES, "profiling": "activity"},
        {**YES, "confirmed": True},
        {"brand": "acme", "state": "opted_in"},
        {"all": "marketing", "state": "opted_in"},
        {"all": "everything", "state": "opted_out"},
        {"profiling": "activity", "channel": "email", "state": "opted_out"},
    ],
)
def test_a_change_that_is_none(shop, kari, news, activity, change):
    assert tell(shop, kari, change).problem == (422, "invalid")
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    "evidence",
    [
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-05-03T14:00:00"},
        {"reason": "x" * 501},
        {"reason": "two\nlines"},
        {"wording": {"text": "Yes"}},
        {"wording": {"language": "English", "text": "Yes"}},
        {"wording": {"language": "en", "text": "\u0000"}},
        {"source": "account"},
        {"staff": 1},
    ],
)
def test_evidence_that_is_none(shop, kari, news, evidence):
    assert tell(shop, kari, YES, **evidence).problem == (422, "invalid")


def test_no_changes_and_too_many(shop, kari):
    assert tell(shop, kari).problem == (422, "invalid")
    assert tell(shop, kari, *[NO] * 101).problem == (422, "invalid")


def test_somebody_unknown_or_erased(shop, kari, news):
    body = {"person": {"email": "nobody@example.com"}, "changes": [NO]}
    assert shop.post("/choices", body).problem == (404, "recipient_unknown")
    type(kari).objects.filter(pk=kari.pk).update(erased_at=timezone.now())
    assert tell(shop, kari, NO).problem == (404, "recipient_erased")


def test_nobody_gets_the_token_that_confirms(shop, news):
    german = RecipientFactory(country="DE", relationship="consumer_prospect")
    answer = tell(shop, german, YES)
    assert b"/confirm/" not in answer.content
    for path in ("", "/choices", "/events"):
        assert b"/confirm/" not in shop.get(f"/recipients/{german.pk}{path}").content


@pytest.mark.parametrize("changes", [1, 5])
def test_as_many_queries_for_one_change_as_for_five(shop, kari, news, changes, django_assert_max_num_queries):
    tell(shop, RecipientFactory(), NO)
    stops = [{"topic": "acme-news", "channel": channel.value, "state": "opted_out"} for channel in Channel]
    with django_assert_max_num_queries(7):
        tell(shop, kari, *stops[:changes])
