"""No struct's annotations are read by the server's threads: two that do so at once would end the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from server import PATIENCE_SECONDS, Template

SCRIPT = Path(__file__).with_name("struct_types.py")


@pytest.mark.parametrize("prepared", [True, False])
def test_struct_types_are_read_before_there_are_threads(template: Template, prepared: bool) -> None:
    """And without it they would be: the check can tell."""
    environment = template.environment(template.folder, template.database)
    command = [sys.executable, str(SCRIPT), *([] if prepared else ["unprepared"])]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ("Manifest" in done.stdout) is not prepared
    assert bool(done.stdout) is not prepared, done.stdout
