"""The same write sent twice happens once."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences.api.clients import prune
from preferences.models import ApiAnswer, Event, Recipient
from tests.at_once import at_once

pytestmark = pytest.mark.django_db

KEY = {"idempotency_key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
STOP = [{"all": "marketing", "state": "opted_out"}]


def stop(program, recipient, **headers):
    return program.post("/choices", {"person": {"recipient": recipient.pk}, "changes": STOP}, **headers)


def test_a_repeated_write_gets_the_first_answer(shop, kari):
    first, second = stop(shop, kari, **KEY), stop(shop, kari, **KEY)
    assert first.status == second.status == 200
    assert first.content == second.content
    assert first.json["results"][0]["outcome"] == "changed"
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["RateLimit-Limit"]
    assert Event.objects.count() == 1


def test_a_repeated_answer_says_which_language_it_is_in(shop, kari):
    for _ in range(2):
        answer = stop(shop, kari, accept_language="nb", **KEY)
        assert answer.headers["Content-Language"] == "nb"
        assert "Accept-Language" in answer.headers["Vary"]
    again = stop(shop, kari, accept_language="en", **KEY)
    assert (again.headers["Content-Language"], again.content) == ("nb", answer.content)


def test_without_a_key_it_happens_again(shop, kari):
    outcomes = [stop(shop, kari).json["results"][0]["outcome"] for _ in range(2)]
    assert outcomes == ["changed", "already_so"]
    assert not ApiAnswer.objects.exists()


def test_a_key_used_for_something_else(shop, kari, anonymous):
    stop(shop, kari, **KEY)
    assert stop(shop, anonymous, **KEY).problem == (422, "idempotency_key_reused")
    assert shop.put("/recipients", {"people": []}, **KEY).problem == (422, "idempotency_key_reused")
    assert Event.objects.count() == 1


def test_two_clients_may_use_the_same_key(program, kari, anonymous):
    assert stop(program(), kari, **KEY).status == 200
    assert stop(program(), anonymous, **KEY).status == 200


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "with space", "æ"])
def test_a_key_that_is_none(shop, kari, key):
    answer = stop(shop, kari, idempotency_key=key)
    assert answer.problem == (422, "idempotency_key_invalid")
    assert Event.objects.count() == 0


def test_what_failed_may_be_tried_again_under_its_key(shop, kari):
    body = {"person": {"email": "new@example.com"}, "changes": STOP}
    assert shop.post("/choices", body, **KEY).problem == (404, "recipient_unknown")
    assert not ApiAnswer.objects.exists()
    shop.put("/recipients", {"people": [{"email": "new@example.com"}]})
    assert shop.post("/choices", body, **KEY).status == 200


def test_a_key_is_forgotten_after_a_day(shop, kari):
    stop(shop, kari, **KEY)
    ApiAnswer.objects.update(created_at=timezone.now() - dt.timedelta(hours=24, seconds=1))
    again = stop(shop, kari, **KEY)
    assert "Idempotent-Replayed" not in again.headers
    assert again.json["results"][0]["outcome"] == "already_so"
    assert stop(shop, kari, **KEY).content == again.content


def test_pruning(shop, kari, anonymous):
    stop(shop, kari, idempotency_key="old")
    ApiAnswer.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
    stop(shop, anonymous, idempotency_key="new")
    assert prune(now=timezone.now()).answers == 1
    assert list(ApiAnswer.objects.values_list("key", flat=True)) == ["new"]


def test_no_address_is_kept(shop):
    body = {"people": [{"email": "kari@example.com", "external_id": "C-1042"}]}
    shop.put("/recipients", body, **KEY)
    kept = str(list(ApiAnswer.objects.values()))
    assert "kari" not in kept
    assert "C-1042" not in kept


@pytest.mark.django_db(transaction=True)
def test_at_once_the_second_waits_and_gets_the_first_answer(shop):
    def put():
        return shop.put("/recipients", {"people": [{"external_id": "C-1"}]}, **KEY)

    answers = at_once(put, put, put, put)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert Recipient.objects.count() == 1
