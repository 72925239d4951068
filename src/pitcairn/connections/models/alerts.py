"""Rules that tell people when deliveries or sources go wrong."""

from django.db import models


class AlertRule(models.Model):
    """Looked at every minute; tells when it starts and when it stops to hold."""

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, help_text="volume, success_rate or lag")
    source = models.ForeignKey("connections.Source", on_delete=models.CASCADE, null=True, blank=True)
    destination = models.ForeignKey("connections.Destination", on_delete=models.CASCADE, null=True, blank=True)
    threshold = models.FloatField(help_text="change in percent, percent delivered, or seconds")
    window_minutes = models.PositiveIntegerField(default=60)
    emails = models.JSONField(default=list)
    webhook_url = models.URLField(blank=True, max_length=2_000)
    enabled = models.BooleanField(default=True)
    firing_since = models.DateTimeField(null=True, blank=True)
    last_told_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.TextField(blank=True, help_text="why the last telling did not arrive")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
