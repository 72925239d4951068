"""The part of the experience form that says what a component says, when it is shown, and where a redirect leads.

A type's fields are data. What was typed is kept as text under the names of `components.py`, also that of other types, so that
another type can be tried without losing it.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from pitcairn.dashboard.form_paths import items, text
from pitcairn.experiences.components import COMPONENTS, CONTENT

TRIGGERS = (
    ("immediately", "at once"),
    ("delay", "after some seconds"),
    ("scroll", "when scrolled down to"),
    ("exit_intent", "when the pointer leaves the page"),
)
QUESTION_KINDS = (
    ("single", "One of several"),
    ("multiple", "Some of several"),
    ("text", "Text"),
    ("rating", "Rating, 1 to 5"),
    ("nps", "How likely, 0 to 10"),
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """`kind` is text, area, lines, number, choice or check."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    placeholder: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A field as it stands in the form."""

    field: Field
    id: str
    value: str
    error: str


_TOKENS = 'May say what is known of the visitor: {{ account.name | default: "your team" }}'
_REMEMBER = Field(
    name="remember_days", label="Days until it is shown again to who closed it", kind="number", default="30"
)
_SECONDS = Field(name="seconds", label="Seconds", kind="number", default="5")
_PERCENT = Field(name="percent", label="Part of the page, %", kind="number", default="50")
_OF_TRIGGER = {"seconds": "delay", "percent": "scroll"}
_CORNER = Field(
    name="position",
    label="Where",
    kind="choice",
    choices=(("right", "lower right corner"), ("left", "lower left corner")),
    default="right",
)
_BUTTON = (
    Field(name="button_label", label="Button", placeholder="Book a demo"),
    Field(name="button_url", label="Where the button leads", placeholder="/demo"),
)


def _moment(*triggers: str) -> Field:
    choices = tuple(one for one in TRIGGERS if one[0] in triggers)
    return Field(name="trigger", label="Shown", kind="choice", choices=choices, default="immediately")


SETTINGS_FIELDS: dict[str, tuple[Field, ...]] = {
    "redirect": (
        Field(
            name="domains",
            label="Other domains it may lead to",
            kind="lines",
            hint="One per line, such as shop.example.com. The page's own host is always allowed.",
        ),
    ),
    "banner": (
        Field(
            name="position",
            label="Where",
            kind="choice",
            choices=(("top", "top of the page"), ("bottom", "bottom of the window")),
            default="top",
        ),
        Field(
            name="push",
            label="Push the page down instead of covering its top",
            kind="check",
            hint="For a banner at the top, shown at once. The page is held back until it is there, for 400 ms at most.",
        ),
        _moment("immediately", "delay", "scroll"),
        _SECONDS,
        _PERCENT,
        _REMEMBER,
    ),
    "modal": (_moment("immediately", "delay", "scroll", "exit_intent"), _SECONDS, _PERCENT, _REMEMBER),
    "side_pop": (_CORNER, _moment("immediately", "delay", "scroll"), _SECONDS, _PERCENT, _REMEMBER),
    "survey": (_CORNER, _moment("immediately", "delay", "scroll", "exit_intent"), _SECONDS, _PERCENT, _REMEMBER),
}
_CARD = (
    Field(name="headline", label="Headline", hint=_TOKENS),
    Field(name="text", label="Text", kind="area"),
    Field(name="image", label="Address of an image", placeholder="https://acme.example/team.jpg"),
    Field(
        name="image_alt", label="What the image shows", hint="For those who do not see it; empty if it only decorates"
    ),
    *_BUTTON,
)
CONTENT_FIELDS: dict[str, tuple[Field, ...]] = {
    "redirect": (
        Field(
            name="url",
            label="Visitors go to",
            hint="The query and the fragment of the page are kept.",
            placeholder="/pricing-for-teams",
        ),
    ),
    "banner": (Field(name="text", label="Text", kind="area", hint=_TOKENS), *_BUTTON),
    "modal": _CARD,
    "side_pop": _CARD,
    "survey": (
        Field(name="headline", label="Headline", hint=_TOKENS),
        Field(name="text", label="Text", kind="area"),
        Field(name="button_label", label="Button", default="Send"),
        Field(name="thanks", label="Afterwards", default="Thank you"),
    ),
}


@dataclass(kw_only=True)
class QuestionRow:
    """`options` has one per line."""

    text: str = ""
    kind: str = "single"
    options: str = ""
    trait: str = ""
    required: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""

    def as_json(self) -> dict[str, Any]:
        options = _lines(self.options) if self.kind in {"single", "multiple"} else []
        return {
            "text": self.text.strip(),
            "kind": self.kind,
            "options": options,
            "trait": self.trait.strip(),
            "required": self.required,
        }

    def is_blank(self) -> bool:
        return not (self.text.strip() or self.options.strip() or self.trait.strip())


@dataclass(kw_only=True)
class ContentRows:
    """What a variation says. `typed` is by name of the field."""

    typed: dict[str, str] = field(default_factory=dict)
    questions: list[QuestionRow] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ContentRows:
        questions = [
            QuestionRow(
                text=one.get("text", ""),
                kind=one.get("kind", "single"),
                options="\n".join(one.get("options", ())),
                trait=one.get("trait", ""),
                required=one.get("required", False),
            )
            for one in config.get("questions", ())
        ]
        return cls(typed={name: value for name, value in config.items() if isinstance(value, str)}, questions=questions)

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> ContentRows:
        config = _inner(tree)
        kinds = {kind for kind, _ in QUESTION_KINDS}
        questions = [
            QuestionRow(
                text=text(row, "text"),
                kind=kind if (kind := text(row, "kind")) in kinds else "single",
                options=text(row, "options").replace("\r\n", "\n"),
                trait=text(row, "trait"),
                required=text(row, "required") == "on",
            )
            for row in items(config, "questions")
        ]
        return cls(typed=_typed(config), questions=questions)

    def as_json(self, kind: str) -> dict[str, Any]:
        """The content of this type: what was filled in."""
        config: dict[str, Any] = {
            one.name: said for one in CONTENT_FIELDS.get(kind, ()) if (said := self.typed.get(one.name, "").strip())
        }
        if kind == "survey" and self.questions:
            config["questions"] = [row.as_json() for row in self.questions]
        return config

    def number(self, kind: str, prefix: str, at: str) -> None:
        """Gives every field its place."""
        self.cells = _cells(CONTENT_FIELDS.get(kind, ()), f"{prefix}-config", self.typed, self.errors)
        for place, row in enumerate(self.questions):
            row.at, row.prefix = f"{at} {place}", f"{prefix}-config-questions-{place}"


@dataclass(kw_only=True)
class SettingsRows:
    """When and where the components of an experience are shown."""

    typed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> SettingsRows:
        return cls(typed={name: _as_text(value) for name, value in config.items()})

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> SettingsRows:
        return cls(typed=_typed(_inner(tree)))

    def as_json(self, kind: str, errors: MutableMapping[str, str]) -> dict[str, Any]:
        """The settings of this type; what is no number is told in `errors`."""
        config: dict[str, Any] = {}
        for one in SETTINGS_FIELDS.get(kind, ()):
            said = self.typed.get(one.name, one.default).strip()
            if one.kind == "check":
                config[one.name] = said == "on"
            elif one.kind == "lines":
                config[one.name] = [line.lower() for line in _lines(said)]
            elif one.kind != "number":
                config[one.name] = said
            elif one.name in _OF_TRIGGER and config["trigger"] != _OF_TRIGGER[one.name]:
                config[one.name] = int(one.default)  # It is not asked.
            elif said.isascii() and said.isdigit() and len(said) < 10:
                config[one.name] = int(said)
            else:
                errors[f"config-{one.name}"] = f"{said!r} is not a whole number; write one such as {one.default}"
        if kind == "banner":  # Nor is this of any other banner.
            config["push"] &= (config["position"], config["trigger"]) == ("top", "immediately")
        return config

    def cells(self, kind: str, errors: Mapping[str, str]) -> list[Cell]:
        told = {name.removeprefix("config-"): text for name, text in errors.items() if name.startswith("config-")}
        return _cells(SETTINGS_FIELDS.get(kind, ()), "config", self.typed, told)


def is_component(kind: str) -> bool:
    return kind in COMPONENTS


def known(kind: str) -> str:
    """The type that was posted; a page change if it is none."""
    return kind if kind in CONTENT else "page"


def _cells(fields: tuple[Field, ...], prefix: str, typed: Mapping[str, str], errors: Mapping[str, str]) -> list[Cell]:
    return [
        Cell(
            field=one,
            id=f"{prefix}-{one.name}",
            value=typed.get(one.name, one.default),
            error=errors.get(one.name, ""),
        )
        for one in fields
    ]


def _inner(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = tree.get("config")
    return inner if isinstance(inner, dict) else {}


def _typed(config: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.replace("\r\n", "\n") for name, value in config.items() if isinstance(value, str)}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _lines(typed: str) -> list[str]:
    return [line for one in typed.splitlines() if (line := one.strip())]
