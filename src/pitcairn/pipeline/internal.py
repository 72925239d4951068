"""Who belongs to the workspaces themselves, as the worker keeps it."""

from __future__ import annotations

from pitcairn.experiments.internal_traffic import NOBODY, Internal
from pitcairn.experiments.queries import internal_rules


class InternalTraffic:
    """Read again when the configuration has changed."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._internal = NOBODY

    def at(self, revision: int) -> Internal:
        if revision != self._revision:
            self._internal, self._revision = Internal(internal_rules()), revision
        return self._internal
