"""Lists as CSV files: read as a stream, understood whole or not at all.

The first line names the columns. Every column that is named after a type of identifier (or `domain`) gives entries; the others
are left out. A file that cannot be read is refused with the line and what to do.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from pitcairn.engage.keys import snake_case
from pitcairn.profiles.identity import EMAIL

MAX_ROWS = 500_000
"""Rows of a file. A list is replaced in one transaction, and a longer one would hold the SQL store for too long."""

MAX_BYTES = 100 * 1024 * 1024
MAX_VALUE = 500
"""Characters of an identifier, as profiles keep them."""

DOMAIN = "domain"
_DOMAIN_NAMES = {"website", "company_domain", "account_domain"}
_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_SHOWN_COLUMNS = 12
Entry = tuple[str, str]


class ListFileError(ValueError):
    """A file that cannot be used. The text says what is wrong with which line, and what to do."""


@dataclass(frozen=True, kw_only=True)
class ListFile:
    """What a file says: its entries, each once, as (type, value); and how many of its rows gave none."""

    entries: dict[Entry, None]
    rows: int
    columns: tuple[str, ...]
    without_value: int
    repeated: int


def read_list(file: IO[bytes], types: Collection[str]) -> ListFile:
    """Reads a CSV file of people by identifiers of these types, or of companies by domain.

    Raises `ListFileError`; until then nothing has happened. Memory: the entries, not the file.
    """
    start = file.read(4)
    file.seek(0)
    if any(start.startswith(mark) for mark in _MARKS):
        raise ListFileError("The file is UTF-16. Save it as UTF-8 and upload it again.")
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        rows = _rows(text)
        header = next(rows, None)
        if header is None:
            raise ListFileError("The file is empty. Its first line names the columns, such as email.")
        columns = _columns([name.strip() for name in header[1]], types)
        return _entries(rows, columns, len(header[1]))
    finally:
        text.detach()


def _rows(text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
    """The rows with the numbers of their lines; empty ones are left out."""
    line = 0
    try:
        first = text.readline(MAX_VALUE * 200)
        if "\0" in first:
            raise ListFileError("The file is not text. Save the table as CSV and upload that.")
        delimiter = max(",;\t", key=first.count)
        reader = csv.reader(chain([first] if first else [], text), delimiter=delimiter, strict=True)
        for row in reader:
            line = reader.line_num
            if any(cell.strip() for cell in row):
                yield line, row
    except UnicodeDecodeError as error:
        bad = error.object[error.start : error.start + 1].hex()
        raise ListFileError(
            f"After line {line:,} comes a byte (0x{bad}) that is not UTF-8. Save the file as UTF-8 and upload it again."
        ) from error
    except csv.Error as error:
        raise ListFileError(
            f"Line {line + 1:,} cannot be read as CSV: {error}. Look for a quotation mark that is not closed."
        ) from error


def _columns(header: Sequence[str], types: Collection[str]) -> list[tuple[int, str]]:
    """The columns that give entries, as (place, type)."""
    found: list[tuple[int, str]] = []
    for place, name in enumerate(header):
        key = snake_case(name)
        if name in types or key in types:
            found.append((place, name if name in types else key))
        elif key == DOMAIN or key in _DOMAIN_NAMES:
            found.append((place, DOMAIN))
    if found:
        return found
    named = ", ".join(repr(name[:40]) for name in header[:_SHOWN_COLUMNS])
    known = ", ".join([*sorted(types), DOMAIN])
    raise ListFileError(
        f"No column says who is meant. The first line names {named}; one column has to be called one of {known}."
    )


def _entries(rows: Iterator[tuple[int, list[str]]], columns: list[tuple[int, str]], width: int) -> ListFile:
    entries: dict[Entry, None] = {}
    count = without = repeated = 0
    for line, row in rows:
        count += 1
        if count > MAX_ROWS:
            raise ListFileError(
                f"The file has more than {MAX_ROWS:,} rows. Divide it into several lists; an audience can ask for any of them."
            )
        if len(row) != width:
            raise ListFileError(
                f"Line {line:,} has {len(row)} columns and the first line has {width}. Make every line the same."
            )
        found = False
        for place, kind in columns:
            value = clean(kind, row[place])
            if len(value) > MAX_VALUE:
                raise ListFileError(
                    f"Line {line:,}: the {kind} has {len(value):,} characters; at most {MAX_VALUE} count."
                )
            if value:
                found = True
                repeated += (kind, value) in entries
                entries[kind, value] = None
        without += not found
    if not entries:
        raise ListFileError(
            f"The column {columns[0][1]} has no value in any of the {count:,} lines after the first. Nobody is on the list."
        )
    return ListFile(
        entries=entries,
        rows=count,
        columns=tuple(kind for _, kind in columns),
        without_value=without,
        repeated=repeated,
    )


def clean(kind: str, value: str) -> str:
    """The value as identifiers are kept; "" for what is no email or no domain."""
    value = value.strip()
    if kind == EMAIL:
        value = value.lower()
        return value if "@" in value else ""
    if kind == DOMAIN:
        host = (
            value.lower().rpartition("@")[2].partition("://")[2] if "://" in value else value.lower().rpartition("@")[2]
        )
        host = host.partition("/")[0].partition(":")[0].removeprefix("www.")
        return host if _HOST.fullmatch(host) else ""
    return value
