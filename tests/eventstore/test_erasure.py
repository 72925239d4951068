"""No file of the embedded store holds what was erased: not the rows, not the statements that named whose they were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eventstore.rows import START, delivery, fresh_workspace, message, person, refusal
from pitcairn.eventstore import EventStore
from server import wait_until

ANA, BEN = "ana.fernandez@example.com", "ben.okafor@example.com"


def files_naming(store: EventStore, text: str) -> list[str]:
    folder = store._connection.address.folder
    assert folder is not None
    # Files come and go all the time: the walk passes over folders that are gone by then.
    paths = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return [str(path.relative_to(folder)) for path in paths if text in _text(path)]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("latin-1").lower()
    except FileNotFoundError:
        return ""


@pytest.mark.slow
def test_no_file_names_who_was_erased(embedded_store: EventStore) -> None:
    store, workspace_id = embedded_store, fresh_workspace()
    for profile_id, email in ((1, ANA), (2, BEN)):
        said = f'{{"email":"{email}"}}'
        own = {"user_id": email, "message_id": f"m{profile_id}-{workspace_id}"}
        store.insert("people", [person(workspace_id, profile_id, traits=said)])
        store.insert("messages", [message(workspace_id, profile_id=profile_id, properties=said, **own)])
        store.insert("refusals", [refusal(workspace_id, message=said, **own)])
        store.insert("deliveries", [delivery(workspace_id, message_ids=[f"personas_{profile_id}"], request=said)])
    named = {path.partition("/")[2].partition("/")[2].partition("/")[0] for path in files_naming(store, ANA)}
    assert len(named) == 6, "people, messages and the two tables that follow them, refusals, deliveries"

    store.erase(workspace_id, [1], [ANA], int(START * 1000) + 86_400_000, emails=[ANA])
    store.erase_files()
    wait_until(lambda: not files_naming(store, ANA), "a store without a file that names her", patience=300)
    assert files_naming(store, BEN)
    rows = store._rows(f"SELECT user_id FROM messages WHERE workspace_id = {workspace_id}", {})
    assert rows == [(BEN,)]
