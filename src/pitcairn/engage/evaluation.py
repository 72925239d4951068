"""What computations say of people now: asked of the event store, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pitcairn.conditions.sql import Question
from pitcairn.conditions.tree import Measure
from pitcairn.engage.people import known_profiles, on_list, people_by_account
from pitcairn.engage.plan import Computed, WorkspacePlan
from pitcairn.engage.values import FALSE, NULL, TRUE, Change, Stored
from pitcairn.eventstore import EventStore

_encode = msgspec.json.Encoder(order="deterministic").encode

_NOTHING = {Measure.COUNT: "0", Measure.UNIQUE_COUNT: "0", Measure.UNIQUE: "[]"}
"""What is left to say of somebody who once had a value; of other measures, that there is none any more."""

Found = dict[int, dict[int, str]]
"""By computation and profile, the JSON text of the values there are. An audience has its members, each with true."""


def question(computed: Computed) -> Question:
    assert computed.definition is not None
    return Question(
        condition=computed.definition,
        anonymous=computed.anonymous,
        since_ms=computed.since_ms,
        account=computed.account,
    )


def evaluate(
    store: EventStore, workspace: WorkspacePlan, level: Sequence[Computed], now: int, profiles: Sequence[int]
) -> Found:
    """The values of these profiles. The computations must not ask for each other."""
    found: Found = {}
    asked = [one for one in level if one.audience and not one.listed]
    if asked:
        answers = store.members(
            workspace.id, [question(one) for one in asked], now, profiles, audience_ids=workspace.audience_ids
        )
        for one, members in zip(asked, answers, strict=True):
            found[one.id] = dict.fromkeys(map(int, members), TRUE)
    for one in level:
        if one.listed:
            found[one.id] = dict.fromkeys(on_list(workspace.id, one.id, profiles), TRUE)
    traits = [one for one in level if not one.audience]
    if traits:
        measured = store.measures(workspace.id, [one.events for one in traits], now, profiles)
        for one, values in zip(traits, measured, strict=True):
            found[one.id] = texts(values)
    return found


def everybody(store: EventStore, workspace: WorkspacePlan, one: Computed, now: int) -> dict[int, str]:
    """The values of everybody. What holds for an account holds for each of its people."""
    if one.listed:
        return dict.fromkeys(on_list(workspace.id, one.id), TRUE)
    if one.audience:
        (members,) = store.members(workspace.id, [question(one)], now, audience_ids=workspace.audience_ids)
        found = dict.fromkeys(members.tolist(), TRUE)
        return _of_people(workspace.id, one, found) if one.account else found
    (measured,) = store.measures(workspace.id, [one.events], now, account=one.account)
    values = texts(measured)
    if one.account:
        return _of_people(workspace.id, one, values)
    return values if one.anonymous else _known(workspace.id, values)


def _of_people(workspace_id: int, one: Computed, by_account: Mapping[int, str]) -> dict[int, str]:
    """Of somebody in several accounts, the account with the lowest id counts."""
    people = people_by_account(sorted(by_account))
    values: dict[int, str] = {}
    for account_id in sorted(people):
        for profile_id in people[account_id]:
            values.setdefault(profile_id, by_account[account_id])
    return values if one.anonymous else _known(workspace_id, values)


def _known(workspace_id: int, values: Mapping[int, str]) -> dict[int, str]:
    known = known_profiles(workspace_id)
    return {key: value for key, value in values.items() if key in known}


def texts(values: Mapping[int, Any]) -> dict[int, str]:
    return {int(key): _encode(value).decode() for key, value in values.items() if value is not None}


def differences(
    level: Sequence[Computed],
    found: Found,
    stored: Mapping[tuple[int, int], Stored],
    profiles: Iterable[int],
) -> list[Change]:
    """Where what holds now is not what is stored, in order of computation and profile."""
    changes = []
    for one in level:
        values = found[one.id]
        nothing = FALSE if one.audience else _NOTHING.get(one.events.measure, NULL)
        for profile_id in profiles:
            value = values.get(profile_id)
            before = stored.get((one.id, profile_id))
            if value is None:
                if before is not None and before.value != nothing and before.member:
                    changes.append(Change(one.id, profile_id, nothing, before))
            elif before is None or before.value != value:
                changes.append(Change(one.id, profile_id, value, before))
    return changes
