"""Saving, starting, pausing, ending and ordering experiences, on the real SQL store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pitcairn.experiences import services
from pitcairn.experiences.changes import parse_changes
from pitcairn.experiences.models import AudienceSegment, Experience, ExperienceState, Variation
from pitcairn.experiences.queries_live import live_experiences
from pitcairn.experiences.services import (
    ExperienceError,
    SegmentInput,
    VariationInput,
    save_experience,
    start_experience,
)
from pitcairn.experiments.queries import goal_names, goals_of
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.queries import configuration_revision
from pitcairn.workspaces.services import create_workspace

pytestmark = pytest.mark.django_db

SMALL: dict[str, Any] = {"fact": "trait", "name": "company.employee_count", "operator": "less_than", "value": 200}
HEADLINE: dict[str, Any] = {"type": "text", "selector": "h1", "value": "Made for small teams"}
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    return create_workspace("Acme")


def segment(
    name: str, condition: Any = None, *, changes: Any = (HEADLINE,), variation: str = "Personalized", **rest: Any
) -> SegmentInput:
    """A segment with one variation."""
    only = VariationInput(name=variation, changes=changes)
    return SegmentInput(name=name, condition=condition or {}, variations=[only], **rest)


def save(workspace: Workspace, **changed: Any) -> Experience:
    given: dict[str, Any] = {
        "workspace_id": workspace.id,
        "name": "Corporate Website Experiment",
        "page_url": "acme.example/",
        "segments": [segment("Small company", SMALL)],
        "goals": ["Clicked Login Button"],
    }
    if "experience_id" in changed and "base_version" not in changed:
        kept = Experience.objects.filter(id=changed["experience_id"]).first()
        given["base_version"] = kept.version if kept else 1
    return save_experience(**(given | changed))


def problems(workspace: Workspace, **changed: Any) -> dict[str, str]:
    with pytest.raises(ExperienceError) as caught:
        save(workspace, **changed)
    return {problem.path: problem.text for problem in caught.value.problems}


def test_one_call_saves_it_whole(workspace: Workspace) -> None:
    before = configuration_revision()
    experience = save(workspace, goals=["Signed Up", "Clicked Login Button"], primary_goal="Clicked Login Button")
    assert configuration_revision() > before
    assert (experience.state, experience.control_share, experience.started_at) == (ExperienceState.DRAFT, 0.5, None)
    segment = AudienceSegment.objects.get(experience=experience)
    assert (segment.name, segment.condition) == ("Small company", SMALL)
    variation = Variation.objects.get(segment=segment)
    assert (variation.name, variation.changes) == ("Personalized", [HEADLINE])
    assert [(goal.name, goal.primary) for goal in goals_of(experience.id)] == [
        ("Clicked Login Button", True),
        ("Signed Up", False),
    ]


def test_plain_mappings_are_segments_too(workspace: Workspace) -> None:
    experience = save(workspace, segments=[{"name": "Everyone", "variations": [{"changes": [HEADLINE]}]}])
    assert AudienceSegment.objects.get(experience=experience).condition == {"all": []}
    for wrong in ({"title": "Everyone"}, {"name": "Everyone", "changes": [HEADLINE]}):
        assert "segments[0]" in problems(workspace, name="Other", segments=[wrong])


def test_saving_again_keeps_ids_and_follows_the_order(workspace: Workspace) -> None:
    first, *others = segment("A"), segment("B", changes=[]), segment("C", changes=[])
    experience = save(workspace, segments=[first, *others])
    a, b, c = AudienceSegment.objects.filter(experience=experience)
    variations = {one.segment_id: one.id for one in Variation.objects.all()}
    save(
        workspace,
        experience_id=experience.id,
        segments=[
            segment("A", id=c.id, changes=[]),
            SegmentInput(
                name="C",
                id=a.id,
                variations=[VariationInput(id=variations[a.id], name="Bold", changes=[HEADLINE, HEADLINE])],
            ),
            segment("New", changes=[]),
        ],
    )
    saved = list(AudienceSegment.objects.filter(experience=experience, removed=False))
    assert [(one.name, one.id) for one in saved[:2]] == [("A", c.id), ("C", a.id)]
    assert (saved[2].name, saved[2].id not in {a.id, b.id, c.id}) == ("New", True)
    assert {one.id: one.variations.get().id for one in saved[:2]} == {c.id: variations[c.id], a.id: variations[a.id]}
    assert saved[1].variations.get().name == "Bold"
    assert AudienceSegment.objects.get(id=b.id).removed
    assert Experience.objects.count() == 1


def test_goals_that_are_not_given_stay(workspace: Workspace) -> None:
    experience = save(workspace)
    save(workspace, experience_id=experience.id, goals=None)
    assert goal_names(experience.id) == ["Clicked Login Button"]
    save(workspace, experience_id=experience.id, goals=[])
    assert goal_names(experience.id) == []


def test_every_problem_is_reported_with_its_place(workspace: Workspace) -> None:
    save(workspace, name="Taken")
    found = problems(
        workspace,
        name=" Taken ",
        page_url="pricing",
        control_share=1.5,
        segments=[
            SegmentInput(name="", condition={"all": [SMALL, {"fact": "trait", "name": "a", "operator": "lessthan"}]}),
            segment("B", changes=[HEADLINE, {"type": "text", "selector": "", "value": ""}]),
            segment("B", id=987654),
        ],
        goals=["Signed Up", ""],
        primary_goal="Paid",
    )
    assert set(found) == {
        "name",
        "page_url",
        "control_share",
        "segments[0].name",
        "segments[0].condition.all[1].operator",
        "segments[1].variations[0].changes[1].selector",
        "segments[2].name",
        "segments[2].id",
        "goals",
    }
    assert "“Taken”" in found["name"]
    assert "/pricing" in found["page_url"]
    assert Experience.objects.count() == 1


@pytest.mark.parametrize("share", [float("nan"), float("inf"), -0.01, 1.01, True, "half"])
def test_a_control_share_is_a_share(workspace: Workspace, share: Any) -> None:
    assert set(problems(workspace, control_share=share)) == {"control_share"}


@pytest.mark.parametrize("share", [0, 1, 0.1, 0.5])
def test_every_share_is_allowed(workspace: Workspace, share: float) -> None:
    assert save(workspace, control_share=share).control_share == share


def test_a_refused_save_changes_nothing(workspace: Workspace) -> None:
    experience = save(workspace)
    before = configuration_revision()
    problems(workspace, experience_id=experience.id, name="Renamed", page_url="")
    assert Experience.objects.get().name == "Corporate Website Experiment"
    assert configuration_revision() == before


def test_one_segment_cannot_be_saved_as_two(workspace: Workspace) -> None:
    experience = save(workspace)
    one = AudienceSegment.objects.get()
    twice = [segment("A", id=one.id), segment("B", id=one.id)]
    assert "segments[1].id" in problems(workspace, experience_id=experience.id, segments=twice)


def test_another_workspace_is_out_of_reach(workspace: Workspace) -> None:
    experience = save(workspace)
    other = create_workspace("Other")
    with pytest.raises(ExperienceError, match="no experience"):
        save(other, experience_id=experience.id)
    with pytest.raises(ExperienceError, match="no experience"):
        start_experience(other.id, experience.id)
    assert save(other).name == experience.name


def test_its_life(workspace: Workspace) -> None:
    experience = save(workspace)
    edited = Experience.objects.get().updated_at
    revisions = [configuration_revision()]

    def after(act: Any, **kwargs: Any) -> Experience:
        act(workspace.id, experience.id, **kwargs)
        revisions.append(configuration_revision())
        return Experience.objects.get()

    started = after(start_experience, now=NOON)
    assert (started.state, started.started_at) == (ExperienceState.LIVE, NOON)
    assert after(services.pause_experience).state == ExperienceState.PAUSED
    resumed = after(services.resume_experience, now=datetime(2026, 11, 9, tzinfo=UTC))
    assert (resumed.state, resumed.started_at) == (ExperienceState.LIVE, NOON)
    ended = after(services.archive_experience, now=datetime(2026, 11, 20, tzinfo=UTC))
    assert (ended.state, ended.archived_at) == (ExperienceState.ARCHIVED, datetime(2026, 11, 20, tzinfo=UTC))
    assert ended.updated_at == edited
    assert revisions == sorted(set(revisions))


def test_only_what_visitors_see_counts_as_an_edit(workspace: Workspace) -> None:
    experience = save(workspace)
    known, variation = AudienceSegment.objects.get(), Variation.objects.get()
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)

    def with_changes(*changes: Any, condition: Any = SMALL) -> list[SegmentInput]:
        only = VariationInput(id=variation.id, name="Bold", changes=changes)
        return [SegmentInput(id=known.id, name="Renamed", condition=condition or {}, variations=[only])]

    same = with_changes(HEADLINE)

    def edited(**changed: Any) -> bool:
        Experience.objects.update(updated_at=long_ago)
        save(workspace, experience_id=experience.id, **({"segments": same} | changed))
        return Experience.objects.get().updated_at != long_ago

    assert not edited()
    assert not edited(name="Another name", goals=["Signed Up"])
    assert edited(page_url="/elsewhere")
    assert edited(control_share=0.4)
    assert edited(segments=with_changes(HEADLINE, HEADLINE))
    assert edited(segments=with_changes(HEADLINE, HEADLINE, condition=None))
    assert edited(segments=[segment("A", id=known.id), segment("B")])


def test_archived_is_final(workspace: Workspace) -> None:
    experience = save(workspace)
    start_experience(workspace.id, experience.id)
    services.archive_experience(workspace.id, experience.id)
    for act in (start_experience, services.pause_experience, services.resume_experience, services.archive_experience):
        with pytest.raises(ExperienceError, match="is archived"):
            act(workspace.id, experience.id)
    assert "is archived" in problems(workspace, experience_id=experience.id)[""]
    assert Experience.objects.get().state == ExperienceState.ARCHIVED


@pytest.mark.parametrize(
    ("lacking", "path"),
    [
        ({"segments": []}, "segments"),
        ({"segments": [segment("A"), segment("B", changes=[])]}, "segments[1].variations[0].changes"),
        ({"segments": [SegmentInput(name="A")]}, "segments[0].variations"),
        ({"goals": []}, "goals"),
        ({"goals": None}, "goals"),
    ],
)
def test_what_is_not_ready_does_not_start(workspace: Workspace, lacking: dict[str, Any], path: str) -> None:
    experience = save(workspace, **lacking)
    with pytest.raises(ExperienceError) as caught:
        start_experience(workspace.id, experience.id)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert Experience.objects.get().state == ExperienceState.DRAFT


@pytest.mark.parametrize("lacking", [{"segments": []}, {"goals": []}])
def test_what_is_live_stays_ready(workspace: Workspace, lacking: dict[str, Any]) -> None:
    experience = save(workspace)
    start_experience(workspace.id, experience.id)
    assert set(problems(workspace, experience_id=experience.id, **lacking)) == set(lacking)


def test_drafts_are_deleted_and_others_are_not(workspace: Workspace) -> None:
    draft, other = save(workspace), save(workspace, name="Other")
    for act in (services.pause_experience, services.archive_experience):
        with pytest.raises(ExperienceError, match="draft"):
            act(workspace.id, draft.id)
    services.delete_draft(workspace.id, draft.id)
    start_experience(workspace.id, other.id)
    with pytest.raises(ExperienceError, match="archive it instead"):
        services.delete_draft(workspace.id, other.id)
    assert [one.name for one in Experience.objects.all()] == ["Other"]


def test_order(workspace: Workspace) -> None:
    a, b, c = (save(workspace, name=name).id for name in "ABC")

    def order() -> list[int]:
        return list(Experience.objects.values_list("id", flat=True))

    assert order() == [a, b, c]
    services.reorder_experiences(workspace.id, [c, a, b])
    assert order() == [c, a, b]
    for wrong in ([a, b], [a, b, c, c], [a, a, b], [a, b, c, 99]):
        with pytest.raises(ExperienceError, match="once"):
            services.reorder_experiences(workspace.id, wrong)


def test_live_experiences_are_the_running_ones_in_order(workspace: Workspace) -> None:
    two = [
        segment("Small company", SMALL),
        segment("Rest"),
    ]
    running = save(workspace, segments=two, control_share=0.2)
    first = save(workspace, name="First")
    for name, act in (("Paused", services.pause_experience), ("Ended", services.archive_experience)):
        made = save(workspace, name=name)
        start_experience(workspace.id, made.id)
        act(workspace.id, made.id)
    save(workspace, name="Draft")
    elsewhere = create_workspace("Other")
    other = save(elsewhere)
    for one in (running, first, other):
        start_experience(one.workspace_id, one.id)
    mine = Experience.objects.filter(workspace_id=workspace.id).exclude(id=first.id)
    services.reorder_experiences(workspace.id, [first.id, *mine.values_list("id", flat=True)])

    live = live_experiences()
    assert [(one.workspace_id, one.id) for one in live] == [
        (workspace.id, first.id),
        (workspace.id, running.id),
        (elsewhere.id, other.id),
    ]
    assert (live[1].name, live[1].control_share) == ("Corporate Website Experiment", 0.2)
    assert live[1].page_pattern == r"^acme\.example/*$"
    assert [(one.name, one.condition) for one in live[1].segments] == [
        ("Small company", SMALL),
        ("Rest", {"all": []}),
    ]
    [variation] = live[1].segments[0].variations
    assert (variation.changes, variation.share) == (parse_changes([HEADLINE]), 1.0)
    assert variation.id == Variation.objects.get(segment_id=live[1].segments[0].id).id


def test_one_experience_that_cannot_be_served_does_not_stop_the_others(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    broken, good = save(workspace), save(workspace, name="Good")
    for one in (broken, good):
        start_experience(workspace.id, one.id)
    Variation.objects.filter(segment__experience=broken).update(changes=[{"type": "text", "selector": "h1{"}])
    assert [one.id for one in live_experiences()] == [good.id]
    assert "Corporate Website Experiment" in caplog.text


def test_the_queries_do_not_grow_with_the_experiences(workspace: Workspace, django_assert_num_queries: Any) -> None:
    for number in range(4):
        start_experience(workspace.id, save(workspace, name=f"Experience {number}").id)
    with django_assert_num_queries(3):
        assert len(live_experiences()) == 4
