"""Finds the destinations of the catalog: every folder of `connections/catalog/` with a `manifest.toml`."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from pitcairn.connections.destination import CatalogEntry, Manifest

CATALOG = Path(__file__).parent / "catalog"


class CatalogError(Exception):
    """A catalog folder that cannot be used; the text says which and why."""


def _load(folder: Path) -> CatalogEntry:
    try:
        manifest = msgspec.toml.decode((folder / "manifest.toml").read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise CatalogError(f"{folder.name}/manifest.toml: {error}") from error
    if manifest.slug != folder.name:
        raise CatalogError(f"{folder.name}/manifest.toml says slug {manifest.slug!r}; it must be the folder's name")
    module = importlib.import_module(f"pitcairn.connections.catalog.{folder.name}.destination")
    icon = folder / "icon.svg"
    entry = CatalogEntry(
        manifest,
        module.take,
        icon.read_text() if icon.exists() else "",
        prepare=getattr(module, "prepare", None),
        judge=getattr(module, "judge", None),
        write=getattr(module, "write", None),
    )
    if entry.prepare is not None and entry.write is not None:
        raise CatalogError(f"{folder.name}/destination.py has both prepare and write; a destination needs one of them")
    return entry


@functools.cache
def catalog() -> Mapping[str, CatalogEntry]:
    """Every destination by its slug, in the order of their names. Raises `CatalogError` for a broken folder."""
    entries = [_load(path.parent) for path in CATALOG.glob("*/manifest.toml")]
    return MappingProxyType({e.manifest.slug: e for e in sorted(entries, key=lambda e: e.manifest.name.lower())})
