"""What counts as success.

A *goal* is a Track event name of the workspace; an experience is judged by the goals chosen for it, one of them primary.
`chosen_at` is kept because a goal chosen after launch is evidence of another kind.
"""

from typing import ClassVar

from django.db import models


class Goal(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="goals")
    event = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "event"], name="goal_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.event


class ExperienceGoal(models.Model):
    experience = models.ForeignKey("experiences.Experience", on_delete=models.CASCADE, related_name="goals")
    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="experiences")
    primary = models.BooleanField(default=False)
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["experience", "goal"], name="goal_once_per_experience"),
        ]
