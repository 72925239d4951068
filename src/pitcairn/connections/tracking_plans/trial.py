"""A plan tried on messages that are already there: what would it say of them, and what would it have stopped? Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pitcairn.connections.tracking_plans.checking import Checked, CompiledPlan
from pitcairn.connections.tracking_plans.rules import title_of


@dataclass(kw_only=True)
class Finding:
    """One thing that is wrong, in how many messages, with the latest of them."""

    type: str
    event: str
    place: str
    problem: str
    message_id: str
    count: int = 0
    blocked: int = 0

    @property
    def title(self) -> str:
        return title_of(self.type, self.event)


@dataclass(kw_only=True)
class Trial:
    """What came of it; the most frequent findings first."""

    checked: int = 0
    broken: int = 0
    blocked: int = 0
    findings: list[Finding] = field(default_factory=list)


def try_plan(plan: CompiledPlan, messages: Iterable[Checked]) -> Trial:
    """Checks the messages, which come newest first."""
    trial = Trial()
    found: dict[tuple[str, str, str, str], Finding] = {}
    for message in messages:
        trial.checked += 1
        violation = plan.check(message)
        if violation is None:
            continue
        trial.broken += 1
        trial.blocked += violation.blocked
        for problem in violation.problems:
            finding = found.setdefault(
                (message.type, message.event, problem.place, problem.words),
                Finding(
                    type=message.type,
                    event=message.event,
                    place=problem.place,
                    problem=problem.words,
                    message_id=message.message_id,
                ),
            )
            finding.count += 1
            finding.blocked += violation.blocked
    trial.findings = sorted(found.values(), key=lambda one: (-one.count, one.title))
    return trial
