"""What the build of `browser/` leaves behind: sizes, names, and nothing of the machine it was made on."""

from __future__ import annotations

import gzip
import hashlib
import json
import re

from browser.tag.servers import BUILT, DEMO, ROOT

MANIFEST = json.loads((BUILT / "manifest.json").read_text())


def test_the_tag_is_within_its_budget() -> None:
    for built in MANIFEST["versions"].values():
        code = (BUILT / built["file"]).read_bytes()
        assert built["gzipBytes"] <= 9 * 1024
        assert abs(len(gzip.compress(code, 9)) - built["gzipBytes"]) < 64, "the manifest tells another size"


def test_the_shim_is_within_its_budget() -> None:
    assert len(gzip.compress((BUILT / "shim.js").read_bytes(), 9)) <= 1150


def test_a_version_is_named_after_its_code() -> None:
    """So that one version is for ever the same bytes, and may be kept for ever."""
    assert MANIFEST["latest"] in MANIFEST["versions"]
    release = json.loads((ROOT / "browser/package.json").read_text())["version"]
    assert MANIFEST["latest"].startswith(release + "-")
    for version, built in MANIFEST["versions"].items():
        assert built["file"] == f"tag.{version}.js"
        assert version.endswith("-" + hashlib.sha256((BUILT / built["file"]).read_bytes()).hexdigest()[:8])


def test_the_tag_needs_no_eval() -> None:
    for path in [BUILT / MANIFEST["versions"][MANIFEST["latest"]]["file"], BUILT / "shim.js"]:
        assert not re.search(r"\beval\b|\bnew Function\b|document\.write|\.src\s*=\s*[\"']javascript", path.read_text())


def test_the_demo_installs_the_released_shim() -> None:
    assert (DEMO / "built/install.js").read_text().endswith((BUILT / "shim.js").read_text())


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "browser/package-lock.json").read_text()
