"""A second reader of messages: Python's own JSON parser and the rules one by one. It shares no code with the first."""

from __future__ import annotations

import json
import math
from typing import Any

IDS = ("userId", "anonymousId", "groupId", "previousId")
OBJECTS = ("properties", "traits", "context", "integrations")
TYPES = ("identify", "track", "page", "screen", "group", "alias")


def faults(text: bytes, type_from_path: str = "") -> set[str]:
    """Every reason for which the message may be refused; empty when it must be taken."""
    if len(text) > 32_768:
        return {"message_too_large"}
    try:
        message = json.loads(text.decode(), parse_float=_finite)
        deep = _depth(message) > 200
    except (ValueError, RecursionError):
        return {"message_unreadable"}
    if deep:
        return {"message_unreadable"}
    if not isinstance(message, dict):
        return {"message_not_object"}
    kind = message.get("type") or type_from_path
    if kind not in TYPES:
        return {"type_unknown"}
    return _faults_of_fields(message) | _faults_of_kind(message, kind)


def _faults_of_fields(message: dict[str, Any]) -> set[str]:
    found = set()
    for name in IDS:
        value = message.get(name)
        if value is not None and not (isinstance(value, str) and 1 <= len(value) <= 500 and "\0" not in value):
            found.add("id_not_string")
    message_id = message.get("messageId")
    if message_id is not None and not (
        isinstance(message_id, str) and len(message_id) <= 100 and "\0" not in message_id
    ):
        found.add("message_id_not_string")
    for name in OBJECTS:
        if not isinstance(message.get(name), dict | None):
            found.add(f"{name}_not_object")
    return found


def _faults_of_kind(message: dict[str, Any], kind: str) -> set[str]:
    def missing(name: str) -> bool:
        return message.get(name) is None

    found = set()
    if kind == "alias":
        if missing("previousId") or missing("userId"):
            found.add("id_required")
    elif missing("userId") and missing("anonymousId"):
        found.add("no_user_anon_id")
    if kind == "group" and missing("groupId"):
        found.add("id_required")
    if kind == "track":
        if missing("event"):
            found.add("event_not_defined")
        elif not isinstance(message["event"], str) or message["event"] == "":
            found.add("event_not_string")
    if kind in {"page", "screen"}:
        if not missing("name") and (not isinstance(message["name"], str) or message["name"] == ""):
            found.add("name_not_string")
        if not isinstance(message.get("category"), str | None):
            found.add("category_not_string")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is out of range")
    return number


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
