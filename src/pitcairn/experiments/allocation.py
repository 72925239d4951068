"""How visitors were to be shared among control and variations, from when on: what the split is compared with."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from pitcairn.experiences.queries import ExperienceOutline, allocation_epochs, segment_and_variation_names


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """The times of equal shares of an experience, and the names of all that ever had a share.

    `starts` are their beginnings; epoch n of the event store's cells is the one that began with `starts[n - 1]`. Before the
    first start there were no shares: a draft has none, and takes those it will have.
    """

    starts: tuple[datetime, ...]
    control_shares: tuple[float, ...]
    splits: tuple[Mapping[int, Mapping[int, float]], ...]
    """For each epoch, by segment, the variations' shares of those who are not control."""
    segments: Mapping[int, str]
    variations: Mapping[int, str]

    def shares(self, segment_id: int, epoch: int) -> dict[int, float]:
        """The share of each variation, the control (0) included. A segment that nothing is known of was not shared."""
        at = min(max(0, epoch - 1), len(self.control_shares) - 1)
        control = self.control_shares[at]
        split = self.splits[at].get(segment_id, {})
        return {0: control} | {variation: (1 - control) * share for variation, share in split.items()}

    @property
    def changed(self) -> int:
        """How often the shares were changed while it ran."""
        return max(0, len(self.starts) - 1)


def allocation_of(experience: ExperienceOutline) -> Allocation:
    segments, variations = segment_and_variation_names(experience.id)
    epochs = allocation_epochs(experience.id)
    now = {segment.id: {one.id: one.share for one in segment.variations} for segment in experience.segments}
    return Allocation(
        starts=tuple(epoch.started_at for epoch in epochs),
        control_shares=tuple(epoch.control_share for epoch in epochs) or (experience.control_share,),
        splits=tuple(epoch.split for epoch in epochs) or (now,),
        segments=segments,
        variations=variations,
    )
