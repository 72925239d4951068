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
        from pitcairn.experiences.timing import Frequency

        draft = fields.pop("draft", False)
        if "frequency" in fields:
            fields["frequency"] = Frequency(**fields["frequency"])
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

    def preview(self, *, experience_id: int, hours_ago: int = 0, **given: Any) -> dict[str, Any]:
        """Makes a preview link; its token, and its id."""
        from datetime import timedelta

        from django.utils import timezone

        from pitcairn.experiences.previews import make_preview_link, preview_links
        from pitcairn.workspaces.models import Workspace

        now = timezone.now() - timedelta(hours=hours_ago)
        address = "https://acme.example/"
        made = make_preview_link(self.workspace_id, experience_id, address=address, now=now, **given)
        link = preview_links(Workspace.objects.get(id=self.workspace_id), experience_id, now)[0]
        return {"id": made.id, "token": link.url.partition("#pitcairn-preview=")[2]}

    def revoke_preview(self, *, experience_id: int, link_id: int) -> bool:
        from pitcairn.experiences.previews import revoke_preview_link

        return revoke_preview_link(self.workspace_id, experience_id, link_id)

    def say(self, *, traits: list[str]) -> None:
        from pitcairn.workspaces.services import set_public_traits

        set_public_traits(self.workspace_id, traits)

    def identity_secret(self, *, source: str = "website") -> str:
        from pitcairn.connections.identity_proof import new_identity_secret

        return new_identity_secret(workspace_id=self.workspace_id, source_id=self._source(source))

    def end_identity_secret(self, *, all_of_them: bool = False) -> None:
        from pitcairn.connections.identity_proof import end_identity_secret

        end_identity_secret(workspace_id=self.workspace_id, source_id=self._source("website"), all_of_them=all_of_them)

    def prove(self, *, proves: bool) -> None:
        from pitcairn.connections.identity_proof import set_proves_identity

        set_proves_identity(workspace_id=self.workspace_id, source_id=self._source("tokens"), proves=proves)

    def _source(self, name: str) -> int:
        from pitcairn.connections.models import Source

        return Source.objects.get(workspace_id=self.workspace_id, name=name).id

    def hold_out(self, *, share: float) -> None:
        from pitcairn.experiences.services_programme import set_holdout

        set_holdout(self.workspace_id, share)

    def variations(self, *, experience_id: int) -> list[int]:
        from pitcairn.experiences.queries import experience_content

        content, _ = experience_content(experience_id)
        return [one.id or 0 for segment in content.segments for one in segment.variations]

    def hosted(self, *, slug: str, blocks: list[dict[str, str]], elsewhere: bool = False, **given: Any) -> int:
        """Makes a hosted page and puts it live, unless it says `draft`. `elsewhere`: a draft of another workspace."""
        from pitcairn.connections.models import Source
        from pitcairn.hosted import services
        from pitcairn.hosted.content import Content

        source = Source.objects.get(name="elsewhere" if elsewhere else "website")
        draft = given.pop("draft", False) or elsewhere
        content = Content(name=given.pop("name", slug), blocks=blocks, **given)
        source_id = None if elsewhere else source.id
        return services.save_page(source.workspace_id, content, slug=slug, source_id=source_id, start=not draft).id

    def hosted_edit(self, *, page_id: int, blocks: list[dict[str, str]]) -> None:
        from pitcairn.hosted import services
        from pitcairn.hosted.models import HostedPage
        from pitcairn.hosted.services import Content

        page = HostedPage.objects.get(id=page_id)
        content = Content(name=page.name, blocks=blocks)
        services.save_page(page.workspace_id, content, slug=page.slug, page_id=page_id, base_version=page.version)

    def hosted_link(self, *, page_id: int, recipient: str, days: int = 0, days_ago: int = 0) -> dict[str, Any]:
        """Makes a personal link; its path and its id."""
        from datetime import timedelta

        from django.utils import timezone

        from pitcairn.hosted.links import make_link_for
        from pitcairn.hosted.models import HostedLink, HostedPage

        now = timezone.now() - timedelta(days=days_ago)
        page = HostedPage.objects.get(id=page_id)
        make_link_for(page.workspace_id, page_id, recipient, days=days, now=now)
        link = HostedLink.objects.filter(page_id=page_id).latest("id")
        return {"id": link.id, "path": f"/p/{page.slug}/{link.token}"}

    def hosted_refused(self, *, page_id: int, recipient: str) -> str:
        """Why there is no link for this recipient."""
        from pitcairn.hosted.content import HostedError
        from pitcairn.hosted.links import make_link_for
        from pitcairn.hosted.models import HostedPage

        try:
            make_link_for(HostedPage.objects.get(id=page_id).workspace_id, page_id, recipient)
        except HostedError as error:
            return str(error)
        return ""

    def forget(self, *, user_id: str) -> None:
        from pitcairn.profiles.services import delete_person

        delete_person(workspace_id=self.workspace_id, user_id=user_id)

    def hosted_act(self, *, what: str, page_id: int, **given: Any) -> None:
        """`archive`, `general` or `revoke`."""
        from pitcairn.hosted import links, services

        match what:
            case "archive":
                services.archive_page(self.workspace_id, page_id)
            case "general":
                services.set_general(self.workspace_id, page_id, **given)
            case "revoke":
                assert links.revoke_link(self.workspace_id, page_id, **given)

    def privacy(self, *, asks_consent: bool, honours_gpc: bool) -> None:
        from pitcairn.connections.source_settings import set_source_rules

        set_source_rules(
            workspace_id=self.workspace_id,
            source_id=self._source("website"),
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
