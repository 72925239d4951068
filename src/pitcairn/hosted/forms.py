"""The form that a hosted page is made and edited with: what was typed, also while it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pitcairn.hosted.content import BLOCKS, MAX_BLOCKS, BlockSpec, Content, FieldSpec, Problem, Theme

_BLOCK = re.compile(r"blocks-(\d{1,3})-(\w+)")
_PLACE = re.compile(r"blocks\[(\d+)\]\.(\w+)")
_THEME = tuple(one.name for one in msgspec.structs.fields(Theme))

STARTER: tuple[Mapping[str, str], ...] = (
    {
        "type": "hero",
        "eyebrow": 'Made for {{ account.name | default: "your team" }}',
        "title": 'What we can do for {{ account.name | default: "your team" }}',
        "text": "Say in two sentences what this page is about, and why it is about them.",
    },
    {
        "type": "points",
        "title": "Why it fits",
        "items": "First reason | What it means for them\nSecond reason | What it means for them",
    },
    {"type": "action", "title": "Shall we talk?", "text": "", "button_label": "", "button_url": ""},
)
"""What a new page begins with: something to write over."""


@dataclass
class FieldRow:
    """One field of a block as it is shown."""

    spec: FieldSpec
    id: str
    value: str
    error: str = ""


@dataclass
class BlockRow:
    type: str
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    index: int = 0

    @property
    def spec(self) -> BlockSpec:
        return BLOCKS[self.type]

    @property
    def prefix(self) -> str:
        return f"blocks-{self.index}"

    @property
    def fields(self) -> list[FieldRow]:
        return [
            FieldRow(
                spec=one,
                id=f"{self.prefix}-{one.name}",
                value=self.values.get(one.name, ""),
                error=self.errors.get(one.name, ""),
            )
            for one in self.spec.fields
        ]


@dataclass
class HostedForm:
    name: str = ""
    slug: str = ""
    source: str = ""
    title: str = ""
    description: str = ""
    indexed: bool = False
    theme: dict[str, str] = field(default_factory=dict)
    blocks: list[BlockRow] = field(default_factory=list)
    version: int | None = None
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""
    """The id of what is to have the focus next."""

    @classmethod
    def new(cls, source_id: int | None) -> HostedForm:
        return cls.of(Content(name="", blocks=STARTER), slug="", source_id=source_id, version=None)

    @classmethod
    def of(cls, content: Content, *, slug: str, source_id: int | None, version: int | None) -> HostedForm:
        return cls(
            name=content.name,
            slug=slug,
            source=str(source_id or ""),
            title=content.title,
            description=content.description,
            indexed=content.indexed,
            theme={name: getattr(content.theme, name) for name in _THEME},
            blocks=[
                BlockRow(type=one["type"], values={name: str(one[name]) for name in one if name != "type"})
                for one in content.blocks
            ],
            version=version,
        )

    @classmethod
    def posted(cls, data: Mapping[str, str]) -> HostedForm:
        """What was typed. A block of no known type is left out: no button makes one."""
        numbered: dict[int, dict[str, str]] = {}
        for key, value in data.items():
            if match := _BLOCK.fullmatch(key):
                numbered.setdefault(int(match[1]), {})[match[2]] = value.replace("\r\n", "\n")
        rows = [values for _, values in sorted(numbered.items())][: MAX_BLOCKS + 1]
        version = data.get("version", "")
        return cls(
            name=data.get("name", ""),
            slug=data.get("slug", "").strip(),
            source=data.get("source", ""),
            title=data.get("title", ""),
            description=data.get("description", ""),
            indexed="indexed" in data,
            theme={name: data.get(f"theme-{name}", "").replace("\r\n", "\n") for name in _THEME},
            blocks=[
                BlockRow(type=one["type"], values={name: one[name] for name in one if name != "type"})
                for one in rows
                if one.get("type") in BLOCKS
            ],
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
        )

    def content(self) -> Content:
        """What is to be saved. Texts lose the space around them, and empty fields are left out."""
        theme = {name: value.strip() for name, value in self.theme.items() if value.strip()}
        blocks: list[dict[str, Any]] = []
        for row in self.blocks:
            known = {one.name for one in row.spec.fields}
            values = {name: value.strip() for name, value in row.values.items() if name in known and value.strip()}
            blocks.append({"type": row.type, **values})
        return Content(
            name=self.name.strip(),
            title=self.title.strip(),
            description=self.description.strip(),
            indexed=self.indexed,
            theme=Theme(**{**theme, "accent": theme.get("accent", Theme().accent).lower()}),
            blocks=blocks,
        )

    @property
    def source_id(self) -> int | None:
        return int(self.source) if self.source.isascii() and self.source.isdigit() and len(self.source) < 19 else None

    def show(self, problems: Iterable[Problem]) -> None:
        """Puts each problem beside its field."""
        for problem in problems:
            match = _PLACE.fullmatch(problem.path)
            if match and int(match[1]) < len(self.blocks):
                self.blocks[int(match[1])].errors.setdefault(match[2], problem.text)
            else:
                self.errors.setdefault(problem.path.replace(".", "_") or "form", problem.text)

    def number(self) -> None:
        """Says each block where it stands; to be called before it is shown."""
        for index, row in enumerate(self.blocks):
            row.index = index


def act(form: HostedForm, action: str) -> None:
    """Carries out the action of a button: `add hero`, `up 1`, `down 1`, `copy 1`, `remove 1`. One that is not known, or
    names a block that is gone, does nothing. `form.focus` says where to go next."""
    verb, _, argument = action.partition(" ")
    if verb == "add" and argument in BLOCKS:
        if len(form.blocks) >= MAX_BLOCKS:
            form.errors["blocks"] = f"a page has at most {MAX_BLOCKS} blocks"
            return
        form.blocks.append(BlockRow(type=argument))
        form.focus = f"blocks-{len(form.blocks) - 1}-{BLOCKS[argument].fields[0].name}"
        return
    index = int(argument) if argument.isascii() and argument.isdigit() and len(argument) < 4 else -1
    if not 0 <= index < len(form.blocks):
        return
    if verb == "remove":
        del form.blocks[index]
        form.focus = f"blocks-{max(0, index - 1)}-remove" if form.blocks else "add-hero"
    elif verb == "copy" and len(form.blocks) < MAX_BLOCKS:
        form.blocks.insert(index + 1, BlockRow(type=form.blocks[index].type, values=dict(form.blocks[index].values)))
        form.focus = f"blocks-{index + 1}-{form.blocks[index].spec.fields[0].name}"
    elif verb in {"up", "down"}:
        to = max(0, min(len(form.blocks) - 1, index + (1 if verb == "down" else -1)))
        form.blocks.insert(to, form.blocks.pop(index))
        # At an end the button that moved it there is gone; the other one takes the focus.
        verb = "down" if to == 0 else "up" if to == len(form.blocks) - 1 else verb
        form.focus = f"blocks-{to}-{verb}"
