"""Merges as history: who was whom before, and what was joined lately in a whole workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pitcairn.profiles.identity import Identifier, MergeDetail
from pitcairn.profiles.models import Merge, Profile
from pitcairn.profiles.queries import MergeItem, ProfileItem, living, merge_item, profile_items

_decode_detail = msgspec.json.Decoder(MergeDetail).decode


def first_owners(workspace_id: int, merges: Iterable[MergeItem]) -> dict[Identifier, int]:
    """The profile that each identifier which came with one of these merges pointed to first."""
    ids = [merge.id for merge in merges]
    rows = Merge.objects.filter(workspace_id=workspace_id, id__in=ids).order_by("id").values_list("loser_id", "detail")
    owners: dict[Identifier, int] = {}
    for loser_id, text in rows:
        for kind, value in _decode_detail(text).identifiers:
            owners.setdefault((kind, value), loser_id)
    return owners


def recent_merges(workspace_id: int, *, limit: int, before: int | None = None) -> list[MergeItem]:
    """The merges of a workspace, the undone ones too, newest first; `before` is the id of an earlier page's last."""
    found = Merge.objects.filter(workspace_id=workspace_id)
    if before is not None:
        found = found.filter(id__lt=before)
    return [merge_item(row) for row in found.order_by("-id")[:limit]]


def merge(workspace_id: int, merge_id: int) -> MergeItem | None:
    """One merge, or None."""
    row = Merge.objects.filter(workspace_id=workspace_id, id=merge_id).first()
    return None if row is None else merge_item(row)


def survivors(workspace_id: int, ids: Sequence[int]) -> dict[int, ProfileItem]:
    """The living people that these profiles are now, by the ids asked for. Merged profiles point to the survivor directly."""
    rows = Profile.objects.filter(id__in=ids).values_list("id", "merged_into")
    now = {profile_id: merged_into or profile_id for profile_id, merged_into in rows}
    people = {item.id: item for item in profile_items(living(workspace_id, set(now.values())))}
    return {asked: people[survivor] for asked, survivor in now.items() if survivor in people}
