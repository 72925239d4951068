"""A hosted page as HTML for one recipient. Pure, but for Django's templates, which escape every text that is put into them.

Texts hold tokens, which are filled in as plain text: markup in a trait's value is read as it was written, and runs nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from django.template.loader import render_to_string

from pitcairn.experiences.tokens import Text, has_tokens
from pitcairn.hosted.addresses import origin, written_link
from pitcairn.hosted.content import BLOCKS, Content, Kind, items

_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_EMPTY = ""


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's script has to know to count a visit. `link` names the personal link without giving it away."""

    write_key: str
    page_id: int
    name: str
    link: str
    path: str
    """The page's path without a token: what is reported as where the visitor was."""
    asks_consent: bool
    honours_gpc: bool


class CompiledPage:
    """A page with its tokens compiled. `names` are the traits that its texts say, as people write them: `account.name`."""

    def __init__(self, content: Content) -> None:
        """Raises TokenError for a text that newer rules refuse."""
        self.content = content
        self._texts: dict[str, Text] = {}
        for source in _texts_of(content):
            if has_tokens(source) and source not in self._texts:
                self._texts[source] = Text(source, html=False)
        self.names = frozenset[str]().union(*(text.names for text in self._texts.values()))

    @property
    def image_origins(self) -> list[str]:
        """Where its images come from."""
        addresses = [str(block.get("url", "")) for block in self.content.blocks if block["type"] == "image"]
        return sorted({origin(one) for one in (*addresses, self.content.theme.logo) if one})

    def html(
        self, values: Mapping[str, str], *, assets: Assets, indexed: bool = False, counting: Counting | None = None
    ) -> str:
        """The page for whom `values` are known, by name of the trait. Without `counting` nothing runs in it."""
        theme = self.content.theme

        def say(source: str) -> str:
            text = self._texts.get(source)
            return source if text is None else text.render(values)

        return render_to_string(
            "hosted/served/page.html",
            {
                "title": say(self.content.title).strip() or say_first_heading(self.content, say) or self.content.name,
                "description": say(self.content.description),
                "theme": theme,
                "footer": _paragraphs(say(theme.footer)),
                "blocks": self._blocks(say),
                "assets": assets,
                "indexed": indexed,
                "counting": counting,
            },
        )

    def _blocks(self, say: Callable[[str], str]) -> list[dict[str, Any]]:
        """The blocks; `first` is the one whose heading is the page's."""
        blocks = [self._block(block, say) for block in self.content.blocks]
        next((block for block in blocks if block.get("title")), {})["first"] = True
        return blocks

    def _block(self, block: Mapping[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
        shown: dict[str, Any] = {"type": block["type"]}
        for field in BLOCKS[block["type"]].fields:
            source = str(block.get(field.name, _EMPTY))
            match field.kind:
                case Kind.TEXT:
                    shown[field.name] = _paragraphs(say(source))
                case Kind.ITEMS:
                    # Divided before it is filled in: a value may hold the sign that divides.
                    shown[field.name] = [(say(title), say(text)) for title, text in items(source)]
                case Kind.LINK:
                    shown[field.name] = self._link(source, say)
                case _:
                    shown[field.name] = say(source)
        return shown

    def _link(self, source: str, say: Callable[[str], str]) -> str:
        """The address; with a value that would spoil it, as for one of whom nothing is known."""
        if not source:
            return ""
        text = self._texts.get(source)
        return written_link(say(source), source) or (written_link(text.render({}), source) if text else "") or ""


class Assets(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of what the page loads."""

    style: str
    theme: str
    script: str = ""


def say_first_heading(content: Content, say: Callable[[str], str]) -> str:
    return next((say(str(block["title"])) for block in content.blocks if block.get("title")), "")


def _texts_of(content: Content) -> list[str]:
    found = [content.title, content.description, content.theme.footer]
    for block in content.blocks:
        for field in BLOCKS[block["type"]].fields:
            source = str(block.get(field.name, _EMPTY))
            found += [one for pair in items(source) for one in pair] if field.kind is Kind.ITEMS else [source]
    return found


def _paragraphs(text: str) -> list[list[str]]:
    """Paragraphs, each as its lines."""
    parts = _PARAGRAPHS.split(text.strip().replace("\r\n", "\n"))
    return [part.split("\n") for part in parts if part.strip()]
