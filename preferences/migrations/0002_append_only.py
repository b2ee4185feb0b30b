from django.db import migrations

APPEND_ONLY = ["preferences_event", "preferences_merge", "preferences_wording"]

CREATE_FUNCTION = """
CREATE FUNCTION preferences_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$
"""

# Row triggers do not see TRUNCATE, so one trigger per statement guards against all three.
CREATE_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
   FOR EACH STATEMENT EXECUTE FUNCTION preferences_refuse_change()
"""


class Migration(migrations.Migration):
    """The history can be added to and read, nothing else, whatever the code above it does."""

    dependencies = [("preferences", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION preferences_refuse_change()"),
        *(
            migrations.RunSQL(CREATE_TRIGGER.format(table=table), f"DROP TRIGGER append_only ON {table}")
            for table in APPEND_ONLY
        ),
    ]
