import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('allauth_idp_oidc', '0003_client_allow_uri_wildcards'),
        ('preferences', '0010_rules_for_staff'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiClient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked at')),
                ('brand', models.ForeignKey(blank=True, help_text='The one brand it may ask and tell about; empty for the whole group.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='preferences.brand', verbose_name='brand')),
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='api_client', to='allauth_idp_oidc.client', verbose_name='OAuth client')),
                ('revoked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='revoked by')),
            ],
            options={
                'verbose_name': 'API client',
                'verbose_name_plural': 'API clients',
                'permissions': [('revoke_apiclient', 'Can revoke API clients')],
            },
        ),
        migrations.CreateModel(
            name='ApiAllowance',
            fields=[
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='preferences.apiclient', verbose_name='API client')),
                ('minute', models.DateTimeField(verbose_name='minute')),
                ('used', models.PositiveIntegerField(verbose_name='used')),
                ('granted', models.PositiveIntegerField(verbose_name='granted last')),
            ],
            options={
                'verbose_name': 'API allowance',
                'verbose_name_plural': 'API allowances',
            },
        ),
        migrations.CreateModel(
            name='ApiAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200, verbose_name='idempotency key')),
                ('request_hash', models.CharField(help_text='Of method, path and body.', max_length=64, verbose_name='request, keyed hash')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='status')),
                ('body', models.TextField(blank=True, default='', verbose_name='body')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='preferences.apiclient', verbose_name='API client')),
            ],
            options={
                'verbose_name': 'API answer',
                'verbose_name_plural': 'API answers',
                'indexes': [models.Index(fields=['created_at'], name='api_answer_by_time')],
                'constraints': [models.UniqueConstraint(fields=('client', 'key'), name='api_answer_unique')],
            },
        ),
    ]
