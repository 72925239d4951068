"""Vitals of the tag: through the inbox into the event store, once, and no message of anybody."""

from __future__ import annotations

import pytest
from django.conf import settings

from pipeline.world import World, track
from pitcairn.edge.vitals import VITALS
from pitcairn.profiles.models import Profile

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))

OF_TWO = {
    "writeKey": "not kept",
    "page": "acme.example/pricing",
    "share": 0.25,
    "lcpMs": 900,
    "experiences": [
        {
            "experienceId": 7, "variationId": 3, "hiddenMs": 42, "shift": 0.5,
            "late": False, "complete": True, "found": ["h1"], "missing": ["#gone"],
        },
        {
            "experienceId": 8, "variationId": 0, "hiddenMs": 400, "shift": 0,
            "late": True, "complete": False, "found": [], "missing": [],
        },
        # A tag of before it said what it had found.
        {"experienceId": 9, "variationId": 4, "hiddenMs": 42, "shift": 0, "complete": True, "missing": ["#gone"]},
    ],
}  # fmt: skip
COLUMNS = "experience_id, variation_id, page, share, hidden_ms, shift, lcp_ms, late, complete, found, missing"


def test_they_become_a_row_for_each_experience(world: World) -> None:
    world.accept(OF_TWO, type=VITALS)
    world.accept(OF_TWO, type=VITALS, problem="source_disabled")
    world.accept(track("m1", anonymousId="a1"))
    world.work()
    rows = world.rows(f"SELECT {COLUMNS} FROM vitals WHERE workspace_id = {{workspace}} ORDER BY experience_id")
    assert [tuple(row) for row in rows] == [
        (7, 3, "acme.example/pricing", 0.25, 42, 0.5, 900, False, True, ["h1"], ["#gone"]),
        (8, 0, "acme.example/pricing", 0.25, 400, 0.0, 900, True, False, [], []),
        (9, 4, "acme.example/pricing", 0.25, 42, 0.0, 900, False, False, [], ["#gone"]),
    ]
    assert world.message_ids() == ["m1"]
    assert world.refusals() == []
    assert Profile.objects.count() == 1
