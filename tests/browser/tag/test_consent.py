"""What is stored and sent before a visitor consents, after it, and after they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from browser.tag.frames import record, recorded
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, text

BODY = f"<h1>{ORIGINAL}</h1><p>Something else</p>"
INSTALLS = pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])
STORED = "({ cookie: document.cookie, local: { ...localStorage }, session: { ...sessionStorage } })"
NOTHING: dict[str, Any] = {"cookie": "", "local": {}, "session": {}}


def cookies(scene: Scene) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in scene.page.context.cookies()}


def by_visitor(scene: Scene) -> None:
    """Every visitor sees another headline: a changed id would show."""
    scene.runs(decision(text()), pattern=".*")
    scene.edge.decide = lambda question: [
        decision(text("h1", f"For {question['anonymousId']}"), exposure=f"exp-{question['anonymousId']}")
    ]


def call(scene: Scene, name: str, *arguments: Any) -> Any:
    return scene.page.evaluate("([name, all]) => mutiny.client[name](...all)", [name, list(arguments)])


@INSTALLS
def test_before_consent_nothing_is_stored_and_nothing_is_counted(scene: Scene, install: type[Scene]) -> None:
    by_visitor(scene)
    scene.edge.asks_consent = True
    scene.open(BODY, head=install(scene))
    scene.page.wait_for_function("document.querySelector('h1').innerText.startsWith('For ')")
    shown = scene.page.inner_text("h1")
    call(scene, "identify", "user-1", {"plan": "free"})
    scene.page.evaluate("history.pushState({}, '', '/second')")
    scene.edge.wait_for(lambda: len(scene.edge.questions()) == 2, "a second question")
    scene.page.wait_for_function("document.querySelector('h1').checkVisibility({ visibilityProperty: true })")
    assert scene.page.inner_text("h1") == shown, "another variation on another route"
    assert scene.page.evaluate(STORED) == NOTHING
    assert cookies(scene) == {}, "the server has set its cookie"
    assert scene.edge.messages() == []


@INSTALLS
def test_the_same_visitor_after_consent(scene: Scene, install: type[Scene]) -> None:
    by_visitor(scene)
    scene.edge.asks_consent = True
    scene.open(BODY, head=install(scene))
    scene.page.wait_for_function("document.querySelector('h1').innerText.startsWith('For ')")
    shown = scene.page.inner_text("h1")
    call(scene, "identify", "user-1", {"plan": "free"})
    record(scene.page)
    call(scene, "optIn")
    exposure = scene.seen()[0]
    visitor = shown.removeprefix("For ")
    assert (exposure["anonymousId"], exposure["properties"]["visitorId"]) == (visitor, visitor)
    scene.edge.wait_for(lambda: len(scene.edge.messages()) == 2, "the identify call that was held")
    assert {message["anonymousId"] for message in scene.edge.messages()} == {visitor}
    scene.edge.wait_for(lambda: len(scene.edge.questions()) == 2, "a question that lets the server set its cookie")
    assert scene.page.inner_text("h1") == shown
    for _ in range(2):  # And on the pages that follow.
        scene.page.reload()
        scene.page.wait_for_function("document.querySelector('h1').innerText.startsWith('For ')")
        assert scene.page.inner_text("h1") == shown
    kept = {"ajs_anonymous_id": visitor, "pitcairn_visitor": visitor, "pitcairn_consent": "in"}
    assert cookies(scene) == kept
    assert {one["messageId"] for one in scene.edge.exposures()} == {f"exp-{visitor}"}
    assert [(q["consent"], q["store"]) for q in scene.edge.questions()][2:] == [("in", True)] * 2


@INSTALLS
@pytest.mark.parametrize("how", ["opted out before", "by default", "by signal"])
def test_opted_out_the_page_is_as_if_the_tag_were_not_there(scene: Scene, install: type[Scene], how: str) -> None:
    scene.runs(decision(text()))
    head = install(scene)
    if how == "opted out before":
        origin = {"url": scene.website.url}
        scene.page.context.add_cookies([{"name": "pitcairn_consent", "value": "out", **origin}])  # type: ignore[typeddict-item]
    elif how == "by default":
        head += "<script>mutiny.client.defaultOptOut()</script>"
    else:
        scene.edge.honours_gpc = True
        scene.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    record(scene.page)
    scene.open(BODY, head=head)
    call(scene, "trackConversion", "Signed Up")
    scene.page.evaluate("history.pushState({}, '', '/second')")
    frames = recorded(scene.page)
    assert {(frame.visible, frame.text) for frame in frames if frame.there} == {(True, ORIGINAL)}
    assert scene.edge.messages() == []
    assert set(cookies(scene)) <= {"pitcairn_consent"}
    if how == "opted out before":
        assert scene.edge.questions() == []
    assert not scene.complaints

    call(scene, "optIn")
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert cookies(scene)["pitcairn_consent"] == "in"


def test_opting_out_gives_the_page_back_and_forgets(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.open(BODY)
    scene.seen()
    with scene.page.expect_response("**/v1/decide"):
        scene.page.reload()
    scene.seen(2)  # One of each view.
    assert set(cookies(scene)) == {"ajs_anonymous_id", "pitcairn_visitor"}
    with scene.page.expect_response("**/v1/decide"):
        call(scene, "optOut")
    assert scene.page.inner_text("h1") == ORIGINAL
    assert cookies(scene) == {"pitcairn_consent": "out"}
    call(scene, "identify", "user-1")
    scene.page.reload()
    assert scene.page.inner_text("h1") == ORIGINAL
    assert len(scene.edge.messages()) == 2
    assert scene.edge.questions()[-1]["consent"] == "out"


def test_who_opted_in_here_has_said_more_than_their_browser(scene: Scene) -> None:
    scene.edge.honours_gpc = True
    scene.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    scene.page.context.add_cookies([{"name": "pitcairn_consent", "value": "in", "url": scene.website.url}])
    scene.runs(decision(text()))
    scene.open(BODY)
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED
