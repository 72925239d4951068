"""Experiences as files: what is written is read again, to the byte; a folder is applied whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitcairn.engage import queries as engage
from pitcairn.engage.services import create_audience, create_computed_trait
from pitcairn.experiences import services
from pitcairn.experiences.queries import ExperienceOutline, experience_content, experience_outlines, experience_versions
from pitcairn.experiences.timing import Frequency, Schedule
from pitcairn.experiments.goal_definitions import GoalDefinition
from pitcairn.experiments.queries import goal_names, workspace_goals
from pitcairn.experiments.services import create_goal, save_goal
from pitcairn.files import FilesError, apply_folder, export_folder
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

PRO = {"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}
IN_PRO = {"fact": "audience", "name": "paying", "operator": "equals", "value": True}


def change(value: str) -> dict[str, Any]:
    return {"type": "text", "selector": "h1", "value": value}


@pytest.fixture
def full(workspace: Workspace) -> Workspace:
    """A workspace with everything that files hold."""
    create_audience(workspace.id, "Paying", PRO, description="Who pays — “pro”")
    # Its key comes before the one that it asks for.
    create_audience(workspace.id, "Almost all", {"not": IN_PRO}, anonymous=True, historical=False)
    create_computed_trait(workspace.id, "Orders", {"event": "Order Completed"})
    create_goal(workspace.id, "Demo Booked")
    bought = GoalDefinition(name="Bought", event="Order Completed", value="revenue", window_days=14.0)
    save_goal(workspace.id, bought)

    def make(name: str, **more: Any) -> int:
        first = {"name": "Pro", "condition": {"all": [IN_PRO, {"any": [PRO]}]}, "allocation": "manual",
                 "variations": [{"name": "A", "changes": [change("Größe\n<b>")], "weight": 3.0},
                                {"name": "B", "changes": [change("b")], "weight": 1.0}]}  # fmt: skip
        segments = [first, {"name": "Everybody", "variations": [{"changes": [change("c")]}]}]
        given: dict[str, Any] = {
            "segments": segments,
            "goals": ["Signed Up", "Zoomed", "Bought"],
            "guardrails": ["Zoomed"],
            **more,
        }
        return services.save_experience(workspace_id=workspace.id, name=name, page_url="a.example/*", **given).id

    live = make(
        "Größe: 50 % / all",
        control_share=0.125,
        schedule=Schedule(start="2026-12-01T09:00:00Z", weekdays=("monday",), from_time="09:00", to_time="17:00"),
        frequency=Frequency(times=3),
        exclusion_group="Heroes",
    )
    services.start_experience(workspace.id, live)
    make("Größe: 50 % – all")
    for state, act in (
        ("paused", services.pause_experience),
        ("promoted", services.promote_experience),
        ("archived", services.archive_experience),
    ):
        made = make(f"A {state} one")
        services.start_experience(workspace.id, made)
        act(workspace.id, made)
    services.save_experience(workspace_id=workspace.id, name="Empty draft")
    services.reorder_experiences(workspace.id, [one.id for one in reversed(experience_outlines(workspace.id))])
    return workspace


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(folder: Path, file: str, **more: Any) -> None:
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


def problems(workspace: Workspace, folder: Path) -> list[str]:
    with pytest.raises(FilesError) as raised:
        apply_folder(workspace.id, folder)
    return [str(one) for one in raised.value.problems]


def test_there_and_back_is_the_same_to_the_byte(full: Workspace, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    export_folder(full.id, first)
    again = apply_folder(full.id, first)
    assert {one.what for one in again.changes} == {"none"}
    other = Workspace.objects.create(id=full.id + 500_000, name="Elsewhere")
    applied = apply_folder(other.id, first, by="ci@acme.example")
    assert {one.file for one in applied.changes if one.what == "none"} == set()
    export_folder(other.id, second)
    assert contents(first) == contents(second)
    assert len(contents(first)) == 14
    # Experiences of names that would be the same file, and all states.
    assert [one.state for one in experience_outlines(other.id)] == [one.state for one in experience_outlines(full.id)]
    assert {one.made_by for one in experience_versions(experience_outlines(other.id)[0].id)} == {"ci@acme.example"}
    exported = export_folder(full.id, first)
    assert (exported.written, len(exported.unchanged)) == ((), 14)
    assert not [text for text in contents(first).values() if str(full.id).encode() in text or b'"id"' in text]


def test_a_dry_run_says_everything_and_changes_nothing(full: Workspace, tmp_path: Path) -> None:
    export_folder(full.id, tmp_path)
    before = contents(tmp_path)
    edit(
        tmp_path, "experiences/a-paused-one.json", control_share=0.75, state="live", goals=["Signed Up"], guardrails=[]
    )
    edit(tmp_path, "audiences/paying.json", condition={**PRO, "value": "team"})
    (tmp_path / "experiences/new.json").write_text(json.dumps({"name": "New one", "page_url": "/new"}))
    told = apply_folder(full.id, tmp_path, dry_run=True)
    words = {
        one.file: [(part.where, *part.before, *part.after) for part in one.differences]
        for one in told.changes
        if one.what != "none"
    }
    assert words["experiences/a-paused-one.json"] == [
        ("Control share", "50 %", "75 %"),
        ("Goals", "Signed Up", "Bought", "Zoomed", "Signed Up"),
        ("Guardrails", "Zoomed"),
        ("State", "paused", "live"),
    ]
    assert words["audiences/paying.json"][0][0] == "Who is in it"
    assert "team" in words["audiences/paying.json"][0][2]
    assert ("Page", "/new") in words["experiences/new.json"]
    export_folder(full.id, tmp_path / "now")
    assert contents(tmp_path / "now") == before

    applied = apply_folder(full.id, tmp_path)
    assert applied.changes == told.changes
    assert (applied.dry_run, told.dry_run) == (False, True)
    paused = named(full, "A paused one")
    assert (paused.state, paused.control_share, goal_names(paused.id)) == ("live", 0.75, ["Signed Up"])


def test_segments_and_variations_stay_who_they_are(full: Workspace, tmp_path: Path) -> None:
    export_folder(full.id, tmp_path)
    before, _ = experience_content(named(full, "A paused one").id)
    file = "experiences/a-paused-one.json"
    segments = json.loads((tmp_path / file).read_text())["segments"]
    segments[0]["variations"][1]["changes"][0]["value"] = "changed"
    edit(tmp_path, file, segments=segments[::-1])
    apply_folder(full.id, tmp_path)
    after, _ = experience_content(named(full, "A paused one").id)
    assert [one.id for one in after.segments] == [one.id for one in before.segments][::-1]
    assert [one.id for one in after.segments[1].variations] == [one.id for one in before.segments[0].variations]


def test_every_problem_is_named_and_nothing_is_half_done(full: Workspace, tmp_path: Path) -> None:
    export_folder(full.id, tmp_path)
    before = contents(tmp_path)
    edit(tmp_path, "experiences/empty-draft.json", control_share=3, page_url="a b")
    edit(tmp_path, "experiences/a-promoted-one.json", state="draft")
    edit(tmp_path, "experiences/a-archived-one.json", control_share=0.9)
    edit(tmp_path, "audiences/paying.json", anonymous=True)
    edit(tmp_path, "audiences/almost_all.json", condition={"not": {**IN_PRO, "name": "nobody_knows"}})
    (tmp_path / "experiences/broken.json").write_text("{,")
    (tmp_path / "experiences/twice.json").write_text('{"name": "One", "name": "Two"}')
    (tmp_path / "experiences/misspelt.json").write_text('{"name": "One", "segments": [{"nmae": "x"}]}')
    (tmp_path / "experiences/latin.json").write_bytes(b"\xff\xfe")
    (tmp_path / "experiences/same.json").write_text('{"name": "Empty draft"}')
    (tmp_path / "audiences/On Sale.json").write_text(json.dumps({"name": "On sale", "condition": PRO}))
    (tmp_path / "goals/click.json").write_text('{"name": "Click", "kind": "click"}')
    # What is right is not done either.
    edit(tmp_path, "computed-traits/orders.json", description="How many")
    found = problems(full, tmp_path)
    starts = [
        "experiences/empty-draft.json: page_url: ",
        "experiences/empty-draft.json: control_share: 3",
        "experiences/a-promoted-one.json: state: “A promoted one” is promoted",
        "experiences/a-archived-one.json: “A archived one” is archived",
        "audiences/paying.json: anonymous: It stays no",
        "audiences/almost_all.json: condition: There is no audience 'nobody_knows'",
        "experiences/broken.json: it is no JSON",
        "experiences/twice.json: 'name' stands twice",
        "experiences/misspelt.json: segments[0]: ",
        "experiences/latin.json: it is no text in UTF-8",
        "experiences/same.json: name: “Empty draft” is also in",
        "goals/click.json: selector: write a selector",
        "audiences/On Sale.json: key: 'On Sale' is no key",
    ]
    for start in starts:
        assert any(one.startswith(start) for one in found), (start, found)
    assert len(found) == len(starts)
    export_folder(full.id, tmp_path / "now")
    assert contents(tmp_path / "now") == before


def test_what_the_folder_does_not_speak_of_stays(full: Workspace, tmp_path: Path) -> None:
    export_folder(full.id, tmp_path)
    (tmp_path / "experiences/empty-draft.json").unlink()
    (tmp_path / "audiences/almost_all.json").unlink()
    (tmp_path / "goals/called.json").write_text('{"name": "Called"}')
    (tmp_path / "priority.json").write_text('["A paused one"]')
    applied = apply_folder(full.id, tmp_path)
    assert applied.beside == ("Empty draft",)
    assert named(full, "Empty draft").state == "draft"
    assert {one.key for one in engage.audiences(full.id)} == {"paying", "almost_all"}
    assert {"Called", "Demo Booked"} <= {one.name for one in workspace_goals(full.id)}
    assert experience_outlines(full.id)[0].name == "A paused one"

    (tmp_path / "experiences/stranger.json").write_text('{"name": "Stranger"}')
    assert export_folder(full.id, tmp_path).left == ("experiences/stranger.json",)
    assert export_folder(full.id, tmp_path, prune=True).removed == ("experiences/stranger.json",)
    assert not (tmp_path / "experiences/stranger.json").exists()
    (tmp_path / "priority.json").write_text('["Nobody"]')
    assert problems(full, tmp_path) == ["priority.json: [0]: there is no experience named “Nobody”"]
    assert "there is no such folder" in problems(full, tmp_path / "missing")[0]
    (tmp_path / "empty").mkdir()
    assert "it holds no experiences/" in problems(full, tmp_path / "empty")[0]


def named(workspace: Workspace, name: str) -> ExperienceOutline:
    return next(one for one in experience_outlines(workspace.id) if one.name == name)
