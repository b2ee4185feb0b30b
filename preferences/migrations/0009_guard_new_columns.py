from django.db import migrations, models

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON preferences_publishedrules
   FOR EACH STATEMENT EXECUTE FUNCTION preferences_refuse_change()
"""


class Migration(migrations.Migration):
    """What the filled columns must hold from now on; rules that were in force are history too."""

    dependencies = [("preferences", "0008_fill_new_columns")]

    operations = [
        migrations.AddConstraint(
            model_name='purpose',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('brand__isnull', False), ('channels__len__gt', 0), ('kind', 'marketing'), ('requirement', ''), ('use', '')), models.Q(('brand', None), ('channels', []), ('kind', 'profiling'), models.Q(('requirement', ''), _negated=True), models.Q(('use', ''), _negated=True)), _connector='OR'), name='purpose_topic_or_profiling', violation_error_message='A topic has a brand and at least one channel; a profiling purpose has neither, but a default and a use.'),
        ),
        migrations.AddConstraint(
            model_name='purpose',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at', None), ('use', 'email_tracking')), fields=('use',), name='purpose_one_for_email_tracking', violation_error_message='There is a purpose for e-mail tracking already.'),
        ),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER append_only ON preferences_publishedrules"),
    ]
