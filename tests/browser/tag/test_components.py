"""Banners, modals, side pops and surveys on a visitor's page: when they come, how they are used, and what they leave alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from browser.dashboard.conftest import AXE, RULES
from browser.tag.scene import ORIGINAL, Scene, decision, text
from browser.tag.test_policy import policy

SETTINGS = {"trigger": "immediately", "seconds": 5, "percent": 50, "remember_days": 30}
CARD = {
    "headline": "A headline",
    "text": "Some text",
    "image": "",
    "image_alt": "",
    "button_label": "Go on",
    "button_url": "#there",
}
BANNER = {"position": "top", "push": False, "text": "A banner", "button_label": "Go on", "button_url": "#there"}
QUESTIONS = [
    {"text": "How many are you?", "kind": "single", "options": ["Few", "Many"], "trait": "team_size", "required": True},
    {"text": "What do you use?", "kind": "multiple", "options": ["One", "Two", "Three"], "trait": "uses", "required": False},
    {"text": "Anything else?", "kind": "text", "options": [], "trait": "remark", "required": False},
    {"text": "How do you like it?", "kind": "rating", "options": [], "trait": "liking", "required": False},
    {"text": "Would you recommend it?", "kind": "nps", "options": [], "trait": "nps", "required": False},
]  # fmt: skip
SURVEY = {
    "position": "right",
    "headline": "A survey",
    "text": "",
    "questions": QUESTIONS,
    "button_label": "Send",
    "thanks": "Thank you",
}
KINDS = {"banner": BANNER, "modal": CARD, "side_pop": {"position": "right", **CARD}, "survey": SURVEY}
TALL = (
    f"<h1>{ORIGINAL}</h1><p><a href='#x' id=link>A link</a></p><div style='height: 3000px'></div><p id=there>There</p>"
)


def component(kind: str, *, personalized: bool = True, exposure: str = "exp-1", **config: Any) -> dict[str, Any]:
    content = KINDS[kind] if personalized else {}
    made = decision(personalized=personalized, exposure=exposure)
    return made | {"type": kind, "config": {**SETTINGS, **content, **config}}


def runs(scene: Scene, *decisions: dict[str, Any]) -> None:
    pushes = any(one.get("config", {}).get("push") for one in decisions)
    found = [change["selector"] for one in decisions for change in one["changes"]]
    scene.edge.pages = [{"pattern": ".*", "selectors": ["*"] if pushes else found, "pushes": pushes}]
    scene.edge.decide = lambda _: list(decisions)


def shown(scene: Scene) -> Locator:
    return scene.page.locator("pitcairn-component :is(section, dialog)")


def violations(scene: Scene) -> list[str]:
    scene.page.evaluate(AXE.read_text())
    found: list[str] = scene.page.evaluate(
        """rules => axe.run("pitcairn-component", {runOnly: {type: "tag", values: rules}}).then((result) =>
            result.violations.map((one) => one.id + ": " + one.nodes.map((node) => node.target + " " + node.failureSummary)))""",
        RULES,
    )
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_takes_the_page_s_look_and_everybody_can_use_it(scene: Scene, kind: str, dark: bool) -> None:
    """Under a strict policy, and with colours of the page that cannot be read on each other."""
    scene.website.file("/look.css", (
        f"body {{ font-family: Georgia; background: {'#101418' if dark else '#fefefe'}; color: {'#667' if dark else '#bbb'} }}"
        ".btn { background: rgb(240, 220, 20); color: #fff; padding: 8px; border-radius: 9px }"
    ), "text/css")  # fmt: skip
    runs(scene, component(kind))
    head = '<link rel="stylesheet" href="/look.css">' + scene.shim()
    scene.open(TALL + "<a class=btn href='#y'>Buy</a>", head=head, policy=policy(scene))
    scene.seen()
    expect(shown(scene)).to_be_visible()
    style = shown(scene).evaluate("(one) => ({ ...getComputedStyle(one) })")
    assert "Georgia" in style["fontFamily"]
    if kind != "banner":
        assert style["backgroundColor"] == ("rgb(16, 20, 24)" if dark else "rgb(254, 254, 254)")
    scene.complaints.console = [one for one in scene.complaints.console if "style" not in one]  # The page's own.
    assert not scene.complaints
    assert violations(scene) == []


@pytest.mark.parametrize("personalized", [True, False], ids=["treatment", "control"])
@pytest.mark.parametrize("moment", ["delay", "scroll", "exit_intent"])
def test_it_comes_at_its_moment_and_so_does_control(scene: Scene, moment: str, personalized: bool) -> None:
    scene.page.clock.install(time=0)
    scene.page.clock.pause_at(3_600_000)
    runs(scene, component("modal", personalized=personalized, trigger=moment, seconds=7, percent=60))
    scene.open(TALL)
    scene.page.wait_for_function("() => window.__pitcairnComponents")
    scene.page.mouse.move(200, 200)
    scene.page.evaluate("scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * 0.5)")
    scene.page.clock.run_for(6_900)
    assert scene.edge.exposures() == []
    if moment == "delay":
        scene.page.clock.run_for(200)
    elif moment == "scroll":
        scene.page.evaluate("scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * 0.61)")
    else:
        scene.page.evaluate(
            "document.documentElement.dispatchEvent(new MouseEvent('mouseleave', { clientX: 200, clientY: 300 }))"
        )  # To the side: they may come back.
        assert scene.edge.exposures() == []
        scene.page.evaluate(
            "document.documentElement.dispatchEvent(new MouseEvent('mouseleave', { clientX: 200, clientY: -1 }))"
        )
    assert scene.seen()[0]["properties"]["personalized"] is personalized
    assert shown(scene).count() == int(personalized)
    assert len(scene.edge.exposures()) == 1


def test_a_modal_keeps_the_focus_and_gives_it_back(scene: Scene) -> None:
    runs(scene, component("modal", trigger="scroll", percent=1))
    scene.open(TALL)
    scene.page.wait_for_function("() => window.__pitcairnComponents")
    scene.page.focus("#link")
    scene.page.evaluate("scrollTo(0, 500)")
    expect(shown(scene)).to_be_visible()
    focused = "() => document.activeElement.shadowRoot?.activeElement?.className ?? document.activeElement.id"
    visited = set()
    for _ in range(6):
        visited.add(scene.page.evaluate(focused))
        scene.page.keyboard.press("Tab")
    assert visited <= {"go", "close", ""}
    assert {"go", "close"} <= visited
    assert scene.page.get_by_role("dialog", name="A headline").is_visible()
    scene.page.keyboard.press("Escape")
    expect(shown(scene)).to_have_count(0)
    assert scene.page.evaluate(focused) == "link"


STOPS = """one => {
  const all = [...one.querySelectorAll("a[href], button, textarea, input")];
  const first = ({ type, name }) => all.find((other) => other.type === type && other.name === name);
  return all.filter((stop) => stop.type !== "radio" || stop === first(stop)).length;
}"""
"""How many stops a component has for who goes on by Tab: of radio buttons of one name there is one."""


@pytest.mark.parametrize("kind", ["banner", "side_pop", "survey"])
def test_by_keyboard_alone(scene: Scene, kind: str) -> None:
    """Each of its parts is reached from the page, in a circle that leads back to it; Escape closes it from any of them."""
    scene.page.emulate_media(reduced_motion="reduce")
    runs(scene, component(kind))
    scene.open(TALL)
    expect(shown(scene)).to_be_visible()
    assert shown(scene).evaluate("(one) => getComputedStyle(one).animationName") == "none"
    scene.page.focus("#link")
    stops = shown(scene).evaluate(STOPS)
    assert stops >= 2
    for _ in range(stops):
        scene.page.keyboard.press("Tab")
        assert shown(scene).evaluate("(one) => one.matches(':focus-within')")
        focused = shown(scene).locator(":focus")
        assert focused.evaluate("(one) => getComputedStyle(one).outlineStyle") != "none", "what has the focus shows it"
    assert focused.get_attribute("aria-label") == "Close"
    scene.page.keyboard.press("Escape")
    expect(shown(scene)).to_have_count(0)
    assert scene.page.evaluate("document.activeElement.id") == "link"
    assert not scene.complaints


def test_it_moves_where_the_visitor_allows_it(scene: Scene) -> None:
    """Otherwise the test above would say nothing of motion."""
    scene.page.emulate_media(reduced_motion="no-preference")
    runs(scene, component("side_pop"))
    scene.open(TALL)
    assert shown(scene).evaluate("(one) => getComputedStyle(one).animationName") == "come"


@pytest.mark.parametrize("consent", [True, False], ids=["stored", "for the page"])
def test_what_was_closed_stays_closed(scene: Scene, consent: bool) -> None:
    scene.edge.asks_consent = not consent
    runs(scene, component("side_pop"))
    scene.open(TALL)
    expect(shown(scene)).to_be_visible()
    shown(scene).get_by_role("button", name="Close").click()
    expect(shown(scene)).to_have_count(0)
    scene.edge.decide = lambda _: [component("side_pop", exposure="exp-2")]
    with scene.page.expect_response("**/v1/decide"):
        scene.page.evaluate("history.pushState({}, '', '/second')")
    scene.page.evaluate("new Promise((done) => setTimeout(done))")
    expect(shown(scene)).to_have_count(0)
    assert scene.page.evaluate("localStorage.length") == int(consent)
    if consent:
        scene.page.goto(scene.website.url)
        scene.page.wait_for_function("() => window.__pitcairnComponents")
        scene.page.evaluate("new Promise((done) => setTimeout(done))")
        expect(shown(scene)).to_have_count(0)
        assert {one["messageId"] for one in scene.edge.exposures()} == {"exp-1"}
        scene.page.evaluate("mutiny.client.optOut()")
        scene.page.wait_for_function("localStorage.length === 0")


def test_a_click_is_reported_once_with_a_stable_id(scene: Scene) -> None:
    runs(scene, component("banner", position="bottom"))
    scene.open(TALL)
    link = shown(scene).get_by_role("link", name="Go on")
    link.click()
    link.click()
    scene.edge.wait_for(
        lambda: any(one.get("event") == "Component Clicked" for one in scene.edge.messages()), "a click"
    )
    [click] = [one for one in scene.edge.messages() if one.get("event") == "Component Clicked"]
    assert click["messageId"] == "click-exp-1"
    assert (click["properties"]["component"], click["properties"]["label"], click["properties"]["url"]) == (
        "banner", "Go on", "#there",
    )  # fmt: skip
    assert (click["properties"]["experienceId"], click["properties"]["variationId"]) == (1, 31)
    assert scene.page.url.endswith("#there")


def test_a_banner_that_pushes_the_page_is_there_before_it_is_seen(scene: Scene) -> None:
    runs(scene, component("banner", push=True))
    scene.page.add_init_script(SHIFTS)
    scene.edge.components_gate.close()
    scene.open(TALL, head=scene.shim(), wait_until="commit")
    scene.page.wait_for_selector("h1", state="attached")
    assert scene.page.evaluate("getComputedStyle(document.querySelector('h1')).visibility") == "hidden"
    scene.edge.components_gate.open()
    scene.seen()
    expect(scene.page.locator("h1")).to_be_visible()
    banner, heading = shown(scene).bounding_box(), scene.page.locator("h1").bounding_box()
    assert banner is not None
    assert heading is not None
    assert banner["y"] == 0
    assert heading["y"] >= banner["height"]
    assert (
        scene.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(shifts))))"
        )
        == []
    )


def test_a_banner_that_comes_late_covers_the_page_instead(scene: Scene) -> None:
    """What was seen does not move any more."""
    runs(scene, component("banner", push=True))
    scene.edge.decide_gate.close()
    scene.page.add_init_script(SHIFTS)
    scene.open(TALL, cap=True)
    expect(scene.page.locator("h1")).to_be_visible()
    before = scene.page.locator("h1").bounding_box()
    scene.edge.decide_gate.open()
    expect(shown(scene)).to_be_visible()
    assert scene.page.locator("h1").bounding_box() == before
    assert scene.page.evaluate("shifts") == []
    scene.seen()


SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
    .observe({ type: "layout-shift", buffered: true });
"""


def test_a_survey_s_answers_become_traits(scene: Scene) -> None:
    runs(scene, component("survey"))
    scene.open(TALL)
    form = shown(scene)
    send = form.get_by_role("button", name="Send")
    send.click()
    assert form.locator("input:invalid").count(), "the first question must be answered"
    assert [one for one in scene.edge.messages() if one["type"] == "identify"] == []
    form.get_by_role("group", name="How many are you?").get_by_label("Many").check()
    for option in ("One", "Three"):
        form.get_by_label(option, exact=True).check()
    form.get_by_label("Anything else?").fill(" <img src=x onerror=window.run=1> ")
    form.get_by_role("group", name="How do you like it?").get_by_label("4").check(force=True)
    form.get_by_role("group", name="Would you recommend it?").get_by_label("10", exact=True).check(force=True)
    send.click()
    expect(form.get_by_role("status")).to_have_text("Thank you")
    expect(form.get_by_role("status")).to_be_focused()
    scene.edge.wait_for(lambda: any(one["type"] == "identify" for one in scene.edge.messages()), "the answers")
    [identify] = [one for one in scene.edge.messages() if one["type"] == "identify"]
    assert identify["traits"] == {
        "team_size": "Many",
        "uses": ["One", "Three"],
        "remark": "<img src=x onerror=window.run=1>",
        "liking": 4,
        "nps": 10,
    }
    scene.edge.wait_for(
        lambda: any(one.get("event") == "Survey Answered" for one in scene.edge.messages()), "that it was"
    )
    assert scene.page.evaluate("window.run") is None


def test_texts_are_text(scene: Scene) -> None:
    """Whoever wrote them: a token may say what a visitor says of themselves."""
    script = "<img src=x onerror=window.run=1><script>window.run=1</script>"
    runs(
        scene,
        component(
            "modal",
            headline=script,
            text=script,
            button_label=script,
            button_url="javascript:window.run=1",
            image="javascript:window.run=1",
        ),
    )
    scene.open(TALL)
    expect(shown(scene).get_by_role("heading")).to_have_text(script)
    assert shown(scene).locator("img, script, a").count() == 0
    assert scene.page.evaluate("window.run") is None


def test_it_goes_with_a_page_change_and_stays_over_a_route_change(scene: Scene) -> None:
    both = [decision(text(), experience=2, exposure="exp-text"), component("banner", position="bottom")]
    runs(scene, *both)
    scene.open(TALL)
    scene.seen(2)
    shown(scene).evaluate("(one) => (one.dataset.same = 'yes')")
    scene.edge.decide = lambda _: [component("banner", position="bottom", exposure="exp-3")]
    scene.page.evaluate("history.pushState({}, '', '/second')")
    scene.seen(3)
    assert shown(scene).get_attribute("data-same") == "yes"
    assert scene.page.inner_text("h1") == ORIGINAL
    scene.edge.decide = lambda _: []
    scene.page.evaluate("history.pushState({}, '', '/third')")
    expect(shown(scene)).to_have_count(0)


def test_its_script_is_loaded_only_where_it_is_needed(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.open(TALL)
    scene.seen()
    assert not scene.edge.asked("/tag/components/")
    runs(scene, component("banner"))
    scene.page.reload()
    expect(shown(scene)).to_be_visible()
    [asked] = scene.edge.asked("/tag/components/")
    assert re.fullmatch(r"/tag/components/[\d.]+-[0-9a-f]{8}\.js", asked.path)


def test_trusted_types(scene: Scene) -> None:
    runs(scene, component("survey"))
    more = "require-trusted-types-for 'script'; trusted-types pitcairn"
    scene.open(f"<h1>{ORIGINAL}</h1>", head=scene.shim(), policy=policy(scene, more=more))
    expect(shown(scene)).to_be_visible()
    assert not scene.complaints
