"""One goal as its file says. Found by its name."""

from __future__ import annotations

from pitcairn.experiences.comparison import Difference
from pitcairn.experiments import queries, services
from pitcairn.files.documents import GoalDocument, goal_document, goal_of


def apply_goal(workspace_id: int, file: str, document: GoalDocument) -> tuple[Difference, ...] | None:
    """Makes the goal (None), or changes it; what is different, in words. Raises GoalError."""
    name = document.name.strip()
    goal = next((one for one in queries.workspace_goals(workspace_id) if one.name == name), None)
    if goal is None:
        services.save_goal(workspace_id, goal_of(document))
        return None
    before, after = queries.definition_of(goal), goal_of(document)
    if goal_document(before) == goal_document(after):
        return ()
    saved = queries.definition_of(services.save_goal(workspace_id, after, goal.id))
    pairs = [
        ("What counts", before.in_words, saved.in_words),
        ("Days to convert", f"{before.window_days:g}", f"{saved.window_days:g}"),
        ("Counted by", before.unit.value, saved.unit.value),
    ]
    return tuple(Difference(where=where, before=(old,), after=(new,)) for where, old, new in pairs if old != new)
