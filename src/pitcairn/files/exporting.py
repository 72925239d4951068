"""Writes what a workspace holds into a folder. What is written already and the same is left untouched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction

from pitcairn.engage import queries as engage
from pitcairn.engage.queries import ComputationItem
from pitcairn.experiences import queries as experiences
from pitcairn.experiments import queries as experiments
from pitcairn.files.documents import (
    AUDIENCES,
    COMPUTED_TRAITS,
    EXPERIENCES,
    GOALS,
    PRIORITY,
    AudienceDocument,
    ExperienceDocument,
    TraitDocument,
    document_of,
    file_names,
    goal_document,
    ordered,
    write_document,
)

FOLDERS = (EXPERIENCES, AUDIENCES, COMPUTED_TRAITS, GOALS)


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """Names of files, relative to the folder. `left`: about nothing that is in the workspace; `lists`: audiences by name that
    are lists of people, and not written."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]
    lists: tuple[str, ...]


def export_folder(workspace_id: int, folder: Path, *, prune: bool = False) -> Exported:
    """Writes the folder. Files about nothing that is there are named, and with `prune` removed. Raises OSError."""
    with transaction.atomic():
        files = workspace_files(workspace_id)
        lists = tuple(one.name for one in engage.audiences(workspace_id) if one.listed)
    written, unchanged = [], []
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == text.encode():
            unchanged.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        written.append(name)
    strangers = [
        f"{one}/{path.name}"
        for one in FOLDERS
        for path in sorted((folder / one).glob("*.json"))
        if f"{one}/{path.name}" not in files
    ]
    if prune:
        for name in strangers:
            (folder / name).unlink()
    return Exported(
        written=tuple(written),
        unchanged=tuple(unchanged),
        removed=tuple(strangers) if prune else (),
        left=() if prune else tuple(strangers),
        lists=lists,
    )


def workspace_files(workspace_id: int) -> dict[str, str]:
    """Every file of the workspace by its name, in order."""
    files: dict[str, str] = {}
    outlines = experiences.experience_outlines(workspace_id)
    names = file_names([one.name for one in outlines])
    for one in outlines:
        files[f"{EXPERIENCES}/{names[one.name]}.json"] = write_document(experience_document(one.id, one.state))
    for item in engage.audiences(workspace_id):
        if not item.listed:
            detail = engage.audience(workspace_id, item.id)
            assert detail is not None
            files[f"{AUDIENCES}/{item.key}.json"] = write_document(
                AudienceDocument(condition=ordered(detail.definition), **_shared(item))
            )
    for item in engage.computed_traits(workspace_id):
        detail = engage.computed_trait(workspace_id, item.id)
        assert detail is not None
        files[f"{COMPUTED_TRAITS}/{item.key}.json"] = write_document(
            TraitDocument(events=ordered(detail.definition), **_shared(item))
        )
    goals = [experiments.definition_of(goal) for goal in experiments.workspace_goals(workspace_id)]
    names = file_names([goal.name for goal in goals])
    for goal in goals:
        files[f"{GOALS}/{names[goal.name]}.json"] = write_document(goal_document(goal))
    files[PRIORITY] = write_document([one.name for one in outlines])
    return dict(sorted(files.items()))


def experience_document(experience_id: int, state: str) -> ExperienceDocument:
    content, _ = experiences.experience_content(experience_id)
    return document_of(content, state=str(state), goals=experiments.goals_of(experience_id))


def _shared(item: ComputationItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "description": item.description,
        "target": item.target,
        "anonymous": item.anonymous,
        "historical": item.historical,
        "enabled": item.status != "disabled",
    }
