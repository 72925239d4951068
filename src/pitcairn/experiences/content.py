"""What an experience is saved from, and what its versions keep: plain values, the same for form, editor, command line and API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pitcairn.experiences.timing import Frequency, Schedule

DEFAULT_VARIATION = "Personalized"


class VariationInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variation to save. `id` names the saved one it replaces; without it that is the one with its name, or a new one.

    `changes` is a list of page changes as JSON, `config` an object of the experience's type. `weight` counts where the
    segment's allocation is manual; where it optimizes, None keeps the weight that was found.
    """

    name: str = DEFAULT_VARIATION
    changes: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] = {}
    weight: float | None = None
    id: int | None = None


class SegmentInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An audience segment to save, as `VariationInput`. `condition` is a tree of `conditions/` as JSON."""

    name: str
    condition: Mapping[str, Any] = {}
    variations: Sequence[VariationInput] = ()
    allocation: str = "even"
    id: int | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An experience whole, but for its goals and its state. `exclusion_group` is the group's name; empty for none."""

    name: str
    page_url: str = "*"
    control_share: float = 0.5
    type: str = "page"
    config: Mapping[str, Any] = {}
    schedule: Schedule | None = None
    frequency: Frequency | None = None
    exclusion_group: str = ""
    segments: Sequence[SegmentInput] = ()


def read_content(value: Mapping[str, Any]) -> Content:
    """The content that a version keeps. Raises msgspec.ValidationError for anything else."""
    return msgspec.convert(value, Content)


def content_json(content: Content) -> dict[str, Any]:
    """The content as a version keeps it."""
    value: dict[str, Any] = msgspec.to_builtins(content)
    return value


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (`segments[0].variations[0].changes[1].selector`; empty for the whole) and what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ExperienceError(ValueError):
    """An experience cannot be saved, or not be brought into a state. Holds every problem found."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem("", one) if isinstance(one, str) else one for one in problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class OutdatedError(ExperienceError):
    """Somebody saved in between: `current` is the number of the version in force. Nothing was changed."""

    def __init__(self, problem: str, current: int) -> None:
        super().__init__(Problem("version", problem))
        self.current = current
