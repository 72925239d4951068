"""What changes hosted pages: saving them whole, bringing them from state to state, and their versions.

As with experiences, whoever saves says from which version they started: `base_version`. If somebody else saved in between,
nothing is changed and `OutdatedError` says so.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import transaction
from django.utils import timezone
from msgspec import UNSET, UnsetType

from pitcairn.connections.queries import source
from pitcairn.hosted.checking import problems_of, unready
from pitcairn.hosted.content import Content, HostedError, OutdatedError, Problem, content_json, read_content
from pitcairn.hosted.models import HostedPage, HostedState, HostedVersion

MAX_PAGES = 1_000
"""Of one workspace."""


@transaction.atomic
def save_page(
    workspace_id: int,
    content: Content,
    *,
    slug: str,
    source_id: int | UnsetType | None = UNSET,
    page_id: int | None = None,
    base_version: int | None = None,
    by: str = "",
    start: bool = False,
    now: datetime | None = None,
) -> HostedPage:
    """Makes a page, or replaces what one holds. A draft may lack what a live page needs; with `start` it is to be live.

    Raises OutdatedError when `base_version` is not in force any more, and HostedError with every other problem; then nothing
    is changed. A save that changes nothing makes no version.
    """
    page = page_for_change(workspace_id, page_id) if page_id is not None else None
    if page is not None:
        _check_base(page, base_version)
    chosen = (page.source_id if page is not None else None) if source_id is UNSET else source_id
    problems = problems_of(content, slug=slug) + _clashes(workspace_id, page, content.name, slug)
    if page is not None and page.slug != slug and page.started_at is not None:
        problems.append(
            Problem("slug", f"the page has been live at /p/{page.slug}, and links to it may have been sent")
        )
    if chosen is not None and not _counts(workspace_id, chosen):
        problems.append(Problem("source", "choose a website source of this workspace that is enabled"))
    if not problems and (start or (page is not None and page.state == HostedState.LIVE)):
        problems += unready(content, source=chosen is not None)
    if page is None and HostedPage.objects.filter(workspace_id=workspace_id).count() >= MAX_PAGES:
        problems.append(Problem("", f"there are {MAX_PAGES:,} hosted pages already, which is the limit"))
    if problems:
        raise HostedError(*problems)
    page = page or HostedPage(workspace_id=workspace_id)
    page.name, page.slug, page.source_id = content.name.strip(), slug, chosen
    written = content_json(msgspec.structs.replace(content, name=page.name))
    changed = page.version == 0 or page.content != written
    page.content = written
    if start:
        _show(page, now)
    page.version += changed
    page.save()
    if changed:
        _record(page, by=by, now=now)
    return page


@transaction.atomic
def restore_version(
    workspace_id: int, page_id: int, number: int, *, base_version: int, by: str = "", now: datetime | None = None
) -> HostedPage:
    """Makes an older version the one in force again, as a new version. Raises as `save_page` does."""
    page = page_for_change(workspace_id, page_id)
    _check_base(page, base_version)
    version = HostedVersion.objects.filter(page=page, number=number).first()
    if version is None:
        raise HostedError(f"“{page.name}” has no version {number}; the newest is {page.version}")
    content = read_content(version.content)
    problems = problems_of(content, slug=page.slug) + _clashes(workspace_id, page, content.name, page.slug)
    if not problems and page.state == HostedState.LIVE:
        problems = unready(content, source=page.source_id is not None)
    if problems:
        raise HostedError(*problems)
    page.name, page.content, page.version = content.name, version.content, page.version + 1
    page.save()
    _record(page, by=by, now=now, restores=number)
    return page


@transaction.atomic
def duplicate_page(workspace_id: int, page_id: int, *, by: str = "") -> HostedPage:
    """Makes a draft that holds what the page holds, without its links."""
    page = _found(workspace_id, page_id)
    names = set(HostedPage.objects.filter(workspace_id=workspace_id).values_list("name", flat=True))
    slugs = set(HostedPage.objects.filter(slug__startswith=page.slug[:50]).values_list("slug", flat=True))
    endings = ["(copy)", *(f"(copy {number})" for number in range(2, len(names) + 3))]
    name = next(one for ending in endings if (one := f"{page.name[: 119 - len(ending)]} {ending}") not in names)
    numbers = range(2, len(slugs) + 3)
    slug = next(one for number in numbers if (one := f"{page.slug[:50].rstrip('-')}-{number}") not in slugs)
    content = msgspec.structs.replace(read_content(page.content), name=name)
    kept = page.source_id if page.source_id is not None and _counts(workspace_id, page.source_id) else None
    return save_page(workspace_id, content, slug=slug, source_id=kept, by=by)


@transaction.atomic
def start_page(workspace_id: int, page_id: int, *, now: datetime | None = None) -> HostedPage:
    """Puts a draft live. Raises HostedError when it lacks what recipients need."""
    page = page_for_change(workspace_id, page_id)
    if page.state == HostedState.LIVE:
        return page
    if problems := missing_for_start(page):
        raise HostedError(*problems)
    _show(page, now)
    page.save(update_fields=["state", "started_at"])
    return page


def missing_for_start(page: HostedPage) -> list[Problem]:
    """What a page still lacks to be live."""
    counts = page.source_id is not None and _counts(page.workspace_id, page.source_id)
    return unready(read_content(page.content), source=counts)


@transaction.atomic
def archive_page(workspace_id: int, page_id: int, *, now: datetime | None = None) -> HostedPage:
    """Takes a page away for good: every link to it answers as if there had never been one. What was counted stays."""
    page = page_for_change(workspace_id, page_id)
    if page.state == HostedState.DRAFT:
        raise HostedError(f"“{page.name}” is a draft and was never live; delete it instead")
    page.state, page.archived_at = HostedState.ARCHIVED, now or timezone.now()
    page.save(update_fields=["state", "archived_at"])
    return page


@transaction.atomic
def delete_draft(workspace_id: int, page_id: int) -> None:
    """Deletes a page that was never live, with its links."""
    page = _found(workspace_id, page_id)
    if page.state != HostedState.DRAFT:
        raise HostedError(f"“{page.name}” has been live; archive it instead, so that what was counted keeps its name")
    page.delete()


@transaction.atomic
def set_general(workspace_id: int, page_id: int, *, on: bool) -> HostedPage:
    """Switches the link for everybody on or off."""
    page = page_for_change(workspace_id, page_id)
    page.general = on
    page.save(update_fields=["general"])
    return page


def page_for_change(workspace_id: int, page_id: int) -> HostedPage:
    """The page, held against other changes until the transaction ends. Raises HostedError if it is none or archived."""
    page = _found(workspace_id, page_id)
    if page.state == HostedState.ARCHIVED:
        raise HostedError(f"“{page.name}” is archived and stays as it was; duplicate it instead")
    return page


def _found(workspace_id: int, page_id: int) -> HostedPage:
    page = HostedPage.objects.select_for_update().filter(workspace_id=workspace_id, id=page_id).first()
    if page is None:
        raise HostedError(f"there is no hosted page {page_id} in this workspace; it may have been deleted")
    return page


def _clashes(workspace_id: int, page: HostedPage | None, name: str, slug: str) -> list[Problem]:
    """What another page has already."""
    others = HostedPage.objects.all() if page is None else HostedPage.objects.exclude(id=page.id)
    found = []
    if others.filter(workspace_id=workspace_id, name=name.strip()).exists():
        found.append(Problem("name", f"there is a hosted page named “{name.strip()}” already; choose another name"))
    if others.filter(slug=slug).exists():
        found.append(Problem("slug", f"/p/{slug} is taken on this server; choose another address"))
    return found


def _counts(workspace_id: int, source_id: int) -> bool:
    found = source(workspace_id, source_id)
    return found is not None and found.kind == "browser" and found.enabled


def _check_base(page: HostedPage, base_version: int | None) -> None:
    if base_version is None:
        text = f"say which version the change was made from; the one in force is {page.version}"
        raise HostedError(Problem("version", text))
    if base_version == page.version:
        return
    last = HostedVersion.objects.filter(page=page, number=page.version).first()
    who = last.made_by if last is not None and last.made_by else "somebody"
    raise OutdatedError(
        f"“{page.name}” was saved by {who} in the meantime: this was made from version {base_version}, and version "
        f"{page.version} is in force now. Nothing was saved; open version {page.version} and make the change there",
        page.version,
    )


def _record(page: HostedPage, *, by: str, now: datetime | None, restores: int | None = None) -> None:
    HostedVersion.objects.create(
        page=page,
        number=page.version,
        content=page.content,
        made_at=now or timezone.now(),
        made_by=by,
        restores=restores,
    )


def _show(page: HostedPage, now: datetime | None) -> None:
    page.state = HostedState.LIVE
    page.started_at = page.started_at or now or timezone.now()
