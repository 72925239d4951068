"""The Markdown of manifests as HTML. HTML inside of it is shown as text, and an address that is a program is no link."""

from __future__ import annotations

import functools

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt


@functools.cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(text: str) -> SafeString:
    """HTML that may stand in a page."""
    made: str = _reader().render(text)
    return mark_safe(made)  # noqa: S308  # the reader escapes
