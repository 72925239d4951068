"""What others, and the pages, may know of people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q

from pitcairn.dashboard.times import from_ms
from pitcairn.profiles.identity import ANONYMOUS_ID, EMAIL, USER_ID, StoredAssignment, TraitValue, current_traits
from pitcairn.profiles.models import Deletion, Identifier, Merge, Profile

MOST_MERGES = 1000
"""How many merged profiles are followed for one person; more is a fault in what was sent, not a person."""

TYPE_WORDS = {
    USER_ID: "User id",
    EMAIL: "Email",
    ANONYMOUS_ID: "Anonymous id",
    "android.id": "Android device id",
    "android.idfa": "Android advertising id",
    "android.push_token": "Android push token",
    "ios.id": "iOS device id",
    "ios.idfa": "iOS advertising id",
    "ios.push_token": "iOS push token",
    "ga_client_id": "Google Analytics client id",
}
TYPE_ORDER = (USER_ID, EMAIL)
NAME_TRAITS = ("name", "full_name", "fullName")
FIRST_LAST = (("firstName", "lastName"), ("first_name", "last_name"))

_decode_traits = msgspec.json.Decoder(dict[str, TraitValue]).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_assignments = msgspec.json.Decoder(dict[str, StoredAssignment]).decode


@dataclass(frozen=True, kw_only=True)
class IdentifierItem:
    """One identifier of a profile, and the message that brought it."""

    type: str
    value: str
    created_at: datetime
    source_id: int
    message_id: str

    @property
    def type_words(self) -> str:
        return type_words(self.type)


def type_words(type: str) -> str:  # noqa: A002 - the glossary's word
    """`user_id` as `User id`: what pages call a type of identifiers."""
    return TYPE_WORDS.get(type) or type.replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True)
class TraitItem:
    name: str
    value: Any
    set_at: datetime
    source_id: int
    targetable: bool
    """The Mutiny destination was given it, so conditions see it."""


@dataclass(frozen=True, kw_only=True)
class AssignmentItem:
    """What the profile's visitor was first shown; `variation_id` 0 is control."""

    experience_id: int
    segment_id: int
    variation_id: int
    personalized: bool
    assigned_at: datetime


@dataclass(frozen=True, kw_only=True)
class MergeItem:
    id: int
    loser_id: int
    winner_id: int
    merged_at: datetime
    message_id: str
    merged_by: str
    """The member who asked for it; "" when the message was the cause."""
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True, kw_only=True)
class ProfileItem:
    """A profile as lists show it: what to call the person, and what they are known by."""

    id: int
    title: str
    known: bool
    """Somebody identified them; otherwise all there is is a visitor."""
    identifiers: tuple[IdentifierItem, ...]
    traits: dict[str, TraitValue]
    created_at: datetime
    last_seen_at: datetime

    @property
    def subtitle(self) -> str:
        """The first identifier that the title does not say already."""
        return next((item.value for item in self.identifiers if item.value != self.title), "")

    @property
    def company(self) -> str:
        value = self.traits["company"].value if "company" in self.traits else None
        name = value.get("name") if isinstance(value, dict) else value
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, kw_only=True)
class ProfileDetail:
    item: ProfileItem
    traits: tuple[TraitItem, ...]
    assignments: tuple[AssignmentItem, ...]
    merges: tuple[MergeItem, ...]
    ids: tuple[int, ...]
    """This profile and everyone who was merged into it: under these its messages are stored."""


def recent_profiles(workspace_id: int, *, limit: int, before: int | None = None) -> list[ProfileItem]:
    """The profiles seen last, newest first; `before` (ms since 1970) goes on from an earlier page."""
    found = _alive(workspace_id)
    if before is not None:
        found = found.filter(last_seen_at__lt=before)
    return profile_items(found.order_by("-last_seen_at")[:limit])


def search(workspace_id: int, text: str, *, limit: int) -> list[ProfileItem]:
    """Profiles that an identifier equal to `text` points to, then those with one that begins with it."""
    text = text.strip()
    if not text:
        return []
    spellings = list({text, text.lower()})
    ours = Identifier.objects.filter(workspace_id=workspace_id)
    # A type beside the value, so that the unique index answers.
    types = list(ours.values_list("type", flat=True).distinct())
    exact = ours.filter(type__in=types, value__in=spellings).values_list("profile_id", flat=True)
    ids = dict.fromkeys(exact[:limit])
    if len(ids) < limit:
        begins = Q()
        for spelling in spellings:
            begins |= Q(value__gte=spelling, value__lt=spelling + "\U0010ffff")
        near = ours.filter(begins, type__in=types).values_list("profile_id", "value")[: limit * 4]
        ids |= dict.fromkeys(found for found, value in near if value.startswith(tuple(spellings)))
    chosen = list(ids)[:limit]
    items = {item.id: item for item in profile_items(living(workspace_id, chosen))}
    return [items[profile_id] for profile_id in chosen if profile_id in items]


def profile_of(workspace_id: int, type: str, value: str) -> int | None:  # noqa: A002 - the glossary's word
    """The id of the profile that the identifier points to, or None."""
    found = Identifier.objects.filter(workspace_id=workspace_id, type=type, value=value)
    return found.values_list("profile_id", flat=True).first()


def survivor_of(workspace_id: int, profile_id: int) -> int | None:
    """The profile that this one is now part of: itself, or the end of its merges. None when there is none."""
    passed: set[int] = set()
    while profile_id not in passed:
        passed.add(profile_id)
        row = Profile.objects.filter(workspace_id=workspace_id, id=profile_id).values_list("merged_into", flat=True)
        if not row:
            return None
        if row[0] is None:
            return profile_id
        profile_id = row[0]
    return None


def profile(workspace_id: int, profile_id: int) -> ProfileDetail | None:
    """Everything the SQL store knows of one person, or None when there is no such living profile."""
    row = _alive(workspace_id).filter(id=profile_id).first()
    if row is None:
        return None
    targetable = _decode_object(row.personalization)
    item = profile_items([row])[0]
    merges = _merges_into(workspace_id, profile_id)
    return ProfileDetail(
        item=item,
        traits=tuple(
            TraitItem(
                name=name,
                value=trait.value,
                set_at=from_ms(trait.set_at),
                source_id=trait.source_id,
                targetable=name in targetable,
            )
            for name, trait in sorted(item.traits.items())
        ),
        assignments=tuple(_assignments(row.assignments)),
        merges=tuple(merges),
        ids=(profile_id, *dict.fromkeys(merge.loser_id for merge in merges)),
    )


@dataclass(frozen=True, kw_only=True)
class DeletionItem:
    """A person who was deleted. `user_id` is "" for who had none; `erased_at` is None while their events still go."""

    user_id: str
    suppressed: bool
    requested_at: datetime
    erased_at: datetime | None


def deletions(workspace_id: int, *, limit: int) -> list[DeletionItem]:
    """The last people who were deleted, latest first."""
    return [
        DeletionItem(
            user_id=row.user_id,
            suppressed=row.suppressed,
            requested_at=from_ms(row.requested_at),
            erased_at=None if row.erased_at is None else from_ms(row.erased_at),
        )
        for row in Deletion.objects.filter(workspace_id=workspace_id).order_by("-id")[:limit]
    ]


def count_profiles(workspace_id: int) -> int:
    return int(_alive(workspace_id).count())


def _alive(workspace_id: int) -> Any:
    return Profile.objects.filter(workspace_id=workspace_id, merged_into__isnull=True)


def living(workspace_id: int, ids: Iterable[int]) -> list[Profile]:
    """Those of the profiles that are people now: not merged, and of the workspace."""
    # Asked for by their ids alone: with more to go by, SQLite reads everybody in the workspace.
    rows = Profile.objects.filter(id__in=list(ids))
    return [row for row in rows if row.workspace_id == workspace_id and row.merged_into is None]


def profile_items(rows: Iterable[Profile]) -> list[ProfileItem]:
    """The profiles as lists show them, in the order of the rows."""
    rows = list(rows)
    identifiers: dict[int, list[IdentifierItem]] = {row.id: [] for row in rows}
    for found in Identifier.objects.filter(profile_id__in=list(identifiers)).order_by("created_at", "id"):
        identifiers[found.profile_id].append(
            IdentifierItem(
                type=found.type,
                value=found.value,
                created_at=from_ms(found.created_at),
                source_id=found.source_id,
                message_id=found.message_id,
            )
        )
    return [_item(row, sorted(identifiers[row.id], key=_rank)) for row in rows]


def _rank(item: IdentifierItem) -> tuple[int, str]:
    if item.type in TYPE_ORDER:
        return TYPE_ORDER.index(item.type), ""
    return (99, "") if item.type == ANONYMOUS_ID else (50, item.type)


def _item(row: Profile, identifiers: Sequence[IdentifierItem]) -> ProfileItem:
    traits = current_traits(_decode_traits(row.traits))
    known = any(item.type != ANONYMOUS_ID for item in identifiers)
    return ProfileItem(
        id=row.id,
        title=_title({name: trait.value for name, trait in traits.items()}, identifiers, row.id),
        known=known,
        identifiers=tuple(identifiers),
        traits=traits,
        created_at=from_ms(row.created_at),
        last_seen_at=from_ms(row.last_seen_at),
    )


def _title(traits: dict[str, Any], identifiers: Sequence[IdentifierItem], profile_id: int) -> str:
    for name in NAME_TRAITS:
        if isinstance(traits.get(name), str) and traits[name].strip():
            return str(traits[name]).strip()
    for first, last in FIRST_LAST:
        parts = [traits[part].strip() for part in (first, last) if isinstance(traits.get(part), str)]
        if any(parts):
            return " ".join(part for part in parts if part)
    if not identifiers:
        return f"Profile {profile_id}"
    email = next((item.value for item in identifiers if item.type == EMAIL), "")
    best = identifiers[0]
    return email or (f"Anonymous {best.value[:8]}" if best.type == ANONYMOUS_ID else best.value)


def _assignments(text: str) -> Iterable[AssignmentItem]:
    for experience_id, stored in _decode_assignments(text).items():
        if not experience_id.isdigit() or experience_id == "0":
            continue  # Variations in further segments, and the holdout: see `experiences.decisions`.
        yield AssignmentItem(
            experience_id=int(experience_id),
            segment_id=stored.segment_id,
            variation_id=stored.variation_id,
            personalized=stored.variation_id != 0,
            assigned_at=from_ms(stored.assigned_at),
        )


def merge_item(row: Merge) -> MergeItem:
    return MergeItem(
        id=row.id,
        loser_id=row.loser_id,
        winner_id=row.winner_id,
        merged_at=from_ms(row.merged_at),
        message_id=row.message_id,
        merged_by=row.merged_by,
        undone_at=None if row.undone_at is None else from_ms(row.undone_at),
        undone_by=row.undone_by,
    )


def _merges_into(workspace_id: int, profile_id: int) -> list[MergeItem]:
    """Every merge that made this profile, newest first: those into it, and those into what went into it."""
    found: dict[int, MergeItem] = {}
    front = [profile_id]
    while front and len(found) < MOST_MERGES:
        standing = Merge.objects.filter(workspace_id=workspace_id, winner_id__in=front, undone_at__isnull=True)
        rows = standing.exclude(loser_id__in=list(found))
        new = {row.loser_id: merge_item(row) for row in rows[:MOST_MERGES]}
        found |= new
        front = list(new)
    return sorted(found.values(), key=lambda merge: merge.merged_at, reverse=True)
