"""Where messages come from and where they go.

A *source* is named by its public write key. A *destination* is one configured entry of the catalog; it receives the
messages of the sources it is connected to, while it is enabled and its required settings are set. Settings that the
manifest calls secret are kept in `secrets`, apart from the rest, so that no page or log shows them by accident.
"""

from typing import ClassVar

from django.db import models


class SourceKind(models.TextChoices):
    BROWSER = "browser", "Website"
    MOBILE = "mobile", "Mobile app"
    SERVER = "server", "Server"


class Source(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=SourceKind.choices, default=SourceKind.BROWSER)
    write_key = models.CharField(max_length=64, unique=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="source_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class Destination(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="destinations")
    slug = models.CharField(max_length=60, help_text="the catalog folder")
    name = models.CharField(max_length=100)
    enabled = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    secrets = models.JSONField(default=dict)
    sources = models.ManyToManyField(Source, related_name="destinations")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="destination_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name
