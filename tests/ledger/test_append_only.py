"""The history can be added to and read, nothing else: the database sees to it."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from preferences.enums import Source, State
from preferences.ledger import Change, Evidence, merge, record
from preferences.models import Event, Merge, Wording
from preferences.models.wording import WordingText
from preferences.scope import Scope
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


@pytest.fixture
def one_of_each():
    one, other = RecipientFactory.create_batch(2)
    wording = WordingText(language="en", text="Stop all marketing.")
    record(
        recipient=one.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT, wording=wording)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    merge(surviving=one.pk, absorbed=other.pk, reason="test", now=NOW)
    with connection.cursor() as cursor:
        # As at the end of a transaction: with foreign keys yet to be checked, TRUNCATE fails for that reason alone.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("table", ["preferences_event", "preferences_merge", "preferences_wording"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"],
    ids=["update", "delete", "truncate"],
)
def test_change_is_refused(one_of_each, table, statement):
    column = {"preferences_wording": "text"}.get(table, "recorded_at")
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match=f"{table} is append-only"),
        transaction.atomic(),
    ):
        cursor.execute(statement.format(table=table, column=column))


@pytest.mark.parametrize("model", [Event, Merge, Wording])
def test_change_through_the_orm_is_refused(one_of_each, model):
    row = model.objects.get()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk)._raw_delete("default")
    assert model.objects.filter(pk=row.pk).exists()
