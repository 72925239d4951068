"""What counts as success.

A *goal* says which events count: Track events, page views, clicks on an element or form submits that the tag reports, with a
condition on their properties, and whether they are counted or a number of theirs is added up. Its name is unique in the
workspace; a Track event without anything more to say is its own name. An experience is judged by the goals chosen for it,
each in a role, one of them primary. `chosen_at` and `defined_at` are kept because a goal that was chosen or changed after
launch is evidence of another kind.
"""

from typing import ClassVar

from django.db import models


class GoalKind(models.TextChoices):
    TRACK = "track", "A Track event"
    PAGE = "page", "A page view"
    CLICK = "click", "A click on an element"
    SUBMIT = "submit", "A form that is sent"


class GoalUnit(models.TextChoices):
    VISITOR = "visitor", "Visitors"
    ACCOUNT = "account", "Accounts"


class GoalRole(models.TextChoices):
    PRIMARY = "primary", "Primary"
    SECONDARY = "secondary", "Secondary"
    GUARDRAIL = "guardrail", "Guardrail"


class Goal(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="goals")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=GoalKind.choices, default=GoalKind.TRACK)
    # A Track event's name; of a page view the pattern of its address; of a click or a form its selector.
    event = models.CharField(max_length=200, blank=True, default="")
    page = models.CharField(max_length=500, blank=True, default="")
    selector = models.CharField(max_length=500, blank=True, default="")
    where = models.JSONField(default=dict, blank=True)
    # The property whose numbers are added up for each visitor; empty counts who did it.
    value = models.CharField(max_length=200, blank=True, default="")
    window_days = models.FloatField(default=7)
    unit = models.CharField(max_length=20, choices=GoalUnit.choices, default=GoalUnit.VISITOR)
    created_at = models.DateTimeField(auto_now_add=True)
    defined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="goal_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class ExperienceGoal(models.Model):
    experience = models.ForeignKey("experiences.Experience", on_delete=models.CASCADE, related_name="goals")
    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="experiences")
    role = models.CharField(max_length=20, choices=GoalRole.choices, default=GoalRole.SECONDARY)
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["experience", "goal"], name="goal_once_per_experience"),
        ]


class ExperiencePlan(models.Model):
    """What an experience was planned for, before it was started: the visitors it needs, and what they are to show."""

    experience = models.OneToOneField("experiences.Experience", on_delete=models.CASCADE, related_name="plan")
    visitors = models.PositiveBigIntegerField()
    lift = models.FloatField()
    baseline = models.FloatField()
    made_at = models.DateTimeField(auto_now=True)


class InternalTraffic(models.Model):
    """Whose visits results leave out; see `internal_traffic.py`."""

    workspace = models.OneToOneField(
        "workspaces.Workspace", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    networks = models.JSONField(default=list)
    traits = models.JSONField(default=list)


class ResultsLink(models.Model):
    """A link that shows the results of one experience to whoever has it, until it is revoked."""

    experience = models.ForeignKey("experiences.Experience", on_delete=models.CASCADE, related_name="results_links")
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)


class ResultsReport(models.Model):
    """Results of one experience, sent again and again: by email, to a webhook, or both. `next_at` is when it is due."""

    experience = models.OneToOneField("experiences.Experience", on_delete=models.CASCADE, related_name="results_report")
    emails = models.JSONField(default=list)
    webhook_url = models.CharField(max_length=2_000, blank=True, default="")
    every_days = models.PositiveSmallIntegerField(default=7)
    next_at = models.DateTimeField()
    last_problem = models.CharField(max_length=500, blank=True, default="")


class Optimization(models.Model):
    """That the shares of an experience are learned; `next_at` is when they are looked at again. See `optimizing`."""

    experience = models.OneToOneField("experiences.Experience", on_delete=models.CASCADE, related_name="optimization")
    next_at = models.DateTimeField()


class OptimizationOutcome(models.TextChoices):
    CHANGED = "changed", "The shares were changed"
    KEPT = "kept", "The shares stay: what was learned since changes them by little"
    GATHERING = "gathering", "Shared evenly until more is known"
    UNKNOWN = "unknown", "Nothing can be learned"


class OptimizationStep(models.Model):
    """One look at a segment whose shares are learned: what was counted, what follows, and whether it was done.

    `shares` are the variations' shares of the personalized visitors from then on; `chances` how probable each was to be the
    best; `counted` its visitors and how many of them converted so far; all by variation id. Steps are only ever added.
    """

    segment = models.ForeignKey("experiences.AudienceSegment", on_delete=models.CASCADE, related_name="steps")
    made_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=OptimizationOutcome.choices)
    goal = models.CharField(max_length=200, blank=True, default="")
    shares = models.JSONField(default=dict)
    chances = models.JSONField(default=dict)
    counted = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering: ClassVar[list[str]] = ["made_at", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["segment", "made_at"], name="optimization_step_by_time")
        ]
