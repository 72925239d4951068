"""What is known about a visitor and the page they are on, as conditions read it.

`Facts` holds what the caller has; the parts of addresses are taken out of it the first time a condition asks, and kept.
Texts of the page, its referrer, the device, the country and the language compare without regard to case, so their
parts are kept case-folded. An empty text means that the fact is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from pitcairn.conditions.tree import QUERY_PREFIX, WEEKDAYS

# The keys of the time zone database: what is anything else must not become the name of a file.
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+){0,2}")

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
    `audiences` the keys of the audiences that the person is a member of, `accounts` the traits of each of their accounts, and
    `now` is in milliseconds since 1970 (UTC).

    `first_utm` and `last_utm` are UTM parameters without `utm_`, `first_referrer` and `last_referrer` whole addresses.
    `visits` and `pages` count those so far with the present ones, `first_seen` is in milliseconds since 1970; 0 is unknown.
    `location` has the parts that `NAMES` lists, `company` what IP data says of one, `time_zone` is a name such as
    Europe/Berlin; an unknown one counts as UTC.
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
    accounts: Sequence[Mapping[str, Any]] = ()
    first_utm: Mapping[str, str] = {}
    last_utm: Mapping[str, str] = {}
    first_referrer: str = ""
    last_referrer: str = ""
    visits: int = 0
    pages: int = 0
    first_seen: int = 0
    location: Mapping[str, str] = {}
    company: Mapping[str, Any] = {}
    time_zone: str = ""

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
        return _address_parts(self.referrer)

    @cached_property
    def first_referrer_parts(self) -> dict[str, str]:
        return _address_parts(self.first_referrer)

    @cached_property
    def last_referrer_parts(self) -> dict[str, str]:
        return _address_parts(self.last_referrer)

    @cached_property
    def visit(self) -> dict[str, int | bool | str]:
        """`number`, `pages`, `returning` and `first_seen` (ISO 8601), as far as they are known."""
        known: dict[str, int | bool | str] = {}
        if self.visits:
            known = {"number": self.visits, "returning": self.visits > 1}
        if self.pages:
            known["pages"] = self.pages
        if self.first_seen:
            moment = datetime.fromtimestamp(self.first_seen / 1000, UTC)
            known["first_seen"] = moment.isoformat(timespec="milliseconds")
        return known

    @cached_property
    def time(self) -> dict[str, int | str]:
        """`hour` (0 to 23) and `weekday` where the visitor is."""
        local = datetime.fromtimestamp(self.now / 1000, _zone(self.time_zone))
        return {"hour": local.hour, "weekday": WEEKDAYS[local.weekday()]}


@lru_cache(1_000)
def _zone(name: str) -> tzinfo:
    """The time zone of this name; UTC where there is none, or it is something else: a browser may say anything."""
    if not _ZONE.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC


def _address_parts(url: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    _split(url, parts)
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
