import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def carry_over(apps, schema_editor):
    goals = apps.get_model("experiments", "Goal").objects
    goals.update(name=F("event"), defined_at=F("created_at"))
    apps.get_model("experiments", "ExperienceGoal").objects.filter(primary=True).update(role="primary")


class Migration(migrations.Migration):
    dependencies = [("experiments", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="goal", name="goal_once_per_workspace"),
        migrations.AddField("goal", "name", models.CharField(default="", max_length=200), preserve_default=False),
        migrations.AddField(
            "goal",
            "kind",
            models.CharField(
                choices=[
                    ("track", "A Track event"),
                    ("page", "A page view"),
                    ("click", "A click on an element"),
                    ("submit", "A form that is sent"),
                ],
                default="track",
                max_length=20,
            ),
        ),
        migrations.AlterField("goal", "event", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("goal", "page", models.CharField(blank=True, default="", max_length=500)),
        migrations.AddField("goal", "selector", models.CharField(blank=True, default="", max_length=500)),
        migrations.AddField("goal", "where", models.JSONField(blank=True, default=dict)),
        migrations.AddField("goal", "value", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("goal", "window_days", models.FloatField(default=7)),
        migrations.AddField(
            "goal",
            "unit",
            models.CharField(
                choices=[("visitor", "Visitors"), ("account", "Accounts")], default="visitor", max_length=20
            ),
        ),
        migrations.AddField(
            "goal",
            "defined_at",
            models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            "experiencegoal",
            "role",
            models.CharField(
                choices=[("primary", "Primary"), ("secondary", "Secondary"), ("guardrail", "Guardrail")],
                default="secondary",
                max_length=20,
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.UniqueConstraint(fields=["workspace", "name"], name="goal_name_once_per_workspace"),
        ),
        migrations.RemoveField("experiencegoal", "primary"),
    ]
