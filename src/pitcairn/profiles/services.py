"""What changes people from outside the pipeline. It asks; the pipeline does it, in the order of everything else that comes in."""

from __future__ import annotations

import secrets
import time

from pitcairn.edge import inbox
from pitcairn.edge.deletions import DELETE, deletion_text
from pitcairn.edge.inbox import Accepted
from pitcairn.profiles.models import Deletion


def delete_person(*, workspace_id: int, profile_id: int = 0, user_id: str = "", suppress: bool = False) -> None:
    """Asks for a person's profile, identifiers and events to be deleted; `suppress` refuses later messages as well.

    The request is durable when this returns, and carried out within seconds while a worker runs. There is no way back.
    Raises `django.db.DatabaseError` when it could not be stored.
    """
    text = deletion_text(workspace_id, user_id=user_id, profile_id=profile_id, suppress=suppress)
    now = time.time_ns() // 1_000_000
    inbox.append([Accepted(f"delete-{secrets.token_hex(12)}", now, 0, DELETE, "", 0, "", b"", b"", [text])])


def allow_again(*, workspace_id: int, user_id: str) -> None:
    """Takes messages of the user id again. What was deleted stays deleted."""
    Deletion.objects.filter(workspace_id=workspace_id, user_id=user_id).update(suppressed=False)
