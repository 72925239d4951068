"""`python -m benchmarks [NAME …]`: all of them, or the named ones. All of them together write `docs/benchmarks.md`."""

import sys

from rich.console import Console
from rich.table import Table

from benchmarks import delivery, engage, engage_seen, filters, measurements, results, simulations, tag
from benchmarks.report import Line, write

ROOMS = (measurements, delivery, filters, engage, engage_seen, simulations, tag, results)
MEASUREMENTS = {name: measure for room in ROOMS for name, measure in room.MEASUREMENTS.items()}
console = Console()
names = sys.argv[1:] or list(MEASUREMENTS)
unknown = [name for name in names if name not in MEASUREMENTS]
if unknown:
    sys.exit(f"There is no benchmark {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")

lines: list[Line] = []
for name in names:
    with console.status(f"Measuring {name}"):
        found = list(MEASUREMENTS[name]())
    for line in found:
        console.print(f"[{'green' if line.met else 'red'}]{line.what}[/]: {line.figure}  [dim]({line.bar})[/]")
    lines += found

table = Table("what", "measured", "reference", "bar", "met")
for line in lines:
    table.add_row(line.what, line.figure, line.reference, line.bar, "yes" if line.met else "no")
console.print(table)
if not sys.argv[1:]:
    write(lines)
sys.exit(0 if all(line.met for line in lines) else 1)
