from django.contrib.auth.management import create_permissions
from django.db import migrations, models

import preferences.models.country

RULES = ["marketingrule", "profilingrule"]
VIEW_ALL = [f"view_{name}" for name in [*RULES, "publishedrules"]]

GROUPS = {
    "support": VIEW_ALL,
    "editors": [*VIEW_ALL, *(f"{act}_{name}" for act in ["add", "change", "delete"] for name in RULES)],
    "auditors": VIEW_ALL,
}


def let_groups_at_rules(apps, schema_editor):
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
    """Staff edit or read the rules, by group; countries are those of ISO 3166-1 from now on."""

    dependencies = [("preferences", "0009_guard_new_columns")]

    operations = [
        migrations.AlterField(
            model_name='historicalmarketingrule',
            name='country',
            field=models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[preferences.models.country.validate_country_or_any], verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='historicalprofilingrule',
            name='country',
            field=models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[preferences.models.country.validate_country_or_any], verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='marketingrule',
            name='country',
            field=models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[preferences.models.country.validate_country_or_any], verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='profilingrule',
            name='country',
            field=models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[preferences.models.country.validate_country_or_any], verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='recipient',
            name='country',
            field=models.CharField(blank=True, default='', max_length=2, validators=[preferences.models.country.validate_country], verbose_name='country'),
        ),
        migrations.AddConstraint(
            model_name='profilingrule',
            constraint=models.CheckConstraint(condition=models.Q(('country', '*'), _negated=True), name='profiling_rule_of_one_country', violation_error_message="Elsewhere the purpose's own default holds: name one country."),
        ),
        migrations.RunPython(let_groups_at_rules, migrations.RunPython.noop),
    ]
