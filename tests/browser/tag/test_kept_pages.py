"""Pages that the browser keeps, and shows again as they were left: the back/forward cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.conftest import FLAGS, chromium_path
from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, document, text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium with its back/forward cache, which Playwright turns off."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS), ignore_default_args=["--disable-back-forward-cache"]
        )
        yield browser
        browser.close()


def test_a_page_that_was_kept_is_decided_anew(scene: Scene) -> None:
    """The very page that was left, with what was changed still standing: it stays until another decision comes."""
    scene.edge.vitals_share = 1.0
    scene.runs(decision(text()))
    scene.edge.decide = lambda question: [decision(text(), exposure=f"exp-{len(scene.edge.questions())}")]
    scene.website.page("/second", document("", "<h1>Without the tag</h1>"))
    scene.open(f"<h1>{ORIGINAL}</h1><a href=/second>Second</a>")
    scene.seen()
    scene.page.evaluate("kept = true; addEventListener('pageshow', (event) => (persisted = event.persisted))")
    scene.page.get_by_role("link", name="Second").click()
    scene.page.wait_for_url("**/second")
    scene.page.evaluate("void history.back()")
    scene.page.wait_for_function("window.kept && window.persisted")
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert {one["messageId"] for one in scene.seen(2)} == {"exp-1", "exp-2"}
    scene.page.evaluate("location.href = '/second'")
    scene.page.wait_for_url("**/second")
    scene.edge.wait_for(lambda: len(scene.edge.vitals()) == 2, "the vitals of both views")
    again = scene.edge.vitals()[1]
    assert (again["lcpMs"], again["experiences"][0]["hiddenMs"]) == (0, 0), "it was painted before, and hid nothing"
    assert not scene.complaints
