"""What is different between two versions of an experience, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import msgspec

from pitcairn.experiences.content import Content, SegmentInput, VariationInput
from pitcairn.experiences.queries import change_words, condition_words
from pitcairn.experiences.timing import frequency_words, schedule_words


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is different: where, and what it was and became (lines; none where there was nothing)."""

    where: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def differences(before: Content, after: Content) -> list[Difference]:
    """What became of `before`, in the order in which the pages show an experience. Nothing when they say the same."""
    found = [
        _difference("Name", before.name, after.name),
        _difference("Page", before.page_url, after.page_url),
        _difference("Control share", _percent(before.control_share), _percent(after.control_share)),
        _difference("Type", before.type, after.type),
        _difference("Content", _object(before.config), _object(after.config)),
        _difference("Schedule", _schedule(before), _schedule(after)),
        _difference("Frequency", _frequency(before), _frequency(after)),
        _difference("Exclusion group", before.exclusion_group, after.exclusion_group),
    ]
    names = [_names(content.segments) for content in (before, after)]
    found.append(_lines("Order of segments", *names))
    for old, new in _pairs(before.segments, after.segments):
        found += _of_segment(old, new)
    return [one for one in found if one is not None]


def _of_segment(old: SegmentInput | None, new: SegmentInput | None) -> list[Difference | None]:
    name = f"“{(new or old or SegmentInput(name='')).name}”"
    found = [
        _difference(f"Segment {name}", old.name if old else "", new.name if new else ""),
        _difference(
            f"Who is in {name}",
            condition_words(old.condition) if old else "",
            condition_words(new.condition) if new else "",
        ),
    ]
    pairs = _pairs(old.variations if old else (), new.variations if new else ())
    if old is not None and new is not None:
        found.append(_difference(f"How the visitors of {name} are shared", old.allocation, new.allocation))
    for before, after in pairs:
        found += _of_variation(name, before, after)
    return found


def _of_variation(segment: str, old: VariationInput | None, new: VariationInput | None) -> list[Difference | None]:
    name = f"{(new or old or VariationInput()).name} of {segment}"
    return [
        _difference(f"Variation {name}", old.name if old else "", new.name if new else ""),
        _lines(
            f"What changes in {name}",
            change_words(old.changes) if old else (),
            change_words(new.changes) if new else (),
        ),
        _difference(f"Content of {name}", _object(old.config) if old else "", _object(new.config) if new else ""),
        _difference(f"Weight of {name}", _weight(old), _weight(new)),
    ]


def _pairs(before: Sequence, after: Sequence) -> Iterable[tuple]:  # type: ignore[type-arg]
    """What has the same id, side by side; what is gone or new stands alone."""
    olds = {one.id: one for one in before}
    news = {one.id for one in after}
    yield from ((olds.get(one.id), one) for one in after)
    yield from ((one, None) for one in before if one.id not in news)


def _names(segments: Sequence[SegmentInput]) -> tuple[str, ...]:
    return tuple(segment.name for segment in segments)


def _difference(where: str, before: str, after: str) -> Difference | None:
    return _lines(where, (before,) if before else (), (after,) if after else ())


def _lines(where: str, before: tuple[str, ...], after: tuple[str, ...]) -> Difference | None:
    return None if before == after else Difference(where=where, before=before, after=after)


def _percent(share: float) -> str:
    return f"{share * 100:g} %"


def _object(config: object) -> str:
    return json.dumps(config, ensure_ascii=False, sort_keys=True) if config else ""


def _schedule(content: Content) -> str:
    return schedule_words(content.schedule) if content.schedule else ""


def _frequency(content: Content) -> str:
    return frequency_words(content.frequency) if content.frequency else ""


def _weight(variation: VariationInput | None) -> str:
    return "" if variation is None or variation.weight is None else f"{variation.weight:g}"
