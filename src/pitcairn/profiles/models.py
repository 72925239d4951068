"""People, the identifiers that point to them, and the merges that made them one.

`Profile.id` is a dense integer given out by the pipeline, so that sets of profiles are bitmaps. `traits` is a JSON
object `{name: [value, time in ms, source id]}`; a deleted trait has the value null. `personalization` is
`{name: value}`: the traits that the Mutiny destination was given, and the only ones that conditions on a visitor see.
`assignments` is `{experience id: [arm, audience segment id, variation id, time in ms]}`: what the profile's visitors
were first shown.

The pipeline alone writes these tables; it does so with plain SQL, many rows at a time (`profiles/store.py`).
A merged profile keeps its row and says which one it went into; its identifiers point to the survivor.
"""

from typing import ClassVar

from django.db import models


class Profile(models.Model):
    id = models.BigIntegerField(primary_key=True)
    workspace_id = models.BigIntegerField()
    traits = models.TextField(default="{}")
    personalization = models.TextField(default="{}")
    assignments = models.TextField(default="{}")
    created_at = models.BigIntegerField(help_text="ms since 1970")
    last_seen_at = models.BigIntegerField(help_text="ms since 1970")
    merged_into = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace_id", "-last_seen_at"], name="profile_recent"),
        ]


class Identifier(models.Model):
    workspace_id = models.BigIntegerField()
    type = models.CharField(max_length=40)
    value = models.CharField(max_length=500)
    profile_id = models.BigIntegerField(db_index=True)
    created_at = models.BigIntegerField(help_text="ms since 1970")
    source_id = models.BigIntegerField()
    message_id = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace_id", "type", "value"], name="identifier_once_per_workspace"),
        ]


class Merge(models.Model):
    """A fact: `loser_id` went into `winner_id` because of this message. `detail` holds what undoing it needs."""

    workspace_id = models.BigIntegerField()
    winner_id = models.BigIntegerField(db_index=True)
    loser_id = models.BigIntegerField(db_index=True)
    merged_at = models.BigIntegerField(help_text="ms since 1970")
    message_id = models.CharField(max_length=100)
    detail = models.TextField(default="{}")


class Deletion(models.Model):
    """A person who was deleted on request, and whose user id is refused from then on when they asked for that.

    The pipeline writes it with the batch that removes the profile; the events follow, and `erased_at` says when they were gone.
    """

    workspace_id = models.BigIntegerField()
    user_id = models.CharField(max_length=500, blank=True)
    profile_ids = models.TextField(default="[]", help_text="JSON list; the person's profile and those merged into it")
    suppressed = models.BooleanField(default=False)
    requested_at = models.BigIntegerField(help_text="ms since 1970")
    erased_at = models.BigIntegerField(null=True, db_index=True, help_text="ms since 1970")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace_id", "user_id"], name="profile_deletion_user"),
        ]
