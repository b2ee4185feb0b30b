from django.contrib.auth.management import create_permissions
from django.db import migrations

CATALOGUE = ["brand", "topic", "profilingpurpose"]
HISTORY = ["recipient", "contactpoint", "event", "choice", "merge", "wording"]

GROUPS = {
    "support": [
        "act_on_behalf",
        "add_recipient",
        *(f"view_{name}" for name in [*HISTORY, *CATALOGUE]),
    ],
    "editors": [
        *(f"{act}_{name}" for act in ["view", "add", "change"] for name in CATALOGUE),
        "view_wordingtemplate",
        "change_wordingtemplate",
        "view_wording",
    ],
    "auditors": [
        "export_event",
        *(f"view_{name}" for name in [*HISTORY, *CATALOGUE, "wordingtemplate", "linkrequest"]),
    ],
}


def create_groups(apps, schema_editor):
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
    """Three groups for staff. An install may change them afterwards; nothing sets them back."""

    dependencies = [
        ("preferences", "0003_wording_templates"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]
