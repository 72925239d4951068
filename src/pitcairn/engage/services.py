"""What changes audiences, computed traits and what they are told to. Each call is one transaction.

Every change grows the configuration revision, so that the live engine reads what it computes anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from pitcairn.conditions.places import audiences_in
from pitcairn.connections import queries as connections
from pitcairn.engage import definitions
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.keys import free_key, snake_case
from pitcairn.engage.models import EVERYBODY, Audience, Computation, ComputedTrait, Kind, Status, Sync, Target
from pitcairn.workspaces.services import configuration_changed

__all__ = ["AudienceError"]

NAME_LENGTH = 120
EVENT_LENGTH = 200
DESCRIPTION_LENGTH = 2_000

_EDITED = [
    "name", "description", "definition", "historical", "status", "problem", "revision", "updated_at", "deleted_at",
]  # fmt: skip
"""What services write; the rest is the engine's."""

_C = TypeVar("_C", Audience, ComputedTrait)


@transaction.atomic
def create_audience(
    workspace_id: int,
    name: str,
    condition: Mapping[str, Any],
    *,
    target: str = Target.PERSON,
    anonymous: bool = False,
    historical: bool = True,
    description: str = "",
    listed: bool = False,
    key: str = "",
) -> Audience:
    """Makes an audience; the worker computes it at once, and keeps it right from then on.

    `condition` is JSON of `conditions/`. With `listed` there is none: the members are what `ListEntry` says, which the
    caller writes in the same transaction. `key` is for one that is brought from elsewhere, where it has that key; else it is
    made of the name. Raises `AudienceError` with the field it is about and, for a condition, the
    path of the part that is wrong.
    """
    name = _name(workspace_id, Kind.AUDIENCE, name)
    key = _given_key(workspace_id, key) if key else _key(workspace_id, name)
    if target not in Target.values:
        raise AudienceError("target", f"{target!r} is not what an audience is made of; use person or account.")
    if not listed:
        definitions.check_audience(workspace_id, key, condition, target)
    audience = Audience.objects.create(
        workspace_id=workspace_id,
        name=name,
        key=key,
        description=_description(description),
        target=target,
        anonymous=anonymous,
        # What an account did lies in the past of its people: there is no such audience without it.
        historical=historical or target == Target.ACCOUNT,
        listed=listed,
        definition={} if listed else dict(condition),
    )
    configuration_changed()
    return audience


@transaction.atomic
def update_audience(
    workspace_id: int,
    audience_id: int,
    *,
    name: str | None = None,
    condition: Mapping[str, Any] | None = None,
    description: str | None = None,
    historical: bool | None = None,
) -> Audience:
    """Changes what is given. The key stays; a new condition is computed over everybody, and only who changes is told."""
    audience = audience_of(workspace_id, audience_id)
    if name is not None:
        audience.name = _name(workspace_id, Kind.AUDIENCE, name, besides=audience_id)
    if description is not None:
        audience.description = _description(description)
    if historical is not None and historical != audience.historical:
        audience.historical = historical
        _compute_again(audience)
    if condition is not None and dict(condition) != audience.definition:
        if audience.listed:
            raise AudienceError(
                "condition", f"{audience.name} has the members of a list; give it another list instead."
            )
        definitions.check_audience(workspace_id, audience.key, condition, audience.target)
        audience.definition = dict(condition)
        _compute_again(audience)
    audience.save(update_fields=_EDITED)
    configuration_changed()
    return audience


@transaction.atomic
def delete_audience(workspace_id: int, audience_id: int) -> None:
    """Deletes the audience. What it said of people stays with them as an ordinary trait; its key is not given out again.

    Raises `AudienceError` while another audience asks for its members.
    """
    audience = audience_of(workspace_id, audience_id)
    for other in Audience.objects.filter(workspace_id=workspace_id, listed=False).exclude(id=audience_id):
        condition = definitions.condition_of(other)
        if condition is not None and audience.key in audiences_in(condition):
            raise AudienceError("", f"{other.name} asks for the members of {audience.name}. Change or delete it first.")
    _delete(audience)


@transaction.atomic
def set_audience_enabled(workspace_id: int, audience_id: int, *, enabled: bool) -> Audience:
    """A disabled audience keeps its members as they are. Enabled again, it is computed over everybody."""
    audience = audience_of(workspace_id, audience_id)
    _set_enabled(audience, enabled=enabled)
    return audience


@transaction.atomic
def recompute(workspace_id: int, computation_id: int) -> Computation:
    """Has it computed over everybody again, such as after a failure."""
    computation = computation_of(workspace_id, computation_id)
    _compute_again(computation)
    computation.save(update_fields=_EDITED)
    configuration_changed()
    return computation


@transaction.atomic
def create_computed_trait(
    workspace_id: int,
    name: str,
    events: Mapping[str, Any],
    *,
    target: str = Target.PERSON,
    anonymous: bool = False,
    historical: bool = True,
    description: str = "",
    key: str = "",
) -> ComputedTrait:
    """Makes a computed trait. `events` is JSON of an `Events` node; its measure (and its property) is the value.

    `key` is as in `create_audience`.
    """
    name = _name(workspace_id, Kind.COMPUTED_TRAIT, name)
    key = _given_key(workspace_id, key) if key else _key(workspace_id, name)
    if target not in Target.values:
        raise AudienceError("target", f"{target!r} is not what a trait is computed for; use person or account.")
    definitions.check_trait(workspace_id, key, events, target)
    trait = ComputedTrait.objects.create(
        workspace_id=workspace_id,
        name=name,
        key=key,
        description=_description(description),
        target=target,
        anonymous=anonymous,
        historical=historical,
        definition=dict(events),
    )
    configuration_changed()
    return trait


@transaction.atomic
def update_computed_trait(
    workspace_id: int,
    trait_id: int,
    *,
    name: str | None = None,
    events: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> ComputedTrait:
    trait = computed_trait_of(workspace_id, trait_id)
    if name is not None:
        trait.name = _name(workspace_id, Kind.COMPUTED_TRAIT, name, besides=trait_id)
    if description is not None:
        trait.description = _description(description)
    if events is not None and dict(events) != trait.definition:
        definitions.check_trait(workspace_id, trait.key, events, trait.target)
        trait.definition = dict(events)
        _compute_again(trait)
    trait.save(update_fields=_EDITED)
    configuration_changed()
    return trait


@transaction.atomic
def delete_computed_trait(workspace_id: int, trait_id: int) -> None:
    """Deletes the trait. The values stay with the people as an ordinary trait; its key is not given out again."""
    _delete(computed_trait_of(workspace_id, trait_id))


@transaction.atomic
def set_computed_trait_enabled(workspace_id: int, trait_id: int, *, enabled: bool) -> ComputedTrait:
    trait = computed_trait_of(workspace_id, trait_id)
    _set_enabled(trait, enabled=enabled)
    return trait


@transaction.atomic
def connect_destination(
    workspace_id: int,
    computation_id: int,
    destination_id: int,
    *,
    send_identify: bool = True,
    send_track: bool = False,
    entered: str = "Audience Entered",
    exited: str = "Audience Exited",
    computed: str = "Trait Computed",
) -> Sync:
    """Tells the destination who is in the audience, or has the trait: everybody now, and from then on what changes.

    With historical data off, only what changes. A destination that is connected already keeps its place, and what it is
    sent is changed. Raises `AudienceError`.
    """
    computation = computation_of(workspace_id, computation_id)
    if destination_id not in connections.destination_names(workspace_id):
        raise AudienceError("destination", f"There is no destination {destination_id} in this workspace.")
    if not (send_identify or send_track):
        raise AudienceError("send_identify", "Nothing would be sent. Choose Identify, Track or both.")
    names = {
        "entered": _event_name("entered", entered),
        "exited": _event_name("exited", exited),
        "computed": _event_name("computed", computed),
    }
    if computation.kind == Kind.AUDIENCE and names["entered"] == names["exited"]:
        raise AudienceError("exited", "Entering and leaving need different names.")
    sync, _ = Sync.objects.get_or_create(
        computation=computation,
        destination_id=destination_id,
        defaults={"position": 0 if computation.historical else EVERYBODY},
    )
    sync.send_identify, sync.send_track = send_identify, send_track
    sync.entered, sync.exited, sync.computed = names["entered"], names["exited"], names["computed"]
    sync.save(update_fields=["send_identify", "send_track", "entered", "exited", "computed"])
    configuration_changed()
    return sync


@transaction.atomic
def disconnect_destination(workspace_id: int, computation_id: int, destination_id: int) -> None:
    """Tells the destination nothing more. What it knows stays there."""
    _sync(workspace_id, computation_id, destination_id).delete()
    configuration_changed()


@transaction.atomic
def pause(workspace_id: int, computation_id: int, destination_id: int) -> Sync:
    """Holds what changes back. `resume` then tells what is different from what the destination knows, and nothing else."""
    sync = _sync(workspace_id, computation_id, destination_id)
    if sync.paused_at is None:
        sync.paused_at = definitions.AS_OF_NOW
        sync.save(update_fields=["paused_at"])
        configuration_changed()
    return sync


@transaction.atomic
def resume(workspace_id: int, computation_id: int, destination_id: int) -> Sync:
    sync = _sync(workspace_id, computation_id, destination_id)
    if sync.paused_at is not None:
        definitions.begin_catching_up(sync)
        sync.save(update_fields=definitions.PASS_FIELDS)
        configuration_changed()
    return sync


@transaction.atomic
def resync(workspace_id: int, computation_id: int, destination_id: int) -> Sync:
    """Tells the destination about everybody again: every member, or everybody with a value."""
    sync = _sync(workspace_id, computation_id, destination_id)
    if sync.paused_at is not None:
        raise AudienceError("", "The sync is paused. Resume it first.")
    definitions.begin_again(sync)
    sync.save(update_fields=definitions.PASS_FIELDS)
    configuration_changed()
    return sync


def audience_of(workspace_id: int, audience_id: int) -> Audience:
    """Raises `AudienceError` when the workspace has no such audience."""
    return _of(Audience, workspace_id, audience_id, "audience")


def computed_trait_of(workspace_id: int, trait_id: int) -> ComputedTrait:
    return _of(ComputedTrait, workspace_id, trait_id, "computed trait")


def computation_of(workspace_id: int, computation_id: int) -> Computation:
    wanted = Computation.objects.select_for_update().filter(workspace_id=workspace_id, id=computation_id)
    found = wanted.filter(deleted_at__isnull=True).first()
    if found is None:
        raise AudienceError("", f"There is no audience or computed trait {computation_id} in this workspace.")
    return found


def _of(model: type[_C], workspace_id: int, computation_id: int, noun: str) -> _C:
    found = model.objects.select_for_update().filter(workspace_id=workspace_id, id=computation_id).first()
    if found is None:
        raise AudienceError("", f"There is no {noun} {computation_id} in this workspace.")
    return found


def _sync(workspace_id: int, computation_id: int, destination_id: int) -> Sync:
    computation = computation_of(workspace_id, computation_id)
    sync = Sync.objects.select_for_update().filter(computation=computation, destination_id=destination_id).first()
    if sync is None:
        raise AudienceError("destination", f"{computation.name} is not connected to destination {destination_id}.")
    return sync


def _compute_again(computation: Computation) -> None:
    computation.revision += 1
    computation.problem = ""
    if computation.status != Status.DISABLED:
        computation.status = Status.PREPARING


def _set_enabled(computation: Computation, *, enabled: bool) -> None:
    if enabled and computation.status == Status.DISABLED:
        computation.status = Status.PREPARING
        computation.revision += 1
    elif not enabled:
        computation.status = Status.DISABLED
    computation.save(update_fields=_EDITED)
    configuration_changed()


def _delete(computation: Computation) -> None:
    computation.deleted_at = timezone.now()
    computation.save(update_fields=_EDITED)
    computation.syncs.all().delete()
    computation.entries.all().delete()
    configuration_changed()


def _name(workspace_id: int, kind: Kind, name: str, *, besides: int = 0) -> str:
    name = name.strip()
    noun = "An audience" if kind == Kind.AUDIENCE else "A computed trait"
    if not name:
        raise AudienceError("name", f"{noun} needs a name.")
    if len(name) > NAME_LENGTH:
        raise AudienceError("name", f"The name has {len(name)} characters; use at most {NAME_LENGTH}.")
    same = Computation.objects.filter(workspace_id=workspace_id, kind=kind, name=name, deleted_at__isnull=True)
    if same.exclude(id=besides).exists():
        raise AudienceError("name", f"{noun} called {name!r} is there already. Choose another name.")
    return name


def _key(workspace_id: int, name: str) -> str:
    if not snake_case(name):
        raise AudienceError(
            "name", f"{name!r} gives no key: destinations know the audience by its letters a to z and digits. Add some."
        )
    taken = Computation.objects.filter(workspace_id=workspace_id).values_list("key", flat=True)
    return free_key(name, frozenset(taken))


def _given_key(workspace_id: int, key: str) -> str:
    if snake_case(key) != key:
        raise AudienceError("key", f"{key!r} is no key; it would be {snake_case(key)!r}.")
    if Computation.objects.filter(workspace_id=workspace_id, key=key).exists():
        raise AudienceError(
            "key", f"The key {key!r} is taken, or was, by an audience or computed trait that was deleted."
        )
    return key


def _description(text: str) -> str:
    text = text.strip()
    if len(text) > DESCRIPTION_LENGTH:
        raise AudienceError(
            "description", f"The description has {len(text):,} characters; use at most {DESCRIPTION_LENGTH:,}."
        )
    return text


def _event_name(field: str, name: str) -> str:
    name = name.strip()
    if not name:
        raise AudienceError(field, "The event needs a name.")
    if len(name) > EVENT_LENGTH:
        raise AudienceError(field, f"The event's name has {len(name)} characters; use at most {EVENT_LENGTH}.")
    return name
