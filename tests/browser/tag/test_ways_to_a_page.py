"""The ways in which a page, or a part of it, comes before a visitor: rendered ahead, brought by Turbo, late."""

from __future__ import annotations

from browser.tag.frames import record, recorded
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, document, text
from browser.tag.servers import ROOT

TURBO = (ROOT / "browser/node_modules/@hotwired/turbo/dist/turbo.es2017-umd.js").read_text()
BODY = f"<h1>{ORIGINAL}</h1><p><a href=/second>Second</a></p>"


def at_each_path(scene: Scene) -> None:
    """Another headline on each page, with an exposure of its own for each view."""
    scene.runs(decision(text()), pattern=".*")
    scene.edge.decide = lambda question: [
        decision(
            text("h1", "Second, made" if "/second" in question["url"] else PERSONALIZED),
            exposure=f"exp-{len(scene.edge.questions())}",
        )
    ]


def test_turbo_brings_the_next_page_and_keeps_the_last(scene: Scene) -> None:
    """Turbo puts another body in and, on the way back, a copy that it took of the changed page."""
    at_each_path(scene)
    scene.website.file("/turbo.js", TURBO)
    head = scene.plain() + "<script src=/turbo.js></script>"
    second = "<h1>The original second</h1><p><a href=/>Home</a></p>"
    scene.website.page("/second", document(head, second))
    record(scene.page)
    scene.open(BODY, head=head)
    scene.seen()
    scene.page.evaluate("window.stayed = true")
    for number, (link, said) in enumerate([("Second", "Second, made"), ("Home", PERSONALIZED)] * 2):
        scene.page.get_by_role("link", name=link).click()
        scene.page.wait_for_function("(said) => document.querySelector('h1').innerText === said", arg=said)
        scene.seen(number + 2)
    scene.page.go_back()
    scene.page.wait_for_function("document.querySelector('h1').innerText === 'Second, made'")
    assert scene.page.evaluate("window.stayed"), "the page was loaded anew"
    assert scene.page.locator("h1").count() == 1
    assert [frame.text for frame in recorded(scene.page) if "original" in frame.text] == []
    assert not scene.complaints


def test_late_content_is_changed_in_its_first_frame(scene: Scene) -> None:
    """Whatever adds it, and however long after: by script, by a template, by replacing what surrounds it."""
    scene.runs(decision(text("h2")))
    record(scene.page, "main")
    scene.open("<main></main><template><section><h2>The original late</h2></section></template>")
    scene.page.wait_for_load_state("networkidle")
    for number, come in enumerate(
        (
            "main.innerHTML = '<h2>The original late</h2>'",
            "main.replaceChildren(document.querySelector('template').content.cloneNode(true))",
            "main.outerHTML = '<main><div><h2 hidden>The original late</h2></div></main>'",
            "document.querySelector('h2').hidden = false",
            "document.querySelector('h2').className = 'x'",
        )
    ):
        scene.page.evaluate("(come) => { const main = document.querySelector('main'); eval(come) }", come)
        scene.seen()
        assert scene.page.evaluate("document.querySelector('h2').innerHTML") == PERSONALIZED, number
    assert [frame.text for frame in recorded(scene.page) if "original" in frame.text] == []
    assert len(scene.edge.exposures()) == 1


def test_a_page_rendered_ahead_is_exposed_when_it_is_visited(scene: Scene) -> None:
    """As the browser says: `document.prerendering`, and its event when the visit begins."""
    scene.runs(decision(text()))
    scene.page.add_init_script("Object.defineProperty(document, 'prerendering', { value: true, configurable: true })")
    scene.open()
    scene.page.wait_for_load_state("networkidle")
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert scene.edge.exposures() == []
    scene.page.evaluate(
        "delete document.prerendering; document.dispatchEvent(new Event('prerenderingchange'));"
        "document.dispatchEvent(new Event('prerenderingchange'))"
    )
    assert len(scene.seen()) == 1
