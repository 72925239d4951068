"""Versions of an experience, what is refused when somebody else saved first, epochs of equal shares, and the migration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from pitcairn.experiences import services
from pitcairn.experiences.comparison import differences
from pitcairn.experiences.models import AudienceSegment, Experience, ExperienceState, ExperienceVersion, Variation
from pitcairn.experiences.queries import (
    allocation_epochs,
    experience_content,
    experience_outline,
    experience_versions,
    holdout_periods,
)
from pitcairn.experiences.queries_live import holdout_shares, live_experiences
from pitcairn.experiences.services import ExperienceError, OutdatedError, SegmentInput, VariationInput, save_experience
from pitcairn.experiences.services_programme import set_holdout, set_weights
from pitcairn.experiences.timing import Frequency, Schedule
from pitcairn.experiments.queries import goals_of
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.services import create_workspace

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HEADLINE: dict[str, Any] = {"type": "text", "selector": "h1", "value": "Made for small teams"}


def segment(name: str, *variations: VariationInput, **rest: Any) -> SegmentInput:
    return SegmentInput(name=name, variations=variations or (VariationInput(changes=[HEADLINE]),), **rest)


def save(workspace: Workspace, experience: Experience | None = None, **changed: Any) -> Experience:
    given: dict[str, Any] = {"name": "Home", "page_url": "/", "segments": [segment("A")], "goals": ["Signed Up"]}
    if experience is not None:
        given |= {"experience_id": experience.id, "base_version": Experience.objects.get(id=experience.id).version}
    return save_experience(workspace_id=workspace.id, **(given | changed))


@pytest.mark.django_db
class TestVersions:
    @pytest.fixture
    def workspace(self) -> Workspace:
        return create_workspace("Acme")

    def test_every_save_is_one_with_who_and_when(self, workspace: Workspace) -> None:
        made = save(workspace, by="ann@acme.example", now=NOON)
        save(workspace, made, page_url="/pricing", by="bob@acme.example", now=NOON + timedelta(hours=1))
        save(workspace, made, page_url="/pricing", by="eve@acme.example")  # changes nothing
        newest, first = experience_versions(made.id)
        assert (first.number, first.made_by, first.made_at) == (1, "ann@acme.example", NOON)
        assert (newest.number, newest.made_by, newest.content.page_url) == (2, "bob@acme.example", "/pricing")
        assert first.content.page_url == "/"
        [only] = differences(first.content, newest.content)
        assert (only.where, only.before, only.after) == ("Page", ("/",), ("/pricing",))
        assert experience_content(made.id) == (newest.content, 2)

    def test_the_later_of_two_is_told_and_changes_nothing(self, workspace: Workspace) -> None:
        made = save(workspace)
        save(workspace, made, page_url="/ann", by="ann@acme.example")
        with pytest.raises(
            OutdatedError, match=r"saved by ann@acme.example .* version 1, and version 2 is in force"
        ) as told:
            save(workspace, made, page_url="/bob", base_version=1)
        assert told.value.current == 2
        assert Experience.objects.get().page_url == "/ann"
        for act in (
            lambda: services.save_changes(workspace.id, made.id, Variation.objects.get().id, [], base_version=1),
            lambda: services.restore_version(workspace.id, made.id, 1, base_version=1),
        ):
            with pytest.raises(OutdatedError):
                act()
        with pytest.raises(ExperienceError, match="which version"):
            save(workspace, made, base_version=None)

    def test_an_older_one_comes_back_with_its_ids(self, workspace: Workspace) -> None:
        """Exposures and assignments name segments and variations: results go on, and visitors get what they got."""
        two = segment("B", VariationInput(name="x", changes=[HEADLINE]), VariationInput(name="y", changes=[HEADLINE]))
        made = save(workspace, segments=[segment("A"), two], schedule=Schedule(start="2026-12-01T09:00:00Z"))
        first, _ = experience_content(made.id)
        save(workspace, made, segments=[segment("A")], schedule=None, frequency=Frequency(times=1))
        save(workspace, made, segments=[segment("B")])
        assert AudienceSegment.objects.filter(removed=False).count() == 1
        assert AudienceSegment.objects.filter(name="B").count() == 2
        services.restore_version(workspace.id, made.id, 1, base_version=3, by="ann@acme.example")
        content, version = experience_content(made.id)
        assert (content, version) == (first, 4)
        assert experience_versions(made.id)[0].restores == 1
        assert [goal.name for goal in goals_of(made.id)] == ["Signed Up"]
        with pytest.raises(ExperienceError, match="no version 9"):
            services.restore_version(workspace.id, made.id, 9, base_version=4)

    def test_what_cannot_be_live_is_not_brought_back(self, workspace: Workspace) -> None:
        made = save(workspace, segments=[])
        save(workspace, made)
        services.start_experience(workspace.id, made.id)
        with pytest.raises(ExperienceError, match="needs an audience segment"):
            services.restore_version(workspace.id, made.id, 1, base_version=2)
        assert Experience.objects.get().version == 2

    def test_the_changes_of_one_variation_alone(self, workspace: Workspace) -> None:
        made = save(workspace, segments=[segment("A"), segment("B")], control_share=0.2)
        of_b = Variation.objects.get(segment__name="B")
        hidden = {"type": "hide", "selector": ".old"}
        services.save_changes(workspace.id, made.id, of_b.id, [hidden], base_version=1, by="ann@acme.example")
        newest, before = (one.content for one in experience_versions(made.id))
        assert [one.where for one in differences(before, newest)] == ["What changes in Personalized of “B”"]
        assert Variation.objects.get(id=of_b.id).changes == [hidden]
        with pytest.raises(ExperienceError) as told:
            services.save_changes(workspace.id, made.id, of_b.id, [{"type": "hide", "selector": ""}], base_version=2)
        assert [problem.path for problem in told.value.problems] == ["changes[0].selector"]
        with pytest.raises(ExperienceError, match="no variation 987654"):
            services.save_changes(workspace.id, made.id, 987654, [], base_version=2)

    def test_duplicated(self, workspace: Workspace) -> None:
        made = save(workspace, exclusion_group="Pricing", frequency=Frequency(times=2))
        services.start_experience(workspace.id, made.id)
        services.choose_goals(workspace.id, made.id, ["A", "Signed Up", "Z"], "Signed Up", ["Z"])
        copies = [services.duplicate_experience(workspace.id, made.id, by="ann@acme.example") for _ in range(2)]
        assert [one.name for one in copies] == ["Home (copy)", "Home (copy 2)"]
        outline = experience_outline(copies[1].id)
        assert outline is not None
        assert (outline.state, outline.exclusion_group, outline.version) == (ExperienceState.DRAFT, "Pricing", 1)
        roles = [(goal.name, goal.role) for goal in goals_of(copies[0].id)]
        assert roles == [("Signed Up", "primary"), ("A", "secondary"), ("Z", "guardrail")]
        assert len({*AudienceSegment.objects.values_list("id", flat=True)}) == 3

    def test_promoted_paused_and_back(self, workspace: Workspace) -> None:
        made = save(workspace, control_share=0.3)
        with pytest.raises(ExperienceError, match="start it first"):
            services.promote_experience(workspace.id, made.id)
        services.start_experience(workspace.id, made.id, now=NOON)
        services.promote_experience(workspace.id, made.id, now=NOON + timedelta(days=1))
        assert [one.promoted for one in live_experiences()] == [True]
        services.pause_experience(workspace.id, made.id)
        assert live_experiences() == []
        assert services.resume_experience(workspace.id, made.id).state == ExperienceState.PROMOTED
        services.start_experience(workspace.id, made.id, now=NOON + timedelta(days=2))
        assert [one.promoted for one in live_experiences()] == [False]
        assert [one.control_share for one in allocation_epochs(made.id)] == [0.3, 0.0, 0.3]

    def test_an_epoch_begins_with_other_shares_alone(self, workspace: Workspace) -> None:
        x, y = VariationInput(name="x", changes=[HEADLINE]), VariationInput(name="y", changes=[HEADLINE])
        made = save(workspace, segments=[segment("A", x, y)])
        assert allocation_epochs(made.id) == []
        services.start_experience(workspace.id, made.id, now=NOON)
        a = AudienceSegment.objects.get().id
        ids = {one.name: one.id for one in Variation.objects.all()}
        hours = iter(range(1, 20))

        def again(**changed: Any) -> int:
            save(
                workspace,
                made,
                now=NOON + timedelta(hours=next(hours)),
                **({"segments": [segment("A", x, y)]} | changed),
            )
            return len(allocation_epochs(made.id))

        assert again(page_url="/other") == 1
        assert again(control_share=0.2) == 2
        weighted = [
            VariationInput(name=name, changes=[HEADLINE], weight=weight) for name, weight in (("x", 1), ("y", 3))
        ]
        assert again(control_share=0.2, segments=[segment("A", *weighted, allocation="manual")]) == 3
        last = allocation_epochs(made.id)[-1]
        assert (last.started_at, last.control_share) == (NOON + timedelta(hours=3), 0.2)
        assert last.split == {a: {ids["x"]: 0.25, ids["y"]: 0.75}}

        optimized = segment("A", x, y, allocation="optimize")
        assert again(control_share=0.2, segments=[optimized]) == 3
        set_weights(workspace.id, made.id, {a: {ids["x"]: 4, ids["y"]: 1}}, now=NOON + timedelta(days=1))
        versions = Experience.objects.get().version
        assert allocation_epochs(made.id)[-1].split == {a: {ids["x"]: 0.8, ids["y"]: 0.2}}
        assert again(control_share=0.2, page_url="/third", segments=[optimized]) == 4
        assert [one.share for one in live_experiences()[0].segments[0].variations] == [0.8, 0.2]
        assert Experience.objects.get().version == versions + 1
        for wrong in ({ids["x"]: 1.0}, {ids["x"]: -1, ids["y"]: 1}, {ids["x"]: 0, ids["y"]: 0}):
            with pytest.raises(ExperienceError):
                set_weights(workspace.id, made.id, {a: wrong})
        services.pause_experience(workspace.id, made.id)
        with pytest.raises(ExperienceError, match="not live"):
            set_weights(workspace.id, made.id, {a: {ids["x"]: 1, ids["y"]: 1}})

    def test_the_holdout_is_kept_by_period(self, workspace: Workspace) -> None:
        assert holdout_shares() == {}
        set_holdout(workspace.id, 0.1, by="ann@acme.example", now=NOON)
        set_holdout(workspace.id, 0.1)
        set_holdout(create_workspace("Other").id, 0.2)
        assert holdout_shares()[workspace.id] == 0.1
        set_holdout(workspace.id, 0, now=NOON + timedelta(days=1))
        assert workspace.id not in holdout_shares()
        assert [one.share for one in holdout_periods(workspace.id)] == [0.1, 0.0]
        for wrong in (-0.1, 0.51, float("nan")):
            with pytest.raises(ExperienceError, match="not a holdout"):
                set_holdout(workspace.id, wrong)

    @pytest.mark.parametrize(
        ("wrong", "path"),
        [
            ({"type": "popup"}, "type"),
            ({"schedule": Schedule(zone="Mars/Base")}, "schedule.zone"),
            ({"schedule": Schedule(zone="../../etc/passwd")}, "schedule.zone"),
            ({"schedule": Schedule(start="2026-12-01T09:00:00")}, "schedule.start"),
            ({"schedule": Schedule(start="2026-12-01T09:00:00Z", end="2026-12-01T09:00:00Z")}, "schedule.end"),
            ({"schedule": Schedule(weekdays=("Mon",))}, "schedule.weekdays"),
            ({"schedule": Schedule(from_time="9:00", to_time="17:00")}, "schedule.from_time"),
            ({"schedule": Schedule(from_time="09:00")}, "schedule.to_time"),
            ({"frequency": Frequency(times=0)}, "frequency.times"),
            ({"frequency": Frequency(times=1, unit="moons")}, "frequency.unit"),
            ({"frequency": Frequency(times=1, amount=1000)}, "frequency.amount"),
            ({"exclusion_group": "x" * 121}, "exclusion_group"),
            ({"config": {"html": "x" * 64_001}}, "config"),
            ({"segments": [segment("A", allocation="bandit")]}, "segments[0].allocation"),
            (
                {"segments": [segment("A", VariationInput(weight=0), allocation="manual")]},
                "segments[0].variations",
            ),
            ({"segments": [segment("A", VariationInput(weight=-1))]}, "segments[0].variations[0].weight"),
            ({"segments": [segment("A", VariationInput(), VariationInput())]}, "segments[0].variations[1].name"),
            ({"segments": [segment("A", VariationInput(id=987654))]}, "segments[0].variations[0].id"),
        ],
    )
    def test_what_is_wrong_is_named(self, workspace: Workspace, wrong: dict[str, Any], path: str) -> None:
        with pytest.raises(ExperienceError) as told:
            save(workspace, **wrong)
        assert [problem.path for problem in told.value.problems] == [path]
        assert not Experience.objects.exists()

    def test_the_type_stays_once_it_was_live(self, workspace: Workspace) -> None:
        made = save(workspace)
        services.start_experience(workspace.id, made.id)
        with pytest.raises(ExperienceError, match="duplicate it"):
            save(workspace, made, type="redirect")


@pytest.mark.django_db(transaction=True)
class TestConcurrentSaves:
    """Each thread has a connection of its own, as the processes of several dashboards have."""

    def test_of_500_saves_from_one_version_one_is_kept_and_499_are_told(self) -> None:
        workspace = create_workspace("Acme")
        made = save(workspace, page_url="/0")

        def edit(number: int) -> str:
            try:
                save_experience(
                    workspace_id=workspace.id, experience_id=made.id, base_version=1, by=f"editor-{number}",
                    name="Home", page_url=f"/{number}", segments=[segment("A")],
                )  # fmt: skip
            except OutdatedError as told:
                return f"version {told.current}"
            return "kept"

        answers = _together(edit, range(1, 501))
        assert Counter(answers) == {"kept": 1, "version 2": 499}
        kept = Experience.objects.get()
        newest = ExperienceVersion.objects.get(number=2)
        assert (kept.version, kept.page_url) == (2, newest.content["page_url"])
        assert newest.made_by == f"editor-{answers.index('kept') + 1}"
        assert AudienceSegment.objects.count() == Variation.objects.count() == 1

    def test_who_reads_again_and_saves_again_loses_nothing(self) -> None:
        workspace = create_workspace("Acme")
        made = save(workspace)
        variation = Variation.objects.get().id

        def add(number: int) -> None:
            while True:
                content, version = experience_content(made.id)
                changes = [*content.segments[0].variations[0].changes, {"type": "hide", "selector": f"#e{number}"}]
                try:
                    services.save_changes(workspace.id, made.id, variation, changes, base_version=version)
                except OutdatedError:
                    continue
                return

        _together(add, range(24), threads=4)
        selectors = {change["selector"] for change in Variation.objects.get().changes}
        assert selectors == {"h1", *(f"#e{number}" for number in range(24))}
        assert Experience.objects.get().version == 25


def _together(act: Callable[[int], Any], numbers: range, *, threads: int = 16) -> list[Any]:
    def closing(number: int) -> Any:
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(closing, numbers))


@pytest.mark.django_db(transaction=True)
def test_what_is_stored_under_the_old_states_is_brought_along() -> None:
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("experiences", "0001_initial")])
    try:
        # The workspaces' own table stays as it is now.
        workspaces = next(node for node in newest if node[0] == "workspaces")
        apps = executor.loader.project_state([("experiences", "0001_initial"), workspaces]).apps
        old = apps.get_model("experiences", "Experience")
        owner = apps.get_model("workspaces", "Workspace").objects.create(name="Acme", secret="s")
        made = {
            state: old.objects.create(
                workspace=owner, name=state, state=state, control_share=0.25, started_at=None if state == "draft" else NOON,
                ended_at=NOON + timedelta(days=3) if state == "ended" else None,
            ).id
            for state in ("draft", "running", "paused", "ended")
        }  # fmt: skip
        segment = apps.get_model("experiences", "AudienceSegment").objects.create(
            experience_id=made["running"], name="A", condition={"all": []}
        )
        apps.get_model("experiences", "Variation").objects.create(segment=segment, changes=[HEADLINE])
        data = import_module("pitcairn.experiences.migrations.0003_states")
        executor = MigrationExecutor(connection)
        executor.migrate([("experiences", "0003_states")])
        # A second run, after one that was broken off, adds nothing.
        state = executor.loader.project_state([("experiences", "0003_states")])
        data.forwards(state.apps, None)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(newest)
    now = {one.name: one for one in Experience.objects.all()}
    assert {name: one.state for name, one in now.items()} == {
        "draft": "draft", "running": "live", "paused": "paused", "ended": "archived",
    }  # fmt: skip
    assert now["ended"].archived_at == NOON + timedelta(days=3)
    [live] = live_experiences()
    assert (live.id, live.segments[0].variations[0].share) == (made["running"], 1.0)
    for experience in now.values():
        content, version = experience_content(experience.id)
        assert version == 1
        assert [one.content for one in experience_versions(experience.id)] == [content]
        epochs = allocation_epochs(experience.id)
        assert [one.started_at for one in epochs] == ([] if experience.name == "draft" else [NOON])
    save(Workspace.objects.get(), now["running"], name="running", control_share=0.25)
    assert len(allocation_epochs(made["running"])) == 1
