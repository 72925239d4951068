"""Changes the configuration of a data folder from beside its server, as a member does in the dashboard.

    PITCAIRN_DATA=DIR python tests/edge/change.py < changes.json

Reads a JSON list of `[name, arguments]`; prints the list of what each change made. Run by `edge.site.Site`.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

from django.db import connections

from pitcairn.connections import services as connections_services
from pitcairn.connections.models import Destination, Source
from pitcairn.experiences import services as experiences
from pitcairn.workspaces import services as workspaces

WORKSPACE = Source.objects.get(name="website").workspace_id
MUTINY = Destination.objects.get(workspace_id=WORKSPACE).id


def save(**fields: Any) -> dict[str, Any]:
    """Saves an experience and starts it when it is new, unless it says `draft`."""
    draft = fields.pop("draft", False)
    new = "experience_id" not in fields
    saved = experiences.save_experience(workspace_id=WORKSPACE, **{"goals": ["Signed Up"], **fields})
    if new and not draft:
        experiences.start_experience(WORKSPACE, saved.id)
    segments = [
        {"id": segment.id, "name": segment.name, "variation": segment.variations.get().id}
        for segment in saved.segments.order_by("position")
    ]
    return {"id": saved.id, "segments": segments}


def end(*, experience_id: int) -> None:
    experiences.end_experience(WORKSPACE, experience_id)


def enable_mutiny(*, enabled: bool) -> None:
    connections_services.set_destination_enabled(workspace_id=WORKSPACE, destination_id=MUTINY, enabled=enabled)


def set_key(*, key: str) -> None:
    """Also to nothing, which the service forbids for an enabled destination; an older version may have left it so."""
    Destination.objects.filter(id=MUTINY).update(secrets={"apiKey": key} if key else {})
    workspaces.configuration_changed()


def connect(*, sources: list[str]) -> None:
    ids = list(Source.objects.filter(workspace_id=WORKSPACE, name__in=sources).values_list("id", flat=True))
    connections_services.update_destination(workspace_id=WORKSPACE, destination_id=MUTINY, source_ids=ids)


CHANGES: dict[str, Callable[..., Any]] = {
    change.__name__: change for change in (save, end, enable_mutiny, set_key, connect)
}

print(json.dumps([CHANGES[name](**arguments) for name, arguments in json.load(sys.stdin)]))
connections.close_all()
