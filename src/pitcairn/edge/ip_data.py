"""Where a visitor is, and which company their address belongs to, from files in MaxMind's format.

Any such file will do: GeoIP2 and GeoLite2 (country, city, ASN, ISP, domain, enterprise), DB-IP, IPinfo and others. Each knows
something else, so several can be given; of two that know a thing, the first one counts. Nothing is looked up elsewhere.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import maxminddb
import msgspec

logger = logging.getLogger(__name__)

CACHED_ADDRESSES = 10_000
"""A look-up takes some 20 µs, and a visitor asks for several pages."""

# What the files call the company of an address: the first that is there counts. Flat ones are IPinfo's and others'.
_NAMES = ("company.name", "organization", "autonomous_system_organization", "as_name", "isp", "name", "org")
_DOMAINS = ("company.domain", "domain", "as_domain")
_NO_COMPANY = frozenset({
    "continent", "country", "city", "subdivisions", "location", "postal", "registered_country", "represented_country",
    "traits",
})  # fmt: skip


class Located(msgspec.Struct, frozen=True):
    """What is known of an address. `country` is an ISO 3166 code; `location` and `company` as `conditions.Facts` has them."""

    country: str = ""
    location: Mapping[str, str] = {}
    company: Mapping[str, Any] = {}


NOWHERE = Located()


class IPData:
    """The files, opened once; looking up never raises. Without files nothing is known of any address."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._readers = [_open(path) for path in paths]
        self.look_up = functools.lru_cache(CACHED_ADDRESSES)(self._look_up)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()

    def _look_up(self, address: str) -> Located:
        records = []
        for reader in self._readers:
            try:
                record = reader.get(address)
            except ValueError:
                continue
            if isinstance(record, dict):
                records.append(record)
        return located(records) if records else NOWHERE


def _open(path: Path) -> maxminddb.Reader:
    """Raises ValueError, naming the setting, for a file that cannot be read."""
    try:
        return maxminddb.open_database(str(path))
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise ValueError(f"PITCAIRN_IP_DATA names {path}, which cannot be read as IP data: {error}") from error


def located(records: Sequence[Mapping[str, Any]]) -> Located:
    """What the records of one address say together."""
    location: dict[str, str] = {}
    company: dict[str, Any] = {}
    country = ""
    for record in records:
        country = country or _country(record)
        for name, value in _location(record).items():
            location.setdefault(name, value)
        for name, value in _company(record).items():
            company.setdefault(name, value)
    return Located(country, location, company)


def _country(record: Mapping[str, Any]) -> str:
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code", country)
    return code if isinstance(code, str) and len(code) == 2 else ""


def _location(record: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "continent": _at(record, "continent.code")
        or _text(record.get("continent_code"))
        or _plain(record, "continent"),
        "city": _english(record.get("city")),
        "postal_code": _at(record, "postal.code") or _text(record.get("postal_code")),
        "time_zone": _at(record, "location.time_zone") or _text(record.get("timezone")),
        "region": _plain(record, "region"),
    }
    subdivisions = record.get("subdivisions")
    if isinstance(subdivisions, list) and subdivisions:
        found["region"] = _english(subdivisions[0])
    return {name: value for name, value in found.items() if value}


def _company(record: Mapping[str, Any]) -> dict[str, Any]:
    traits = record.get("traits")
    known: dict[str, Any] = {**(traits if isinstance(traits, dict) else {}), **record}
    # Files of places have a name and a domain for nothing; those of companies have no place of their own kind.
    own = known.get("company")
    company = dict(own) if isinstance(own, dict) else {}
    name = next((text for path in _NAMES if (text := _at(known, path))), "")
    domain = next((text for path in _DOMAINS if (text := _at(known, path))), "")
    if not (name or domain or company):
        return {}
    rest = {key: value for key, value in known.items() if key not in _NO_COMPANY and not isinstance(value, dict)}
    return {**rest, **company, **({"name": name} if name else {}), **({"domain": domain} if domain else {})}


def _english(value: object) -> str:
    """The English name of a place that is a record of names, or is a text."""
    if isinstance(value, dict):
        names = value.get("names")
        return _text(names.get("en")) if isinstance(names, dict) else ""
    return _text(value)


def _plain(record: Mapping[str, Any], name: str) -> str:
    return _text(record.get(name))


def _at(record: Mapping[str, Any], path: str) -> str:
    value: Any = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return _text(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
