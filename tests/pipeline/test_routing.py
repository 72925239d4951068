"""Which destinations get a message: `integrations`, what the browser sent already, and what they can take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.connections.destination import CatalogEntry, Effect, IncomingMessage, Manifest, Personalize, Reject, Send
from pitcairn.connections.registry import catalog
from pitcairn.edge.snapshot import RoutedDestination
from pitcairn.pipeline.routing import OFF_UNLESS_NAMED, FilterReason, allowed, route
from pitcairn.wire.message import Message

SPEC = Path(__file__).parents[2] / "spec" / "segment.json"
CASES = [
    pytest.param(case, id=f"{statement['number']}-{number}")
    for statement in json.loads(SPEC.read_text())["statements"]
    for number, case in enumerate(statement.get("routing", ()), 1)
]


class Recorder:
    """A destination of the catalog that takes everything and keeps what it was given."""

    def __init__(self, name: str, *, methods: tuple[Any, ...] = ("identify", "track")) -> None:
        self.given: list[IncomingMessage] = []
        self.answer: Effect = Personalize({})
        manifest = Manifest(
            slug=name.lower(), name=name, summary="", description="", categories=("Tests",), methods=methods
        )
        self.entry = CatalogEntry(manifest, self._take, "")

    def _take(self, message: IncomingMessage, settings: Mapping[str, Any]) -> Effect:
        self.given.append(message)
        return self.answer

    def routed(self, *, ready: bool = True, number: int = 1) -> RoutedDestination:
        return RoutedDestination(id=number, entry=self.entry, settings={}, ready=ready)


def message(kind: str = "track", integrations: dict[str, Any] | None = None, **extra: Any) -> Message:
    return Message(kind, "m", "u", "", "E", 0, None, None, 0, {"p": 1}, {"plan": "pro"}, None, integrations, extra)


@pytest.mark.parametrize("case", CASES)
def test_statements(case: dict[str, Any]) -> None:
    recorders = {name: Recorder(name) for name in ("Mutiny", "Other", "Salesforce")}
    extra = {"_metadata": {"bundled": case["bundled"]}} if "bundled" in case else {}
    routing = route(
        message("track", case.get("integrations"), **extra),
        [r.routed(number=n) for n, r in enumerate(recorders.values(), 1)],
    )
    assert [name for name, recorder in recorders.items() if recorder.given] == case["delivered"]
    assert routing.delivered_to == [name.lower() for name in case["delivered"]]
    assert set(routing.filtered) == {n for n, name in enumerate(recorders, 1) if name not in case["delivered"]}
    for name, options in case.get("options", {}).items():
        assert recorders[name].given[0].options == options


def test_the_catalogs_mutiny_takes_identify_and_track_alone() -> None:
    mutiny = RoutedDestination(id=1, entry=catalog()["mutiny"], settings={"apiKey": "k"}, ready=True)
    for kind in ("identify", "track", "page", "screen", "group", "alias"):
        routing = route(message(kind), [mutiny])
        if kind in {"identify", "track"}:
            assert (routing.delivered_to, routing.filtered) == (["mutiny"], {})
            assert routing.personalize == Personalize({"plan": "pro"} if kind == "identify" else {})
        else:
            assert (routing.delivered_to, routing.filtered) == ([], {1: "UNSUPPORTED_EVENT_TYPE"})
            assert routing.personalize is None


def test_a_destination_without_its_required_settings_gets_nothing() -> None:
    recorder = Recorder("Mutiny")
    routing = route(message(), [recorder.routed(ready=False)])
    assert (routing.delivered_to, routing.filtered, recorder.given) == ([], {1: "INVALID_SETTINGS"}, [])


def test_a_destination_may_reject_a_message() -> None:
    recorder = Recorder("Mutiny")
    recorder.answer = Reject("NOT_TODAY")
    routing = route(message(), [recorder.routed()])
    assert (routing.delivered_to, routing.filtered, routing.personalize) == ([], {1: "NOT_TODAY"}, None)


@pytest.mark.parametrize("first_is_ready", [True, False])
def test_of_two_of_the_same_destination_one_is_enough(first_is_ready: bool) -> None:
    recorder = Recorder("Mutiny")
    both = [recorder.routed(ready=first_is_ready), recorder.routed(ready=not first_is_ready, number=2)]
    routing = route(message(), both)
    assert routing.delivered_to == ["mutiny"]
    assert routing.filtered == {2 if first_is_ready else 1: "INVALID_SETTINGS"}


def changing(recorder: Recorder, change: Any, number: int = 1) -> RoutedDestination:
    return RoutedDestination(id=number, entry=recorder.entry, settings={}, ready=True, change=change)


def test_what_is_sent_is_what_filters_and_mapping_made_of_it() -> None:
    """A destination without them gets the message as it is; the one is not seen by the other."""
    first, second, third = Recorder("First"), Recorder("Second"), Recorder("Third")
    first.answer = second.answer = Send()
    third.answer = Personalize({"plan": "pro"}, send=True)
    made = {"type": "track", "event": "F", "traits": {"a": 1}, "properties": None}
    asked: list[int] = []

    def body(given: Any) -> dict[str, Any]:
        asked.append(1)
        return {"type": "track", "event": "E"}

    routing = route(
        message("track", {"Second": {"x": 1}}),
        [changing(first, lambda body, source: made), second.routed(number=2), third.routed(number=3)],
        7,
        body,
    )
    assert [(one.destination_id, one.body, one.options) for one in routing.sending] == [
        (1, made, {}),
        (2, None, {"x": 1}),
        (3, None, {}),
    ]
    assert (first.given[0].event, first.given[0].traits, first.given[0].properties) == ("F", {"a": 1}, {})
    assert (second.given[0].event, second.given[0].traits) == ("E", {"plan": "pro"})
    assert (routing.delivered_to, routing.personalize, asked) == (["third"], third.answer, [1])


def test_a_filter_keeps_a_message_from_one_destination() -> None:
    kept, other = Recorder("Kept"), Recorder("Other")
    routing = route(
        message(),
        [changing(kept, lambda body, source: "FILTERED_BY_RULES" if source == 7 else body), other.routed(number=2)],
        7,
        lambda given: {},
    )
    assert (routing.filtered, kept.given, routing.delivered_to) == ({1: "FILTERED_BY_RULES"}, [], ["other"])


def test_without_filters_no_body_is_made() -> None:
    recorder = Recorder("Mutiny")
    assert route(message(), [recorder.routed()], 7, None).sending == []


def test_a_destination_sees_the_message_and_its_options() -> None:
    recorder = Recorder("Mutiny")
    route(message("identify", {"Mutiny": {"x": 1}, "Other": {"y": 2}}), [recorder.routed()])
    assert recorder.given == [
        IncomingMessage(type="identify", event="E", traits={"plan": "pro"}, properties={"p": 1}, options={"x": 1})
    ]
    route(message("identify", {"Mutiny": True}), [recorder.routed()])
    assert recorder.given[1].options == {}


def test_what_keeps_a_message_away_is_told_in_this_order() -> None:
    recorder = Recorder("Mutiny", methods=("identify",))
    for extra, integrations, kind, ready, reason in (
        (
            {"_metadata": {"bundled": ["Mutiny"]}},
            {"Mutiny": False},
            "track",
            False,
            FilterReason.MESSAGE_SENT_CLIENT_SIDE,
        ),
        ({}, {"Mutiny": False}, "track", False, FilterReason.FILTERED_BY_INTEGRATIONS_OBJECT),
        ({}, {}, "track", False, FilterReason.UNSUPPORTED_EVENT_TYPE),
        ({}, {}, "identify", False, FilterReason.INVALID_SETTINGS),
    ):
        routing = route(message(kind, integrations, **extra), [recorder.routed(ready=ready)])
        assert routing.filtered == {1: reason}


values = st.sampled_from([None, True, False, {}, {"x": 1}, 0, 1, "", "no", []])


@given(st.dictionaries(st.sampled_from(["All", "Mutiny", "mutiny", "Other", "Salesforce", "Segment.io"]), values))
def test_allowed_is_segments_rule(integrations: dict[str, Any]) -> None:
    """`decision = integrations[name] ?? integrations.All ?? true; deliver unless false`. Salesforce must be named."""
    for name in ("Mutiny", "Other", "Salesforce"):
        own, everyone = integrations.get(name), integrations.get("All")
        if own is not None:
            expected = own is not False
        elif name in OFF_UNLESS_NAMED:
            expected = False
        else:
            expected = everyone is not False
        assert allowed(integrations, name) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just("Mutiny"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("bundled") | st.text(max_size=3), inner),
    )
)
def test_odd_metadata_does_no_harm(metadata: Any) -> None:
    routing = route(message("track", None, _metadata=metadata), [Recorder("Mutiny").routed()])
    bundled = metadata.get("bundled") if isinstance(metadata, dict) else None
    expected = [] if isinstance(bundled, list) and "Mutiny" in bundled else ["mutiny"]
    assert routing.delivered_to == expected
