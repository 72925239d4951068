"""Hosted pages that several tests begin with."""

from __future__ import annotations

from typing import Any

from pages import source
from pitcairn.hosted import services
from pitcairn.hosted.content import Content
from pitcairn.hosted.models import HostedPage
from pitcairn.workspaces.models import Workspace

HERO = {"type": "hero", "title": 'Hello {{ traits.first_name | default: "you" }}'}


def content(name: str = "For you", *blocks: dict[str, str], **fields: Any) -> Content:
    return Content(name=name, blocks=blocks or (HERO,), **fields)


def live_page(
    workspace: Workspace, name: str = "For you", slug: str = "for-you", *blocks: dict[str, str]
) -> HostedPage:
    website = source(workspace, f"Website of {name}")
    return services.save_page(workspace.id, content(name, *blocks), slug=slug, source_id=website.id, start=True)
