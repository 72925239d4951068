"""What is wrong with a page as it is to be saved, and what a page still lacks to be live. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pitcairn.experiences.tokens import Text, TokenError, has_tokens
from pitcairn.hosted.addresses import image_problem, link_problem
from pitcairn.hosted.content import (
    BLOCKS,
    FONTS,
    MAX_BLOCKS,
    MAX_ITEMS,
    SCHEMES,
    Content,
    FieldSpec,
    Kind,
    Problem,
    items,
)

_ACCENT = re.compile(r"#[0-9a-f]{6}")
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_LONGEST = {"name": 120, "title": 160, "description": 300}
_LONGEST_OF_THEME = {"brand": 80, "logo": 1_000, "home": 1_000, "footer": 1_000}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def problems_of(content: Content, *, slug: str) -> list[Problem]:
    """Everything that keeps the page from being saved. What is empty may be filled in later; see `unready`."""
    found = []
    if not content.name.strip():
        found.append(Problem("name", "give the page a name"))
    if not SLUG.fullmatch(slug):
        found.append(Problem("slug", "use up to 60 small letters, digits and hyphens, such as for-acme"))
    for name, longest in _LONGEST.items():
        found += _text_problems(name, getattr(content, name), longest, tokens=name != "name")
    found += _theme_problems(content)
    if len(content.blocks) > MAX_BLOCKS:
        found.append(Problem("blocks", f"a page has at most {MAX_BLOCKS} blocks; this one has {len(content.blocks)}"))
    for index, block in enumerate(content.blocks):
        found += _block_problems(f"blocks[{index}]", block)
    return found


def unready(content: Content, *, source: bool) -> list[Problem]:
    """What the page lacks to be shown to anybody. `source`: there is one that counts its visits."""
    found = []
    if not content.blocks:
        found.append(Problem("blocks", "the page is empty; add a block first"))
    for index, block in enumerate(content.blocks):
        found += _unready_block(f"blocks[{index}]", block)
    if not source:
        found.append(Problem("source", "choose the website source that visits are counted by"))
    return found


def _unready_block(path: str, block: Mapping[str, Any]) -> Iterator[Problem]:
    filled = {name for name, value in block.items() if value.strip()}
    missing = [field.name for field in BLOCKS[block["type"]].fields if field.required and field.name not in filled]
    for name in missing:
        yield Problem(f"{path}.{name}", "write something here, or remove the block")
    both = {"button_label", "button_url"}
    if len(filled & both) == 1 and not (both - filled) & set(missing):
        text = "a button needs both a text and a link; leave both empty for none"
        yield Problem(f"{path}.{next(iter(both - filled))}", text)


def _theme_problems(content: Content) -> Iterator[Problem]:
    theme = content.theme
    if not _ACCENT.fullmatch(theme.accent):
        yield Problem("theme.accent", "write the colour as #0b6e5f")
    if theme.font not in FONTS:
        yield Problem("theme.font", f"choose one of {', '.join(FONTS)}")
    if theme.scheme not in SCHEMES:
        yield Problem("theme.scheme", f"choose one of {', '.join(SCHEMES)}")
    for name, longest in _LONGEST_OF_THEME.items():
        yield from _text_problems(f"theme.{name}", getattr(theme, name), longest, tokens=name == "footer")
    if theme.logo and (problem := image_problem(theme.logo)):
        yield Problem("theme.logo", problem)
    if theme.logo and not theme.brand.strip():
        yield Problem("theme.brand", "write what the logo says, for those who cannot see it")
    if theme.home and ("{{" in theme.home or link_problem(theme.home)):
        yield Problem("theme.home", "write a whole address, such as https://www.example.com")


def _block_problems(path: str, block: Mapping[str, Any]) -> Iterator[Problem]:
    spec = BLOCKS.get(block["type"]) if isinstance(block.get("type"), str) else None
    if spec is None:
        yield Problem(f"{path}.type", f"there is no such block; use one of {', '.join(BLOCKS)}")
        return
    fields = {field.name: field for field in spec.fields}
    for name, value in block.items():
        if name == "type":
            continue
        field = fields.get(name)
        if field is None:
            yield Problem(f"{path}.{name}", f"a block {spec.type!r} has no such field; it has {', '.join(fields)}")
        elif not isinstance(value, str):
            yield Problem(f"{path}.{name}", "it has to be a text")
        else:
            yield from _field_problems(f"{path}.{name}", field, value)


def _field_problems(path: str, field: FieldSpec, value: str) -> Iterator[Problem]:
    found = list(_text_problems(path, value, field.longest, tokens=field.kind is not Kind.IMAGE))
    if found or not value.strip():
        yield from found
        return
    problem = ""
    match field.kind:
        case Kind.LINK:
            problem = link_problem(value)
        case Kind.IMAGE:
            problem = image_problem(value)
        case Kind.ITEMS if (count := len(items(value))) > MAX_ITEMS:
            problem = f"there is room for {MAX_ITEMS} lines; these are {count}"
        case Kind.LINE if "\n" in value:
            problem = "it has to be one line"
    if problem:
        yield Problem(path, problem)


def _text_problems(path: str, value: str, longest: int, *, tokens: bool) -> Iterator[Problem]:
    if len(value) > longest:
        yield Problem(path, f"it has {len(value):,} characters; at most {longest:,} have room")
    elif _CONTROL.search(value):
        yield Problem(path, "it holds a character that is not text; type it anew")
    elif tokens and has_tokens(value):
        try:
            Text(value, html=False)
        except TokenError as error:
            yield Problem(path, str(error))
