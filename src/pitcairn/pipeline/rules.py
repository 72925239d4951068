"""The identity rules of all workspaces, as the worker keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from pitcairn.profiles.identity_rules import IdentityRules
from pitcairn.profiles.queries_settings import all_identity_rules


class Rules:
    """Read again when the configuration has changed."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._by_workspace: Mapping[int, IdentityRules] = {}

    def at(self, revision: int) -> Mapping[int, IdentityRules]:
        """The rules of the workspaces that have their own, as of this revision."""
        if revision != self._revision:
            self._by_workspace, self._revision = all_identity_rules(), revision
        return self._by_workspace
