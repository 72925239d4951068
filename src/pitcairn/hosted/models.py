"""Pages that Pitcairn serves itself, and the links that open them.

A *hosted page* is made of blocks (`hosted/content.py`). Every save makes a *version*, which never changes; `version` is the
number of the one in force. `slug` is the page's part of the address `/p/SLUG/TOKEN`, one of a kind on this server; once links
may have been sent it stays. `source_id` is the source whose write key counts the visits.

A *personal link* is made for one recipient: a person (`profile_id`) or an account (`account_id`). Its token is random: it says
nothing of whom it is for, and cannot be guessed. It is kept as it is, for the link has to be written into the next mail as well.
The *general link* `/p/SLUG` is for everybody, and answers only while `general` is on.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class HostedState(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    ARCHIVED = "archived", "Archived"


class HostedPage(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="hosted_pages")
    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=60, unique=True)
    source_id = models.BigIntegerField(null=True)
    general = models.BooleanField(default=False)
    content = models.JSONField()
    state = models.CharField(max_length=20, choices=HostedState.choices, default=HostedState.DRAFT)
    version = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="hosted_page_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class HostedVersion(models.Model):
    """A page as it was saved. Never changed."""

    page = models.ForeignKey(HostedPage, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    content = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200, blank=True)
    restores = models.IntegerField(null=True, help_text="the number of the version that this one brought back")

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["page", "number"], name="hosted_version_number_once_per_page"),
        ]


class HostedLink(models.Model):
    """A personal link. `revoked_at` and `expires_at` end it; it is kept, so that its views keep their recipient."""

    workspace_id = models.BigIntegerField()
    page = models.ForeignKey(HostedPage, on_delete=models.CASCADE, related_name="links")
    token = models.CharField(max_length=40, unique=True)
    profile_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["page", "profile_id"],
                condition=Q(revoked_at__isnull=True, profile_id__isnull=False),
                name="hosted_link_once_per_person",
            ),
            models.UniqueConstraint(
                fields=["page", "account_id"],
                condition=Q(revoked_at__isnull=True, account_id__isnull=False),
                name="hosted_link_once_per_account",
            ),
            models.CheckConstraint(
                condition=Q(profile_id__isnull=False, account_id__isnull=True)
                | Q(profile_id__isnull=True, account_id__isnull=False),
                name="hosted_link_has_one_recipient",
            ),
        ]
