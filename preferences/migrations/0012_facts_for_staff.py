from django.contrib.auth.management import create_permissions
from django.db import migrations, models

GROUPS = {
    "support": [
        "change_recipient",
        "change_contactpoint",
        "view_sale",
        "add_sale",
        "view_suppression",
        "add_suppression",
        "change_suppression",
    ],
    "auditors": ["view_sale", "view_suppression", "view_confirmationrequest"],
}


def let_groups_at_facts(apps, schema_editor):
    # Permissions otherwise come after the last migration, which is too late for this one.
    preferences = apps.get_app_config("preferences")
    preferences.models_module = True
    create_permissions(preferences, apps=apps, verbosity=0)
    preferences.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="preferences")
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*permissions.filter(codename__in=codenames))


class Migration(migrations.Migration):
    """Support puts facts about a person right and suppresses addresses; auditors read them. Look-ups by address and domain find what
    was lifted too."""

    dependencies = [("preferences", "0011_api_clients")]

    operations = [
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(fields=['address_hash'], name='suppression_by_address'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(condition=models.Q(('domain', ''), _negated=True), fields=['domain'], name='suppression_by_domain'),
        ),
        migrations.RunPython(let_groups_at_facts, migrations.RunPython.noop),
    ]
