"""Rules that tell people when deliveries or sources go wrong."""

from django.db import models


class AlertKind(models.TextChoices):
    SUCCESS_RATE = "success_rate", "Too little arrives"
    LAG = "lag", "Messages wait too long"
    VOLUME_FALLS = "volume_falls", "Volume falls"
    VOLUME_RISES = "volume_rises", "Volume rises"
    EXPERIENCE = "experience", "An experience breaks"


class AlertRule(models.Model):
    """Looked at every minute; tells when it starts and when it stops to hold.

    `firing_since` says whether it holds, `told_firing` what people were told last: when the two differ, something is
    still to be told. A rule of kind `EXPERIENCE` tells of each alarm by itself: `told_about` are the ids of those that
    people were told of, and not yet that they are over.
    """

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    source = models.ForeignKey("connections.Source", on_delete=models.CASCADE, null=True, blank=True)
    destination = models.ForeignKey("connections.Destination", on_delete=models.CASCADE, null=True, blank=True)
    threshold = models.FloatField(help_text="percent of change, percent delivered, or seconds")
    window_minutes = models.PositiveIntegerField(default=60)
    emails = models.JSONField(default=list)
    webhook_url = models.URLField(blank=True, max_length=2_000)
    enabled = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    measured = models.TextField(blank=True, help_text="what the last check found, in words")
    firing_since = models.DateTimeField(null=True, blank=True)
    told_firing = models.BooleanField(default=False)
    told_about = models.JSONField(default=list)
    last_told_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.TextField(blank=True, help_text="why the last telling did not arrive")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
