"""So many requests a minute for each client, over all processes together."""

import pytest
from django.db import connection

from preferences.api import allowance
from preferences.api.allowance import forget_shares, take
from preferences.models import ApiAllowance, ApiClient
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_minute(db, monkeypatch):
    """The minute does not turn over in the middle of a test."""
    monkeypatch.setattr(
        allowance,
        "_RESERVE",
        allowance._RESERVE.replace("clock_timestamp()", "'2026-05-03T14:00:20Z'::timestamptz"),
    )


@pytest.fixture
def client_id(shop) -> int:
    forget_shares()
    return ApiClient.objects.get().pk


def test_the_headers(shop, settings, kari, news):
    settings.API_REQUESTS_PER_MINUTE = 3
    headers = [shop.get("/catalogue").headers for _ in range(2)]
    assert [
        (each["RateLimit-Limit"], each["RateLimit-Remaining"], each["RateLimit-Reset"]) for each in headers
    ] == [
        ("3", "2", "40"),
        ("3", "1", "40"),
    ]


def test_too_many(shop, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    answers = [shop.get("/catalogue") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].problem == (429, "too_many_requests")
    assert answers[-1].headers["Retry-After"] == answers[-1].headers["RateLimit-Reset"] == "40"


def test_a_request_refused_for_its_scope_counts(program, settings):
    settings.API_REQUESTS_PER_MINUTE = 1
    reader = program("history:read")
    assert [reader.post("/decisions", {}).status for _ in range(2)] == [403, 429]


def test_one_client_takes_nothing_from_another(program, settings):
    settings.API_REQUESTS_PER_MINUTE = 1
    assert [program().get("/catalogue").status for _ in range(3)] == [200, 200, 200]


def granted(client_id: int, processes: int, requests: int) -> list[int]:
    """How many of the requests each of several processes granted, each asking in turn."""
    shares = [{} for _ in range(processes)]
    counts = [0] * processes
    for _ in range(requests):
        for number, share in enumerate(shares):
            allowance._shares = share
            counts[number] += take(client=client_id).granted
    return counts


@pytest.mark.parametrize("limit", [1, 7, 100, 600])
def test_many_processes_grant_the_limit_and_no_more(client_id, settings, limit):
    settings.API_REQUESTS_PER_MINUTE = limit
    assert sum(granted(client_id, 4, limit)) == limit


def test_an_idle_process_keeps_little_from_the_others(client_id, settings):
    settings.API_REQUESTS_PER_MINUTE = 600
    idle = {}
    allowance._shares = idle
    take(client=client_id)
    (busy,) = granted(client_id, 1, 700)
    assert busy >= 570


def test_most_requests_cost_no_query(client_id, settings, django_assert_max_num_queries):
    settings.API_REQUESTS_PER_MINUTE = 600
    with django_assert_max_num_queries(45):
        assert sum(take(client=client_id).granted for _ in range(700)) == 600


def test_a_client_that_is_out_of_requests_costs_no_query(client_id, settings, django_assert_num_queries):
    settings.API_REQUESTS_PER_MINUTE = 1
    take(client=client_id)
    with django_assert_num_queries(0):
        assert not any(take(client=client_id).granted for _ in range(10))


def test_the_next_minute_begins_anew(client_id, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 1
    assert take(client=client_id).granted
    clock = allowance.time.monotonic()
    monkeypatch.setattr(allowance.time, "monotonic", lambda: clock + 41)
    monkeypatch.setattr(allowance, "_RESERVE", allowance._RESERVE.replace("14:00:20", "14:01:01"))
    assert take(client=client_id).granted


def test_a_clock_that_goes_backwards_locks_nobody_out(client_id, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 1
    take(client=client_id)
    forget_shares()
    monkeypatch.setattr(allowance, "_RESERVE", allowance._RESERVE.replace("14:00:20", "13:10:00"))
    assert take(client=client_id).granted
    assert not take(client=client_id).granted


@pytest.mark.django_db(transaction=True)
def test_threads_at_once(program, settings):
    settings.API_REQUESTS_PER_MINUTE = 40
    program()
    client_id = ApiClient.objects.get().pk

    def ask() -> int:
        return sum(take(client=client_id).granted for _ in range(20))

    assert sum(at_once(ask, ask, ask, ask)) == 40
    assert ApiAllowance.objects.get().used == 40
    connection.close()
