"""What sources were seen to send, and where it broke their tracking plans.

The pipeline writes both in the transaction of each batch. No foreign keys: a source or a plan may go while its messages are
still on their way. `key` is a hash of what makes the row unique, so that long event names need no long index.
Times are ms since 1970, of the receipt.
"""

from typing import ClassVar

from django.db import models


class SeenEvent(models.Model):
    """One event (or the identify, group, page or screen calls of one name) of one source."""

    key = models.BinaryField(max_length=16)
    workspace_id = models.BigIntegerField()
    source_id = models.BigIntegerField()
    type = models.CharField(max_length=20)
    event = models.TextField(blank=True)
    first_seen_at = models.BigIntegerField()
    last_seen_at = models.BigIntegerField()
    count = models.BigIntegerField(help_text="messages, blocked ones included")
    blocked = models.BigIntegerField(default=0, help_text="how many of them the tracking plan blocked")
    looked_into = models.BigIntegerField(default=0, help_text="how many of them the properties were counted in")
    properties = models.TextField(default="{}", help_text="JSON of `schema/shapes.SeenProperty` by name")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key"], name="seen_event_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["source_id"], name="seen_event_source")]

    def __str__(self) -> str:
        return f"{self.type} {self.event}".strip()


class PlanViolation(models.Model):
    """One way in which messages of a source broke its tracking plan, however often they did."""

    key = models.BinaryField(max_length=16)
    workspace_id = models.BigIntegerField()
    plan_id = models.BigIntegerField()
    source_id = models.BigIntegerField()
    type = models.CharField(max_length=20)
    event = models.TextField(blank=True)
    reason = models.CharField(max_length=40, help_text="a `DropReason`")
    place = models.TextField(blank=True, help_text="properties.products[].sku")
    problem = models.TextField(help_text="in words, without the value")
    count = models.BigIntegerField()
    blocked = models.BigIntegerField(default=0)
    first_seen_at = models.BigIntegerField()
    last_seen_at = models.BigIntegerField()
    message_id = models.CharField(max_length=100, help_text="the latest message")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key"], name="plan_violation_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["plan_id"], name="plan_violation_plan"),
            models.Index(fields=["source_id"], name="plan_violation_source"),
        ]

    def __str__(self) -> str:
        return f"{self.event or self.type}: {self.place} {self.problem}"
