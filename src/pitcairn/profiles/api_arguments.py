"""What a request to the Profile API may ask for, and what is wrong when it cannot be read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

T = TypeVar("T")


class APIError(Exception):
    """An answer that is an error: Segment's code and a sentence. `wait` is in how many seconds to come again."""

    def __init__(self, code: str, text: str, wait: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.wait = wait


class Arguments:
    """The query of a request. Reading one that cannot be read raises `APIError`."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query

    def limit(self, default: int, most: int) -> int:
        """How many items are wanted; more than there may be are as many as there may be."""
        text = self._query.get("limit", "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
            raise APIError("validation_error", f"limit is {text!r}; write a number from 1 to {most}")
        return min(int(text), most)

    def names(self, argument: str) -> tuple[str, ...]:
        """A list of names with commas between them."""
        return tuple(name for name in (part.strip() for part in self._query.get(argument, "").split(",")) if name)

    def one_of(self, argument: str, allowed: tuple[str, ...]) -> str:
        """One of the words, or "" when the argument is not there."""
        text = self._query.get(argument, "")
        if text and text not in allowed:
            raise APIError("validation_error", f"{argument} is {text!r}; write {' or '.join(allowed)}")
        return text

    def switch(self, argument: str) -> bool:
        return self.one_of(argument, ("true", "false")) == "true"

    def time(self, argument: str) -> int | None:
        """A time in ms since 1970, or None. Without a zone it is UTC."""
        text = self._query.get(argument, "")
        if not text:
            return None
        try:
            time = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            raise APIError(
                "validation_error", f"{argument} is {text!r}; write a time such as 2026-01-31T09:30:00Z"
            ) from None
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)

    def after(self, shape: type[T]) -> T | None:
        """Where an earlier page ended, from its cursor; None for the first page."""
        text = self._query.get("next", "")
        if not text:
            return None
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=shape)
        except (msgspec.MsgspecError, binascii.Error, ValueError):
            raise APIError("validation_error", f"next is {text!r}; write what the page before gave") from None


def cursor(url: str, limit: int, end: Any) -> dict[str, Any]:
    """The cursor of a page that ended with `end`, in words of `Arguments.after`; None when there is nothing more."""
    if end is None:
        return {"url": url, "has_more": False, "next": "", "limit": limit}
    following = base64.urlsafe_b64encode(msgspec.json.encode(end)).decode()
    path = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(path.query) if name != "next"]
    address = f"{path.path}?{urlencode([*query, ('next', following)])}"
    return {"url": address, "has_more": True, "next": following, "limit": limit}
