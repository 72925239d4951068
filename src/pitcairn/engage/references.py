"""Audiences that ask for the members of other audiences: in which order they are computed, and that none asks for itself."""

from __future__ import annotations

from collections.abc import Mapping, Set


def circle(key: str, asks: Mapping[str, Set[str]]) -> list[str]:
    """The way from `key` back to itself, as keys with `key` at both ends; empty when there is none.

    `asks` says for each audience which it asks for.
    """
    ways = [[key, following] for following in sorted(asks.get(key, ()))]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == key:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, following] for following in sorted(asks.get(way[-1], ()))]
    return []


def in_order(asks: Mapping[str, Set[str]]) -> list[list[str]]:
    """The keys in levels: each asks only for those of levels before its own. Without circles all of them are there."""
    left = dict(asks)
    levels: list[list[str]] = []
    while left:
        level = sorted(key for key, wanted in left.items() if not wanted & left.keys())
        if not level:
            break
        levels.append(level)
        for key in level:
            del left[key]
    return levels
