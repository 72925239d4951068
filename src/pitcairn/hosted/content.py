"""What a hosted page is saved from, and what its versions keep: plain values, the same for form, command line and API.

A page is a list of *blocks*, each `{"type": …, FIELD: text}`; `BLOCKS` says which types there are and which fields each has.
A point, or a figure, is one line of its field: `Title | Text`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

MAX_BLOCKS = 30
MAX_ITEMS = 12
"""Lines of a list."""
DEFAULT_ACCENT = "#0b6e5f"


class Kind(StrEnum):
    """How a field is written, checked and shown."""

    LINE = "line"
    TEXT = "text"
    """Several lines; an empty one begins a new paragraph."""
    ITEMS = "items"
    """`Title | Text`, one a line."""
    LINK = "link"
    IMAGE = "image"


class FieldSpec(msgspec.Struct, frozen=True):
    name: str
    label: str
    kind: Kind = Kind.LINE
    required: bool = False
    hint: str = ""
    longest: int = 200


class BlockSpec(msgspec.Struct, frozen=True):
    type: str
    label: str
    says: str
    """What it is for, in a few words."""
    fields: tuple[FieldSpec, ...]


_TITLE = FieldSpec("title", "Heading", longest=160)
_TEXT = FieldSpec("text", "Text", Kind.TEXT, longest=4_000)
_BUTTON = (
    FieldSpec("button_label", "Button", longest=60),
    FieldSpec("button_url", "Link of the button", Kind.LINK, hint="https://, http:// or mailto:", longest=1_000),
)

BLOCKS: Mapping[str, BlockSpec] = {
    spec.type: spec
    for spec in (
        BlockSpec(
            "hero",
            "Opening",
            "who it is for and what it says",
            (
                FieldSpec("eyebrow", "Line above the heading", longest=120),
                FieldSpec("title", "Heading", required=True, longest=160),
                FieldSpec("text", "Text", Kind.TEXT, longest=1_000),
                *_BUTTON,
            ),
        ),
        BlockSpec("text", "Text", "a few paragraphs", (_TITLE, msgspec.structs.replace(_TEXT, required=True))),
        BlockSpec(
            "points",
            "Points",
            "reasons, steps or features",
            (
                _TITLE,
                FieldSpec("items", "Points", Kind.ITEMS, required=True, hint="One a line: Title | Text", longest=4_000),
            ),
        ),
        BlockSpec(
            "figures",
            "Figures",
            "numbers that speak",
            (
                _TITLE,
                FieldSpec("items", "Figures", Kind.ITEMS, required=True, hint="One a line: 38 % | less time spent"),
            ),
        ),
        BlockSpec(
            "quote",
            "Quote",
            "what a customer says",
            (
                FieldSpec("text", "Quote", Kind.TEXT, required=True, longest=1_000),
                FieldSpec("author", "Who says it", longest=120),
                FieldSpec("role", "Role and company", longest=160),
            ),
        ),
        BlockSpec(
            "image",
            "Image",
            "a picture from your website",
            (
                FieldSpec("url", "Address of the image", Kind.IMAGE, required=True, longest=1_000),
                FieldSpec("alt", "What it shows", hint="For those who cannot see it; empty if it only decorates"),
                FieldSpec("caption", "Caption"),
            ),
        ),
        BlockSpec(
            "action",
            "Call to action",
            "what to do next",
            (
                FieldSpec("title", "Heading", required=True, longest=160),
                FieldSpec("text", "Text", Kind.TEXT, longest=1_000),
                *(msgspec.structs.replace(field, required=True) for field in _BUTTON),
            ),
        ),
    )
}

FONTS: Mapping[str, str] = {
    "sans": "Sans serif",
    "humanist": "Humanist sans serif",
    "serif": "Serif",
    "mono": "Monospaced",
}
SCHEMES: Mapping[str, str] = {
    "auto": "As the reader's device is set",
    "light": "Light",
    "dark": "Dark",
}


class Theme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`accent` is `#rrggbb`; `logo` the address of an image, whose text is `brand`, a link to `home`."""

    accent: str = DEFAULT_ACCENT
    font: str = "sans"
    scheme: str = "auto"
    brand: str = ""
    logo: str = ""
    home: str = ""
    footer: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A page whole. `title` is what the browser's tab says; without it, `name`, which only members see otherwise.

    `indexed` lets search engines keep the page that the general link opens. What a personal link opens they never may.
    """

    name: str
    title: str = ""
    description: str = ""
    indexed: bool = False
    theme: Theme = Theme()
    blocks: Sequence[Mapping[str, Any]] = ()


def read_content(value: Mapping[str, Any]) -> Content:
    """The content that a version keeps. Raises msgspec.ValidationError for anything else."""
    return msgspec.convert(value, Content)


def content_json(content: Content) -> dict[str, Any]:
    # Lists, as they come back from the store: the same content is the same value.
    value: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(content, blocks=[*content.blocks]))
    return value


def items(text: str) -> list[tuple[str, str]]:
    """The lines of a list as (title, text)."""
    found = []
    for line in text.splitlines():
        title, _, rest = line.partition("|")
        if title.strip() or rest.strip():
            found.append((title.strip(), rest.strip()))
    return found


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (`blocks[0].title`; empty for the whole) and what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class HostedError(ValueError):
    """A page cannot be saved or brought into a state, or links not be made. Holds every problem found."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem("", one) if isinstance(one, str) else one for one in problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class OutdatedError(HostedError):
    """Somebody saved in between: `current` is the number of the version in force. Nothing was changed."""

    def __init__(self, problem: str, current: int) -> None:
        super().__init__(Problem("version", problem))
        self.current = current
