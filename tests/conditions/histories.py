"""Histories as spec/histories.json and the tests write them, as the conditions read them."""

from collections.abc import Mapping
from typing import Any

from pitcairn.conditions.moments import moment_of
from pitcairn.conditions.records import AccountHistory, Event, History


def event_of(written: Mapping[str, Any]) -> Event:
    moment = moment_of(written["at"])
    assert moment is not None, written
    return Event(
        type=written.get("type", "track"),
        event=written["event"],
        timestamp=moment,
        properties=written.get("properties", {}),
        context=written.get("context", {}),
        message_id=written.get("message_id", ""),
    )


def history_of(written: Mapping[str, Any]) -> History:
    return History(
        events=[event_of(event) for event in written.get("events", ())],
        traits=written.get("traits", {}),
        audiences=frozenset(written.get("audiences", ())),
        accounts=written.get("accounts", ()),
    )


def account_of(written: Mapping[str, Any]) -> AccountHistory:
    return AccountHistory(
        traits=written.get("traits", {}), users=[history_of(user) for user in written.get("users", ())]
    )
