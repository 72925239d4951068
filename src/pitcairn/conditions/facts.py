"""What is known about a visitor and the page they are on, as conditions read it.

`Facts` holds what the caller has; the parts of addresses are taken out of it the first time a condition asks, and kept.
Texts of the page, its referrer, the device, the country and the language compare without regard to case, so their
parts are kept case-folded. An empty text means that the fact is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from pitcairn.conditions.tree import QUERY_PREFIX

# Nearly every address a browser reports: nothing in it to decode. Taking it apart in one step is a tenth of the work.
_PLAIN_ADDRESS = re.compile(
    r"https?://([A-Za-z0-9.\-]+)(?::[0-9]{1,4})?(/[A-Za-z0-9/_.~\-]*)?(?:\?([A-Za-z0-9=&_.~\-]*))?(?:#[!-~]*)?"
)


def path_reader(name: str) -> Callable[[Any], Any]:
    """How a named value is read out of JSON objects; None where it is absent.

    "a.b.c" is looked up as itself, then as "b.c" inside "a", then as "c" inside "b" inside that. The first key that is
    there decides, whatever stands under it.
    """
    if "." not in name:
        return lambda values: values.get(name)
    parts = name.split(".")
    steps = tuple((parts[index], ".".join(parts[index:])) for index in range(len(parts)))

    def read(values: Any) -> Any:
        inner = values
        for head, rest in steps:
            if not isinstance(inner, dict) and not isinstance(inner, Mapping):
                return None
            if rest in inner:
                return inner[rest]
            inner = inner.get(head)
        return None

    return read


class Facts(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything a condition may ask about; what is left out is absent.

    `traits` is the profile's traits as JSON values (null counts as absent), `page_url` and `referrer` are whole
    addresses, `device` is desktop, mobile, tablet or bot, `country` an ISO 3166 code, `language` a tag such as en-US,
    `audiences` the keys of the audiences that the person is a member of, and `now` is in milliseconds since 1970 (UTC).
    """

    traits: Mapping[str, Any] = {}
    page_url: str = ""
    referrer: str = ""
    device: str = ""
    browser: str = ""
    os: str = ""
    country: str = ""
    language: str = ""
    audiences: frozenset[str] = frozenset()
    now: int = 0

    @cached_property
    def page_parts(self) -> dict[str, str]:
        """`url`, `host`, `path` and `query.<parameter>` of the page's address, as far as it has them, case-folded.

        The host has no port, the path is percent-decoded, and of a repeated parameter the first one counts.
        """
        plain = _PLAIN_ADDRESS.fullmatch(self.page_url) if isinstance(self.page_url, str) else None
        if plain is not None:
            return _plain_parts(plain)
        parts: dict[str, str] = {}
        address = _split(self.page_url, parts)
        if address is not None:
            path = unquote(address.path) or ("/" if address.netloc else "")
            if path:
                parts["path"] = path.casefold()
            for name, value in parse_qsl(address.query, keep_blank_values=True):
                parts.setdefault(QUERY_PREFIX + name.casefold(), value.casefold())
        return parts

    @cached_property
    def referrer_parts(self) -> dict[str, str]:
        """`url` and `host` of the referrer, as far as there is one, case-folded."""
        parts: dict[str, str] = {}
        _split(self.referrer, parts)
        return parts


def _plain_parts(address: re.Match[str]) -> dict[str, str]:
    parts = {"url": address[0].lower(), "host": address[1].lower(), "path": (address[2] or "/").lower()}
    if address[3]:
        for parameter in address[3].lower().split("&"):
            if parameter:
                name, _, value = parameter.partition("=")
                parts.setdefault(QUERY_PREFIX + name, value)
    return parts


def _split(url: str, parts: dict[str, str]) -> SplitResult | None:
    """The address taken apart, its `url` and `host` put into `parts`; None when it is empty or not an address."""
    if not isinstance(url, str) or not url:
        return None
    parts["url"] = url.casefold()
    try:
        address = urlsplit(url)
        host = address.hostname
    except ValueError:
        # Browsers and scripts report addresses such as "http://[": nothing but the whole of it can be compared then.
        return None
    if host:
        parts["host"] = host.casefold()
    return address
