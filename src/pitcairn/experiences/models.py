"""What is changed on a website, where, and for whom.

An *experience* has ordered *audience segments*; the first whose condition holds decides. Each segment has its
*variations* (one, for now): a list of page changes (`experiences/changes.py`). `control_share` of the visitors keep the
original. `condition` is a tree of `conditions/`; `page_url` is a pattern of `experiences/page_patterns.py`.
"""

from typing import ClassVar

from django.db import models


class ExperienceState(models.TextChoices):
    DRAFT = "draft", "Draft"
    RUNNING = "running", "Live"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"


class Experience(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="experiences")
    name = models.CharField(max_length=120)
    page_url = models.CharField(max_length=500, default="*")
    control_share = models.FloatField(default=0.5)
    state = models.CharField(max_length=20, choices=ExperienceState.choices, default=ExperienceState.DRAFT)
    position = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="experience_name_once_per_workspace"),
            models.CheckConstraint(
                condition=models.Q(control_share__gte=0, control_share__lte=1), name="control_share_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AudienceSegment(models.Model):
    experience = models.ForeignKey(Experience, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=120)
    position = models.IntegerField(default=0)
    condition = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["experience", "name"], name="segment_name_once_per_experience"),
        ]

    def __str__(self) -> str:
        return self.name


class Variation(models.Model):
    segment = models.ForeignKey(AudienceSegment, on_delete=models.CASCADE, related_name="variations")
    name = models.CharField(max_length=120, default="Personalized")
    changes = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name
