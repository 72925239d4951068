"""The rules and tokens of a workspace, as its settings show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from pitcairn.dashboard.times import from_ms
from pitcairn.profiles.identity_rules import DEFAULT_RULES, IdentifierType, IdentityRules
from pitcairn.profiles.models import Identifier, IdentitySettings, ProfileToken

_decode_rules = msgspec.json.Decoder(IdentityRules).decode


@dataclass(frozen=True, kw_only=True)
class TypeItem:
    """One type of identifiers, in the order of priority. `ruled` is False for one that only turned up in messages."""

    rule: IdentifierType
    priority: int
    ruled: bool


@dataclass(frozen=True, kw_only=True)
class TokenItem:
    """A token of the Profile API; the token itself is not known any more."""

    id: int
    name: str
    hint: str
    """Its last characters."""
    created_by: str
    created_at: datetime
    last_used_at: datetime | None


def identity_rules(workspace_id: int) -> IdentityRules:
    """The rules in force: the workspace's own, or the defaults."""
    text = IdentitySettings.objects.filter(workspace_id=workspace_id).values_list("rules", flat=True).first()
    return _decode_rules(text) if text is not None else DEFAULT_RULES


def all_identity_rules() -> dict[int, IdentityRules]:
    """The rules of every workspace that has its own."""
    return {
        workspace_id: _decode_rules(text)
        for workspace_id, text in IdentitySettings.objects.values_list("workspace_id", "rules")
    }


def identifier_types(workspace_id: int) -> list[TypeItem]:
    """Every type with a rule, and every type that somebody is known by, the most important first."""
    rules = identity_rules(workspace_id)
    ruled = {rule.name for rule in rules.types}
    seen = set(Identifier.objects.filter(workspace_id=workspace_id).values_list("type", flat=True).distinct())
    names = sorted(ruled | seen, key=rules.rank)
    return [
        TypeItem(rule=rules.rule(name), priority=place, ruled=name in ruled)
        for place, name in enumerate(names, start=1)
    ]


def tokens(workspace_id: int) -> list[TokenItem]:
    """The tokens of the Profile API, latest first."""
    return [
        TokenItem(
            id=row.id,
            name=row.name,
            hint=row.hint,
            created_by=row.created_by,
            created_at=from_ms(row.created_at),
            last_used_at=None if row.last_used_at is None else from_ms(row.last_used_at),
        )
        for row in ProfileToken.objects.filter(workspace_id=workspace_id).order_by("-id")
    ]
