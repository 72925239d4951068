"""What is changed on a website, where, and for whom.

An *experience* has ordered *audience segments*; the first whose condition holds decides. Each segment has its
*variations*, which share its personalized visitors by weight: each is a list of page changes (`experiences/changes.py`), or,
for types that do not change the page itself, a `config` of the type's own. `control_share` of the visitors keep the original.
`condition` is a tree of `conditions/`; `page_url` is a pattern of `experiences/page_patterns.py`; `schedule` and `frequency`
are those of `experiences/timing.py`, or null.

Every save makes a *version*, which never changes; `version` is the number of the one in force. Segments and variations that
were taken out are only marked as `removed`: exposures and assignments name them by id, and an older version brings them back.

An *allocation epoch* begins whenever the shares of control and of variations are others than before, so that results can
be compared within times of equal shares. A *holdout period* says which share of a workspace's visitors is kept from all
experiences, from then on.

A *health alarm* is open while a live experience has lost an element or costs its visitors too much, and stays when it is over.

A *preview link* shows one experience, in whichever state it is, to whoever has the link, until it ends or is revoked.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class ExperienceState(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    PROMOTED = "promoted", "Promoted"
    PAUSED = "paused", "Paused"
    ARCHIVED = "archived", "Archived"


SERVED = (ExperienceState.LIVE, ExperienceState.PROMOTED)
"""The states in which visitors get to see an experience."""


class ExperienceType(models.TextChoices):
    PAGE = "page", "Page change"
    REDIRECT = "redirect", "Redirect"
    BANNER = "banner", "Banner"
    MODAL = "modal", "Modal"
    SIDE_POP = "side_pop", "Side pop"
    SURVEY = "survey", "Survey"


class Allocation(models.TextChoices):
    """How the personalized visitors of a segment are shared among its variations."""

    EVEN = "even", "Even"
    MANUAL = "manual", "By weight"
    OPTIMIZE = "optimize", "To what works"


class ExclusionGroup(models.Model):
    """Of the experiences of a group, each visitor takes part in one."""

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="exclusion_groups")
    name = models.CharField(max_length=120)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="exclusion_group_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class Experience(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="experiences")
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=20, choices=ExperienceType.choices, default=ExperienceType.PAGE)
    config = models.JSONField(default=dict)
    page_url = models.CharField(max_length=500, default="*")
    control_share = models.FloatField(default=0.5)
    schedule = models.JSONField(null=True, default=None)
    frequency = models.JSONField(null=True, default=None)
    exclusion_group = models.ForeignKey(
        ExclusionGroup, on_delete=models.SET_NULL, null=True, related_name="experiences"
    )
    state = models.CharField(max_length=20, choices=ExperienceState.choices, default=ExperienceState.DRAFT)
    position = models.IntegerField(default=0)
    version = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    promoted_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="experience_name_once_per_workspace"),
            models.CheckConstraint(
                condition=Q(control_share__gte=0, control_share__lte=1), name="control_share_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AudienceSegment(models.Model):
    experience = models.ForeignKey(Experience, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=120)
    position = models.IntegerField(default=0)
    condition = models.JSONField(default=dict)
    allocation = models.CharField(max_length=20, choices=Allocation.choices, default=Allocation.EVEN)
    removed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["experience", "name"], condition=Q(removed=False), name="segment_name_once_per_experience"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Variation(models.Model):
    segment = models.ForeignKey(AudienceSegment, on_delete=models.CASCADE, related_name="variations")
    name = models.CharField(max_length=120, default="Personalized")
    position = models.IntegerField(default=0)
    changes = models.JSONField(default=list)
    config = models.JSONField(default=dict)
    # What counts is its part of the sum of the segment's weights. With "even" they are all 1.
    weight = models.FloatField(default=1.0)
    removed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class ExperienceVersion(models.Model):
    """An experience as it was saved: `content` is what `services.save_experience` took, with all ids. Never changed."""

    experience = models.ForeignKey(Experience, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    content = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200, blank=True)
    restores = models.IntegerField(null=True, help_text="the number of the version that this one brought back")

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["experience", "number"], name="version_number_once_per_experience"),
        ]


class AllocationEpoch(models.Model):
    """From `started_at` on, until the next one: the control share, and `split`, the variations' shares of the rest.

    `split` is `{segment id: {variation id: share}}`; the shares of a segment add up to 1.
    """

    experience = models.ForeignKey(Experience, on_delete=models.CASCADE, related_name="epochs")
    started_at = models.DateTimeField()
    control_share = models.FloatField()
    split = models.JSONField()

    class Meta:
        ordering: ClassVar[list[str]] = ["started_at", "id"]


class HoldoutPeriod(models.Model):
    """From `started_at` on, until the next one: the share of visitors who are kept from all experiences."""

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="holdout_periods")
    started_at = models.DateTimeField()
    share = models.FloatField()
    made_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["started_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(share__gte=0, share__lt=1), name="holdout_share_is_a_share"),
        ]


class PreviewLink(models.Model):
    """What a preview link shows: one variation, or without one what the person or account would get.

    `profile_id` or `account_id` is whose facts are used; null is nobody's.
    """

    experience = models.ForeignKey(Experience, on_delete=models.CASCADE, related_name="preview_links")
    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, null=True, related_name="+")
    profile_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=2000)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]


class AlarmKind(models.TextChoices):
    MISSING = "missing", "Element missing"
    NEVER_FOUND = "never_found", "Element never found"
    HIDDEN = "hidden", "Hidden for long"
    SHIFT = "shift", "Page moves"


class AlarmEnd(models.TextChoices):
    """Why an alarm is over."""

    AGAIN = "again", "the element is found again"
    BETTER = "better", "it costs less again"
    STOPPED = "stopped", "the experience is not live any more"
    CHANGED = "changed", "the change was taken out"
    UNVISITED = "unvisited", "nobody visited the page for a week"


class HealthAlarm(models.Model):
    """What is wrong with a live experience. `page` is where, host and path; empty for pages of few visits, or for all.

    `usual_share` is how often the element was found before. `ended_at` is null while it is so. See `experiences/health`.
    """

    experience = models.ForeignKey(Experience, on_delete=models.CASCADE, related_name="alarms")
    kind = models.CharField(max_length=20, choices=AlarmKind.choices)
    selector = models.CharField(max_length=500, blank=True)
    page = models.TextField(blank=True)
    usual_share = models.FloatField(null=True)
    measured = models.TextField(help_text="what was found last, in words")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, db_index=True)
    end = models.CharField(max_length=20, choices=AlarmEnd.choices, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-since", "-id"]

    def __str__(self) -> str:
        return f"{self.experience}: {self.measured}"
