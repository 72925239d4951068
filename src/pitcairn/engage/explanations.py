"""Why somebody is in an audience, or is not: the condition asked of what is known of that one person now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pitcairn.conditions.explanation import Explanation, explain, explain_account
from pitcairn.conditions.records import AccountHistory, History
from pitcairn.engage.definitions import condition_of
from pitcairn.engage.models import Audience, Target
from pitcairn.engage.queries import memberships_of
from pitcairn.eventstore import EventStore
from pitcairn.profiles import queries as profiles
from pitcairn.profiles import queries_accounts as accounts

MOST_EVENTS = 10_000
"""The newest events of a person; with more, the oldest are not looked at."""

MOST_USERS = 200
"""Of an account, for a question about its users."""


def why(store: EventStore, workspace_id: int, audience_id: int, profile_id: int, now_ms: int) -> list[Explanation]:
    """The answer, part by part; for an audience of accounts one for each account of the person.

    Empty for a list, for a definition that cannot be read, and for somebody who is gone or belongs to no account.
    """
    audience = Audience.objects.filter(workspace_id=workspace_id, id=audience_id).first()
    condition = condition_of(audience) if audience is not None else None
    if audience is None or condition is None:
        return []
    since = 0 if audience.historical else int(audience.created_at.timestamp() * 1000)
    if audience.target == Target.ACCOUNT:
        return [
            explain_account(condition, _account(store, workspace_id, account, since), now_ms)
            for account in accounts.accounts_of(workspace_id, profile_id)
        ]
    found = _histories(store, workspace_id, [profile_id], since)
    return [explain(condition, history, now_ms) for history in found]


def _account(store: EventStore, workspace_id: int, account: accounts.AccountItem, since_ms: int) -> AccountHistory:
    users = accounts.account_people(workspace_id, account.id, limit=MOST_USERS)
    return AccountHistory(
        traits=_values(account.traits),
        users=_histories(store, workspace_id, [user.id for user in users], since_ms),
    )


def _histories(store: EventStore, workspace_id: int, profile_ids: Sequence[int], since_ms: int) -> list[History]:
    events = store.history_of(workspace_id, profile_ids, since_ms, MOST_EVENTS)
    found = []
    for profile_id in profile_ids:
        person = profiles.profile(workspace_id, profile_id)
        if person is not None:
            found.append(
                History(
                    events=events.get(profile_id, []),
                    traits=_values(person.item.traits),
                    audiences=frozenset(
                        one.key for one in memberships_of(profile_id) if one.member and one.kind == "audience"
                    ),
                    accounts=[_values(one.traits) for one in accounts.accounts_of(workspace_id, profile_id)],
                )
            )
    return found


def _values(traits: Mapping[str, Any]) -> dict[str, Any]:
    return {name: trait.value for name, trait in traits.items()}
