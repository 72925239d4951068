"""Finds the destinations of the catalog: every folder of `connections/catalog/` with a `manifest.toml`.

A folder is a Python package, so its name has `_` where the slug has `-`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from django.conf import settings as django_settings

from pitcairn.connections.destination import CatalogEntry, Manifest, OutgoingMessage

CATALOG = Path(__file__).parent / "catalog"
FILES = "files"
"""The folder in the data folder where destinations may keep files."""


class CatalogError(Exception):
    """A catalog folder that cannot be used; the text says which and why."""


def _load(folder: Path) -> CatalogEntry:
    try:
        manifest = msgspec.toml.decode((folder / "manifest.toml").read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise CatalogError(f"{folder.name}/manifest.toml: {error}") from error
    wanted = folder.name.replace("_", "-")
    if manifest.slug != wanted:
        raise CatalogError(
            f"{folder.name}/manifest.toml says slug {manifest.slug!r}; by its folder it must be {wanted!r}"
        )
    module = importlib.import_module(f"pitcairn.connections.catalog.{folder.name}.destination")
    icon = folder / "icon.svg"
    write, forget = getattr(module, "write", None), getattr(module, "forget", None)
    entry = CatalogEntry(
        manifest,
        module.take,
        icon.read_text() if icon.exists() else "",
        prepare=getattr(module, "prepare", None),
        judge=getattr(module, "judge", None),
        write=functools.partial(_write_files, write) if write is not None else None,
        check=getattr(module, "check", None),
        forget=functools.partial(_forget_in_files, forget) if forget is not None else None,
    )
    if entry.prepare is not None and entry.write is not None:
        raise CatalogError(f"{folder.name}/destination.py has both prepare and write; a destination needs one of them")
    return entry


def _write_files(write: Callable[..., None], messages: Sequence[OutgoingMessage], settings: Mapping[str, Any]) -> None:
    write(messages, settings, folder=Path(django_settings.DATA) / FILES)


def _forget_in_files(forget: Callable[..., None], theirs: Callable[..., bool], settings: Mapping[str, Any]) -> None:
    forget(theirs, settings, folder=Path(django_settings.DATA) / FILES)


@functools.cache
def catalog() -> Mapping[str, CatalogEntry]:
    """Every destination by its slug, in the order of their names. Raises `CatalogError` for a broken folder."""
    entries = [_load(path.parent) for path in CATALOG.glob("*/manifest.toml")]
    return MappingProxyType({e.manifest.slug: e for e in sorted(entries, key=lambda e: e.manifest.name.lower())})
