"""The demo website: stock analytics.js and the tag on pages as companies have them, under a strict policy."""

from __future__ import annotations

from typing import Any

import pytest

from browser.tag.scene import Scene, decision, text
from browser.tag.servers import ROOT

AXE = (ROOT / "browser/node_modules/axe-core/axe.min.js").read_text()
PAGES = pytest.mark.parametrize("path", ["/", "/pricing.html"])


def visit(scene: Scene, path: str = "/") -> None:
    scene.lift_the_cap()
    scene.open_before_analytics(lambda: scene.page.goto(scene.website.url + path, wait_until="commit"))


def sent(scene: Scene, kind: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return [
            message for message in scene.edge.messages() if message.get("type") == kind and "exp-1" not in str(message)
        ]

    scene.edge.wait_for(lambda: bool(found()), f"a call of type {kind}")
    return found()[0]


@PAGES
def test_a_visitor_sees_the_personalized_page(scene: Scene, path: str) -> None:
    scene.runs(decision(text("h1.hero", "Shift planning for small teams")))
    visit(scene, path)
    scene.seen()
    assert scene.page.inner_text("h1") == "Shift planning for small teams"
    page = sent(scene, "page")
    assert page["anonymousId"] == scene.edge.questions()[0]["anonymousId"]
    scene.edge.wait_for(lambda: len(scene.edge.exposures()) == 2, "the exposure by both")
    assert not scene.complaints


def test_the_login_button_is_tracked(scene: Scene) -> None:
    visit(scene)
    scene.page.get_by_role("button", name="Log in").click()
    assert sent(scene, "track")["event"] == "Clicked Login Button"
    assert not scene.complaints


def test_logging_in_identifies_the_visitor(scene: Scene) -> None:
    visit(scene)
    scene.page.get_by_role("button", name="Log in").click()
    scene.page.get_by_label("Work email").fill("me@harbour.example")
    scene.page.get_by_label("Company", exact=True).fill("Harbour")
    scene.page.get_by_label("People in the company").fill("12")
    scene.page.get_by_role("dialog").get_by_role("button", name="Log in").click()
    identify = sent(scene, "identify")
    assert identify["userId"] == "me@harbour.example"
    assert identify["traits"] == {"email": "me@harbour.example", "company": {"name": "Harbour", "employee_count": 12}}
    assert scene.page.get_by_role("status").inner_text().startswith("You are from Harbour, 12 people.")


@pytest.mark.parametrize(("who", "people"), [("small", 34), ("large", 5200)])
def test_a_visitor_of_a_company_by_address(scene: Scene, who: str, people: int) -> None:
    visit(scene, f"/?as={who}")
    assert sent(scene, "identify")["traits"]["company"]["employee_count"] == people
    assert not scene.complaints


@PAGES
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_accessible_and_fits(scene: Scene, path: str, scheme: Any, width: int) -> None:
    scene.page.emulate_media(color_scheme=scheme)
    scene.page.set_viewport_size({"width": width, "height": 800})
    visit(scene, path)
    assert scene.page.evaluate("document.documentElement.scrollWidth") <= width
    scene.page.evaluate(AXE)
    results = scene.page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })")
    assert [
        (violation["id"], [node["html"] for node in violation["nodes"]]) for violation in results["violations"]
    ] == []
