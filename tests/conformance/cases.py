"""Reads `spec/segment.json`: fills in its requests, sends them, and compares what came of them with what it expects."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from server import WRITE_KEYS, Answer, Server, basic_authorization, unique

SPEC = Path(__file__).parents[2] / "spec" / "segment.json"


def statements() -> list[dict[str, Any]]:
    read: dict[str, Any] = json.loads(SPEC.read_text())
    return sorted(read["statements"], key=lambda statement: statement["number"])


@dataclass(frozen=True)
class Outcome:
    """What became of a case: the answers, and everything that was stored or refused while it ran."""

    answers: list[Answer]
    stored: list[Any]
    refused: list[Any]


class Case:
    """One case of one statement, filled in for one run. Cases run one after the other, and are told apart by time."""

    def __init__(self, case: Mapping[str, Any], server: Server) -> None:
        self.id = unique()
        self.server = server
        self._source = case.get("source", "website")
        self._now = datetime.now(UTC)
        filled = self._filled(case)
        self.requests: list[dict[str, Any]] = filled["requests"]
        answers = filled["answers"]
        self.answers: list[Any] = answers if isinstance(answers, list) else [answers] * len(self.requests)
        self.stored: list[Any] = filled.get("stored", [])
        self.refused: list[Any] = filled.get("refused", [])
        self._received: list[Answer] = []
        self._began = self._ended = ""

    def run(self) -> None:
        """Sends the requests."""
        self._began = _iso(datetime.now(UTC))
        _await_next_millisecond()
        self._received = [self._send(request) for request in self.requests]
        self._ended = _iso(datetime.now(UTC))
        _await_next_millisecond()

    def outcome(self, events: Mapping[str, list[Any]]) -> Outcome:
        """`events` is what the server holds after the pipeline is through."""
        stored, refused = (
            [row for row in events[kind] if self._began < row["receivedAt"] <= self._ended]
            for kind in ("messages", "refused")
        )
        return Outcome(self._received, stored, refused)

    def _send(self, request: Mapping[str, Any]) -> Answer:
        body, headers = self._body(request)
        path = request["path"]
        if "data" in request:
            key = WRITE_KEYS[request.get("source", self._source)]
            message = json.dumps({"writeKey": key, **request["data"]}).encode()
            path += "?data=" + quote(base64.b64encode(message), safe="")
        return self.server.request(request.get("method", "POST"), path, body, headers)

    def _body(self, request: Mapping[str, Any]) -> tuple[bytes | Iterator[bytes] | None, dict[str, str]]:
        headers = dict(request.get("headers", {"Content-Type": "application/json"}))
        key = WRITE_KEYS[request.get("source", self._source)]
        auth = request.get("auth", "body")
        if auth.startswith("basic"):
            headers["Authorization"] = basic_authorization(key, colon=auth == "basic")
        if "text" in request:
            data = request["text"].encode()
        elif "body" in request:
            data = json.dumps({"writeKey": key, **request["body"]} if auth == "body" else request["body"]).encode()
        else:
            return None, headers
        encoding = request.get("encoding")
        if encoding is not None:
            headers["Content-Encoding"] = encoding.partition(" ")[0]
            data = PACKED[encoding](data)
        return (iter([data[:10], data[10:]]) if request.get("chunked") else data), headers

    def _filled(self, value: Any, index: str = "") -> Any:
        if isinstance(value, str):
            return self._text(value.replace("{n}", index) if index else value)
        if isinstance(value, list):
            return [self._filled(item, index) for item in value]
        if not isinstance(value, dict):
            return value
        if "$fill" in value:
            return "x" * value["$fill"]
        if "$times" in value:
            return [self._filled(value["of"], str(n)) for n in range(value["$times"])]
        return {key: self._filled(item, index) for key, item in value.items()}

    def _text(self, text: str) -> str:
        text = text.replace("{id}", self.id).replace("{host}", f"{self.server.host}:{self.server.port}")
        text = re.sub(r"\{key:(\w+)\}", lambda match: WRITE_KEYS[match[1]], text)
        text = re.sub(r"\{\$nested:(\d+)\}", lambda match: "[" * int(match[1]) + "]" * int(match[1]), text)
        return re.sub(
            r"\{now(?:([+-]\d+)s)?\}", lambda match: _iso(self._now + timedelta(seconds=int(match[1] or 0))), text
        )


PACKED = {
    "gzip": gzip.compress,
    "gzip in two members": lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
    "deflate": zlib.compress,
}


def _await_next_millisecond() -> None:
    """Receipt is kept to the millisecond: what is sent after this has a later one."""
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == now:
        pass


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check_answer(expected: Mapping[str, Any], answer: Answer) -> None:
    where = f"answer {answer.status} {answer.body[:300]!r}"
    if "status" in expected:
        assert answer.status == expected["status"], where
    if "json" in expected:
        assert answer.json() == expected["json"], where
    if "json_has" in expected:
        problems = differences(expected["json_has"], answer.json())
        assert not problems, f"{where}: {problems}"
    problems = differences(expected.get("headers", {}), dict(answer.headers))
    assert not problems, f"{where}: {problems}"


def check_rows(kind: str, expected: list[Any], found: list[Any]) -> None:
    """Every expected row is there, each found row is one of them, in whatever order."""
    assert len(found) == len(expected), f"{kind}: {len(expected)} expected, {len(found)} found: {found[:5]}"
    left = list(found)
    # The most particular first, so that a row which fits many leaves the others theirs.
    for row in sorted(expected, key=len, reverse=True):
        fitting = next((candidate for candidate in left if not differences(row, candidate)), None)
        if fitting is None:
            best = min((differences(row, candidate) for candidate in left), key=len)
            raise AssertionError(f"{kind}: nothing fits {row}; the nearest differs in {best}")
        left.remove(fitting)
    for name in {name for row in expected for name, value in row.items() if value == {"$same": True}}:
        assert len({json.dumps(row.get(name)) for row in found}) <= 1, f"{kind}: {name} differs"


def differences(expected: Any, found: Any, path: str = "", whole: Any = None) -> list[str]:
    """What is not as expected, with where; empty when all is. Objects may have more fields than expected, lists not."""
    whole = found if whole is None else whole
    if isinstance(expected, dict):
        rule = next((key for key in expected if key.startswith("$")), None)
        if rule is not None:
            return [] if _fits(rule, expected[rule], found, whole) else [f"{path}: {found!r} is not {expected}"]
        if not isinstance(found, dict):
            return [f"{path}: {found!r} is no object"]
        if not expected and found and path:
            return [f"{path}: {found!r} is not empty"]
        return [
            problem
            for key, value in expected.items()
            for problem in differences(value, found.get(key, ABSENT), f"{path}.{key}", whole)
        ]
    if isinstance(expected, bool) or isinstance(found, bool):
        return [] if expected is found else [f"{path}: {found!r} is not {expected!r}"]
    return [] if expected == found else [f"{path}: {found!r} is not {expected!r}"]


ABSENT = object()


def _fits(rule: str, wanted: Any, found: Any, whole: Any) -> bool:
    if rule == "$absent":
        return found is ABSENT
    if found is ABSENT:
        return False
    if rule == "$some":
        return bool(found)
    if rule == "$same":
        return True
    if rule == "$digits":
        return isinstance(found, str) and found.isdigit() and int(found) >= wanted
    if rule == "$bool":
        return isinstance(found, bool)
    if rule == "$contains":
        return isinstance(found, str) and wanted in found
    if rule == "$lower_words":
        return set(wanted) <= {word.strip().lower() for word in found.split(",")}
    if rule == "$ms_before":
        other, milliseconds = wanted
        return datetime.fromisoformat(whole[other]) - datetime.fromisoformat(found) == timedelta(
            milliseconds=milliseconds
        )
    raise AssertionError(f"spec/segment.json uses {rule}, which is no expectation")
