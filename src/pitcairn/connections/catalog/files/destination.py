"""Keeps messages in files of the data folder: JSON lines that grow for an hour, or a Parquet file of each batch."""

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pitcairn.connections.catalog.files.encoding import PARQUET, batch_name, json_lines, parquet, received
from pitcairn.connections.catalog.files.erasing import kept_lines, kept_rows
from pitcairn.connections.destination import IncomingMessage, OutgoingMessage, Send, WriteFailed

FOLDER_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Send:
    return Send()


def write(messages: Sequence[OutgoingMessage], settings: Mapping[str, Any], folder: Path) -> None:
    """Stores them by the hour of their receipt, and has them on disk when it returns."""
    name = str(settings["folder"])
    if not FOLDER_NAME.fullmatch(name):
        raise WriteFailed("INVALID_SETTINGS", f"{name!r} is no name of a folder.", retry=False)
    try:
        for hour, group in groupby(messages, lambda message: f"{received(message):%Y-%m-%d/%H}"):
            batch = list(group)
            path = folder / name / hour
            path.parent.mkdir(parents=True, exist_ok=True)
            if settings.get("format") == PARQUET:
                _replace(path.with_name(f"{path.name}-{batch_name(batch)}.parquet"), parquet(batch))
            else:
                _append(path.with_suffix(".jsonl"), json_lines(batch))
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "EIO")
        raise WriteFailed(reason, f"{error.strerror}: {name} in the folder files.") from error


def forget(theirs: Callable[[Mapping[str, Any], bytes], bool], settings: Mapping[str, Any], folder: Path) -> None:
    """Takes the messages that are theirs out of every file. A file with none of them is not touched."""
    name = str(settings.get("folder") or "")
    if not FOLDER_NAME.fullmatch(name):
        return
    for path in sorted((folder / name).glob("*/*")):
        if path.suffix not in {".jsonl", ".parquet"}:
            continue
        with _alone(path):
            old = path.read_bytes()
            new = kept_rows(old, theirs) if path.suffix == ".parquet" else kept_lines(old, theirs)
            if len(new) < len(old):
                _replace(path, new)


def check(settings: Mapping[str, Any]) -> Mapping[str, str]:
    name = str(settings.get("folder") or "")
    if name and not FOLDER_NAME.fullmatch(name):
        return {"folder": f"{name!r} is no name of a folder. Use letters, digits, dot, - and _; at most 80 of them."}
    return {}


def _append(path: Path, lines: bytes) -> None:
    """Adds the lines at the end. A line that a dying process left half written is taken away first."""
    with _alone(path), path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        whole = _end_of_last_line(file.fileno(), size)
        if whole < size:
            file.truncate(whole)
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps what adds to a file, and what takes out of it, from doing so at once: each locks the file's folder."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _end_of_last_line(descriptor: int, size: int, step: int = 65_536) -> int:
    while size:
        start = max(0, size - step)
        found = os.pread(descriptor, size - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


def _replace(path: Path, data: bytes) -> None:
    """The file is there whole or not at all."""
    unfinished = path.with_suffix(path.suffix + ".unfinished")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
