"""What pages may know of tracking plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Sum

from pitcairn.connections.models import PlanViolation, TrackingPlan
from pitcairn.connections.tracking_plans.active import compiled_plan
from pitcairn.connections.tracking_plans.checking import CompiledPlan
from pitcairn.connections.tracking_plans.rules import COMMON, PlanError, Rule, read_rules, title_of
from pitcairn.wire.reasons import DropReason


@dataclass(frozen=True, kw_only=True)
class PlanItem:
    """A plan as pages show it. `problem` says why it cannot be used; then it has no rules."""

    id: int
    name: str
    rules: tuple[Rule, ...]
    on_violation: str
    on_unplanned: str
    sources: tuple[tuple[int, str], ...]
    updated_at: datetime
    problem: str = ""

    @property
    def blocks(self) -> bool:
        return self.on_violation == "block" or self.on_unplanned == "block"

    @property
    def words(self) -> str:
        """What it does, for a narrow column."""
        broken = "Blocks what breaks a rule" if self.on_violation == "block" else "Warns of what breaks a rule"
        unplanned = {
            "allow": "lets unplanned events pass",
            "warn": "warns of unplanned events",
            "block": "blocks unplanned events",
        }
        return f"{broken}, {unplanned[self.on_unplanned]}"

    @property
    def is_followed(self) -> bool:
        return bool(self.sources)

    def rule(self, kind: str, event: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.key == (kind, event)), None)

    def plans(self, kind: str, event: str) -> bool:
        """Whether there is a rule for such a message; see `CompiledPlan.check`."""
        keys = {rule.key for rule in self.rules}
        return (kind, event) in keys or (kind != "track" and (kind, "") in keys)

    def plans_type(self, kind: str) -> bool:
        """Whether the plan says anything about messages of this type; it always does about Track calls."""
        return kind == "track" or any(rule.type == kind for rule in self.rules)


@dataclass(frozen=True, kw_only=True)
class ViolationItem:
    """One way in which messages of a source broke the plan; times are ms since 1970."""

    id: int
    source_id: int
    type: str
    event: str
    reason: str
    place: str
    problem: str
    count: int
    blocked: int
    first_seen_at: int
    last_seen_at: int
    message_id: str

    @property
    def title(self) -> str:
        return title_of(self.type, self.event)

    @property
    def explanation(self) -> str:
        return DropReason(self.reason).explanation


@dataclass(frozen=True, kw_only=True)
class ViolationTotal:
    """Of one plan: how many different violations, and how many messages at the most."""

    kinds: int
    count: int
    last_seen_at: int


def plans(workspace_id: int) -> list[PlanItem]:
    """Every plan of the workspace, by name."""
    found = TrackingPlan.objects.filter(workspace_id=workspace_id).prefetch_related("sources").order_by("name")
    return [_item(plan) for plan in found]


def plan(workspace_id: int, plan_id: int) -> PlanItem | None:
    found = TrackingPlan.objects.filter(workspace_id=workspace_id, id=plan_id).prefetch_related("sources").first()
    return _item(found) if found else None


def plan_of_source(workspace_id: int, source_id: int) -> PlanItem | None:
    """The plan that the source follows."""
    found = TrackingPlan.objects.filter(workspace_id=workspace_id, sources=source_id).order_by("id").first()
    return _item(found) if found else None


def checker(workspace_id: int, plan_id: int) -> CompiledPlan | None:
    """The plan ready to check messages; None when it is not there or cannot be used."""
    found = TrackingPlan.objects.filter(workspace_id=workspace_id, id=plan_id).first()
    try:
        return compiled_plan(found) if found else None
    except (PlanError, ValueError):
        return None


def violations(
    workspace_id: int, *, plan_id: int | None = None, source_id: int | None = None, limit: int | None = None
) -> list[ViolationItem]:
    """The latest first."""
    found = PlanViolation.objects.filter(workspace_id=workspace_id).order_by("-last_seen_at", "-count")
    if plan_id is not None:
        found = found.filter(plan_id=plan_id)
    if source_id is not None:
        found = found.filter(source_id=source_id)
    return [
        ViolationItem(
            id=one.id,
            source_id=one.source_id,
            type=one.type,
            event=one.event,
            reason=one.reason,
            place=one.place,
            problem=one.problem,
            count=one.count,
            blocked=one.blocked,
            first_seen_at=one.first_seen_at,
            last_seen_at=one.last_seen_at,
            message_id=one.message_id,
        )
        for one in found[:limit]
    ]


def violation_totals(workspace_id: int) -> dict[int, ViolationTotal]:
    """By plan id; plans without violations are left out."""
    rows = (
        PlanViolation.objects.filter(workspace_id=workspace_id)
        .values("plan_id")
        .annotate(kinds=Count("id"), total=Sum("count"), last=Max("last_seen_at"))
    )
    return {
        row["plan_id"]: ViolationTotal(kinds=row["kinds"], count=row["total"], last_seen_at=row["last"]) for row in rows
    }


def _item(plan: TrackingPlan) -> PlanItem:
    problem = ""
    try:
        rules = read_rules(plan.rules)
    except PlanError as error:
        rules, problem = [], str(error)
    order = {COMMON: 0, "identify": 1, "group": 2, "page": 3, "screen": 4, "track": 5}
    return PlanItem(
        id=plan.id,
        name=plan.name,
        rules=tuple(sorted(rules, key=lambda rule: (order[rule.type], rule.event.casefold()))),
        on_violation=plan.on_violation,
        on_unplanned=plan.on_unplanned,
        sources=tuple(sorted(((source.id, source.name) for source in plan.sources.all()), key=lambda item: item[1])),
        updated_at=plan.updated_at,
        problem=problem,
    )
