"""What is different between two versions of a hosted page, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitcairn.experiences.comparison import Difference
from pitcairn.hosted.content import BLOCKS, Content, Theme

_THEME = {
    "accent": "Accent colour",
    "font": "Typeface",
    "scheme": "Light or dark",
    "brand": "Company",
    "logo": "Logo",
    "home": "Link of the logo",
    "footer": "Footer",
}


def differences(before: Content, after: Content) -> list[Difference]:
    """What became of `before`. Blocks are compared place by place."""
    pairs = [
        ("Name", before.name, after.name),
        ("Title", before.title, after.title),
        ("Description", before.description, after.description),
        ("Search engines", _allowed(before), _allowed(after)),
        *((_THEME[name], getattr(before.theme, name), getattr(after.theme, name)) for name in Theme.__struct_fields__),
    ]
    found = [_difference(where, old, new) for where, old, new in pairs]
    for index in range(max(len(before.blocks), len(after.blocks))):
        old = _lines(before.blocks[index]) if index < len(before.blocks) else ()
        new = _lines(after.blocks[index]) if index < len(after.blocks) else ()
        found.append(None if old == new else Difference(where=f"Block {index + 1}", before=old, after=new))
    return [one for one in found if one is not None]


def _difference(where: str, before: str, after: str) -> Difference | None:
    if before == after:
        return None
    return Difference(where=where, before=tuple(before.splitlines()), after=tuple(after.splitlines()))


def _allowed(content: Content) -> str:
    return "may keep what the general link opens" if content.indexed else "may keep nothing"


def _lines(block: Mapping[str, Any]) -> tuple[str, ...]:
    spec = BLOCKS[block["type"]]
    said = [f"{one.label}: {block[one.name]}" for one in spec.fields if block.get(one.name)]
    return (spec.label, *(line for text in said for line in text.splitlines()))
