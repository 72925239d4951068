"""What the tag measures of a view and tells when it ends."""

from __future__ import annotations

from browser.tag.scene import ORIGINAL, Scene, decision, text

BODY = f"<h1>{ORIGINAL}</h1><p>Something else</p>"


def leave(scene: Scene) -> None:
    scene.page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')); delete document.visibilityState"
    )


def test_what_a_view_cost_and_what_was_missing(scene: Scene) -> None:
    """On a clock that the test turns: ten seconds after it has loaded the view can say what was never there."""
    scene.edge.vitals_share = 1.0
    scene.edge.decide_gate.close()
    taller = {"type": "html", "selector": "h1", "value": "Much<br>taller<br>than before"}
    scene.runs(
        decision(taller, text("#gone"), text("p", "Found"), exposure="exp-1"),
        decision(text("#gone-too"), personalized=False, experience=2, exposure="exp-2"),
    )
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(1000)
    scene.open(BODY)
    scene.page.evaluate("performance.clearMarks()")
    scene.page.clock.run_for(120)
    scene.edge.decide_gate.open()
    scene.seen()
    scene.page.clock.run_for(10_000)
    leave(scene)
    scene.edge.wait_for(lambda: bool(scene.edge.vitals()), "vitals")
    vitals = scene.edge.vitals()[0]
    personalized, control = vitals.pop("experiences")
    assert vitals.pop("lcpMs") >= 0
    assert vitals == {
        "writeKey": "demo-write-key",
        "page": scene.website.url.removeprefix("http://") + "/",
        "share": 1,
    }
    assert 120 <= personalized.pop("hiddenMs") < 10_000
    assert personalized.pop("shift") >= 0
    assert personalized == {"experienceId": 1, "variationId": 31, "complete": True, "missing": ["#gone"]}
    assert (control["variationId"], control["shift"], control["missing"]) == (0, 0, ["#gone-too"])
    leave(scene)
    scene.page.evaluate("history.pushState({}, '', '/second')")
    assert len(scene.edge.vitals()) == 1


def test_a_view_that_ends_early_does_not_know_what_is_missing(scene: Scene) -> None:
    scene.edge.vitals_share = 1.0
    scene.runs(decision(text(), text("#gone")))
    scene.open(BODY)
    scene.seen()
    scene.page.evaluate("history.pushState({}, '', '/second')")
    scene.edge.wait_for(lambda: bool(scene.edge.vitals()), "vitals")
    told = scene.edge.vitals()[0]["experiences"][0]
    assert (told["complete"], told["missing"]) == (False, [])


def test_nothing_is_told_of_others(scene: Scene) -> None:
    """Of page loads outside the share, of views without an experience, and before consent."""
    for share, consent, decisions in (
        (0.0, False, [decision(text())]),
        (1.0, True, [decision(text())]),
        (1.0, False, []),
    ):
        scene.edge.vitals_share, scene.edge.asks_consent = share, consent
        scene.runs(*decisions, selectors=["h1"])
        with scene.page.expect_response("**/v1/decide"):
            scene.open(BODY)
        scene.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        leave(scene)
        scene.page.goto("about:blank")
    assert scene.edge.vitals() == []
