from django.db import migrations, models
from django.db.models import F


def settle(apps, schema_editor):
    """What was erased before is not looked for again."""
    apps.get_model("profiles", "Deletion").objects.filter(erased_at__isnull=False).update(settled_at=F("erased_at"))


class Migration(migrations.Migration):

    dependencies = [
        ("profiles", "0003_accounts_rules_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="deletion",
            name="identifiers",
            field=models.TextField(default="[]", help_text="JSON list of [type, value]; what they were known by"),
        ),
        migrations.AddField(
            model_name="deletion",
            name="settled_at",
            field=models.BigIntegerField(db_index=True, help_text="ms since 1970", null=True),
        ),
        migrations.RunPython(settle, migrations.RunPython.noop, elidable=True),
    ]
