"""`pitcairn export` and `pitcairn apply`, while the server runs: what a file changes is what visitors get."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from server import PATIENCE_SECONDS, NewServer

pytestmark = pytest.mark.slow


def test_a_folder_is_applied_while_the_server_runs(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server()
    server.run("demo", "seed")
    folder = tmp_path / "website"
    name = "experiences/corporate-website-experiment.json"
    exported = server.run("export", str(folder), "--workspace", "Demo")
    assert name in exported["written"]
    file = folder / name
    value = json.loads(file.read_text("utf-8"))
    value["control_share"] = 0.0
    file.write_text(json.dumps(value))
    told = server.run("apply", str(folder), "--workspace", "Demo", "--dry-run")
    (change,) = [one for one in told["changes"] if one["what"] != "none"]
    assert (told["dryRun"], change["file"]) == (True, name)
    assert change["differences"] == [{"where": "Control share", "before": ["50 %"], "after": ["0 %"]}]
    assert server.run("apply", str(folder), "--workspace", "Demo")["changes"] == told["changes"]
    again = server.run("apply", str(folder), "--workspace", "Demo")
    assert {one["what"] for one in again["changes"]} == {"none"}
    value["page_url"] = "not a page"
    file.write_text(json.dumps(value))
    failed = subprocess.run(
        [sys.executable, "-m", "pitcairn.cli", "apply", str(folder), "--workspace", "Demo"],
        env=server.environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    assert f"1 thing is wrong; nothing was changed\n{name}: page_url: " in failed.stderr
