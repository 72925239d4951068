"""How results are shown to a person. Every cell is text as it is: what senders wrote is never read as markup."""

from datetime import datetime
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text


class Rows:
    """A table without a frame. Columns named in `right` are aligned to the right; those in `whole` are never broken."""

    def __init__(self, *columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> None:
        self._table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=any(columns))
        for column in columns:
            justify: Literal["left", "right"] = "right" if column in right else "left"
            self._table.add_column(column, justify=justify, overflow="fold", no_wrap=column in whole)

    def add(self, *cells: object) -> None:
        self._table.add_row(*(Text(str(cell)) for cell in cells))

    def __rich__(self) -> Table:
        return self._table


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


def percent(share: float, *, signed: bool = False) -> str:
    """`12.3 %`, or `+12.3 %`."""
    return f"{share * 100:{'+' if signed else ''}.1f} %"
