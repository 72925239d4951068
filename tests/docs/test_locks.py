"""What is locked: the check that `make check` runs, and that it would notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "browser/package-lock.json",
    "tests/browser/tag/apps/next/package-lock.json",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The locks and their check, to break."""
    for name in ("scripts/check_locks.py", *LOCKS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def check(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(folder / "scripts" / "check_locks.py")], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_locks_are_in_order(copy: Path) -> None:
    assert check(copy) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("requirements.lock", "\ndjango==", "\n--index-url https://example.com/simple\ndjango==", "holds an address"),
        ("requirements.lock", "\ndjango==", "\ndjango>=", "is not pinned"),
        ("requirements.lock", "\ndjango==5", "\ndjango==4", "in requirements-dev.lock"),
        ("requirements-dev.lock", "\npytest==", "\nunhashed==1.0\npytest==", "unhashed==1.0 has no hash"),
        (
            "browser/package-lock.json",
            '"integrity":',
            '"resolved": "https://example.com/x.tgz", "integrity":',
            "resolved",
        ),
        ("browser/package-lock.json", '"integrity":', '"was":', "has no integrity"),
    ],
)
def test_what_a_lock_must_not_hold_is_found(copy: Path, name: str, old: str, new: str, complaint: str) -> None:
    text = (copy / name).read_text("utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1), "utf-8")
    code, errors = check(copy)
    assert code == 1
    assert complaint in errors
