"""What every destination of the catalog must do. A new folder is tested by being there; its `cases.json` says what it sends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pitcairn.connections.destination import (
    CatalogEntry,
    Effect,
    IncomingMessage,
    OutgoingMessage,
    Personalize,
    Reject,
    Send,
)
from pitcairn.connections.registry import CATALOG, catalog

ENTRIES = dict(catalog())
SECRET = "a-secret-that-must-stay-one"


def cases(slug: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((CATALOG / slug.replace("-", "_") / "cases.json").read_text("utf-8"))
    return read


def outgoing(bodies: Sequence[dict[str, Any]]) -> list[OutgoingMessage]:
    return [
        OutgoingMessage(body=body, person=str(body.get("userId") or body.get("anonymousId")), source_id=1)
        for body in bodies
    ]


def incoming(body: dict[str, Any]) -> IncomingMessage:
    return IncomingMessage(
        type=body["type"],
        event=body.get("event") or body.get("name") or "",
        traits=body.get("traits", {}),
        properties=body.get("properties", {}),
        context=body.get("context", {}),
        options={},
    )


def in_words(effect: Effect) -> str:
    if isinstance(effect, Reject):
        return effect.reason
    if isinstance(effect, Personalize):
        return "personalize and send" if effect.send else "personalize"
    assert isinstance(effect, Send)
    return "send"


def run_case(entry: CatalogEntry, case: dict[str, Any]) -> None:
    """Asks the destination what it does, and compares to the byte."""
    for taken in case.get("takes", []):
        assert taken["message"]["type"] in entry.manifest.methods
        assert in_words(entry.take(incoming(taken["message"]), case["settings"])) == taken["effect"], taken["message"]
    if "messages" not in case:
        return
    assert entry.prepare is not None
    messages = outgoing(case["messages"])
    places = {id(message): place for place, message in enumerate(messages)}
    made = [
        {
            "messages": [places[id(message)] for message in request.messages],
            "method": request.method,
            "url": request.url,
            "headers": dict(request.headers),
            "body": request.body.decode(),
        }
        for request in entry.prepare(messages, case["settings"])
    ]
    assert made == case["requests"]


CASES = {f"{slug}: {case['name']}": (slug, case) for slug in ENTRIES for case in cases(slug)}


@pytest.mark.parametrize("name", list(CASES))
def test_a_case(name: str) -> None:
    slug, case = CASES[name]
    run_case(ENTRIES[slug], case)


@pytest.mark.parametrize("slug", list(ENTRIES))
def test_the_folder_is_complete(slug: str) -> None:
    entry = ENTRIES[slug]
    manifest = entry.manifest
    assert ElementTree.fromstring(entry.icon).tag == "{http://www.w3.org/2000/svg}svg"
    assert manifest.methods
    assert manifest.categories
    assert manifest.summary.endswith(".")
    assert manifest.description.strip().endswith(".")
    assert cases(slug)
    labels = [field.label for field in manifest.settings]
    assert len(set(labels)) == len(labels)
    for field in manifest.settings:
        assert not field.description or field.description.endswith("."), field.key
        assert (field.type == "choice") == bool(field.options), field.key
        assert field.type != "choice" or field.default in field.options, field.key
        assert field.type != "secret" or not field.default, field.key
        assert field.any_will_do <= (field.type == "secret"), field.key
    if manifest.pace.batch_setting:
        assert {field.type for field in manifest.settings if field.key == manifest.pace.batch_setting} == {"number"}


def test_names_are_unique() -> None:
    names = [entry.manifest.name for entry in ENTRIES.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("slug", list(ENTRIES))
def test_the_settings_of_the_cases_are_settings_that_can_be_saved(slug: str) -> None:
    entry = ENTRIES[slug]
    for case in cases(slug):
        assert not entry.manifest.missing(case["settings"])
        assert not entry.check or not entry.check(case["settings"])


SENDING = [slug for slug, entry in ENTRIES.items() if entry.prepare is not None]


def given(entry: CatalogEntry) -> dict[str, Any]:
    """Settings with every secret set, and where requests go."""
    settings = {**entry.manifest.defaults, **cases(entry.manifest.slug)[0]["settings"]}
    for field in entry.manifest.settings:
        if field.type == "secret":
            settings[field.key] = f"{SECRET}-{field.key}"
        if field.type == "url" and field.placeholder:
            settings[field.key] = field.placeholder
    return settings


@pytest.mark.parametrize("count", [1, 2, 250])
@pytest.mark.parametrize("slug", SENDING)
def test_every_message_is_in_one_request_and_in_order(slug: str, count: int) -> None:
    entry = ENTRIES[slug]
    assert entry.prepare is not None
    messages = outgoing([
        {"type": "track", "messageId": f"m-{n}", "userId": f"u-{n % 7}", "event": "E", "receivedAt": "2026-01-02T03:04:05Z"}
        for n in range(count)
    ])  # fmt: skip
    requests = entry.prepare(messages, given(entry))
    carried = [message for request in requests for message in request.messages]
    assert [id(message) for message in carried] == [id(message) for message in messages]


@pytest.mark.parametrize("slug", SENDING)
def test_a_secret_is_in_headers_only(slug: str) -> None:
    entry = ENTRIES[slug]
    assert entry.prepare is not None
    messages = outgoing([{"type": "track", "messageId": "m-1", "userId": "u-1", "event": "E"}])
    for request in entry.prepare(messages, given(entry)):
        assert SECRET not in request.url
        assert SECRET.encode() not in request.body
        shown = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
        assert SECRET not in json.dumps(shown)


@pytest.mark.parametrize("slug", list(ENTRIES))
def test_a_complaint_about_settings_names_one_and_keeps_secrets(slug: str) -> None:
    entry = ENTRIES[slug]
    if entry.check is None:
        return
    nonsense: dict[str, Any] = {
        field.key: {"number": -3.5, "boolean": False, "secret": f"{SECRET}\n"}.get(field.type, "{{ no\0thing")
        for field in entry.manifest.settings
    }
    complaints = entry.check(nonsense)
    assert complaints
    assert set(complaints) <= {field.key for field in entry.manifest.settings}
    assert SECRET not in json.dumps(dict(complaints))


def test_folders_are_found_and_named() -> None:
    folders = {path.parent.name for path in Path(CATALOG).glob("*/destination.py")}
    assert {slug.replace("-", "_") for slug in ENTRIES} == folders
