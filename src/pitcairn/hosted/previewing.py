"""A page as one recipient sees it, for members: saved or not, live or not, and nothing is counted."""

from __future__ import annotations

from pitcairn.edge.hosted import HostedFiles, recipients_values
from pitcairn.experiences.tokens import TokenError
from pitcairn.hosted import theme
from pitcairn.hosted.checking import problems_of
from pitcairn.hosted.content import Content, Theme
from pitcairn.hosted.rendering import Assets, CompiledPage
from pitcairn.profiles.queries import profile_of, survivor_of
from pitcairn.profiles.queries_accounts import account_of

_ANY_SLUG = "preview"


class NobodyError(ValueError):
    """Nobody is known by what was typed."""


def preview(workspace_id: int, content: Content, recipient: str = "") -> tuple[str, list[str]]:
    """The HTML, and where its images come from. `recipient` is written as for a link; nobody when it is empty.

    What cannot be shown yet is left out: its problem stands beside its field. Raises NobodyError.
    """
    page = CompiledPage(_showable(content))
    profile_id, account_id = _who(workspace_id, recipient.strip())
    values = recipients_values(page, workspace_id, profile_id, account_id) or {}
    files, own = HostedFiles(), page.content.theme
    assets = Assets(style=f"/p/-/{files.style}", theme=f"/p/-/theme/{theme.name(own.accent, own.font)}")
    return page.html(values, assets=assets), page.image_origins


def _who(workspace_id: int, recipient: str) -> tuple[int | None, int | None]:
    if not recipient:
        return None, None
    kind, _, value = recipient.partition(":")
    if kind == "group_id" and (account_id := account_of(workspace_id, value)) is not None:
        return None, account_id
    profile_id = profile_of(workspace_id, kind, value.lower() if kind == "email" else value)
    if profile_id is None or (survivor := survivor_of(workspace_id, profile_id)) is None:
        raise NobodyError(f"Nobody is known as {recipient!r}; write user_id:42, or group_id:acme for an account")
    return survivor, None


def _showable(content: Content) -> Content:
    """The content without what is wrong in it."""
    wrong = {problem.path for problem in problems_of(content, slug=_ANY_SLUG)}
    blocks = [
        {name: value for name, value in block.items() if f"blocks[{index}].{name}" not in wrong}
        for index, block in enumerate(content.blocks)
    ]
    kept = {name: getattr(content.theme, name) for name in Theme.__struct_fields__ if f"theme.{name}" not in wrong}
    title, description = ("" if name in wrong else getattr(content, name) for name in ("title", "description"))
    return Content(name=content.name, title=title, description=description, theme=Theme(**kept), blocks=blocks)


__all__ = ["NobodyError", "TokenError", "preview"]
