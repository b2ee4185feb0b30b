"""The list of events: each filter narrows it, and the export holds what the list shows."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from preferences.admin.events import csv_lines, defuse
from preferences.admin.words import REASONS, SOURCES
from preferences.enums import Actor, Channel, Kind, Reason, Route, Source, State
from preferences.models import Event
from preferences.scope import Scope
from tests.factories import RecipientFactory, StaffFactory, TopicFactory

pytestmark = pytest.mark.django_db

LIST = "admin:preferences_event_changelist"
EXPORT = "admin:preferences_event_export"
DAY = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)


@pytest.fixture
def many(news, activity, kari, say):
    """Four events, by name; no two of a kind."""
    other = TopicFactory(brand__key="umbra", channels=["phone"])
    colleague = StaffFactory(email="berit@example.com")
    return {
        "start": say(
            kari,
            State.OPTED_IN,
            scope=Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL),
            source=Source.ACCOUNT,
            now=DAY,
        ),
        "phone": say(
            kari,
            State.OPTED_OUT,
            scope=Scope(kind=Kind.MARKETING, brand=other.brand_id, purpose=other.pk, channel=Channel.PHONE),
            source=Source.STAFF,
            actor=Actor.STAFF,
            staff=colleague.pk,
            route=Route.PHONE,
            reason="=HYPERLINK(1)",
            occurred_at=DAY,
            now=DAY + dt.timedelta(days=1, hours=23),
        ),
        "profiling": say(
            kari,
            State.OPTED_OUT,
            scope=Scope(kind=Kind.PROFILING, purpose=activity.pk),
            source=Source.LINK,
            now=DAY + dt.timedelta(days=2),
        ),
        "all": say(kari, State.OPTED_OUT, source=Source.ONE_CLICK, now=DAY + dt.timedelta(days=3)),
    }


FILTERS = [
    ({}, "all profiling phone start"),
    ({"source": "one_click"}, "all"),
    ({"state": "opted_in"}, "start"),
    ({"state": "opted_out", "channel": "phone"}, "phone"),
    ({"channel": "all"}, "all profiling"),
    ({"brand": "umbra"}, "phone"),
    ({"purpose": "activity"}, "profiling"),
    ({"staff": "berit@example.com"}, "phone"),
    ({"recorded_at_from": "2026-05-04"}, "all profiling phone"),
    ({"recorded_at_to": "2026-05-04"}, "phone start"),
    ({"recorded_at_from": "2026-05-04", "recorded_at_to": "2026-05-05"}, "profiling phone"),
    (
        {"recorded_at_from": "not a day", "source": "pigeon", "brand": "x' OR 1=1"},
        "all profiling phone start",
    ),
]


def parameters(filters):
    """The filters as a browser sends them: ids where the table above has names."""
    ids = {}
    for event in Event.objects.select_related("brand", "purpose", "staff"):
        ids |= {
            getattr(event.brand, "key", None): event.brand_id,
            getattr(event.purpose, "key", None): event.purpose_id,
            getattr(event.staff, "email", None): event.staff_id,
        }
    return {
        name: ids.get(value, value) if name in {"brand", "purpose", "staff"} else value
        for name, value in filters.items()
    }


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_each_filter_narrows_the_list_and_the_export(filters, expected, many, sign_in):
    if filters.get("purpose") == "activity":
        filters = {"purpose": Event.objects.get(pk=many["profiling"]).purpose.key}
    names = {pk: name for name, pk in many.items()}
    client = sign_in("auditors")

    listed = client.get(reverse(LIST), parameters(filters)).context["cl"].result_list
    exported = rows_of(client.get(reverse(EXPORT), parameters(filters)))

    assert [names[event.pk] for event in listed] == expected.split()
    assert [names[int(row["id"])] for row in exported] == expected.split()


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_of_the_export(many, kari, sign_in):
    answer = sign_in("auditors").get(reverse(EXPORT), {"source": "staff"})

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="events-')
    (row,) = rows_of(answer)
    other = Event.objects.get(pk=many["phone"]).purpose
    assert row == {
        "id": str(many["phone"]),
        "recorded_at": "2026-05-04T23:00:00+00:00",
        "occurred_at": "2026-05-03T00:00:00+00:00",
        "recipient": str(kari.pk),
        "kind": "marketing",
        "brand": "umbra",
        "purpose": other.key,
        "channel": "phone",
        "previous_state": "unstated",
        "state": "opted_out",
        "source": "staff",
        "actor": "staff",
        "staff": "berit@example.com",
        "route": "phone",
        "reason": "'=HYPERLINK(1)",
        "legal_basis": "objection",
        "wording": "",
        "undoes": "",
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start):
    assert defuse([f"{start}1+1", 7, None, "plain"]) == [f"'{start}1+1", "7", "", "plain"]


def test_the_export_reads_through_a_cursor_on_the_server(kari, say):
    for number in range(3):
        topic = TopicFactory()
        scope = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
        say(kari, State.OPTED_OUT, scope=scope, now=DAY + dt.timedelta(days=number))

    lines = csv_lines(Event.objects.order_by("-pk"))

    with CaptureQueriesContext(connection) as queries:
        assert next(lines).startswith("\ufeffid,")
    assert not queries.captured_queries, "nothing is read before somebody takes it"
    assert next(lines)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '\\_django\\_curs%'")
        assert cursor.fetchone() == (1,)
    assert len(list(lines)) == 2


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_asks_the_same_few_queries_and_never_counts(count, sign_in, say, django_assert_num_queries):
    client = sign_in("auditors")
    for recipient in RecipientFactory.create_batch(count):
        say(recipient, State.OPTED_OUT)
    with django_assert_num_queries(8) as queries:
        assert client.get(reverse(LIST)).status_code == 200
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]


def test_every_source_and_reason_has_its_words():
    assert set(SOURCES) == set(Source)
    assert set(REASONS) == set(Reason)
