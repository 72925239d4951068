"""One experience as its file says."""

from __future__ import annotations

from typing import Any

import msgspec

from pitcairn.experiences import queries, services
from pitcairn.experiences.comparison import Difference, differences
from pitcairn.experiences.content import Content
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiments.queries import goals_of
from pitcairn.files.documents import ExperienceDocument, document_of, ordered_goals, segments_of
from pitcairn.files.states import bring_into


def apply_experience(
    workspace_id: int, document: ExperienceDocument, *, by: str
) -> tuple[bool, tuple[Difference, ...]]:
    """Makes the experience of this name, or changes it. Whether it was made, and what is different, in words.

    Raises ExperienceError; what was done until then is for the caller's transaction to take back.
    """
    document = msgspec.structs.replace(
        document, goals=ordered_goals(document.goals), guardrails=sorted(document.guardrails)
    )
    outline = _named(workspace_id, document.name)
    if outline is None:
        made = services.save_experience(workspace_id=workspace_id, by=by, **_content(document))
        if document.state:
            bring_into(workspace_id, made.id, document.name, "draft", document.state)
        content, _ = queries.experience_content(made.id)
        return True, (
            *differences(Content(name="", page_url=""), content),
            *_others(ExperienceDocument(name=""), document),
        )
    before, version = queries.experience_content(outline.id)
    saved = document_of(before, state=str(outline.state), goals=goals_of(outline.id))
    if msgspec.structs.replace(document, state=document.state or saved.state) == saved:
        return False, ()
    if saved != msgspec.structs.replace(document, state=saved.state):
        services.save_experience(
            workspace_id=workspace_id, experience_id=outline.id, base_version=version, by=by, **_content(document)
        )
    if document.state:
        bring_into(workspace_id, outline.id, document.name, str(outline.state), document.state)
    after, _ = queries.experience_content(outline.id)
    return False, (*differences(before, after), *_others(saved, document))


def _named(workspace_id: int, name: str) -> ExperienceOutline | None:
    every = queries.experience_outlines(workspace_id)
    return next((one for one in every if one.name == name.strip()), None)


def _content(document: ExperienceDocument) -> dict[str, Any]:
    return {
        "name": document.name,
        "page_url": document.page_url,
        "control_share": document.control_share,
        "type": document.type,
        "config": document.config,
        "schedule": document.schedule,
        "frequency": document.frequency,
        "exclusion_group": document.exclusion_group,
        "segments": segments_of(document),
        "goals": document.goals,
        "guardrails": document.guardrails,
    }


def _others(saved: ExperienceDocument, document: ExperienceDocument) -> list[Difference]:
    """What versions do not keep: goals and state."""
    found = []
    for where, before, after in (
        ("Goals", saved.goals, document.goals),
        ("Guardrails", saved.guardrails, document.guardrails),
        ("State", [saved.state] if saved.state else [], [document.state or saved.state]),
    ):
        if after not in (before, [""]):
            found.append(Difference(where=where, before=tuple(before), after=tuple(after)))
    return found
