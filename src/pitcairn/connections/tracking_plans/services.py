"""What changes tracking plans. Every change grows the configuration revision, so that the pipeline reads them again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from pitcairn.connections.models import PlanViolation, Source, TrackingPlan
from pitcairn.connections.tracking_plans.rules import (
    MOST_RULES,
    OnUnplanned,
    OnViolation,
    PlanError,
    Rule,
    checked_rule,
    read_rules,
)
from pitcairn.connections.tracking_plans.transfer import PlanFile
from pitcairn.workspaces.services import configuration_changed

NAME_LENGTH = 100


@transaction.atomic
def create_plan(
    *,
    workspace_id: int,
    name: str,
    rules: Iterable[Rule] = (),
    source_ids: Sequence[int] = (),
    on_violation: str = OnViolation.WARN,
    on_unplanned: str = OnUnplanned.ALLOW,
) -> TrackingPlan:
    """Makes a plan, which its sources follow from now on. Raises `PlanError`."""
    plan = TrackingPlan.objects.create(
        workspace_id=workspace_id,
        name=_free_name(workspace_id, name),
        rules=_stored(rules),
        on_violation=_choice(OnViolation, on_violation, "on_violation"),
        on_unplanned=_choice(OnUnplanned, on_unplanned, "on_unplanned"),
    )
    _follow(plan, source_ids)
    configuration_changed()
    return plan


@transaction.atomic
def update_plan(
    *,
    workspace_id: int,
    plan_id: int,
    name: str | None = None,
    source_ids: Sequence[int] | None = None,
    on_violation: str | None = None,
    on_unplanned: str | None = None,
) -> TrackingPlan:
    """Changes what is given and leaves the rest. A source that followed another plan leaves it. Raises `PlanError`."""
    plan = _plan(workspace_id, plan_id)
    if name is not None:
        plan.name = _free_name(workspace_id, name, besides=plan_id)
    if on_violation is not None:
        plan.on_violation = _choice(OnViolation, on_violation, "on_violation")
    if on_unplanned is not None:
        plan.on_unplanned = _choice(OnUnplanned, on_unplanned, "on_unplanned")
    plan.save()
    if source_ids is not None:
        _follow(plan, source_ids)
    configuration_changed()
    return plan


@transaction.atomic
def put_rule(
    *,
    workspace_id: int,
    plan_id: int,
    type: str,  # noqa: A002 - Segment's word
    event: str,
    schema: Any,
    instead_of: tuple[str, str] | None = None,
) -> Rule:
    """Adds a rule, or changes the one called `instead_of` (type and event). Raises `PlanError`."""
    plan = _plan(workspace_id, plan_id)
    rule = checked_rule(type, event.strip(), schema)
    rules = read_rules(plan.rules)
    at = next((index for index, one in enumerate(rules) if one.key == instead_of), None)
    if instead_of is not None and at is None:
        raise PlanError("The rule is not in the plan any more. Somebody removed or renamed it.")
    if any(one.key == rule.key and index != at for index, one in enumerate(rules)):
        raise PlanError(f"The plan already has a rule for {rule.title!r}. Change that one.", field="event")
    if at is None:
        if len(rules) >= MOST_RULES:
            raise PlanError(f"The plan has {MOST_RULES:,} rules, and takes no more. Split it by source.")
        rules.append(rule)
    else:
        rules[at] = rule
    plan.rules = _stored(rules)
    plan.save()
    configuration_changed()
    return rule


@transaction.atomic
def remove_rule(*, workspace_id: int, plan_id: int, type: str, event: str) -> None:  # noqa: A002
    """Does nothing when the rule is not there."""
    plan = _plan(workspace_id, plan_id)
    plan.rules = [rule.as_json() for rule in read_rules(plan.rules) if rule.key != (type, event)]
    plan.save()
    configuration_changed()


@transaction.atomic
def add_rules(*, workspace_id: int, plan_id: int, rules: Iterable[Rule], replace: bool = False) -> tuple[int, int]:
    """Adds rules for what the plan has none for yet; with `replace`, those it has are changed too.

    Returns how many were added and how many changed. Raises `PlanError`.
    """
    plan = _plan(workspace_id, plan_id)
    known = {rule.key: rule for rule in read_rules(plan.rules)}
    added = changed = 0
    for rule in rules:
        if rule.key not in known:
            added += 1
        elif replace and known[rule.key] != rule:
            changed += 1
        else:
            continue
        known[rule.key] = rule
    plan.rules = _stored(known.values())
    plan.save()
    configuration_changed()
    return added, changed


@transaction.atomic
def import_plan(*, workspace_id: int, name: str, file: PlanFile) -> TrackingPlan:
    """Makes a plan of a file that was read. No source follows it yet, and it blocks nothing that the file does not say."""
    return create_plan(
        workspace_id=workspace_id,
        name=name or file.name or "Imported plan",
        rules=file.rules,
        on_violation=file.on_violation or OnViolation.WARN,
        on_unplanned=file.on_unplanned or OnUnplanned.ALLOW,
    )


@transaction.atomic
def delete_plan(*, workspace_id: int, plan_id: int) -> str:
    """Deletes the plan with its violations; its sources follow none from now on. Returns its name."""
    plan = _plan(workspace_id, plan_id)
    PlanViolation.objects.filter(plan_id=plan_id).delete()
    plan.delete()
    configuration_changed()
    return plan.name


@transaction.atomic
def clear_violations(*, workspace_id: int, plan_id: int) -> int:
    """Starts counting anew. Returns how many different violations are gone."""
    _plan(workspace_id, plan_id)
    gone, _ = PlanViolation.objects.filter(workspace_id=workspace_id, plan_id=plan_id).delete()
    return gone


def free_plan_name(workspace_id: int, wanted: str) -> str:
    """The wanted name, with a number when another plan has it."""
    taken = set(TrackingPlan.objects.filter(workspace_id=workspace_id).values_list("name", flat=True))
    base = re.sub(r"\s+", " ", wanted).strip()[: NAME_LENGTH - 5] or "Tracking plan"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base} {number}"
    return name


def _stored(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    stored = [rule.as_json() for rule in rules]
    read_rules(stored)
    return stored


def _follow(plan: TrackingPlan, source_ids: Sequence[int]) -> None:
    """A source follows one plan: what it may send must not depend on which is looked at first."""
    found = list(Source.objects.filter(workspace_id=plan.workspace_id, id__in=source_ids))
    missing = set(source_ids) - {source.id for source in found}
    if missing:
        ids = ", ".join(map(str, sorted(missing)))
        raise PlanError(f"There is no source {ids} in this workspace.", field="source")
    for source in found:
        source.tracking_plans.set([plan])
    plan.sources.set(found)


def _choice(kind: type[OnViolation] | type[OnUnplanned], value: str, field: str) -> str:
    try:
        return str(kind(value))
    except ValueError:
        known = ", ".join(kind)
        raise PlanError(f"{value!r} is not something a plan can do; use {known}.", field=field) from None


def _free_name(workspace_id: int, name: str, *, besides: int = 0) -> str:
    name = name.strip()
    if not name:
        raise PlanError("The name is empty. Give it one that others will recognize.", field="name")
    if len(name) > NAME_LENGTH:
        raise PlanError(f"The name has {len(name)} characters; use at most {NAME_LENGTH}.", field="name")
    if TrackingPlan.objects.filter(workspace_id=workspace_id, name=name).exclude(id=besides).exists():
        raise PlanError(f"There is already a tracking plan called {name!r}. Choose another name.", field="name")
    return name


def _plan(workspace_id: int, plan_id: int) -> TrackingPlan:
    plan = TrackingPlan.objects.select_for_update().filter(workspace_id=workspace_id, id=plan_id).first()
    if plan is None:
        raise PlanError(f"There is no tracking plan {plan_id} in this workspace.")
    return plan
