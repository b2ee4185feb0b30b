import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0006_unchanged_since'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConfirmationRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('requested_at', models.DateTimeField(verbose_name='requested at')),
                ('due_at', models.DateTimeField(help_text='When the mail may go out, after the cool-down.', verbose_name='due at')),
                ('answered_at', models.DateTimeField(blank=True, help_text='When the mail was sent, or given up.', null=True, verbose_name='answered at')),
                ('sent', models.BooleanField(default=False, verbose_name='sent')),
            ],
            options={
                'verbose_name': 'confirmation request',
                'verbose_name_plural': 'confirmation requests',
            },
        ),
        migrations.CreateModel(
            name='HistoricalMarketingRule',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('country', models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[django.core.validators.RegexValidator('^(\\*|[A-Z]{2})$', 'Two capital letters (ISO 3166-1), or * for any.')], verbose_name='country')),
                ('requirement', models.CharField(choices=[('double_opt_in', 'Confirmed consent'), ('opt_in', 'Consent'), ('soft_opt_in', 'A sale with the chance to refuse, or consent'), ('opt_out', 'None, until the person objects')], max_length=13, verbose_name='required permission')),
                ('law', models.CharField(help_text='The source relied on.', max_length=300, verbose_name='law')),
                ('note', models.TextField(blank=True, default='', verbose_name='note')),
                ('confidence', models.CharField(choices=[('high', 'High'), ('medium', 'Medium'), ('low', 'Low')], default='low', max_length=6, verbose_name='confidence')),
                ('shipped', models.JSONField(blank=True, editable=False, null=True, verbose_name='as shipped')),
                ('channel', models.CharField(choices=[('*', 'Any'), ('email', 'E-mail'), ('sms', 'Text message'), ('phone', 'Phone call'), ('post', 'Letter'), ('in_product', 'In the product'), ('web', 'On the website'), ('social', 'Social media')], max_length=10, verbose_name='channel')),
                ('relationship', models.CharField(choices=[('*', 'Any'), ('consumer_prospect', 'Consumer, not a customer'), ('consumer_customer', 'Consumer, customer'), ('business_prospect', 'Business contact, not a customer'), ('business_customer', 'Business contact of a customer')], max_length=17, verbose_name='relationship')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical marketing rule',
                'verbose_name_plural': 'historical marketing rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalProfilingRule',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('country', models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[django.core.validators.RegexValidator('^(\\*|[A-Z]{2})$', 'Two capital letters (ISO 3166-1), or * for any.')], verbose_name='country')),
                ('requirement', models.CharField(choices=[('double_opt_in', 'Confirmed consent'), ('opt_in', 'Consent'), ('soft_opt_in', 'A sale with the chance to refuse, or consent'), ('opt_out', 'None, until the person objects')], max_length=13, verbose_name='required permission')),
                ('law', models.CharField(help_text='The source relied on.', max_length=300, verbose_name='law')),
                ('note', models.TextField(blank=True, default='', verbose_name='note')),
                ('confidence', models.CharField(choices=[('high', 'High'), ('medium', 'Medium'), ('low', 'Low')], default='low', max_length=6, verbose_name='confidence')),
                ('shipped', models.JSONField(blank=True, editable=False, null=True, verbose_name='as shipped')),
                ('use', models.CharField(choices=[('activity', 'Pages, clicks, device and IP address'), ('customer_relationship', 'Combining with the customer data of the company'), ('email_tracking', 'Opens and clicks in e-mail'), ('other', 'Another use')], max_length=21, verbose_name='use')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical profiling rule',
                'verbose_name_plural': 'historical profiling rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalSuppression',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('kind', models.CharField(choices=[('address', 'One address or number'), ('domain', 'Every e-mail address of a domain')], max_length=7, verbose_name='kind')),
                ('address_hash', models.BinaryField(max_length=32, null=True, verbose_name='keyed hash')),
                ('domain', models.CharField(blank=True, default='', help_text='In its ASCII form, in lower case.', max_length=253, verbose_name='domain')),
                ('reason', models.CharField(choices=[('erasure', 'The person had their data erased'), ('request', 'Asked for by whoever the address belongs to'), ('complaint', 'Complained to a mailbox provider'), ('authority', 'Demanded by an authority or lawyer'), ('competitor', 'A competitor or a partner who wants none'), ('other', 'Another reason')], max_length=10, verbose_name='reason')),
                ('note', models.CharField(blank=True, default='', help_text='No name, address or number.', max_length=300, verbose_name='note')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='lifted at')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical suppression',
                'verbose_name_plural': 'historical suppressions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='MarketingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[django.core.validators.RegexValidator('^(\\*|[A-Z]{2})$', 'Two capital letters (ISO 3166-1), or * for any.')], verbose_name='country')),
                ('requirement', models.CharField(choices=[('double_opt_in', 'Confirmed consent'), ('opt_in', 'Consent'), ('soft_opt_in', 'A sale with the chance to refuse, or consent'), ('opt_out', 'None, until the person objects')], max_length=13, verbose_name='required permission')),
                ('law', models.CharField(help_text='The source relied on.', max_length=300, verbose_name='law')),
                ('note', models.TextField(blank=True, default='', verbose_name='note')),
                ('confidence', models.CharField(choices=[('high', 'High'), ('medium', 'Medium'), ('low', 'Low')], default='low', max_length=6, verbose_name='confidence')),
                ('shipped', models.JSONField(blank=True, editable=False, null=True, verbose_name='as shipped')),
                ('channel', models.CharField(choices=[('*', 'Any'), ('email', 'E-mail'), ('sms', 'Text message'), ('phone', 'Phone call'), ('post', 'Letter'), ('in_product', 'In the product'), ('web', 'On the website'), ('social', 'Social media')], max_length=10, verbose_name='channel')),
                ('relationship', models.CharField(choices=[('*', 'Any'), ('consumer_prospect', 'Consumer, not a customer'), ('consumer_customer', 'Consumer, customer'), ('business_prospect', 'Business contact, not a customer'), ('business_customer', 'Business contact of a customer')], max_length=17, verbose_name='relationship')),
            ],
            options={
                'verbose_name': 'marketing rule',
                'verbose_name_plural': 'marketing rules',
            },
        ),
        migrations.CreateModel(
            name='ProfilingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(help_text='Two capital letters (ISO 3166-1), or * for any.', max_length=2, validators=[django.core.validators.RegexValidator('^(\\*|[A-Z]{2})$', 'Two capital letters (ISO 3166-1), or * for any.')], verbose_name='country')),
                ('requirement', models.CharField(choices=[('double_opt_in', 'Confirmed consent'), ('opt_in', 'Consent'), ('soft_opt_in', 'A sale with the chance to refuse, or consent'), ('opt_out', 'None, until the person objects')], max_length=13, verbose_name='required permission')),
                ('law', models.CharField(help_text='The source relied on.', max_length=300, verbose_name='law')),
                ('note', models.TextField(blank=True, default='', verbose_name='note')),
                ('confidence', models.CharField(choices=[('high', 'High'), ('medium', 'Medium'), ('low', 'Low')], default='low', max_length=6, verbose_name='confidence')),
                ('shipped', models.JSONField(blank=True, editable=False, null=True, verbose_name='as shipped')),
                ('use', models.CharField(choices=[('activity', 'Pages, clicks, device and IP address'), ('customer_relationship', 'Combining with the customer data of the company'), ('email_tracking', 'Opens and clicks in e-mail'), ('other', 'Another use')], max_length=21, verbose_name='use')),
            ],
            options={
                'verbose_name': 'profiling rule',
                'verbose_name_plural': 'profiling rules',
            },
        ),
        migrations.CreateModel(
            name='PublishedRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.CharField(help_text='SHA-256 of the content.', max_length=64, verbose_name='version')),
                ('content', models.JSONField(verbose_name='content')),
                ('in_force_from', models.DateTimeField(verbose_name='in force from')),
            ],
            options={
                'verbose_name': 'published rules',
                'verbose_name_plural': 'published rules',
            },
        ),
        migrations.CreateModel(
            name='Sale',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sold_on', models.DateField(verbose_name='sold on')),
                ('subject', models.CharField(help_text='What was sold. No name, address or number.', max_length=160, verbose_name='subject')),
                ('refusal_offered', models.BooleanField(default=False, help_text='The person could refuse marketing when the address was collected.', verbose_name='refusal offered')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
            ],
            options={
                'verbose_name': 'sale',
                'verbose_name_plural': 'sales',
            },
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('address', 'One address or number'), ('domain', 'Every e-mail address of a domain')], max_length=7, verbose_name='kind')),
                ('address_hash', models.BinaryField(max_length=32, null=True, verbose_name='keyed hash')),
                ('domain', models.CharField(blank=True, default='', help_text='In its ASCII form, in lower case.', max_length=253, verbose_name='domain')),
                ('reason', models.CharField(choices=[('erasure', 'The person had their data erased'), ('request', 'Asked for by whoever the address belongs to'), ('complaint', 'Complained to a mailbox provider'), ('authority', 'Demanded by an authority or lawyer'), ('competitor', 'A competitor or a partner who wants none'), ('other', 'Another reason')], max_length=10, verbose_name='reason')),
                ('note', models.CharField(blank=True, default='', help_text='No name, address or number.', max_length=300, verbose_name='note')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='lifted at')),
            ],
            options={
                'verbose_name': 'suppression',
                'verbose_name_plural': 'suppressions',
            },
        ),
        migrations.RemoveConstraint(
            model_name='purpose',
            name='purpose_topic_or_profiling',
        ),
        migrations.AddField(
            model_name='brand',
            name='offers_to_children',
            field=models.BooleanField(db_default=False, default=False, help_text='What this brand sells is offered to children too, so that their age has to be known.', verbose_name='offers to children'),
        ),
        migrations.AddField(
            model_name='choice',
            name='confirmed',
            field=models.BooleanField(db_default=False, default=False, help_text='A yes that was confirmed through a link mailed to the person (double opt-in).', verbose_name='confirmed'),
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='address_hash',
            field=models.BinaryField(default=b'', max_length=32, verbose_name='keyed hash'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='on_register',
            field=models.BooleanField(blank=True, null=True, verbose_name='in the do-not-call register'),
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='screened_at',
            field=models.DateTimeField(blank=True, help_text='When the number was last looked up in the do-not-call register of its country.', null=True, verbose_name='screened at'),
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='unreachable_at',
            field=models.DateTimeField(blank=True, help_text='Messages came back for good (hard bounce).', null=True, verbose_name='unreachable since'),
        ),
        migrations.AddField(
            model_name='event',
            name='confirmed',
            field=models.BooleanField(db_default=False, default=False, help_text='A yes that was confirmed through a link mailed to the person (double opt-in).', verbose_name='confirmed'),
        ),
        migrations.AddField(
            model_name='historicalbrand',
            name='offers_to_children',
            field=models.BooleanField(db_default=False, default=False, help_text='What this brand sells is offered to children too, so that their age has to be known.', verbose_name='offers to children'),
        ),
        migrations.AddField(
            model_name='historicalprofilingpurpose',
            name='use',
            field=models.CharField(blank=True, choices=[('activity', 'Pages, clicks, device and IP address'), ('customer_relationship', 'Combining with the customer data of the company'), ('email_tracking', 'Opens and clicks in e-mail'), ('other', 'Another use')], db_default='', default='', help_text='For profiling purposes: what is done with the data. National law has rules for some uses.', max_length=21, verbose_name='use'),
        ),
        migrations.AddField(
            model_name='historicaltopic',
            name='use',
            field=models.CharField(blank=True, choices=[('activity', 'Pages, clicks, device and IP address'), ('customer_relationship', 'Combining with the customer data of the company'), ('email_tracking', 'Opens and clicks in e-mail'), ('other', 'Another use')], db_default='', default='', help_text='For profiling purposes: what is done with the data. National law has rules for some uses.', max_length=21, verbose_name='use'),
        ),
        migrations.AddField(
            model_name='purpose',
            name='use',
            field=models.CharField(blank=True, choices=[('activity', 'Pages, clicks, device and IP address'), ('customer_relationship', 'Combining with the customer data of the company'), ('email_tracking', 'Opens and clicks in e-mail'), ('other', 'Another use')], db_default='', default='', help_text='For profiling purposes: what is done with the data. National law has rules for some uses.', max_length=21, verbose_name='use'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='born_on',
            field=models.DateField(blank=True, help_text='Only asked for where a brand offers something to children.', null=True, verbose_name='born on'),
        ),
        migrations.AddConstraint(
            model_name='choice',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed', False), ('state', 'opted_in'), _connector='OR'), name='choice_confirmed_is_a_yes'),
        ),
        migrations.AddConstraint(
            model_name='contactpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('on_register', None), ('screened_at', None)), models.Q(('kind', 'phone'), ('on_register__isnull', False), ('screened_at__isnull', False)), _connector='OR'), name='contact_point_screening_has_a_result', violation_error_message='A phone number was looked up with a result, or not at all.'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed', False), ('state', 'opted_in'), _connector='OR'), name='event_confirmed_is_a_yes'),
        ),
        migrations.AddField(
            model_name='confirmationrequest',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='confirmation_requests', to='preferences.recipient', verbose_name='recipient'),
        ),
        migrations.AddField(
            model_name='historicalmarketingrule',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalprofilingrule',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalsuppression',
            name='created_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by'),
        ),
        migrations.AddField(
            model_name='historicalsuppression',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalsuppression',
            name='lifted_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by'),
        ),
        migrations.AddConstraint(
            model_name='marketingrule',
            constraint=models.UniqueConstraint(fields=('country', 'channel', 'relationship'), name='marketing_rule_unique', violation_error_message='There is a rule for this combination already.'),
        ),
        migrations.AddConstraint(
            model_name='profilingrule',
            constraint=models.UniqueConstraint(fields=('country', 'use'), name='profiling_rule_unique', violation_error_message='There is a rule for this combination already.'),
        ),
        migrations.AddIndex(
            model_name='publishedrules',
            index=models.Index(fields=['-in_force_from'], name='published_rules_by_time'),
        ),
        migrations.AddField(
            model_name='sale',
            name='brand',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='preferences.brand', verbose_name='brand'),
        ),
        migrations.AddField(
            model_name='sale',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sales', to='preferences.recipient', verbose_name='recipient'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='lifted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by'),
        ),
        migrations.AddIndex(
            model_name='confirmationrequest',
            index=models.Index(fields=['recipient', '-due_at'], name='confirmation_by_recipient'),
        ),
        migrations.AddConstraint(
            model_name='confirmationrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('answered_at', None)), fields=('recipient',), name='confirmation_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.UniqueConstraint(fields=('recipient', 'brand', 'sold_on', 'subject'), name='sale_unique', violation_error_message='This sale is on record already.'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address_hash__isnull', False), ('domain', ''), ('kind', 'address')), models.Q(('address_hash', None), ('kind', 'domain'), models.Q(('domain', ''), _negated=True)), _connector='OR'), name='suppression_address_or_domain'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.UniqueConstraint(condition=models.Q(('address_hash__isnull', False), ('lifted_at', None)), fields=('address_hash',), name='suppression_of_address_unique'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None), models.Q(('domain', ''), _negated=True)), fields=('domain',), name='suppression_of_domain_unique', violation_error_message='This domain is suppressed already.'),
        ),
    ]
