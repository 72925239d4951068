"""Changes the configuration of a data folder from beside its server, as a member does in the dashboard.

    PITCAIRN_DATA=DIR python tests/edge/change.py

Reads lines of JSON, `[name, arguments]`, and answers each with a line: what the change made. Run by `edge.site.Site`.
"""

import json
import os
import sys
from typing import Any

import django


class Changes:
    """The changes by name."""

    def __init__(self) -> None:
        from pitcairn.connections.models import Destination, Source

        self.workspace_id = Source.objects.get(name="website").workspace_id
        self.mutiny = Destination.objects.get(workspace_id=self.workspace_id).id

    def save(self, **fields: Any) -> dict[str, Any]:
        """Saves an experience and starts it when it is new, unless it says `draft`."""
        from pitcairn.experiences import services
        from pitcairn.experiences.models import Experience

        draft = fields.pop("draft", False)
        new = "experience_id" not in fields
        if not new:
            fields["base_version"] = Experience.objects.get(id=fields["experience_id"]).version
        saved = services.save_experience(workspace_id=self.workspace_id, **{"goals": ["Signed Up"], **fields})
        if new and not draft:
            services.start_experience(self.workspace_id, saved.id)
        return {"id": saved.id, "segments": list(saved.segments.order_by("position").values_list("id", flat=True))}

    def archive(self, *, experience_id: int) -> None:
        from pitcairn.experiences import services

        services.archive_experience(self.workspace_id, experience_id)

    def enable_mutiny(self, *, enabled: bool) -> None:
        from pitcairn.connections import services

        services.set_destination_enabled(workspace_id=self.workspace_id, destination_id=self.mutiny, enabled=enabled)

    def set_key(self, *, key: str) -> None:
        """Also to nothing, which the service forbids for an enabled destination; older data may have it so."""
        from pitcairn.connections.models import Destination
        from pitcairn.workspaces import services

        Destination.objects.filter(id=self.mutiny).update(secrets={"apiKey": key} if key else {})
        services.configuration_changed()

    def connect(self, *, sources: list[str]) -> None:
        from pitcairn.connections import services
        from pitcairn.connections.models import Source

        ours = Source.objects.filter(workspace_id=self.workspace_id, name__in=sources)
        ids = list(ours.values_list("id", flat=True))
        services.update_destination(workspace_id=self.workspace_id, destination_id=self.mutiny, source_ids=ids)

    def privacy(self, *, asks_consent: bool, honours_gpc: bool) -> None:
        from pitcairn.connections.models import Source
        from pitcairn.connections.source_settings import set_source_rules

        set_source_rules(
            workspace_id=self.workspace_id,
            source_id=Source.objects.get(workspace_id=self.workspace_id, name="website").id,
            rate_limit=None,
            allowed_origins=[],
            requires_token=False,
            asks_consent=asks_consent,
            honours_gpc=honours_gpc,
        )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")
    django.setup()
    changes = Changes()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        print(json.dumps(getattr(changes, name)(**arguments)), flush=True)


if __name__ == "__main__":
    main()
