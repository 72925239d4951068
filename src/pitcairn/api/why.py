"""Why a visitor sees what they see, in the management API."""

import time
from typing import Annotated, Any, Literal

from ninja import Query, Router

from pitcairn.api.access import APIRequest
from pitcairn.edge.visits import Asked
from pitcairn.experiences.consent import Said
from pitcairn.experiences.why import as_json, explain

router = Router(tags=["Why"])

Text = Annotated[str, Query(max_length=2_000)]


@router.get("", response=dict[str, Any])
def why(
    request: APIRequest,
    visitor: Annotated[str, Query(min_length=1, max_length=200, description="The visitor's id, or an anonymous id.")],
    url: Annotated[str, Query(min_length=1, max_length=2_000, description="The address of the page, in full.")],
    referrer: Text = "",
    user_agent: Text = "",
    language: Text = "",
    time_zone: Text = "",
    country: Text = "",
    address: Text = "",
    consent: Annotated[
        Literal["", "in", "out"], Query(description="What the visitor chose; nothing yet if empty.")
    ] = "",
    gpc: Annotated[bool, Query(description="The browser sends Global Privacy Control.")] = False,
    source: Annotated[str, Query(max_length=200, description="Write key of the website; empty for the first.")] = "",
) -> dict[str, Any]:
    """What becomes of every experience for this visitor on this page now, and each condition with the value it saw."""
    asked = Asked(
        visitor=visitor,
        url=url,
        at=int(time.time() * 1000),
        referrer=referrer,
        user_agent=user_agent,
        language=language,
        time_zone=time_zone,
        country=country.upper(),
        address=address,
    )
    said = Said(choice=consent, gpc=gpc)
    return as_json(explain(request.key.workspace_id, asked, said=said, write_key=source))
