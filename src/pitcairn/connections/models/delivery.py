"""What is on its way to destinations. These tables grow with traffic: no foreign keys, and ids that only grow.

A chunk goes in with the pipeline's own transaction and goes out when every message of it is delivered, waits or is dead.
Times are ms since 1970.
"""

from typing import ClassVar

from django.db import models


class OutboxChunk(models.Model):
    """Messages of one pipeline batch for one destination, in order."""

    destination_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    queued_at = models.BigIntegerField()
    count = models.PositiveIntegerField()
    messages = models.BinaryField(help_text="JSON lines of `delivery/outbox.Outgoing`, compressed")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["destination_id", "id"], name="outbox_chunk_order")
        ]

    def __str__(self) -> str:
        return f"{self.count} messages for destination {self.destination_id}"


class ChunkProgress(models.Model):
    """Which messages of a chunk are done, apart from the chunk: a few bytes that are written several times a second."""

    chunk_id = models.BigIntegerField(primary_key=True)
    destination_id = models.BigIntegerField()
    done = models.BinaryField(help_text="one bit for each message, the lowest of the first byte first")

    def __str__(self) -> str:
        return f"progress of chunk {self.chunk_id}"


class DeliveryState(models.Model):
    """How delivery to a destination stands: written by the engine, read by pages and at the next start."""

    destination_id = models.BigIntegerField(primary_key=True)
    workspace_id = models.BigIntegerField()
    circuit = models.CharField(max_length=20, default="closed", help_text="closed, open or paused")
    reason = models.CharField(max_length=60, blank=True)
    since = models.BigIntegerField(default=0)
    until = models.BigIntegerField(default=0, help_text="when the next request is made")
    discards = models.BigIntegerField(
        default=0, help_text="grows when the queue is discarded: the engine reads it anew"
    )

    def __str__(self) -> str:
        return f"destination {self.destination_id} is {self.circuit}"


class WaitingDelivery(models.Model):
    """A message that is tried again later, or that comes behind one of the same person that is."""

    destination_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    person = models.CharField(max_length=100)
    message = models.BinaryField(help_text="JSON of `delivery/outbox.Outgoing`")
    attempts = models.PositiveIntegerField(default=0)
    queued_at = models.BigIntegerField()
    next_attempt_at = models.BigIntegerField()
    last_reason = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["destination_id", "id"], name="waiting_delivery_order"),
            models.Index(fields=["destination_id", "person", "id"], name="waiting_delivery_person"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.attempts + 1} for destination {self.destination_id}"


class DeadLetter(models.Model):
    """A message that was not delivered and will not be tried again by itself."""

    destination_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    source_id = models.BigIntegerField()
    message_id = models.CharField(max_length=100)
    type = models.CharField(max_length=20)
    event = models.TextField(blank=True)
    message = models.BinaryField(help_text="JSON of `delivery/outbox.Outgoing`")
    reason = models.CharField(max_length=60)
    detail = models.TextField(blank=True)
    attempts = models.PositiveIntegerField()
    died_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["destination_id", "id"], name="dead_letter_order"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.reason}"


class Replay(models.Model):
    """Messages of a time range that are read from the event store again and queued for one destination."""

    destination_id = models.BigIntegerField(db_index=True)
    workspace_id = models.BigIntegerField()
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    position = models.BigIntegerField(help_text="receivedAt up to which messages are queued")
    queued = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20, default="running", help_text="running, done, cancelled or failed")
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"replay {self.id} to destination {self.destination_id}"
