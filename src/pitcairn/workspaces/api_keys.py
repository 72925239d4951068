"""Keys of the management API: made, found again, and revoked. See `models.APIKey`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from pitcairn.workspaces.models import APIKey, APIScope
from pitcairn.workspaces.tokens import new_token, token_digest, token_hint

KEY_PREFIX = "pitk_"
NAME_LENGTH = 100
USED_STEP = timedelta(minutes=1)
"""`last_used_at` is exact to this: not every request writes."""


class APIKeyError(ValueError):
    """A key cannot be made. `field` names the input."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def create_api_key(*, workspace_id: int, name: str, scope: str, by: str, now: datetime | None = None) -> str:
    """Makes a key and returns it: the one time that it can be seen. Raises APIKeyError."""
    name = name.strip()
    if not name:
        raise APIKeyError("name", "The name is missing. Say which program will use the key.")
    if len(name) > NAME_LENGTH:
        raise APIKeyError("name", f"The name has {len(name)} characters; at most {NAME_LENGTH} fit.")
    if scope not in APIScope.values:
        raise APIKeyError("scope", f"{scope!r} is no scope; choose {' or '.join(APIScope.values)}.")
    key = new_token(KEY_PREFIX)
    APIKey.objects.create(
        workspace_id=workspace_id,
        name=name,
        scope=scope,
        digest=token_digest(key),
        hint=token_hint(key),
        created_by=by,
        created_at=now or timezone.now(),
    )
    return key


def revoke_api_key(*, workspace_id: int, key_id: int) -> bool:
    """Ends a key at once. False when the workspace has none with this id."""
    deleted, _ = APIKey.objects.filter(workspace_id=workspace_id, id=key_id).delete()
    return bool(deleted)


def api_keys(workspace_id: int) -> list[APIKey]:
    """The workspace's keys, by name."""
    return list(APIKey.objects.filter(workspace_id=workspace_id))


def known_key(text: str, now: datetime | None = None) -> APIKey | None:
    """Which key this is; None for one that is unknown or was revoked. Notes that it was used."""
    if not text.startswith(KEY_PREFIX):
        return None
    key = APIKey.objects.filter(digest=token_digest(text)).first()
    if key is None:
        return None
    now = now or timezone.now()
    long_ago = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USED_STEP)
    if key.last_used_at is None or key.last_used_at < now - USED_STEP:
        APIKey.objects.filter(long_ago, id=key.id).update(last_used_at=now)
    return key
