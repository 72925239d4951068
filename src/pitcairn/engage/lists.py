"""Lists: audiences whose members are given. What a list names is kept, so that who comes later is a member as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import connection, transaction

from pitcairn.engage import services
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.list_files import Entry
from pitcairn.engage.models import Audience, ListEntry

AT_ONCE = 5_000


@transaction.atomic
def create_list(workspace_id: int, name: str, entries: Iterable[Entry], *, description: str = "") -> Audience:
    """Makes an audience of what the entries name; everything or nothing. Raises `AudienceError`."""
    audience = services.create_audience(workspace_id, name, {}, anonymous=True, description=description, listed=True)
    _insert(audience.id, entries)
    return audience


@transaction.atomic
def replace_list(
    workspace_id: int,
    audience_id: int,
    entries: Iterable[Entry] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
) -> Audience:
    """Gives the list other entries (None keeps them), and a name; everything or nothing. Raises `AudienceError`."""
    audience = services.update_audience(workspace_id, audience_id, name=name, description=description)
    if not audience.listed:
        raise AudienceError("file", f"{audience.name} has conditions; it cannot be given a list.")
    if entries is not None:
        ListEntry.objects.filter(computation_id=audience_id)._raw_delete("default")
        _insert(audience_id, entries)
        services.recompute(workspace_id, audience_id)
    return audience


def entry_counts(audience_id: int) -> list[tuple[str, int]]:
    """How many entries of each type the list has."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, COUNT(*) FROM engage_listentry WHERE computation_id = %s GROUP BY type", [audience_id]
        )
        found.update(cursor.fetchall())
    return sorted(found.items())


def _insert(audience_id: int, entries: Iterable[Entry]) -> None:
    with connection.cursor() as cursor:
        for part in _parts(entries):
            cursor.executemany(
                "INSERT INTO engage_listentry (computation_id, type, value) VALUES (%s, %s, %s)",
                [(audience_id, kind, value) for kind, value in part],
            )


def _parts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    left = iter(entries)
    while part := list(islice(left, AT_ONCE)):
        yield part
