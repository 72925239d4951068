"""What the pipeline remembers between batches.

`PipelineState` is one row (id 1), written in the transaction of each batch: up to where the inbox is done, the number of
the last batch, and the next free profile id. `given_up` is a JSON list of `[number, ms since 1970]`: batches that failed
or were cut off lately, whose rows may still arrive in an event store that is another process (ADR 0004).

`SeenMessage` is the duplicate check: a 16-byte hash of workspace and message id. Ids grow with time, so forgetting what
is older than the window removes the lowest ids.
"""

from typing import ClassVar

from django.db import models


class PipelineState(models.Model):
    inbox_position = models.BigIntegerField(default=0)
    batch = models.BigIntegerField(default=0)
    given_up = models.TextField(default="[]")
    next_profile_id = models.BigIntegerField(default=1)


class SeenMessage(models.Model):
    hash = models.BinaryField(max_length=16)
    seen_at = models.BigIntegerField(help_text="ms since 1970")

    class Meta:
        db_table = "seen_message"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hash"], name="seen_message_hash"),
        ]
