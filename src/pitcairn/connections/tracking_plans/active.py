"""The plans that sources follow, ready to check messages: what the pipeline reads when the configuration has changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pitcairn.connections.models import TrackingPlan
from pitcairn.connections.tracking_plans.checking import CompiledPlan
from pitcairn.connections.tracking_plans.rules import OnUnplanned, OnViolation, PlanError, read_rules
from pitcairn.experiences.exposures import EVENT

logger = logging.getLogger(__name__)

EXEMPT = frozenset({EVENT})
"""Pitcairn's own. A plan that does not know of it must not stop the counting of experiments."""


def active_plans() -> Mapping[int, CompiledPlan]:
    """The plan of each source that follows one, by source id. A plan that cannot be used is left out and logged."""
    plans: dict[int, CompiledPlan] = {}
    for plan in (
        TrackingPlan.objects.filter(sources__isnull=False).distinct().prefetch_related("sources").order_by("id")
    ):
        try:
            compiled = compiled_plan(plan)
        except (PlanError, ValueError) as error:
            logger.error("Tracking plan %s (%r) is left out until it is saved again: %s", plan.id, plan.name, error)
            continue
        plans.update((source.id, compiled) for source in plan.sources.all())
    return plans


def compiled_plan(plan: TrackingPlan) -> CompiledPlan:
    """Raises `PlanError` or ValueError for a plan that a newer version, or nobody we know, wrote."""
    return CompiledPlan(
        plan.id,
        read_rules(plan.rules),
        on_violation=OnViolation(plan.on_violation),
        on_unplanned=OnUnplanned(plan.on_unplanned),
        exempt=EXEMPT,
    )
