"""The inbox: what was accepted and not yet processed.

A row is one durable commit and holds the requests that shared it, as MessagePack (`edge/inbox.py`). Ids grow in commit
order; the pipeline remembers the last id it has finished and removes rows up to it.
"""

from django.db import models


class InboxEntry(models.Model):
    id = models.BigAutoField(primary_key=True)
    received_at = models.BigIntegerField(help_text="ms since 1970")
    messages = models.IntegerField(help_text="how many requests the entry holds")
    payload = models.BinaryField()

    class Meta:
        db_table = "inbox"
