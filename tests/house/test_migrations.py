"""The migrations make the tables the models speak of, and the guards around the history."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from preferences.models import WordingTemplate
from preferences.models.wording import WordingKey

OURS = ("accounts", "config", "preferences")
APPEND_ONLY = [
    "preferences_banner",
    "preferences_cookieconsent",
    "preferences_event",
    "preferences_merge",
    "preferences_publishedrules",
    "preferences_wording",
]


def test_none_is_missing(db: None) -> None:
    output = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=output)
    assert output.getvalue().strip() == "No changes detected"


def test_each_app_of_ours_has_one_line_of_them() -> None:
    loader = MigrationLoader(None)
    assert loader.detect_conflicts() == {}
    assert {app for app, _name in loader.disk_migrations} >= set(OURS)


def test_names_say_what_for() -> None:
    names = [name for app, name in MigrationLoader(None).disk_migrations if app in OURS]
    assert [name for name in names if "_auto_" in name] == []


def test_triggers_guard_the_history(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE tgname = 'append_only' AND tgenabled = 'O' ORDER BY 1"
        )
        found = cursor.fetchall()
    assert [table for table, _definition in found] == APPEND_ONLY
    for _table, definition in found:
        for word in ("BEFORE", "UPDATE", "DELETE", "TRUNCATE", "FOR EACH STATEMENT"):
            assert word in definition


def test_choices_are_unique_with_all_counted_as_a_value(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'choice_unique'")
        assert cursor.fetchone() == (
            "UNIQUE NULLS NOT DISTINCT (recipient_id, kind, brand_id, purpose_id, channel)",
        )


@pytest.mark.parametrize("key", WordingKey.values)
def test_a_new_system_has_words_in_every_language(db: None, key: str) -> None:
    text = WordingTemplate.objects.get(key=key).text
    assert sorted(text.data) == sorted(language for language, _name in settings.LANGUAGES)
    assert all(text.data.values())
