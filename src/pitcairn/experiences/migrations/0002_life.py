"""Expand: what the life, the versions and the arbitration of experiences need. Nothing is taken away yet."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('experiences', '0001_initial'),
        ('workspaces', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AllocationEpoch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('control_share', models.FloatField()),
                ('split', models.JSONField()),
            ],
            options={
                'ordering': ['started_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ExclusionGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='ExperienceVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField()),
                ('content', models.JSONField()),
                ('made_at', models.DateTimeField()),
                ('made_by', models.CharField(blank=True, max_length=200)),
                ('restores', models.IntegerField(help_text='the number of the version that this one brought back', null=True)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='HoldoutPeriod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('share', models.FloatField()),
                ('made_by', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'ordering': ['started_at', 'id'],
            },
        ),
        migrations.AlterModelOptions(
            name='variation',
            options={'ordering': ['position', 'id']},
        ),
        migrations.RemoveConstraint(
            model_name='audiencesegment',
            name='segment_name_once_per_experience',
        ),
        migrations.AddField(
            model_name='audiencesegment',
            name='allocation',
            field=models.CharField(choices=[('even', 'Even'), ('manual', 'By weight'), ('optimize', 'To what works')], default='even', max_length=20),
        ),
        migrations.AddField(
            model_name='audiencesegment',
            name='removed',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='experience',
            name='archived_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='experience',
            name='config',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='experience',
            name='frequency',
            field=models.JSONField(default=None, null=True),
        ),
        migrations.AddField(
            model_name='experience',
            name='promoted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='experience',
            name='schedule',
            field=models.JSONField(default=None, null=True),
        ),
        migrations.AddField(
            model_name='experience',
            name='type',
            field=models.CharField(choices=[('page', 'Page change'), ('redirect', 'Redirect'), ('banner', 'Banner'), ('modal', 'Modal'), ('side_pop', 'Side pop'), ('survey', 'Survey')], default='page', max_length=20),
        ),
        migrations.AddField(
            model_name='experience',
            name='version',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='variation',
            name='config',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='variation',
            name='position',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='variation',
            name='removed',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='variation',
            name='weight',
            field=models.FloatField(default=1.0),
        ),
        migrations.AlterField(
            model_name='experience',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('live', 'Live'), ('promoted', 'Promoted'), ('paused', 'Paused'), ('archived', 'Archived')], default='draft', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='audiencesegment',
            constraint=models.UniqueConstraint(condition=models.Q(('removed', False)), fields=('experience', 'name'), name='segment_name_once_per_experience'),
        ),
        migrations.AddField(
            model_name='allocationepoch',
            name='experience',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='epochs', to='experiences.experience'),
        ),
        migrations.AddField(
            model_name='exclusiongroup',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exclusion_groups', to='workspaces.workspace'),
        ),
        migrations.AddField(
            model_name='experience',
            name='exclusion_group',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='experiences', to='experiences.exclusiongroup'),
        ),
        migrations.AddField(
            model_name='experienceversion',
            name='experience',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='experiences.experience'),
        ),
        migrations.AddField(
            model_name='holdoutperiod',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holdout_periods', to='workspaces.workspace'),
        ),
        migrations.AddConstraint(
            model_name='exclusiongroup',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='exclusion_group_name_once_per_workspace'),
        ),
        migrations.AddConstraint(
            model_name='experienceversion',
            constraint=models.UniqueConstraint(fields=('experience', 'number'), name='version_number_once_per_experience'),
        ),
        migrations.AddConstraint(
            model_name='holdoutperiod',
            constraint=models.CheckConstraint(condition=models.Q(('share__gte', 0), ('share__lt', 1)), name='holdout_share_is_a_share'),
        ),
    ]
