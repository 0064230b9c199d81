import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0014_balances_by_statement'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BankFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('rows', models.JSONField()),
                ('uploaded_at', models.DateTimeField(auto_now_add=True)),
                ('applied_at', models.DateTimeField(null=True)),
                ('applied_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bank_files', to='commerce.payoutbatch')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('batch', 'sha256'), name='one_bank_file_per_content')],
            },
        ),
        migrations.CreateModel(
            name='WriteOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('reason', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('requested', 'waits for a second reviewer'), ('booked', 'written off'), ('refused', 'refused')], default='requested', max_length=9)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='write_offs', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'write-off',
                'verbose_name_plural': 'write-offs',
                'permissions': [('approve_writeoff', 'Can approve write-offs')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='write_off_is_positive'), models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('created_by')), _negated=True), _connector='OR'), name='write_off_is_approved_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('created_by', models.F('user')), _negated=True), models.Q(('approved_by', None), models.Q(('approved_by', models.F('user')), _negated=True), _connector='OR')), name='nobody_writes_off_their_own_debt'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'booked'), _negated=True), ('approved_by__isnull', False), _connector='OR'), name='booked_write_off_is_approved'), models.UniqueConstraint(condition=models.Q(('state', 'requested')), fields=('user', 'currency'), name='one_write_off_waits_per_debt')],
            },
        ),
    ]
