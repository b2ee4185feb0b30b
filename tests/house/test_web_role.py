"""docs/web_role.sql gives the web server what it needs, and no way to rewrite the history."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import ProgrammingError, connection, transaction

from preferences import ledger
from preferences.enums import Actor, Channel, Kind, Outcome, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Brand, Recipient, Topic
from preferences.models.wording import WordingText
from preferences.scope import Scope

SQL = (Path(__file__).resolve().parent.parent.parent / "docs/web_role.sql").read_text()
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
APPEND_ONLY = {
    "preferences_banner",
    "preferences_cookieconsent",
    "preferences_event",
    "preferences_merge",
    "preferences_publishedrules",
    "preferences_wording",
}
READ_ONLY = {"django_migrations", "django_content_type", "auth_permission"}
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@pytest.fixture
def web_role(db: None) -> Iterator[None]:
    """Grants as the file says, within the transaction of the test; whoever runs this must be able to make roles."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            pytest.skip("the role of the tests may not make roles")
        # Another name for each database, since roles belong to the whole server and tests run side by side.
        role = f"web_of_{connection.settings_dict['NAME']}"
        cursor.execute(f'CREATE ROLE "{role}"')
        cursor.execute(
            re.sub(r"^(BEGIN|COMMIT);$", "", SQL, flags=re.MULTILINE).replace("preferences_web", f'"{role}"')
        )
        cursor.execute(f'GRANT "{role}" TO current_user')
        cursor.execute(f'SET LOCAL ROLE "{role}"')
        yield
        cursor.execute("RESET ROLE")


def test_rights_table_by_table(web_role: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, array_agg(privilege) FROM pg_class, unnest(%s::text[]) AS privilege"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND has_table_privilege(pg_class.oid, privilege) GROUP BY 1",
            [list(PRIVILEGES)],
        )
        found = {table: set(privileges) for table, privileges in cursor.fetchall()}

    def expected(table: str) -> set[str]:
        if table in READ_ONLY:
            return {"SELECT"}
        if table in APPEND_ONLY or table.startswith("preferences_historical"):
            return {"SELECT", "INSERT"}
        return {"SELECT", "INSERT", "UPDATE", "DELETE"}

    assert found == {table: expected(table) for table in connection.introspection.table_names()}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE preferences_event SET reason = ''",
        "DELETE FROM preferences_event",
        "TRUNCATE preferences_event",
        "ALTER TABLE preferences_event DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON preferences_event",
        "SET session_replication_role = replica",
        "DELETE FROM preferences_merge",
        "UPDATE preferences_wording SET text = ''",
        "UPDATE preferences_publishedrules SET in_force_from = now()",
        "DELETE FROM preferences_historicalsuppression",
        "CREATE TABLE elsewhere (id int)",
    ],
)
def test_no_way_around(web_role: None, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_ledger_works(
    acme: Brand, news: Topic, kari: Recipient, anonymous: Recipient, web_role: None
) -> None:
    scope = Scope(kind=Kind.MARKETING, brand=acme.pk, purpose=news.pk, channel=Channel.EMAIL)
    recorded = ledger.record(
        recipient=kari.pk,
        changes=[
            Change(scope=scope, state=State.OPTED_IN, wording=WordingText(language="en", text="Product news"))
        ],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    (result,) = recorded.results
    assert result.outcome is Outcome.CHANGED
    assert result.event is not None
    undone = ledger.undo(
        event=result.event, evidence=Evidence(source=Source.UNDO, actor=Actor.RECIPIENT), now=NOW
    )
    assert undone.outcome is Outcome.CHANGED
    ledger.merge(surviving=kari.pk, absorbed=anonymous.pk, reason="one person", now=NOW)
    assert ledger.rebuild() == []
    ledger.erase(recipient=kari.pk, now=NOW)
    assert ledger.rebuild() == []
