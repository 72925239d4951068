"""One audience or computed trait as its file says. Found by its key, which the file is called by."""

from __future__ import annotations

from pitcairn import conditions
from pitcairn.engage import queries, services
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.queries import ComputationDetail
from pitcairn.experiences.comparison import Difference
from pitcairn.files.documents import AudienceDocument, TraitDocument

_FIXED = ("target", "anonymous")
"""What stays what it was when the audience or trait was made."""


def apply_audience(workspace_id: int, key: str, document: AudienceDocument) -> tuple[Difference, ...] | None:
    """Makes the audience (None), or changes it; what is different, in words. Raises AudienceError."""
    ids = queries.audience_ids(workspace_id)
    if key not in ids:
        made = services.create_audience(
            workspace_id,
            document.name,
            document.condition,
            target=document.target,
            anonymous=document.anonymous,
            historical=document.historical,
            description=document.description,
            key=key,
        )
        if not document.enabled:
            services.set_audience_enabled(workspace_id, made.id, enabled=False)
        return None
    saved = queries.audience(workspace_id, ids[key])
    assert saved is not None
    if saved.listed:
        raise AudienceError("", f"{saved.name} is a list here, and a file cannot say who is in it.")
    _refuse_fixed(saved, document)
    found = [*_differences(saved, document), *_definition(saved.definition, document.condition, "Who is in it")]
    if found:
        services.update_audience(
            workspace_id,
            saved.id,
            name=document.name,
            condition=document.condition,
            description=document.description,
            historical=document.historical,
        )
    if document.enabled != (saved.status != "disabled"):
        services.set_audience_enabled(workspace_id, saved.id, enabled=document.enabled)
    return tuple(found)


def apply_trait(workspace_id: int, key: str, document: TraitDocument) -> tuple[Difference, ...] | None:
    """The same for a computed trait."""
    saved = next((one for one in queries.computed_traits(workspace_id) if one.key == key), None)
    if saved is None:
        made = services.create_computed_trait(
            workspace_id,
            document.name,
            document.events,
            target=document.target,
            anonymous=document.anonymous,
            historical=document.historical,
            description=document.description,
            key=key,
        )
        if not document.enabled:
            services.set_computed_trait_enabled(workspace_id, made.id, enabled=False)
        return None
    detail = queries.computed_trait(workspace_id, saved.id)
    assert detail is not None
    if document.historical != detail.historical:
        raise AudienceError("historical", f"It stays {_yes(detail.historical)}: a computed trait keeps it.")
    _refuse_fixed(detail, document)
    found = [*_differences(detail, document), *_definition(detail.definition, document.events, "What is computed")]
    if found:
        services.update_computed_trait(
            workspace_id, saved.id, name=document.name, events=document.events, description=document.description
        )
    if document.enabled != (detail.status != "disabled"):
        services.set_computed_trait_enabled(workspace_id, saved.id, enabled=document.enabled)
    return tuple(found)


def _refuse_fixed(saved: ComputationDetail, document: AudienceDocument | TraitDocument) -> None:
    for name in _FIXED:
        if (was := getattr(saved, name)) != getattr(document, name):
            text = f"It stays {_yes(was) if isinstance(was, bool) else was}: that is fixed when it is made."
            raise AudienceError(name, text)


def _differences(saved: ComputationDetail, document: AudienceDocument | TraitDocument) -> list[Difference]:
    pairs = [
        ("Name", saved.name, document.name.strip()),
        ("Description", saved.description, document.description.strip()),
        ("Past events count", _yes(saved.historical), _yes(document.historical)),
        ("Enabled", _yes(saved.status != "disabled"), _yes(document.enabled)),
    ]
    return [
        Difference(where=where, before=(before,) if before else (), after=(after,) if after else ())
        for where, before, after in pairs
        if before != after
    ]


def _definition(before: dict[str, object], after: dict[str, object], where: str) -> list[Difference]:
    if before == after:
        return []
    return [Difference(where=where, before=(_words(before),), after=(_words(after),))]


def _words(definition: dict[str, object]) -> str:
    try:
        return conditions.describe(conditions.parse(definition))
    except conditions.ConditionError as error:
        return f"cannot be read: {error}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
