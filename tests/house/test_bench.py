"""The benchmark's population fits the tables as they are, so that `make bench` is found broken here and not there."""

import pytest
from django.db import connection

from preferences.ledger import rebuild
from preferences.models import Event, Recipient
from tests.bench.one_click import BODY, stop_path
from tests.bench.page import manage_path, read_from_end_to_end
from tests.bench.populate import BUSIEST, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def population() -> None:
    fill(people=10, events=50)


def test_the_population_is_as_the_ledger_would_have_left_it(population):
    assert (Recipient.objects.count(), Event.objects.count()) == (11, 50 + BUSIEST)
    assert rebuild(check=True) == []


def test_its_links_work_and_every_stop_is_a_new_one(population, client):
    before = Event.objects.count()
    for turn in range(3):
        answer = client.post(
            stop_path(person=3, turn=turn), BODY, content_type="application/x-www-form-urlencoded"
        )
        assert answer.content == b"OK\n"
    assert Event.objects.count() == before + 3
    assert client.get(manage_path(11)).status_code == 200


def test_reading_a_table_from_end_to_end_is_found_out(population):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
    assert read_from_end_to_end("SELECT 1 FROM preferences_event WHERE id = 1") == "preferences_event"
