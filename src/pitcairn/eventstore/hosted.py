"""What the event store tells of hosted pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pitcairn.eventstore import hosted_queries
from pitcairn.eventstore.records import from_ms

CLICKED = "Hosted Page Clicked"


@dataclass(frozen=True, kw_only=True)
class LinkVisits:
    """What was done with one link. `seen_at` is when anything was done with it last."""

    views: int
    visitors: int
    clicks: int
    seen_at: datetime


class HostedReads:
    """The event store's part about hosted pages."""

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def hosted_visits(
        self, workspace_id: int, page_id: int, names: Sequence[str], links: Sequence[str] = ()
    ) -> dict[str, LinkVisits]:
        """By reference of the link, those alone that were ever opened. `names` are all that the page ever had; without
        `links` it is about every link of the page."""
        parameters = {
            "workspace_id": workspace_id,
            "page_id": page_id,
            "names": list(names),
            "links": list(links),
            "clicked": CLICKED,
        }
        return {
            link: LinkVisits(views=views, visitors=visitors, clicks=clicks, seen_at=from_ms(at))
            for link, views, visitors, clicks, at in self._rows(hosted_queries.VISITS, parameters)
        }
