"""Preview links: made and revoked by members. `queries_preview` is what they show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from pitcairn.experiences.content import ExperienceError, Problem
from pitcairn.experiences.editor_tokens import origin_of
from pitcairn.experiences.models import Experience, ExperienceState, PreviewLink
from pitcairn.experiences.preview_tokens import PreviewToken, write_token
from pitcairn.experiences.saving import whole
from pitcairn.profiles.queries import profile_of
from pitcairn.profiles.queries_accounts import account_of
from pitcairn.workspaces.models import Workspace

LIFETIMES: Mapping[int, str] = {1: "1 hour", 24: "1 day", 24 * 7: "7 days", 24 * 30: "30 days"}
"""In hours."""
MAX_LINKS = 100
FRAGMENT = "pitcairn-preview"
"""The token's name in the address: in its fragment, which no browser sends to any server."""
LONGEST_ADDRESS = 2_000


class SharedPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A preview link as its page shows it. `variation` and `segment` are empty where the visitor decides."""

    id: int
    url: str
    segment: str
    variation: str
    profile_id: int | None
    account_id: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime


@transaction.atomic
def make_preview_link(
    workspace_id: int,
    experience_id: int,
    *,
    address: str,
    variation_id: int | None = None,
    person: str = "",
    account: str = "",
    hours: int = 24,
    by: str = "",
    now: datetime | None = None,
) -> PreviewLink:
    """Makes a link to the page at `address`. `person` is an identifier (`user_id:42`), `account` the id of a group call.

    Raises ExperienceError with every problem.
    """
    experience = whole(Experience.objects.filter(workspace_id=workspace_id, id=experience_id)).first()
    if experience is None:
        raise ExperienceError(f"there is no experience {experience_id} in this workspace; it may have been deleted")
    at = now or timezone.now()
    problems = []
    if experience.state == ExperienceState.ARCHIVED:
        problems.append(Problem("", f"“{experience.name}” is archived; duplicate it to preview it"))
    if not origin_of(address) or len(address) > LONGEST_ADDRESS:
        problems.append(Problem("address", "write the address of a page in full, such as https://www.example.com/"))
    variations = {one.id for segment in experience.segments.all() for one in segment.variations.all()}
    if variation_id is not None and variation_id not in variations:
        problems.append(Problem("variation", "this variation was removed; choose another"))
    if hours not in LIFETIMES:
        problems.append(Problem("hours", "choose one of the lifetimes"))
    profile_id = _person(workspace_id, person.strip(), problems)
    account_id = None
    if account.strip() and (account_id := account_of(workspace_id, account.strip())) is None:
        problems.append(Problem("account", f"there is no account {account.strip()!r}; write its group id"))
    if not variations:
        problems.append(Problem("variation", "the experience has no variation yet; add one first"))
    if PreviewLink.objects.filter(experience=experience, expires_at__gt=at).count() >= MAX_LINKS:
        problems.append(Problem("", f"there are {MAX_LINKS} preview links already; revoke one first"))
    if problems:
        raise ExperienceError(*problems)
    PreviewLink.objects.filter(experience=experience, expires_at__lte=at).delete()
    return PreviewLink.objects.create(
        experience=experience,
        variation_id=variation_id,
        profile_id=profile_id,
        account_id=account_id,
        address=address,
        created_by=by,
        created_at=at,
        expires_at=at + timedelta(hours=hours),
    )


def revoke_preview_link(workspace_id: int, experience_id: int, link_id: int) -> bool:
    """Whoever asks with it from now on sees nothing. False when there is no such link."""
    ours = PreviewLink.objects.filter(experience__workspace_id=workspace_id, experience_id=experience_id)
    deleted, _ = ours.filter(id=link_id).delete()
    return bool(deleted)


def preview_links(workspace: Workspace, experience_id: int, now: datetime | None = None) -> list[SharedPreview]:
    """The links of an experience that still work, the newest first."""
    ours = PreviewLink.objects.filter(experience__workspace=workspace, experience_id=experience_id)
    working = ours.filter(expires_at__gt=now or timezone.now()).select_related("variation__segment")
    return [
        SharedPreview(
            id=link.id,
            url=_url(workspace, link),
            segment=link.variation.segment.name if link.variation else "",
            variation=link.variation.name if link.variation else "",
            profile_id=link.profile_id,
            account_id=link.account_id,
            created_by=link.created_by,
            created_at=link.created_at,
            expires_at=link.expires_at,
        )
        for link in working.order_by("-id")
    ]


def _url(workspace: Workspace, link: PreviewLink) -> str:
    token = write_token(workspace.secret.encode(), PreviewToken(link.id, int(link.expires_at.timestamp())))
    return f"{link.address}{'&' if '#' in link.address else '#'}{FRAGMENT}={token}"


def _person(workspace_id: int, text: str, problems: list[Problem]) -> int | None:
    if not text:
        return None
    kind, colon, value = text.partition(":")
    found = profile_of(workspace_id, kind.strip(), value.strip()) if colon and value.strip() else None
    if found is None:
        problems.append(Problem("person", f"nobody is known as {text!r}; write type and value, such as user_id:42"))
    return found
