"""What is known of a person or an account over time, as conditions read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One thing that somebody did. `type` is track, page or screen, `event` its name, `timestamp` in ms since 1970 (UTC)."""

    type: str
    event: str
    timestamp: int
    properties: Mapping[str, Any] = {}
    context: Mapping[str, Any] = {}
    message_id: str = ""


class History(msgspec.Struct, frozen=True):
    """One person: everything they did, in any order; their current traits; the keys of the audiences they are a member of;
    the traits of their accounts."""

    events: Sequence[Event] = ()
    traits: Mapping[str, Any] = {}
    audiences: frozenset[str] = frozenset()
    accounts: Sequence[Mapping[str, Any]] = ()


class AccountHistory(msgspec.Struct, frozen=True):
    """One account: its current traits, and the histories of its users."""

    traits: Mapping[str, Any] = {}
    users: Sequence[History] = ()
