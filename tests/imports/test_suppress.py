"""What suppressing costs everybody else: nothing, however many addresses there are."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from preferences.decisions.situation import PersonRef, load_situations
from preferences.enums import SuppressionReason
from preferences.imports.suppress import suppress_domain
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MANY = """
INSERT INTO preferences_suppression (kind, address_hash, domain, reason, note, created_at)
SELECT 'address', sha256(n::text::bytea), '', 'other', '', now() FROM generate_series(1, 20000) AS n
"""


@pytest.mark.parametrize("as_of", [None, NOW])
def test_a_decision_finds_a_suppression_by_an_index(as_of):
    people = [PersonRef(recipient=recipient.pk) for recipient in RecipientFactory.create_batch(3)]
    suppress_domain(domain="example.org", reason=SuppressionReason.OTHER, note="", by=None, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(MANY)
        cursor.execute("ANALYZE preferences_suppression")
    with CaptureQueriesContext(connection) as queries:
        load_situations(people=people, today=NOW.date(), as_of=as_of)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "preferences_suppression" in plan
    assert "Seq Scan on preferences_suppression" not in plan, plan
