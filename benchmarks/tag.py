"""What the tag costs a page: its weight beside others', and what a visitor sees while a page loads."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.report import Line

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests"))  # The websites that the tests build, and the frames they record.

from browser.conftest import FLAGS, chromium_path  # noqa: E402
from browser.tag.frames import record, recorded  # noqa: E402
from browser.tag.scene import decision, text  # noqa: E402
from browser.tag.servers import Edge, Website, served  # noqa: E402
from browser.tag.websites import NAMES, put  # noqa: E402

EDGE = ROOT / "src/pitcairn/edge/built"
MOST_KIB = 9
OTHERS = {
    "@growthbook/growthbook@1.8.0": "dist/bundles/auto.min.js",
    "posthog-js@1.449.2": "dist/array.js",
    "@segment/analytics-next@1.84.3": "dist/umd/standalone.js",
}
"""What others' install code loads, by npm package. Before anything that they load later."""

DELAYS_MS = (0, 50, 150, 300)
VISITS = 5
CHANGES = [text("h1", "Made for you"), text(".lead", "Made lead"), text(".cta", "Made link")]
_SHIFTS = (
    "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => (shift += one.value)))"
    ".observe({ type: 'layout-shift', buffered: true })"
)


def size() -> Iterator[Line]:
    """The built tag, as gzip sends it, beside what others load."""
    manifest = json.loads((EDGE / "manifest.json").read_text())
    kib = _kib((EDGE / manifest["versions"][manifest["latest"]]["file"]).read_bytes())
    shim = _kib((EDGE / "shim.js").read_bytes())
    others = ", ".join(f"{name.rpartition('@')[0]} {_kib(code):.1f} KiB" for name, code in _others())
    yield Line(
        "the tag with all but components",
        f"{kib:.2f} KiB gzip, and the shim {shim:.2f} KiB",
        others,
        f"at most {MOST_KIB} KiB",
        kib <= MOST_KIB,
    )


def _kib(code: bytes) -> float:
    return len(gzip.compress(code, 9)) / 1024


def _others() -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, path in OTHERS.items():
            pack = ["npm", "pack", "--silent", "--pack-destination", folder, name]
            file = subprocess.run(pack, capture_output=True, text=True, check=True).stdout.strip()
            with tarfile.open(Path(folder) / file) as packed:
                code = packed.extractfile(f"package/{path}")
                assert code is not None, f"{name} has no {path}"
                yield name, code.read()


def flicker() -> Iterator[Line]:
    """One line per kind of website: the frames of its first second, at each delay of the decision."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        for name in NAMES:
            yield _flicker_of(browser, name)
        browser.close()


def _flicker_of(browser: Browser, name: str) -> Line:
    visits = [_Visit(browser, name, delay) for delay in DELAYS_MS for _ in range(VISITS)]
    without = _Visit(browser, name, 150, hides=False)
    flickers = sum(visit.originals for visit in visits if visit.personalized)
    kept = sum(not visit.personalized for visit in visits)
    shift = max(visit.shift for visit in visits)
    longest = [max(visit.hidden_ms for visit in visits if visit.delay_ms == delay) for delay in DELAYS_MS]
    return Line(
        f"flicker on a website of kind {name}, {VISITS} visits each, decided after 0, 50, 150 and 300 ms",
        f"{flickers} of {sum(visit.frames for visit in visits):,} frames show an original before the change; "
        f"{kept} visits kept it, the decision being late; CLS {shift:.3f}; hidden for at most "
        + ", ".join(f"{ms:.0f}" for ms in longest)
        + " ms",
        f"without hiding, decided after 150 ms: {without.originals} of {without.frames} frames",
        "0 frames, CLS 0, hidden for at most 400 ms and two frames",
        flickers == 0 and shift == 0 and max(longest) <= 400 + 34,
    )


class _Visit:
    """One page view of a new visitor."""

    def __init__(self, browser: Browser, name: str, delay_ms: int, *, hides: bool = True) -> None:
        edge = Edge()
        edge.delay = delay_ms / 1000
        edge.decide = lambda _: [decision(*CHANGES)]
        selectors = [str(change["selector"]) for change in CHANGES]
        edge.pages = [{"pattern": ".*", "selectors": selectors if hides else ["#another"]}]
        website = Website(edge)
        with served(edge.answer) as edge.url, served(website.answer) as website.url:
            put(website, name).open()
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            record(page, "main")
            page.add_init_script(_SHIFTS)
            page.goto(website.url)
            page.wait_for_function("window.hydrated && document.querySelector('h1').innerText")
            page.wait_for_function("performance.now() > 1000")
            seen = [frame for frame in recorded(page) if frame.there]
            self.shift = float(page.evaluate("shift"))
            page.context.close()
        self.delay_ms = delay_ms
        self.frames = len(seen)
        self.personalized = any("Made for you" in frame.text for frame in seen)
        self.originals = sum("The original" in frame.text for frame in seen)
        first = next(frame.at for frame in seen if "Made for you" in frame.text or "The original" in frame.text)
        self.hidden_ms = first - seen[0].at


MEASUREMENTS: dict[str, Callable[[], Iterator[Line]]] = {"tag": size, "flicker": flicker}
