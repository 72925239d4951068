"""What the tag measures of a view and tells when it ends."""

from __future__ import annotations

from playwright.sync_api import expect

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
    scene.edge.wait_for(lambda: bool(scene.edge.questions()), "the question")
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
    assert personalized == {
        "experienceId": 1,
        "variationId": 31,
        "late": False,
        "complete": True,
        "found": ["h1", "p"],
        "missing": ["#gone"],
    }
    assert (control["variationId"], control["found"], control["missing"]) == (0, [], ["#gone-too"])
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


def test_a_decision_that_came_too_late_is_told_with_what_it_hid(scene: Scene) -> None:
    """Otherwise the slowest answers would be missing from what hiding costs, and a missing element would weigh too much."""
    scene.edge.vitals_share = 1.0
    scene.edge.decide_gate.close()
    scene.runs(
        decision(text()),
        decision(text("#gone"), experience=2, exposure="exp-2"),
        decision(text("#later"), experience=3, exposure="exp-3"),
    )
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(1000)
    scene.open(BODY, cap=True)
    scene.edge.wait_for(lambda: bool(scene.edge.questions()), "the question")
    scene.page.clock.run_for(600)
    with scene.page.expect_response("**/v1/decide") as decided:
        scene.edge.decide_gate.open()
    decided.value.finished()
    scene.page.evaluate("fetch('/')")
    scene.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i id=later></i>')")
    scene.seen()
    scene.page.clock.run_for(10_000)
    leave(scene)
    scene.edge.wait_for(lambda: bool(scene.edge.vitals()), "vitals")
    dropped, waiting, _ = scene.edge.vitals()[0]["experiences"]
    assert (dropped["late"], dropped["complete"], dropped["found"], dropped["missing"]) == (True, False, [], [])
    assert (waiting["late"], waiting["complete"], waiting["missing"]) == (False, True, ["#gone"])
    assert dropped["hiddenMs"] >= 400


def test_what_nobody_saw_has_no_times(scene: Scene) -> None:
    """A page that was rendered ahead of the visit: when it was painted, and for how long it hid, was before anyone's eyes."""
    scene.edge.vitals_share = 1.0
    scene.runs(decision(text()))
    unseen = "{ value: %s, configurable: true }"
    scene.page.add_init_script(
        f"Object.defineProperty(document, 'prerendering', {unseen % 'true'});"
        f"Object.defineProperty(document, 'visibilityState', {unseen % repr('hidden')})"
    )
    scene.open(BODY)
    expect(scene.page.locator("h1")).not_to_have_text(ORIGINAL)
    scene.page.evaluate(
        "delete document.prerendering; delete document.visibilityState;"
        "document.dispatchEvent(new Event('prerenderingchange')); document.dispatchEvent(new Event('visibilitychange'))"
    )
    leave(scene)
    scene.edge.wait_for(lambda: bool(scene.edge.vitals()), "vitals")
    (told,) = scene.edge.vitals()
    assert (told["lcpMs"], told["experiences"][0]["hiddenMs"], told["experiences"][0]["complete"]) == (0, 0, False)


def test_patience_begins_anew_with_each_view(scene: Scene) -> None:
    """A route that is left at once has not missed what it had no time to render."""
    scene.edge.vitals_share = 1.0
    scene.runs(decision(text(), text("#gone")))
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(1000)
    scene.open(BODY)
    scene.seen()
    scene.page.clock.run_for(10_000)
    with scene.page.expect_response("**/v1/decide"):
        scene.page.evaluate("history.pushState({}, '', '/second')")
    expect(scene.page.locator("h1")).not_to_have_text(ORIGINAL)
    scene.page.evaluate("history.pushState({}, '', '/third')")
    scene.edge.wait_for(lambda: len(scene.edge.vitals()) == 2, "the vitals of the second view")
    first, second = (one["experiences"][0] for one in scene.edge.vitals())
    assert (first["complete"], first["missing"]) == (True, ["#gone"])
    assert (second["complete"], second["missing"]) == (False, [])


def test_what_moved_when_an_element_was_changed(scene: Scene) -> None:
    """Of an element that came late too; and not what the page moves by itself."""
    scene.edge.vitals_share = 1.0
    taller = {"type": "html", "selector": "#late", "value": "Much<br>taller<br>than<br>before"}
    scene.runs(decision(taller), decision(text("p", "Found"), experience=2, exposure="exp-2"))
    scene.open(BODY)
    scene.page.evaluate(
        """() => new Promise((done) => {
          new PerformanceObserver((list) => list.getEntries().length && done()).observe({ type: 'layout-shift' });
          setTimeout(() => document.querySelector('h1').insertAdjacentHTML('afterend', '<h2 id=late>Late</h2>'), 300);
        })"""
    )
    leave(scene)
    scene.edge.wait_for(lambda: bool(scene.edge.vitals()), "vitals")
    moved, other = scene.edge.vitals()[0]["experiences"]
    assert moved["shift"] > 0
    assert other["shift"] == 0


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
