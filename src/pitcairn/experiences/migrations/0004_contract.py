"""Contract: `ended_at` has become `archived_at`."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("experiences", "0003_states")]
    operations = [migrations.RemoveField(model_name="experience", name="ended_at")]
