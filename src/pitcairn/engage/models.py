"""What is computed about people, whom it holds for, and where it is told.

A *computation* is an audience or a computed trait. Both give people a value under a key: an audience true or false, a computed
trait what it computes. So both are computed, stored, told and looked up alike; `Audience` and `ComputedTrait` are the two views
of the one table.

`Value` is what holds now, a row for everybody who ever had a value: somebody who was never in an audience has no row, who left
it has false. `PastValue` is what held before, each with from when until when. Times are ms since 1970; those of values are
the moments at which the live engine looked, which never repeat and only grow, so that they tell before from after.

A *sync* tells one destination the values of one computation. While it is catching up it goes through the profiles by id:
`position` is how far it is, and `known` what the destination was told before about those that are still to come.

The worker alone writes `Value`, `PastValue`, `SizePoint`, `Freshness` and `EngageState`.
"""

from typing import Any, ClassVar

from django.db import models

from pitcairn.engage.keys import KEY_LENGTH

EVERYBODY = 2**63 - 1
"""A position beyond every profile id: the sync is not going through them."""


class Kind(models.TextChoices):
    AUDIENCE = "audience", "Audience"
    COMPUTED_TRAIT = "computed_trait", "Computed trait"


class Target(models.TextChoices):
    PERSON = "person", "People"
    ACCOUNT = "account", "Accounts"


class Status(models.TextChoices):
    PREPARING = "preparing", "Preparing"
    COMPUTING = "computing", "Computing"
    LIVE = "live", "Live"
    FAILED = "failed", "Failed"
    DISABLED = "disabled", "Disabled"


class Computation(models.Model):
    """An audience or a computed trait. A deleted one keeps its row, so that its key is never given out again."""

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="computations")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=KEY_LENGTH)
    description = models.TextField(blank=True)
    target = models.CharField(max_length=20, choices=Target.choices, default=Target.PERSON)
    anonymous = models.BooleanField(default=False, help_text="people who are not known count too; fixed at creation")
    historical = models.BooleanField(default=True, help_text="events from before the audience was made count too")
    listed = models.BooleanField(default=False, help_text="its members are the entries of a list, not a condition's")
    definition = models.JSONField(
        default=dict, help_text="JSON of `conditions/`: a condition, or a computed trait's `Events`"
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PREPARING)
    problem = models.TextField(blank=True)
    revision = models.IntegerField(default=1, help_text="grows with every edit: a computation of an older one is stale")
    size = models.BigIntegerField(default=0, help_text="people in the audience, or with a value of the trait")
    computed_at = models.BigIntegerField(default=0, help_text="when it was last computed over everybody, ms")
    changed_at = models.BigIntegerField(default=0, help_text="when a value last changed, ms")
    done = models.BigIntegerField(default=0, help_text="people looked at, of `total`, while it is being computed")
    total = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "key"], name="computation_key_once_per_workspace"),
            models.UniqueConstraint(
                fields=["workspace", "kind", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="computation_name_once_per_workspace",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AudienceManager(models.Manager["Audience"]):
    def get_queryset(self) -> models.QuerySet["Audience"]:
        return super().get_queryset().filter(kind=Kind.AUDIENCE, deleted_at__isnull=True)


class Audience(Computation):
    """`definition` is a condition as JSON; every value is true or false."""

    objects: ClassVar[AudienceManager] = AudienceManager()

    class Meta:
        proxy = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = Kind.AUDIENCE
        super().save(*args, **kwargs)


class ComputedTraitManager(models.Manager["ComputedTrait"]):
    def get_queryset(self) -> models.QuerySet["ComputedTrait"]:
        return super().get_queryset().filter(kind=Kind.COMPUTED_TRAIT, deleted_at__isnull=True)


class ComputedTrait(Computation):
    """`definition` is the JSON of an `Events` node of `conditions/`: its measure is what is computed."""

    objects: ClassVar[ComputedTraitManager] = ComputedTraitManager()

    class Meta:
        proxy = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = Kind.COMPUTED_TRAIT
        super().save(*args, **kwargs)


class ListEntry(models.Model):
    """An entry of an audience whose members are given: people by an identifier, or everyone of an email domain."""

    computation = models.ForeignKey(Computation, on_delete=models.CASCADE, related_name="entries")
    type = models.CharField(max_length=40, help_text="user_id, email, anonymous_id …, or domain")
    value = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["computation", "type", "value"], name="list_entry_once"),
        ]


class Value(models.Model):
    """What a computation says of a profile now."""

    pk = models.CompositePrimaryKey("profile_id", "computation_id")
    profile_id = models.BigIntegerField()
    computation_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    value = models.TextField(help_text="JSON; null for a computed trait that has no value any more")
    since = models.BigIntegerField(help_text="ms since 1970")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["computation_id", "profile_id"], name="engage_value_people"),
        ]


class PastValue(models.Model):
    """What a computation said of a profile, from `since` until just before `until`."""

    profile_id = models.BigIntegerField()
    computation_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    value = models.TextField()
    since = models.BigIntegerField(help_text="ms since 1970")
    until = models.BigIntegerField(help_text="ms since 1970")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["profile_id", "computation_id", "until"], name="engage_past_value_person"),
        ]


class Sync(models.Model):
    """One computation told to one destination."""

    computation = models.ForeignKey(Computation, on_delete=models.CASCADE, related_name="syncs")
    destination_id = models.BigIntegerField(db_index=True)
    send_identify = models.BooleanField(default=True)
    send_track = models.BooleanField(default=False)
    entered = models.CharField(max_length=200, default="Audience Entered")
    exited = models.CharField(max_length=200, default="Audience Exited")
    computed = models.CharField(max_length=200, default="Trait Computed")
    paused_at = models.BigIntegerField(null=True, help_text="ms since 1970; values that changed since are not told yet")
    position = models.BigIntegerField(default=0, help_text="profiles up to this id are told what changes at once")
    known = models.JSONField(
        default=list, help_text="[[profile id, ms]]: up to that id told as of then; beyond, nothing"
    )
    resend = models.BooleanField(default=False, help_text="it goes through everybody and tells what they know again")
    started_at = models.BigIntegerField(default=0, help_text="of the pass that is, or was last, under way; ms")
    finished_at = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0, help_text="people the pass will look at")
    done = models.BigIntegerField(default=0)
    queued = models.BigIntegerField(default=0, help_text="messages queued since it was made")
    changed_at = models.BigIntegerField(default=0, help_text="when it last queued a message, ms")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["computation", "destination_id"], name="sync_once_per_destination"),
        ]


class SizePoint(models.Model):
    """The size of a computation at the end of an hour, or now."""

    computation = models.ForeignKey(Computation, on_delete=models.CASCADE, related_name="sizes")
    hour = models.BigIntegerField(help_text="its start, ms since 1970")
    size = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["computation", "hour"], name="size_point_once_an_hour"),
        ]


class Freshness(models.Model):
    """Up to what a workspace's audiences are right."""

    workspace_id = models.BigIntegerField(primary_key=True)
    evaluated_at = models.BigIntegerField(default=0, help_text="when they were last looked at, ms")
    last_received_at = models.BigIntegerField(default=0, help_text="receivedAt of the last message that counts, ms")


class EngageState(models.Model):
    """One row (id 1). Batches up to `evaluated_batch` are in the values; values up to `mirrored_at` in the event store."""

    evaluated_batch = models.BigIntegerField(default=0)
    evaluated_at = models.BigIntegerField(default=0)
    mirrored_at = models.BigIntegerField(default=0)
