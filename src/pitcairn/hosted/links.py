"""Personal links: made for people and accounts, revoked, and told to whoever writes the mails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO

import msgspec
from django.db import transaction
from django.utils import timezone

from pitcairn.engage import queries as engage
from pitcairn.engage.list_files import ListFileError, read_list
from pitcairn.hosted.content import HostedError, Problem
from pitcairn.hosted.models import HostedLink
from pitcairn.hosted.services import page_for_change
from pitcairn.hosted.tokens import new_token
from pitcairn.profiles.identity import EMAIL, USER_ID
from pitcairn.profiles.queries import profile_of, survivor_of
from pitcairn.profiles.queries_accounts import account_of

LIFETIMES: Mapping[int, str] = {0: "Until it is revoked", 7: "7 days", 30: "30 days", 90: "90 days", 365: "1 year"}
"""In days."""
MAX_LINKS = 100_000
"""Of one page."""
MAX_FILE_ROWS = 20_000
"""A row is looked up on its own, while somebody waits for the answer."""
GROUP_ID = "group_id"
FILE_TYPES = (EMAIL, USER_ID, GROUP_ID)
_AT_ONCE = 1_000


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What making links came to. `known` had one already; `unknown` are recipients that there are none of, as written."""

    made: int = 0
    known: int = 0
    unknown: Sequence[str] = ()


@transaction.atomic
def make_links(
    workspace_id: int,
    page_id: int,
    *,
    people: Iterable[int] = (),
    accounts: Iterable[int] = (),
    days: int = 0,
    by: str = "",
    now: datetime | None = None,
) -> Made:
    """Makes a link for each of the profiles and accounts that has none that works. Raises HostedError.

    The ids must be the workspace's own. `days` is how long the links work; 0 is until they are revoked.
    """
    page = page_for_change(workspace_id, page_id)
    if days not in LIFETIMES:
        raise HostedError(Problem("days", "choose one of the lifetimes"))
    at = now or timezone.now()
    ours = HostedLink.objects.filter(page=page)
    # A link that has ended makes room for a new one: it is revoked for good.
    ours.filter(revoked_at__isnull=True, expires_at__lte=at).update(revoked_at=at)
    working = ours.filter(revoked_at__isnull=True).values_list("profile_id", "account_id")
    with_link = {(profile, account) for profile, account in working}
    asked: dict[tuple[int | None, int | None], None] = dict.fromkeys((one, None) for one in people)
    asked.update(dict.fromkeys((None, one) for one in accounts))
    wanted = [one for one in asked if one not in with_link]
    if ours.count() + len(wanted) > MAX_LINKS:
        raise HostedError(
            f"a page has at most {MAX_LINKS:,} links, and these would be {len(wanted):,} more; duplicate the page for them"
        )
    HostedLink.objects.bulk_create(
        (
            HostedLink(
                workspace_id=workspace_id,
                page=page,
                token=new_token(),
                profile_id=profile_id,
                account_id=account_id,
                created_at=at,
                created_by=by,
                expires_at=at + timedelta(days=days) if days else None,
            )
            for profile_id, account_id in wanted
        ),
        batch_size=_AT_ONCE,
    )
    return Made(made=len(wanted), known=len(asked) - len(wanted))


def make_link_for(
    workspace_id: int, page_id: int, recipient: str, *, days: int = 0, by: str = "", now: datetime | None = None
) -> Made:
    """A link for one recipient as one writes them: `user_id:42`, `email:ada@acme.example`, `group_id:acme`."""
    kind, _, value = recipient.partition(":")
    found = _resolved(workspace_id, kind.strip(), value.strip())
    if found is None:
        text = f"nobody is known as {recipient!r}; write type and value, such as user_id:42, or group_id:acme for an account"
        raise HostedError(Problem("recipient", text))
    profile_id, account_id = found
    return make_links(
        workspace_id,
        page_id,
        people=[profile_id] if profile_id is not None else [],
        accounts=[account_id] if account_id is not None else [],
        days=days,
        by=by,
        now=now,
    )


def make_links_for_audience(
    workspace_id: int, page_id: int, audience_id: int, *, days: int = 0, by: str = "", now: datetime | None = None
) -> Made:
    """Links for everybody who is in the audience now. Who comes into it later has none."""
    if engage.audience(workspace_id, audience_id) is None:
        raise HostedError(Problem("audience", "choose one of the workspace's audiences"))
    people: list[int] = []
    after: int | None = 0
    while after is not None and len(people) <= MAX_LINKS:
        part = engage.members(audience_id, after=after, limit=_AT_ONCE)
        people += [member.profile_id for member in part.members]
        after = part.next
    if not people:
        raise HostedError(Problem("audience", "nobody is in this audience now"))
    return make_links(workspace_id, page_id, people=people, days=days, by=by, now=now)


def make_links_for_file(
    workspace_id: int, page_id: int, file: IO[bytes], *, days: int = 0, by: str = "", now: datetime | None = None
) -> Made:
    """Links for the people and accounts of a CSV file, as lists are: the first line names the columns.

    Who is not known gets none, and is named in the answer. Raises HostedError.
    """
    try:
        read = read_list(file, FILE_TYPES)
    except ListFileError as error:
        raise HostedError(Problem("file", str(error))) from None
    if read.rows > MAX_FILE_ROWS:
        text = f"the file has {read.rows:,} rows and at most {MAX_FILE_ROWS:,} are taken at once; divide it"
        raise HostedError(Problem("file", text))
    entries = [(kind, value) for kind, value in read.entries if kind in FILE_TYPES]  # A domain is nobody.
    if not entries:
        raise HostedError(
            Problem("file", f"one column has to be called one of {', '.join(FILE_TYPES)}, and have values")
        )
    people: list[int] = []
    accounts: list[int] = []
    unknown: list[str] = []
    for kind, value in entries:
        found = _resolved(workspace_id, kind, value)
        if found is None:
            unknown.append(value)
        elif found[0] is not None:
            people.append(found[0])
        elif found[1] is not None:
            accounts.append(found[1])
    if not people and not accounts:
        text = f"nobody in the file is known here: none of its {len(unknown):,} entries, the first of which is {unknown[0]!r}"
        raise HostedError(Problem("file", text))
    made = make_links(workspace_id, page_id, people=people, accounts=accounts, days=days, by=by, now=now)
    return msgspec.structs.replace(made, unknown=unknown)


@transaction.atomic
def revoke_link(workspace_id: int, page_id: int, link_id: int, *, now: datetime | None = None) -> bool:
    """Whoever opens it from now on sees nothing. False when there is no such link, or it was revoked already."""
    ours = HostedLink.objects.filter(workspace_id=workspace_id, page_id=page_id, id=link_id, revoked_at__isnull=True)
    return bool(ours.update(revoked_at=now or timezone.now()))


def _resolved(workspace_id: int, kind: str, value: str) -> tuple[int | None, int | None] | None:
    """(profile, account), one of which is None; None when neither is known."""
    if not value:
        return None
    if kind == GROUP_ID:
        account_id = account_of(workspace_id, value)
        return None if account_id is None else (None, account_id)
    profile_id = profile_of(workspace_id, kind, value.lower() if kind == EMAIL else value)
    survivor = survivor_of(workspace_id, profile_id) if profile_id is not None else None
    return None if survivor is None else (survivor, None)
