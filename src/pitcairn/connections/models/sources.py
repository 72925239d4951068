"""Where messages come from. A *source* is named by its public write key."""

from typing import ClassVar

from django.db import models


class SourceKind(models.TextChoices):
    BROWSER = "browser", "Website"
    MOBILE = "mobile", "Mobile app"
    SERVER = "server", "Server"
    SEGMENT = "segment", "Segment"
    """Another Segment-speaking server delivers here; see `edge/segment.py`."""


class Source(models.Model):
    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=SourceKind.choices, default=SourceKind.BROWSER)
    write_key = models.CharField(max_length=64, unique=True)
    enabled = models.BooleanField(default=True)
    secret = models.CharField(max_length=100, blank=True, help_text="API key and signing secret of a Segment source")
    rate_limit = models.PositiveIntegerField(null=True, blank=True, help_text="messages per second; none is no limit")
    allowed_origins = models.JSONField(default=list, blank=True, help_text="browser origins; none is any")
    requires_token = models.BooleanField(default=False, help_text="takes OAuth bearer tokens only")
    asks_consent = models.BooleanField(default=False, help_text="the tag stores nothing before a visitor opts in")
    honours_gpc = models.BooleanField(default=False, help_text="Global Privacy Control opts a visitor out")
    identity_secret = models.CharField(max_length=100, blank=True, help_text="signs identity tokens of a website")
    identity_secret_before = models.CharField(max_length=100, blank=True, help_text="the one before; still taken")
    proves_identity = models.BooleanField(default=False, help_text="of a server: its calls prove who a visitor is")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="source_name_once_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class OAuthApp(models.Model):
    """A program of the customer's that gets bearer tokens for the Tracking API by signing with its private key."""

    workspace = models.ForeignKey("workspaces.Workspace", on_delete=models.CASCADE, related_name="oauth_apps")
    name = models.CharField(max_length=100)
    client_id = models.CharField(max_length=40, unique=True)
    key_id = models.CharField(max_length=40, unique=True)
    public_key = models.TextField(help_text="RSA public key, PEM")
    token_seconds = models.PositiveIntegerField(default=24 * 3600)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
