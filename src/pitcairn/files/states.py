"""Brings an experience from the state it is in to the one its file says."""

from __future__ import annotations

from pitcairn.experiences import services
from pitcairn.experiences.services import ExperienceError, Problem

STATES = ("draft", "live", "promoted", "paused", "archived")


def bring_into(workspace_id: int, experience_id: int, name: str, now: str, wanted: str) -> None:
    """Raises ExperienceError for what is no state, for a way that there is none of, and for what is missing to go live."""
    if wanted not in STATES:
        raise ExperienceError(Problem("state", f"{wanted!r} is no state; use one of {', '.join(STATES)}"))
    if wanted == now:
        return
    if wanted == "draft":
        text = f"“{name}” is {now}, and what was live is never a draft again; use paused or archived"
        raise ExperienceError(Problem("state", text))
    if now == "draft" or (now == "paused" and wanted == "live"):
        services.start_experience(workspace_id, experience_id)
    match wanted:
        case "live":
            services.start_experience(workspace_id, experience_id)
        case "promoted":
            services.promote_experience(workspace_id, experience_id)
        case "paused":
            services.pause_experience(workspace_id, experience_id)
        case "archived":
            services.archive_experience(workspace_id, experience_id)
