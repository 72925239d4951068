"""Under a strict Content-Security-Policy: no eval, nothing inline, and not one complaint in the console."""

from __future__ import annotations

import base64
import hashlib

import pytest

from browser.tag.scene import ORIGINAL, PERSONALIZED, Scene, decision, text
from browser.tag.servers import BUILT, WRITE_KEY

CHANGES = (
    text(),
    {"type": "html", "selector": "p", "value": "<b style='color: rgb(1, 2, 3)'>three</b>"},
    {"type": "style", "selector": "h1", "name": "color", "value": "rgb(1, 2, 3)"},
    {"type": "attribute", "selector": "h1", "name": "style", "value": "margin-top: 7px"},
    {"type": "insert", "selector": "p", "position": "after", "value": "<i>new</i>"},
    {"type": "hide", "selector": "h2"},
)
INSTALLS = pytest.mark.parametrize("install", [Scene.plain, Scene.shim], ids=["plain", "shim"])
BODY = f"<h1>{ORIGINAL}</h1><p>One <b>two</b></p><h2>Gone</h2>"


def policy(scene: Scene, *, script: str = "'self'", more: str = "") -> str:
    """What Pitcairn needs of a policy, and nothing more."""
    host = scene.edge.url
    return (
        f"default-src 'none'; style-src 'self'; script-src {script} {host}; connect-src {host}; base-uri 'none'; {more}"
    )


def check(scene: Scene) -> None:
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED
    style = scene.page.evaluate(
        "(({ color, marginTop }) => [color, marginTop])(getComputedStyle(document.querySelector('h1')))"
    )
    assert style == ["rgb(1, 2, 3)", "7px"]
    assert scene.page.evaluate("getComputedStyle(document.querySelector('p b:last-child')).color") == "rgb(1, 2, 3)"
    assert not scene.complaints


@INSTALLS
def test_no_inline_script_or_style_is_needed(scene: Scene, install: type[Scene]) -> None:
    scene.runs(decision(*CHANGES))
    scene.open(BODY, head=install(scene), policy=policy(scene))
    check(scene)


def test_the_policy_does_refuse_what_is_inline(scene: Scene) -> None:
    """Otherwise the test above could not fail."""
    scene.open("<p style='color: red'>x</p><script>1</script>", head="", policy=policy(scene))
    assert len(scene.complaints.console) == 2


def test_the_shim_inline_by_its_hash(scene: Scene) -> None:
    code = (BUILT / "shim.js").read_text()
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    head = f'<script data-pitcairn-host="{scene.edge.url}" data-write-key="{WRITE_KEY}">{code}</script>'
    scene.runs(decision(*CHANGES))
    scene.open(BODY, head=head, policy=policy(scene, script=f"'sha256-{digest}'"))
    check(scene)


def test_the_shim_inline_by_a_nonce(scene: Scene) -> None:
    """The tag it loads carries the nonce on: its host need not be listed."""
    code = (BUILT / "shim.js").read_text()
    head = f'<script nonce=abc data-pitcairn-host="{scene.edge.url}" data-write-key="{WRITE_KEY}">{code}</script>'
    scene.runs(decision(*CHANGES))
    scene.open(
        BODY, head=head, policy=policy(scene).replace(f"script-src 'self' {scene.edge.url}", "script-src 'nonce-abc'")
    )
    check(scene)


@INSTALLS
def test_trusted_types(scene: Scene, install: type[Scene]) -> None:
    """The shim hands its policy to the tag it loads: the page allows one of the name to be made."""
    scene.runs(decision(*CHANGES))
    scene.open(
        BODY,
        head=install(scene),
        policy=policy(scene, more="require-trusted-types-for 'script'; trusted-types pitcairn"),
    )
    check(scene)


def test_trusted_types_that_do_not_know_us(scene: Scene) -> None:
    """HTML cannot be put in; the rest of the experience stands."""
    scene.runs(decision(*CHANGES))
    scene.open(BODY, policy=policy(scene, more="require-trusted-types-for 'script'; trusted-types other"))
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert scene.page.inner_text("p") == "One two"
    assert scene.complaints.thrown == []


def test_the_shim_where_trusted_types_do_not_know_us(scene: Scene) -> None:
    """The page is as if the tag were blocked: whole, nothing thrown, and its calls fail by rejecting."""
    scene.runs(decision(*CHANGES))
    scene.open(
        BODY, head=scene.shim(), policy=policy(scene, more="require-trusted-types-for 'script'; trusted-types other")
    )
    failed = "mutiny.client.identify('ann').then(() => false, (error) => error.message)"
    assert scene.page.evaluate(failed) == "Pitcairn's tag did not come."
    assert scene.page.inner_text("h1") == ORIGINAL
    assert scene.page.evaluate("document.querySelector('h1').checkVisibility({ visibilityProperty: true })")
    assert scene.edge.questions() == []
    assert scene.complaints.thrown == []


def test_the_shim_where_policies_are_named_and_types_are_not_required(scene: Scene) -> None:
    scene.runs(decision(text()))
    scene.open(BODY, head=scene.shim(), policy=policy(scene, more="trusted-types other"))
    scene.seen()
    assert scene.page.inner_text("h1") == PERSONALIZED
    assert scene.complaints.thrown == []
