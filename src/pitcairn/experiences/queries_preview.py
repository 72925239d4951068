"""What a preview link shows, read for the edge when it is asked for: a draft is in no snapshot."""

from __future__ import annotations

import msgspec

from pitcairn.experiences.models import Experience, ExperienceState, PreviewLink
from pitcairn.experiences.queries_live import LiveExperience, live_experience
from pitcairn.experiences.saving import whole


class OpenedPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows, as the edge needs it. `variation_id` is None where the facts decide."""

    experience: LiveExperience
    variation_id: int | None
    profile_id: int | None
    account_id: int | None


def opened_preview(workspace_id: int, link_id: int) -> OpenedPreview | None:
    """What the link shows now; None when it was revoked, or its variation or experience is gone.

    Raises what `queries_live.live_experience` does for an experience that newer rules refuse.
    """
    ours = PreviewLink.objects.filter(id=link_id, experience__workspace_id=workspace_id)
    link = ours.exclude(experience__state=ExperienceState.ARCHIVED).exclude(variation__removed=True).first()
    if link is None:
        return None
    return OpenedPreview(
        experience=live_experience(whole(Experience.objects.filter(id=link.experience_id)).get()),
        variation_id=link.variation_id,
        profile_id=link.profile_id,
        account_id=link.account_id,
    )
