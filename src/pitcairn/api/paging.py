"""Long lists in pages. A cursor is opaque to clients; it holds the id of the last item of the page before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

from ninja import Query

from pitcairn.api.envelope import Detail, Refused

T = TypeVar("T")
LARGEST = 200

Cursor = Annotated[str, Query(description="The `next_cursor` of the page before; empty for the first page.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST, description="How many items a page has at most.")]


def after(cursor: str) -> int | None:
    """The id that a cursor holds; None for the first page. Raises Refused for what is no cursor."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return int(base64.b64decode(padded, b"-_", validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        problem = Detail("cursor", f"{cursor!r} is no cursor; give the next_cursor of the page before")
        raise Refused(422, "The page cannot be found.", [problem]) from None


def cursor_after(last: int) -> str:
    return base64.urlsafe_b64encode(str(last).encode()).rstrip(b"=").decode()


def page(
    items: Iterable[T], number: Callable[[T], int], cursor: str, limit: int, *, falling: bool = False
) -> tuple[list[T], str | None]:
    """The items of one page in the order of their ids, and the cursor of the page that follows, if one does.

    What is added or removed between two pages moves no other item.
    """
    start = after(cursor)
    sign = -1 if falling else 1
    ordered = sorted(items, key=lambda item: sign * number(item))
    left = [item for item in ordered if start is None or sign * number(item) > sign * start]
    shown = left[:limit]
    return shown, cursor_after(number(shown[-1])) if len(left) > limit else None
