"""The table, on the terminal and in `docs/benchmarks.md`."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"

_HEAD = """# Benchmarks

Made by `make bench`. Everything on one machine and over loopback, so the load generator takes its share of the processors; the
reference is measured in the same run. A figure that misses its bar stays in the table and says so.

"""


@dataclass(frozen=True)
class Line:
    what: str
    figure: str
    reference: str
    bar: str
    met: bool

    def markdown(self) -> str:
        return f"| {self.what} | {self.figure} | {self.reference} | {self.bar} | {'yes' if self.met else '**no**'} |"


def machine() -> str:
    """The processor, as far as the system tells."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "")
    cores = info.count("processor\t")
    return f"{cores} cores, {model or platform.machine()}, Python {platform.python_version()}, {platform.system()}"


def write(lines: list[Line]) -> None:
    """Keeps the table. Only a full run writes it."""
    rows = "\n".join(line.markdown() for line in lines)
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    DOCUMENT.write_text(
        f"{_HEAD}{day}, {machine()}.\n\n| what | measured | reference, same run | bar | met |\n|---|---|---|---|---|\n{rows}\n"
    )
