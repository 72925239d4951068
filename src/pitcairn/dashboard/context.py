"""What the shell shows around every page: where you can go, where you are, and whether messages flow."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from pitcairn.dashboard.health import Pulse, pulse
from pitcairn.workspaces.models import Workspace

THEME_COOKIE = "pitcairn_theme"
THEMES = (("", "Auto"), ("light", "Light"), ("dark", "Dark"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """An entry of the navigation; `current` is the page one is on, or the section it belongs to."""

    label: str
    url: str
    current: bool = False
    pages: list["Place"] = field(default_factory=list)


def _place(path: str, label: str, route: str, *pages: tuple[str, str]) -> Place:
    url = reverse(route)
    under = [Place(label=name, url=reverse(page), current=path.startswith(reverse(page))) for name, page in pages]
    current = path == url if url == "/" else path.startswith(url)
    return Place(label=label, url=url, current=current and not any(page.current for page in under), pages=under)


def navigation(path: str) -> list[Place]:
    return [
        _place(path, "Home", "home"),
        _place(path, "Experiences", "experiences:list", ("Hosted pages", "hosted:list")),
        _place(path, "Audiences", "engage:list", ("Computed traits", "engage:traits")),
        _place(path, "People", "profiles:list", ("Accounts", "profiles:accounts"), ("Identity", "profiles:rules")),
        _place(
            path,
            "Connections",
            "connections:overview",
            ("Sources", "connections:sources"),
            ("Tracking plans", "connections:tracking-plans"),
            ("Destinations", "connections:destinations"),
            ("Catalog", "connections:catalog"),
            ("Delivery", "connections:delivery"),
            ("Debugger", "connections:debugger"),
        ),
        _place(path, "Integrations", "connections:integrations", ("Segment", "connections:integration-segment")),
        _place(path, "Settings", "workspaces:settings"),
    ]


class Shell:
    """Evaluated lazily: a part of a page rendered for htmx pays for none of it."""

    themes = THEMES

    def __init__(self, request: HttpRequest, workspace: Workspace) -> None:
        self._path = request.path
        self.workspace = workspace

    @cached_property
    def navigation(self) -> list[Place]:
        return navigation(self._path)

    @cached_property
    def pulse(self) -> Pulse:
        return pulse(self.workspace.id)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` for members, and the `theme` of this browser for everyone."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    context: dict[str, Any] = {"theme": theme if theme in dict(THEMES) else ""}
    if (workspace := getattr(request, "workspace", None)) is not None:
        context["shell"] = Shell(request, workspace)
        context["may_edit"] = request.member.role != "viewer"  # type: ignore[attr-defined]
    return context
