"""Empty the database after a test that commits (transaction=True, live_server).

Django would flush every table, which the history refuses, and which would take away what the migrations put there.
Only here, as the tables' owner, are the triggers lifted for the length of one transaction.
"""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

APPEND_ONLY = (
    "preferences_banner",
    "preferences_cookieconsent",
    "preferences_event",
    "preferences_merge",
    "preferences_publishedrules",
    "preferences_wording",
)
# What the migrations write belongs to the schema.
KEPT = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "preferences_answertemplate",
    "preferences_wordingtemplate",
    # National law is loaded once for a run; what a test published besides goes.
    "preferences_marketingrule",
    "preferences_profilingrule",
    "preferences_publishedrules",
}
TESTS_OWN_RULES = (
    "DELETE FROM preferences_publishedrules WHERE id > (SELECT min(id) FROM preferences_publishedrules)"
)


def empty_tables(test_case: Any) -> None:
    """Stands in for TransactionTestCase._fixture_teardown."""
    tables = [table for table in connection.introspection.table_names() if table not in KEPT]
    with transaction.atomic(), connection.cursor() as cursor:
        for table in APPEND_ONLY:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')
        cursor.execute(TESTS_OWN_RULES)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in APPEND_ONLY:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


@pytest.fixture(scope="session", autouse=True)
def clean_without_flush() -> Any:
    """Lets every test case of the run clean up this way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield
