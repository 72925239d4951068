"""How many people a condition holds for now, and a few of them: what the builder shows while it is edited."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from pitcairn.conditions import Condition, describe
from pitcairn.conditions.sql import Question
from pitcairn.engage import queries
from pitcairn.eventstore import EventStore
from pitcairn.profiles import queries_lineage
from pitcairn.profiles.queries import count_profiles

SAMPLE = 10


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """Somebody, as a list names them."""

    id: int
    title: str
    subtitle: str
    url: str


@dataclass(frozen=True, kw_only=True)
class BuilderPreview:
    """`size` is None without an event store; `problem` says why there is nothing to count, and `at` where."""

    size: int | None = None
    people: tuple[PersonLine, ...] = ()
    share: str = ""
    difference: str = ""
    sentence: str = ""
    problem: str = ""
    at: str = ""
    key: str = ""
    past: bool = False
    """Events from before count in the size, and will not count in the audience."""

    @property
    def unit(self) -> str:
        return "person" if self.size == 1 else "people"


def preview(
    store: EventStore | None,
    workspace_id: int,
    condition: Condition,
    now_ms: int,
    *,
    anonymous: bool = False,
    account: bool = False,
    saved_size: int | None = None,
    key: str = "",
) -> BuilderPreview:
    """What the condition says now, of events from before as well. Takes a query over everybody in the event store."""
    sentence = describe(condition)
    if store is None:
        return BuilderPreview(sentence=sentence, key=key)
    question = Question(condition=condition, anonymous=anonymous, account=account)
    audiences = queries.audience_ids(workspace_id)
    found = store.preview(workspace_id, question, now_ms, sample=SAMPLE, audience_ids=audiences)
    return BuilderPreview(
        size=found.size,
        people=person_lines(workspace_id, found.profile_ids),
        share=share_words(found.size, count_profiles(workspace_id)),
        difference="" if saved_size is None else difference_words(found.size - saved_size),
        sentence=sentence,
        key=key,
    )


def person_lines(workspace_id: int, profile_ids: object) -> tuple[PersonLine, ...]:
    """What to call people, in the order of the ids; those who are gone are left out."""
    ids = [int(one) for one in profile_ids]  # type: ignore[attr-defined]
    items = queries_lineage.survivors(workspace_id, ids)
    return tuple(
        PersonLine(
            id=items[one].id,
            title=items[one].title,
            subtitle=items[one].subtitle,
            url=reverse("profiles:profile", args=[items[one].id]),
        )
        for one in ids
        if one in items
    )


def share_words(size: int, everybody: int) -> str:
    """`3.7 %`; "" when there is nobody to be a share of."""
    if not everybody or not size:
        return ""
    percent = 100 * size / everybody
    if percent >= 99.95:
        return "100 %"
    return f"{percent:.1f} %" if percent >= 0.1 else "less than 0.1 %"


def difference_words(difference: int) -> str:
    """How a size differs from the one that is saved."""
    if difference == 0:
        return "as many as saved"
    return f"{abs(difference):,} {'more' if difference > 0 else 'fewer'} than saved"
