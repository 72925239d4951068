"""What a source is expected to send."""

from django.db import models


class TrackingPlan(models.Model):
    """JSON Schemas for the messages of its sources, and what happens to a message that breaks one."""

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="tracking_plans")
    name = models.CharField(max_length=100)
    rules = models.JSONField(default=list, help_text='[{"type": "track", "event": "Order Completed", "schema": {…}}]')
    on_violation = models.CharField(max_length=10, default="warn", help_text="warn or block")
    on_unplanned = models.CharField(max_length=10, default="allow", help_text="allow, warn or block")
    sources = models.ManyToManyField("connections.Source", related_name="tracking_plans")
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
