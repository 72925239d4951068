"""Who belongs to the workspace itself: colleagues and testers, whose visits results leave out.

They are known by the network they come from or by a trait of theirs, as the workspace's setting says. Both are known when
the exposure comes, and neither depends on what was shown; a rule that looks at what people do afterwards would take more of
them out of one arm than out of the other.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from pitcairn.conditions import Facts, compile_condition, parse

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_LINES = 100
_WORDS = {"is": "equals", "starts with": "starts_with", "ends with": "ends_with", "contains": "contains"}
_TRAIT = re.compile(rf"(\S+)\s+({'|'.join(_WORDS)})\s+(\S.*)")


class InternalTrafficError(ValueError):
    """A line of the setting cannot be understood. The text says which and what to write."""


class InternalRules(msgspec.Struct, frozen=True, kw_only=True):
    """Both as they are typed: networks such as `203.0.113.0/24`, traits such as `email ends with @example.com`."""

    networks: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


def read_networks(lines: Iterable[str]) -> tuple[Network, ...]:
    """The networks; a single address is one too. Raises InternalTrafficError."""
    found = []
    for line in lines:
        try:
            found.append(ipaddress.ip_network(line, strict=False))
        except ValueError:
            raise InternalTrafficError(
                f"“{line}” is no address; write one such as 203.0.113.7, or a network such as 203.0.113.0/24"
            ) from None
    return tuple(found)


def trait_condition(lines: Iterable[str]) -> dict[str, Any] | None:
    """The condition that holds for people of the workspace; None without lines. Raises InternalTrafficError."""
    leaves = []
    for line in lines:
        found = _TRAIT.fullmatch(line)
        if found is None:
            raise InternalTrafficError(
                f"“{line}” is not understood; write a trait and how it compares, such as email ends with @example.com "
                "or internal is true"
            )
        leaves.append({"fact": "trait", "name": found[1], "operator": _WORDS[found[2]], "value": found[3].strip()})
    return {"any": leaves} if leaves else None


class _Workspace(msgspec.Struct, frozen=True):
    networks: tuple[Network, ...]
    holds: Callable[[Facts], bool] | None


class Internal:
    """The rules of all workspaces, compiled. Rules that cannot be read (a newer version wrote them) name nobody."""

    def __init__(self, rules: Mapping[int, InternalRules]) -> None:
        self._workspaces: dict[int, _Workspace] = {}
        for workspace_id, rule in rules.items():
            try:
                condition = trait_condition(rule.traits)
                holds = compile_condition(parse(condition)) if condition else None
                self._workspaces[workspace_id] = _Workspace(read_networks(rule.networks), holds)
            except ValueError:
                continue

    def is_internal(self, workspace_id: int, ip: str, traits: Mapping[str, Any]) -> bool:
        rules = self._workspaces.get(workspace_id)
        if rules is None:
            return False
        if rules.holds is not None and rules.holds(Facts(traits=traits)):
            return True
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return False
        return any(address in network for network in rules.networks)


NOBODY = Internal({})


def text(value: object) -> str:
    """What a message says where a text should be."""
    return value if isinstance(value, str) else ""
