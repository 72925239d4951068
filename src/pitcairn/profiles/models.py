"""People, the identifiers that point to them, and the merges that made them one.

`Profile.id` is a dense integer given out by the pipeline, so that sets of profiles are bitmaps. `traits` is a JSON
object `{name: [value, time in ms, source id, label of the user id]}`; a deleted trait has the value null, and labels are
explained in `profiles/proofs.py`. `personalization` is
`{name: value}`: the traits that the Mutiny destination was given, and the only ones that conditions on a visitor see.
`assignments` is `{experience id: [arm, audience segment id, variation id, time in ms]}`: what the profile's visitors
were first shown. `accounts` is a JSON list of the ids of the accounts that the person belongs to. `apart` is a JSON list
of the profiles that this one is never joined with again, because somebody undid a merge. `visits` is what is remembered of
their visits to the websites (`profiles/visits.py`).

An *account* is a company that group calls name; `AccountPerson` are the facts that a profile was in one, under the id that
the profile had then, so that a merge need not touch them and its undoing neither.

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
    accounts = models.TextField(default="[]")
    apart = models.TextField(default="[]")
    visits = models.TextField(default="[]")
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
    proof = models.CharField(
        max_length=40, db_default="", help_text="of an anonymous id: whom a server proved it to be; profiles/proofs.py"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace_id", "type", "value"], name="identifier_once_per_workspace"),
        ]


class Merge(models.Model):
    """A fact: `loser_id` went into `winner_id` because of this message, or because a member asked for it (`merged_by`).

    `detail` holds what undoing it needs: see `profiles/merges.py`.
    """

    workspace_id = models.BigIntegerField()
    winner_id = models.BigIntegerField(db_index=True)
    loser_id = models.BigIntegerField(db_index=True)
    merged_at = models.BigIntegerField(help_text="ms since 1970")
    message_id = models.CharField(max_length=100)
    merged_by = models.CharField(max_length=200, blank=True, default="")
    detail = models.TextField(default="{}")
    undone_at = models.BigIntegerField(null=True, help_text="ms since 1970")
    undone_by = models.CharField(max_length=200, blank=True, default="")


class Account(models.Model):
    """A company, from group calls. `traits` are as a profile's."""

    workspace_id = models.BigIntegerField()
    group_id = models.CharField(max_length=500)
    traits = models.TextField(default="{}")
    created_at = models.BigIntegerField(help_text="ms since 1970")
    last_seen_at = models.BigIntegerField(help_text="ms since 1970")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace_id", "group_id"], name="account_once_per_workspace"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace_id", "-last_seen_at"], name="account_recent"),
        ]


class AccountPerson(models.Model):
    """A fact: with this message the profile joined the account."""

    workspace_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    profile_id = models.BigIntegerField(db_index=True)
    joined_at = models.BigIntegerField(help_text="ms since 1970")
    source_id = models.BigIntegerField()
    message_id = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account_id", "profile_id"], name="person_once_per_account"),
        ]


class IdentitySettings(models.Model):
    """A workspace's own identity rules: JSON of `profiles/identity_rules.py`'s `IdentityRules`. None: the defaults hold."""

    workspace_id = models.BigIntegerField(primary_key=True)
    rules = models.TextField(default="{}")
    updated_at = models.BigIntegerField(help_text="ms since 1970")


class ProfileToken(models.Model):
    """A token of the Profile API. Only its SHA-256 is kept; `hint` is its last characters, to tell tokens apart."""

    workspace_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.BigIntegerField(help_text="ms since 1970")
    last_used_at = models.BigIntegerField(null=True, help_text="ms since 1970")


class Deletion(models.Model):
    """A person who was deleted on request, and whose user id is refused from then on when they asked for that.

    The pipeline writes it with the batch that removes the profile; the events follow, and `erased_at` says when they were
    gone. Some minutes later everything is looked through once more, for what was on its way meanwhile (`settled_at`); until
    then `profile_ids` and `identifiers` say whom to look for, and after it they are empty. A user id that is an email
    address is kept as `digest:…` alone.
    """

    workspace_id = models.BigIntegerField()
    user_id = models.CharField(max_length=500, blank=True)
    profile_ids = models.TextField(default="[]", help_text="JSON list; the person's profile and those merged into it")
    identifiers = models.TextField(default="[]", help_text="JSON list of [type, value]; what they were known by")
    suppressed = models.BooleanField(default=False)
    requested_at = models.BigIntegerField(help_text="ms since 1970")
    erased_at = models.BigIntegerField(null=True, db_index=True, help_text="ms since 1970")
    settled_at = models.BigIntegerField(null=True, db_index=True, help_text="ms since 1970")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace_id", "user_id"], name="profile_deletion_user"),
        ]
