"""How results are shown to a person. Every cell is text as it is: what senders wrote is never read as markup."""

from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text


class _PlainTable(Table):
    def add_row(self, *cells: object, **options: object) -> None:  # type: ignore[override]  # narrower on purpose
        super().add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells), **options)  # type: ignore[arg-type]


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without a frame; the columns named in `right` are aligned to the right."""
    made = _PlainTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def clock(iso: str | None) -> str:
    """`2026-01-31 09:30:00` in this computer's time zone; "never" for None."""
    if not iso:
        return "never"
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def size(count: int) -> str:
    """Bytes as people read them."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
