from django.db import migrations

from preferences.enums import ContactKind
from preferences.identity import address_hash

BATCH = 5_000


def hash_addresses(apps, schema_editor):
    contact_point = apps.get_model("preferences", "ContactPoint")
    batch = []
    for point in contact_point.objects.only("kind", "normalized").iterator(chunk_size=BATCH):
        point.address_hash = address_hash(kind=ContactKind(point.kind), normalized=point.normalized)
        batch.append(point)
        if len(batch) == BATCH:
            contact_point.objects.bulk_update(batch, ["address_hash"])
            batch.clear()
    contact_point.objects.bulk_update(batch, ["address_hash"])


def name_uses(apps, schema_editor):
    apps.get_model("preferences", "Purpose").objects.filter(kind="profiling").update(use="other")


class Migration(migrations.Migration):
    """Every contact point gets its keyed hash, every profiling purpose a use, which staff set right."""

    dependencies = [("preferences", "0007_rules_facts_suppressions")]

    operations = [
        migrations.RunPython(hash_addresses, migrations.RunPython.noop),
        migrations.RunPython(name_uses, migrations.RunPython.noop),
    ]
