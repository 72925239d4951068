"""Results for those who have no account: a link that shows one experience's results and nothing else, until it is revoked.

The link carries the signed id of its row, so that none can be guessed, and a copy of the database makes none.
"""

from datetime import datetime

import msgspec
from django.core import signing
from django.db import transaction
from django.utils import timezone

from pitcairn.experiments.models import ResultsLink

_SALT = "results-link"
MAX_LINKS = 50


class SharedLink(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    token: str
    created_by: str
    created_at: datetime


class SharingError(ValueError):
    """A link or a report cannot be made. The text says why and what to do."""


@transaction.atomic
def make_link(experience_id: int, by: str) -> SharedLink:
    if ResultsLink.objects.filter(experience_id=experience_id, revoked_at=None).count() >= MAX_LINKS:
        raise SharingError(f"there are {MAX_LINKS} links to these results already; revoke one first")
    return _shared(ResultsLink.objects.create(experience_id=experience_id, created_by=by))


def revoke_link(experience_id: int, link_id: int) -> bool:
    """Whoever opens it from now on sees nothing. False when there was no such link."""
    found = ResultsLink.objects.filter(experience_id=experience_id, id=link_id, revoked_at=None)
    return bool(found.update(revoked_at=timezone.now()))


def links_of(experience_id: int) -> list[SharedLink]:
    """The links that still work, the newest first."""
    return [
        _shared(row) for row in ResultsLink.objects.filter(experience_id=experience_id, revoked_at=None).order_by("-id")
    ]


def shared_experience(token: str) -> int | None:
    """The experience whose results the link shows; None when it is none, or was revoked."""
    try:
        link_id = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    found = ResultsLink.objects.filter(id=link_id, revoked_at=None).first() if isinstance(link_id, int) else None
    return found.experience_id if found else None


def _shared(row: ResultsLink) -> SharedLink:
    return SharedLink(
        id=row.id, token=signing.dumps(row.id, salt=_SALT), created_by=row.created_by, created_at=row.created_at
    )
