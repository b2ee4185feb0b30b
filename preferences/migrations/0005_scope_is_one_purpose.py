from django.db import migrations

# A topic's scope names its own brand, and the kind is the purpose's: a stop that named another would stop nothing.
CREATE = """
CREATE UNIQUE INDEX purpose_with_kind ON preferences_purpose (id, kind);
CREATE UNIQUE INDEX purpose_with_brand ON preferences_purpose (id, brand_id);
ALTER TABLE preferences_event
    ADD CONSTRAINT event_kind_is_of_purpose FOREIGN KEY (purpose_id, kind) REFERENCES preferences_purpose (id, kind),
    ADD CONSTRAINT event_brand_is_of_purpose
        FOREIGN KEY (purpose_id, brand_id) REFERENCES preferences_purpose (id, brand_id);
"""
DROP = """
ALTER TABLE preferences_event DROP CONSTRAINT event_kind_is_of_purpose, DROP CONSTRAINT event_brand_is_of_purpose;
DROP INDEX purpose_with_brand;
DROP INDEX purpose_with_kind;
"""


class Migration(migrations.Migration):
    """Scopes fit together by the database's own word."""

    dependencies = [("preferences", "0004_groups")]

    operations = [migrations.RunSQL(CREATE, DROP)]
