"""Goals that only the page can see: clicks and forms, reported as they happen, and nothing else."""

from __future__ import annotations

import pytest

from browser.tag.scene import Scene

PAGE = """
<button id="buy"><b>Buy</b></button> <button id="other">Other</button>
<form id="contact"><input name="email"><button>Send</button></form>
<script>
  document.querySelector("#buy").addEventListener("click", (event) => event.stopImmediatePropagation());
  document.querySelector("#contact").addEventListener("submit", (event) => event.preventDefault());
</script>
"""


@pytest.fixture
def goals(scene: Scene) -> Scene:
    scene.edge.goals = [
        {"id": 7, "on": "click", "selector": "#buy"},
        {"id": 8, "on": "submit", "selector": "form#contact"},
        {"id": 9, "on": "click", "selector": "not a [selector"},
    ]
    scene.open(PAGE)
    return scene


def reported(scene: Scene, count: int) -> list[tuple[str, object, object]]:
    def found() -> list[tuple[str, object, object]]:
        return [
            (one["event"], one["properties"]["goalId"], one["properties"]["url"])
            for one in scene.edge.messages()
            if one.get("event", "").startswith("Pitcairn ")
        ]

    scene.edge.wait_for(lambda: len(found()) >= count, f"{count} report(s)")
    return found()


def test_a_click_and_a_form_are_reported(goals: Scene) -> None:
    """Also where the page keeps the event to itself; a selector that is none stops nothing."""
    goals.page.click("#other")
    goals.page.click("#buy b")
    goals.page.click("#contact button")
    url = goals.website.url + "/"
    assert reported(goals, 2) == [("Pitcairn Element Clicked", 7, url), ("Pitcairn Form Submitted", 8, url)]
    assert not goals.complaints, goals.complaints
