"""On a page that React has rendered on the server and takes over in the browser."""

from __future__ import annotations

import subprocess

import pytest

from browser.tag.frames import record, recorded
from browser.tag.scene import PERSONALIZED, Change, Scene, decision, text
from browser.tag.servers import ROOT

RENDERED = (
    "<div id=root><main><h1>The original <em>headline 0</em></h1><p>Clicks: 0</p><button>More</button></main></div>"
    "<script src=/app.js></script>"
)
CHANGES = pytest.mark.parametrize(
    "change",
    [
        text(),
        {"type": "html", "selector": "h1", "value": f"<i>{PERSONALIZED}</i>"},
        {"type": "insert", "selector": "h1", "position": "before", "value": f"<b>{PERSONALIZED}</b>"},
    ],
    ids=["text", "html", "insert"],
)


@pytest.fixture(scope="module")
def app() -> str:
    built = subprocess.run(
        [
            ROOT / "browser/node_modules/.bin/esbuild",
            ROOT / "tests/browser/tag/app/react.js",
            "--bundle",
            "--define:process.env.NODE_ENV='production'",
        ],
        env={"NODE_PATH": str(ROOT / "browser/node_modules"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return built.stdout


def says(scene: Scene) -> bool:
    return PERSONALIZED in scene.page.inner_text("main").splitlines()


@CHANGES
def test_changed_before_react_takes_over(scene: Scene, app: str, change: Change) -> None:
    """React finds another page than it rendered and may render it again; no frame shows it, and nothing breaks."""
    scene.runs(decision(change))
    scene.website.file("/app.js", app)
    record(scene.page, "main")
    scene.open(RENDERED)
    scene.seen()
    assert says(scene)
    before = len(recorded(scene.page))
    scene.page.evaluate("void hydrate()")
    scene.page.wait_for_function("window.hydrated")
    after = recorded(scene.page)[before:]
    assert len(after) > 2
    assert [frame for frame in after if frame.visible and PERSONALIZED not in frame.text] == []
    live_on(scene)


@CHANGES
def test_changed_after_react_took_over(scene: Scene, app: str, change: Change) -> None:
    scene.runs(decision(change))
    scene.edge.decide_gate.close()
    scene.website.file("/app.js", app)
    scene.open(RENDERED)
    scene.page.evaluate("void hydrate()")
    scene.page.wait_for_function("window.hydrated")
    scene.edge.decide_gate.open()
    scene.seen()
    live_on(scene)
    assert scene.page.evaluate("recovered") == []


def live_on(scene: Scene) -> None:
    """Everything React does to the headline afterwards: new text, a child that goes and comes, all of it that does."""
    for number, (step, others) in enumerate(
        [
            ("document.querySelector('button').click()", "Clicks: 1"),
            ("setName('other')", "Clicks: 1"),
            ("setEmphasis(false)", "Clicks: 1"),
            ("setName('third')", "Clicks: 1"),
            ("setEmphasis(true)", "Clicks: 1"),
            ("setShown(false)", "Clicks: 1"),
            ("setShown(true)", "Clicks: 1"),
        ]
    ):
        scene.page.evaluate(f"void {step}")
        scene.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert others in scene.page.inner_text("main"), (number, step)
        if "Shown(false)" not in step:
            assert says(scene), (number, step, scene.page.inner_html("main"))
    assert len(scene.edge.exposures()) == 1
    assert not scene.complaints
