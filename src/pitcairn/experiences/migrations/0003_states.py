"""What is stored under the old states is brought under the new ones, with its first version and its first epoch.

`running` is `live`, `ended` is `archived` since `ended_at`.
"""

from django.db import migrations
from django.db.models import F
from django.utils import timezone


def forwards(apps, schema_editor):
    experiences = apps.get_model("experiences", "Experience").objects
    experiences.filter(state="running").update(state="live")
    experiences.filter(state="ended").update(state="archived", archived_at=F("ended_at"))
    versions = apps.get_model("experiences", "ExperienceVersion").objects
    epochs = apps.get_model("experiences", "AllocationEpoch").objects
    now = timezone.now()
    for experience in experiences.filter(version=0).iterator():
        segments = [_segment(segment) for segment in experience.segments.order_by("position", "id")]
        versions.create(
            experience=experience,
            number=1,
            made_at=experience.updated_at or now,
            made_by="",
            content={
                "name": experience.name,
                "page_url": experience.page_url,
                "control_share": experience.control_share,
                "type": "page",
                "config": {},
                "schedule": None,
                "frequency": None,
                "exclusion_group": "",
                "segments": segments,
            },
        )
        experiences.filter(id=experience.id).update(version=1)
        if experience.started_at is not None:
            epochs.create(
                experience=experience,
                started_at=experience.started_at,
                control_share=experience.control_share,
                split={
                    str(segment["id"]): {str(one["id"]): 1 / len(segment["variations"]) for one in segment["variations"]}
                    for segment in segments
                    if segment["variations"]
                },
            )


def _segment(segment):
    return {
        "name": segment.name,
        "condition": segment.condition,
        "variations": [
            {"name": one.name, "changes": one.changes, "config": {}, "weight": None, "id": one.id}
            for one in segment.variations.order_by("id")
        ],
        "allocation": "even",
        "id": segment.id,
    }


class Migration(migrations.Migration):
    dependencies = [("experiences", "0002_life")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
