from django.contrib.auth.management import create_permissions
from django.db import migrations

APPEND_ONLY = ["preferences_banner", "preferences_cookieconsent"]

CREATE_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
   FOR EACH STATEMENT EXECUTE FUNCTION preferences_refuse_change()
"""

# Deferred like Django's own keys; a form saves cookies before or after the categories they are in.
CREATE_KEY = """
ALTER TABLE preferences_sitecookie ADD CONSTRAINT site_cookie_in_category
    FOREIGN KEY (site_id, category) REFERENCES preferences_sitecategory (site_id, category)
    DEFERRABLE INITIALLY DEFERRED
"""
DROP_KEY = "ALTER TABLE preferences_sitecookie DROP CONSTRAINT site_cookie_in_category"

# One look at the banner's row makes sure of all three.
CREATE_BANNER_KEY = """
ALTER TABLE preferences_banner ADD CONSTRAINT banner_of_site_and_version UNIQUE (id, site_id, version);
ALTER TABLE preferences_cookieconsent ADD CONSTRAINT cookie_consent_of_banner
    FOREIGN KEY (banner_id, site_id, version) REFERENCES preferences_banner (id, site_id, version)
    DEFERRABLE INITIALLY DEFERRED
"""
DROP_BANNER_KEY = """
ALTER TABLE preferences_cookieconsent DROP CONSTRAINT cookie_consent_of_banner;
ALTER TABLE preferences_banner DROP CONSTRAINT banner_of_site_and_version
"""

PARTS = ["sitecategory", "sitecookie"]
VIEW_SITES = [f"view_{name}" for name in ["site", *PARTS, "banner"]]
GROUPS = {
    "support": [*VIEW_SITES, "view_cookieconsent"],
    "editors": [
        *VIEW_SITES,
        *(f"{act}_site" for act in ["add", "change"]),
        *(f"{act}_{name}" for act in ["add", "change", "delete"] for name in PARTS),
    ],
    "auditors": [*VIEW_SITES, "view_cookieconsent", "export_cookieconsent"],
}


def let_groups_at_cookies(apps, schema_editor):
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
    """What was published and what was said is append-only; a cookie lies in a category its site asks about, and a
    consent names the version of its site's banner. Editors write the banners, support and auditors read what was said."""

    dependencies = [("preferences", "0015_cookies")]

    operations = [
        migrations.RunSQL(CREATE_KEY, DROP_KEY),
        migrations.RunSQL(CREATE_BANNER_KEY, DROP_BANNER_KEY),
        *(
            migrations.RunSQL(CREATE_TRIGGER.format(table=table), f"DROP TRIGGER append_only ON {table}")
            for table in APPEND_ONLY
        ),
        migrations.RunPython(let_groups_at_cookies, migrations.RunPython.noop),
    ]
