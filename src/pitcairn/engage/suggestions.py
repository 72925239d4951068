"""Names that sources were seen to send: what the builder offers while something is typed."""

from __future__ import annotations

from dataclasses import dataclass, field

from pitcairn.connections.schema import reading

MOST = 300
"""Names of a kind; browsers show a longer list badly, and whatever else can be typed."""


@dataclass(kw_only=True)
class Suggestions:
    events: list[str] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)
    traits: list[str] = field(default_factory=list)
    account_traits: list[str] = field(default_factory=list)


def suggestions(workspace_id: int) -> Suggestions:
    """What was seen in the workspace, the most frequent first."""
    events: dict[str, int] = {}
    names: dict[str, dict[str, int]] = {"track": {}, "identify": {}, "group": {}}
    for source_id in reading.sources_seen(workspace_id):
        for event in reading.event_details(workspace_id, source_id):
            if event.event:
                events[event.event] = events.get(event.event, 0) + event.count
            counted = names.get(event.type, names["track"])
            for row in event.properties:
                if "[]" not in row.place:
                    counted[row.place] = counted.get(row.place, 0) + row.count
    return Suggestions(
        events=_most_frequent(events),
        properties=_most_frequent(names["track"]),
        traits=_most_frequent(names["identify"]),
        account_traits=_most_frequent(names["group"]),
    )


def _most_frequent(counted: dict[str, int]) -> list[str]:
    return sorted(counted, key=lambda name: -counted[name])[:MOST]
