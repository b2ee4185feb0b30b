from django.db import migrations

# The lock comes first. What it waited for is seen by the next statement, never by the one that took it.
CREATE = """
CREATE FUNCTION preferences_unchanged_since(person bigint, version bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM preferences_recipient
      WHERE id = person AND merged_into_id IS NULL AND erased_at IS NULL
        FOR NO KEY UPDATE;
    RETURN FOUND AND version = (SELECT coalesce(max(id), 0) FROM preferences_event WHERE recipient_id = person);
END
$$
"""


class Migration(migrations.Migration):
    """Lets one statement lock a recipient, see that nothing was said since it was read, and append."""

    dependencies = [("preferences", "0005_scope_is_one_purpose")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION preferences_unchanged_since(bigint, bigint)")]
