"""Where messages go.

A *destination* is one configured entry of the catalog; it receives the messages of the sources it is connected to, while it
is enabled and its required settings are set. Settings that the manifest calls secret are kept in `secrets`, apart from the
rest, so that no page or log shows them by accident.
"""

from typing import ClassVar

from django.db import models

from pitcairn.connections.models.sources import Source


class Destination(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="destinations")
    slug = models.CharField(max_length=60, help_text="the catalog folder")
    name = models.CharField(max_length=100)
    enabled = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    secrets = models.JSONField(default=dict)
    sources = models.ManyToManyField(Source, related_name="destinations")
    mapping = models.JSONField(default=list, help_text="changes to each message, see `connections/mapping.py`")
    pace = models.JSONField(
        default=dict, help_text="concurrency, rate and batch size where they differ from the manifest's"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="destination_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class DestinationFilter(models.Model):
    """A rule on what a destination gets: Segment's destination filters."""

    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="filters")
    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, null=True, blank=True, help_text="none is every source"
    )
    title = models.CharField(max_length=64)
    condition = models.TextField(help_text="FQL, or all")
    action = models.JSONField(help_text="see `connections/filters/actions.py`")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title
