"""Rows for the tests: a plain message, refusal and exposure, with what a test cares about changed."""

import secrets
from typing import Any

# 2026-03-01T00:00:00Z
START = 1_772_323_200.0


def fresh_workspace() -> int:
    """A workspace id that no other test has used, here or on a server that outlives the tests."""
    return 1 + secrets.randbelow(2**32 - 2)


def message(workspace_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "workspace_id": workspace_id,
        "source_id": 1,
        "profile_id": 1,
        "batch": 1,
        "type": "track",
        "event": "Demo Requested",
        "message_id": "message-1",
        "user_id": "",
        "anonymous_id": "anonymous-1",
        "timestamp": START,
        "original_timestamp": None,
        "sent_at": None,
        "received_at": START,
        "delivered_to": ["mutiny"],
        "filtered": "",
        "context": "",
        "integrations": "",
        "properties": "",
        "traits": "",
        "extra": "",
        "retry_count": 0,
        "routed_to": [],
        "violation": "",
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def refusal(workspace_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "workspace_id": workspace_id,
        "source_id": 1,
        "batch": 1,
        "received_at": START,
        "reason": "no_id",
        "detail": "neither userId nor anonymousId",
        "type": "track",
        "event": "Demo Requested",
        "message_id": "message-1",
        "user_id": "",
        "anonymous_id": "",
        "message": '{"type":"track"}',
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def exposure(workspace_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "workspace_id": workspace_id,
        "batch": 1,
        "experience_id": 1,
        "segment_id": 1,
        "variation_id": 1,
        "personalized": True,
        "visitor": "visitor-1",
        "profile_id": 1,
        "message_id": "exposure-1",
        "timestamp": START,
        "received_at": START,
        "page_url": "https://example.com/",
        "reason": "",
        "browser": "Firefox",
        "device": "desktop",
        "route": "tag",
        "returning": False,
        "bot": False,
        "internal": False,
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def vitals(workspace_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "workspace_id": workspace_id,
        "batch": 1,
        "experience_id": 1,
        "variation_id": 1,
        "received_at": START,
        "page": "example.com/",
        "share": 1.0,
        "hidden_ms": 40,
        "shift": 0.0,
        "lcp_ms": 900,
        "late": False,
        "complete": True,
        "found": [],
        "missing": [],
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def merge(workspace_id: int, loser_id: int, winner_id: int, *, batch: int = 1) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "batch": batch,
        "loser_id": loser_id,
        "winner_id": winner_id,
        "merged_at": START,
    }


def delivery(workspace_id: int, **changes: Any) -> dict[str, Any]:
    """One attempt that delivered one message a second after its receipt."""
    row = {
        "workspace_id": workspace_id,
        "destination_id": 1,
        "at": START + 1,
        "flush": secrets.randbits(63),
        "outcome": "delivered",
        "reason": "",
        "detail": "",
        "status": 200,
        "duration_ms": 20,
        "message_ids": ["message-1"],
        "types": ["track"],
        "events": ["Demo Requested"],
        "source_ids": [1],
        "attempts": [1],
        "latencies_ms": [1000],
        "again": [False],
        "request": "",
        "response": "",
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def person(workspace_id: int, profile_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "workspace_id": workspace_id,
        "profile_id": profile_id,
        "batch": 1,
        "traits": "{}",
        "identified": True,
        "accounts": [],
        "alive": True,
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def account(workspace_id: int, account_id: int, **changes: Any) -> dict[str, Any]:
    row = {"workspace_id": workspace_id, "account_id": account_id, "batch": 1, "group_id": "acme", "traits": "{}"}
    assert changes.keys() <= row.keys()
    return {**row, **changes}


def membership(workspace_id: int, audience_id: int, profile_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "workspace_id": workspace_id,
        "audience_id": audience_id,
        "profile_id": profile_id,
        "version": 1,
        "member": True,
        "at": START,
    }
    assert changes.keys() <= row.keys()
    return {**row, **changes}
