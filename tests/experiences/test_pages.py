"""The pages of experiences, as a browser without script asks for them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from experiences.making import HEADLINE, LOGIN, SMALL, conversions, experience, visits
from pages import mutiny, source, text
from pitcairn.eventstore import EventStore
from pitcairn.experiences import services
from pitcairn.experiences.models import AudienceSegment, Experience, ExperienceState
from pitcairn.experiments.queries import goal_names
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.services import create_workspace

pytestmark = pytest.mark.django_db(databases="__all__")

FILLED = {
    "name": "Corporate Website Experiment",
    "page_url": "acme.example/",
    "control_percent": "30",
    "segments-0-name": "Small company",
    "segments-0-join": "all",
    "segments-0-groups-0-join": "all",
    "segments-0-groups-0-rows-0-subject": "trait",
    "segments-0-groups-0-rows-0-name": "company.employee_count",
    "segments-0-groups-0-rows-0-operator": "less_than",
    "segments-0-groups-0-rows-0-value": "200",
    "segments-0-variations-0-changes-0-type": "text",
    "segments-0-variations-0-changes-0-selector": "h1",
    "segments-0-variations-0-changes-0-value": "Made for small teams",
    "goals": [LOGIN],
    "primary": LOGIN,
}


def post(client: Client, data: dict[str, Any], path: str = "/experiences/new/", **headers: str) -> Any:
    return client.post(path, data, headers=headers)


def fields(response: Any) -> dict[str, str]:
    """What stands in the form's inputs, by name."""
    html = response.content.decode()
    found = {}
    for tag in re.findall(r"<input [^>]*>", html):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and not ('type="checkbox"' in tag or 'type="radio"' in tag):
            found[name[1]] = value[1] if value else ""
    found |= dict(re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', html))
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def error_beside(response: Any, field: str) -> str:
    found = re.search(rf'id="{field}-error">([^<]*)<', response.content.decode())
    return found[1] if found else ""


def focused(response: Any) -> str:
    found = re.findall(r'id="([^"]*)"[^>]*autofocus', response.content.decode())
    assert len(found) == 1
    return str(found[0])


class TestList:
    def test_an_empty_list_teaches(self, client: Client, store: EventStore) -> None:
        said = text(client.get("/experiences/"))
        assert "No experience yet" in said
        assert "how many of them keep the original" in said
        assert b'href="/experiences/new/"' in client.get("/experiences/").content

    def test_each_with_its_evidence(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        better = experience(workspace, segments=["Small company", "Financial services"])
        visits(store, better, control=(20, 500), personalized=(70, 500))
        experience(workspace, name="Nobody came")
        experience(workspace, name="A draft", started=None)
        said = text(client.get("/experiences/"))
        assert "Corporate Website Experiment acme.example/ Live 1,000 250 % more convert" in said
        assert "Small company, Financial services" in said
        assert "Nobody came acme.example/ Live 0 No visitors yet" in said
        assert "A draft acme.example/ Draft – Not live yet" in said

    def test_sorted_and_filtered_by_the_address(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        for name, started in (("Beta", None), ("alpha", None), ("Gamma", experience)):
            made = experience(workspace, name=name, started=None)
            if started:
                services.start_experience(workspace.id, made.id)

        def names(query: str) -> list[str]:
            html = client.get(f"/experiences/?{query}").content.decode()
            return re.findall(r'<a href="/experiences/\d+/">([^<]*)</a>', html)

        assert names("") == ["Beta", "alpha", "Gamma"]
        assert names("sort=name") == ["alpha", "Beta", "Gamma"]
        assert names("sort=-name") == ["Gamma", "Beta", "alpha"]
        assert names("state=live") == ["Gamma"]
        assert names("q=ALP") == ["alpha"]
        assert names("q=nothing") == []
        assert names("sort=nonsense") == ["Beta", "alpha", "Gamma"]

    def test_another_workspace_is_not_there(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        other = create_workspace("Other")
        theirs = experience(other, name="Secret")
        assert "Secret" not in text(client.get("/experiences/"))
        for path in (
            "",
            "edit/",
            "end/",
            "delete/",
            "results/",
            "goals/",
            "results.json",
            "results.csv",
            "results/stream/",
        ):
            assert client.get(f"/experiences/{theirs.id}/{path}").status_code == 404
        for path in ("start/", "pause/", "end/", "delete/", "edit/", "goals/"):
            assert client.post(f"/experiences/{theirs.id}/{path}", {"name": "Secret"}).status_code == 404
        assert Experience.objects.get(id=theirs.id).state == ExperienceState.LIVE

    def test_without_an_event_store(self, client: Client, workspace: Workspace) -> None:
        made = experience(workspace)
        for path in ("/experiences/", f"/experiences/{made.id}/", f"/experiences/{made.id}/results/"):
            response = client.get(path)
            assert response.status_code == 200
        assert "Corporate Website Experiment" in text(client.get("/experiences/"))
        assert "cannot be shown" in text(client.get(f"/experiences/{made.id}/results/"))


class TestForm:
    def test_an_experience_is_made(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        response = post(client, FILLED)
        made = Experience.objects.get()
        assert response.headers["Location"] == f"/experiences/{made.id}/"
        assert (made.workspace_id, made.control_share, made.state) == (workspace.id, 0.3, ExperienceState.DRAFT)
        segment = AudienceSegment.objects.get()
        assert (segment.condition, segment.variations.get().changes) == (SMALL, [HEADLINE])
        assert goal_names(made.id) == [LOGIN]
        assert "is saved" in text(client.get(f"/experiences/{made.id}/"))

    def test_saved_and_started_at_once(self, client: Client, store: EventStore) -> None:
        post(client, FILLED | {"do": "start"})
        assert Experience.objects.get().state == ExperienceState.LIVE

    def test_what_cannot_start_is_not_half_saved(self, client: Client, store: EventStore) -> None:
        response = post(client, FILLED | {"do": "start", "goals": []})
        assert response.status_code == 422
        assert "needs a goal" in error_beside(response, "goals")
        assert not Experience.objects.exists()

    def test_what_was_typed_comes_back_with_errors_beside_it(self, client: Client, store: EventStore) -> None:
        wrong = FILLED | {
            "page_url": "pricing",
            "control_percent": "half",
            "segments-0-groups-0-rows-0-value": "few",
            "segments-0-variations-0-changes-0-selector": "h1[",
            "segments-0-variations-0-changes-0-value": "Kept <as> it is",
        }
        response = post(client, wrong)
        assert response.status_code == 422
        assert "is not a share" in error_beside(response, "control_percent")
        kept = fields(response)
        assert kept["page_url"] == "pricing"
        assert kept["segments-0-variations-0-changes-0-value"] == "Kept &lt;as&gt; it is"
        assert kept["segments-0-groups-0-rows-0-operator"] == "less_than"

        response = post(client, wrong | {"control_percent": "30"})
        assert "write /pricing" in error_beside(response, "page_url")
        assert "is not a number; “is less than” compares" in error_beside(response, "segments-0-groups-0-rows-0")
        assert "is not complete" in error_beside(response, "segments-0-variations-0-changes-0-selector")
        assert focused(response) == "page_url"
        assert not Experience.objects.exists()

    def test_editing_shows_what_was_saved_and_saves_it_again_unchanged(
        self, client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = services.save_experience(
            workspace_id=workspace.id,
            name="Everything",
            page_url="/a*",
            control_share=0.125,
            segments=[
                {
                    "name": "Rows",
                    "condition": {"any": [{"all": [SMALL, SMALL]}, {"all": [SMALL]}]},
                    "variations": [
                        {
                            "changes": [
                                HEADLINE,
                                {"type": "html", "selector": "p", "value": "<b>x</b>"},
                                {"type": "attribute", "selector": "a", "name": "href", "value": None},
                                {"type": "attribute", "selector": "a", "name": "title", "value": ""},
                                {"type": "style", "selector": "a", "name": "color", "value": "red"},
                                {"type": "hide", "selector": ".x"},
                                {"type": "insert", "selector": "ul", "position": "start", "value": "<li>x\ny</li>"},
                            ]
                        }
                    ],
                },
                {"name": "JSON", "condition": {"not": SMALL}, "variations": [{"changes": [HEADLINE]}]},
                {"name": "Everyone", "variations": [{"name": "Bold", "changes": [HEADLINE]}]},
            ],
            goals=["B", "A"],
            primary_goal="A",
        )
        before = _saved()
        page = client.get(f"/experiences/{made.id}/edit/")
        sent: dict[str, Any] = {name: _unescaped(value) for name, value in fields(page).items()}
        sent |= {"goals": ["A", "B"], "primary": "A", "segments-0-variations-0-changes-2-remove": "on", "do": "save"}
        assert sent["control_percent"] == "12.5"
        assert post(client, sent, f"/experiences/{made.id}/edit/").status_code == 302
        after = _saved()
        assert after["segments"][0].pop("condition") == {"any": [{"all": [SMALL, SMALL]}, SMALL]}
        before["segments"][0].pop("condition")
        assert after == before
        assert goal_names(made.id) == ["A", "B"]

    def test_archived_cannot_be_edited(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace)
        services.archive_experience(workspace.id, made.id)
        response = client.get(f"/experiences/{made.id}/edit/", follow=True)
        assert "is archived and stays as it was" in text(response)
        assert post(client, FILLED, f"/experiences/{made.id}/edit/").headers["Location"] == f"/experiences/{made.id}/"
        assert Experience.objects.get().control_share == 0.5

    def test_htmx_gets_the_form_alone_and_goes_on_when_it_is_saved(self, client: Client, store: EventStore) -> None:
        response = post(client, FILLED | {"do": "segment-add"}, HX_Request="true")
        assert response.content.lstrip().startswith(b"<form")
        response = post(client, FILLED, HX_Request="true")
        assert response.status_code == 204
        assert response.headers["HX-Redirect"] == f"/experiences/{Experience.objects.get().id}/"

    def test_hostile_fields_do_nothing(self, client: Client, store: EventStore) -> None:
        for sent in (
            {"segments-0": "x", "segments-0-name": "y"},
            {"segments": "x", "segments-0-name": "y", "name-x": "1", "name": "n"},
            {"segments-x-name": "y", "segments-²-name": "z", "segments-0-variations-0-changes-0": "q"},
            {"segments-0-id": "99999999999999999999", "segments-0-name": "A"},
            {"segments-0-raw": "[" * 100_000, "segments-0-name": "A"},
            {"segments-0-raw": "{", "segments-0-name": "A", "name": "A"},
            {"segments-0-variations-0-changes-0-type": "script", "segments-0-variations-0-changes-0-position": "under"},
            {"control_percent": "nan"},
            {"control_percent": "1e999"},
            {"name": "a\x00b", "page_url": "\x00", "goals": ["\x00"]},
        ):
            assert post(client, sent).status_code == 422
        for action in (
            "segment-remove 99",
            "segment-up",
            "change-up x",
            "condition-add 9 9",
            "",
            "drop table",
            "group-remove 0 7",
        ):
            assert post(client, FILLED | {"do": action or " "}).status_code in {200, 422}
        assert not Experience.objects.exists()


class TestRows:
    """Every button changes the rows and shows the form again, with the focus where one goes on."""

    def act(self, client: Client, action: str, data: dict[str, Any] | None = None) -> tuple[dict[str, str], str]:
        response = post(client, (FILLED if data is None else data) | {"do": action})
        assert response.status_code == 200
        assert not Experience.objects.exists()
        return fields(response), focused(response)

    def test_segments(self, client: Client, store: EventStore) -> None:
        shown, focus = self.act(client, "segment-add")
        assert focus == "segments-1-name"
        two = FILLED | {"segments-1-name": "B", "segments-1-join": "all"}
        shown, focus = self.act(client, "segment-down 0", two)
        assert (shown["segments-0-name"], shown["segments-1-name"], focus) == ("B", "Small company", "segments-1-up")
        shown, focus = self.act(client, "segment-up 1", two)
        assert (shown["segments-0-name"], shown["segments-1-name"], focus) == ("B", "Small company", "segments-0-down")
        shown, focus = self.act(client, "segment-remove 0", two)
        assert (shown["segments-0-name"], focus) == ("B", "segments-0-name")
        assert "segments-1-name" not in shown
        shown, focus = self.act(client, "segment-copy 0", FILLED | {"segments-0-id": "7"})
        assert (shown["segments-1-name"], focus) == ("Small company (copy)", "segments-1-name")
        assert shown["segments-1-variations-0-changes-0-value"] == "Made for small teams"
        assert (shown["segments-0-id"], "segments-1-id" in shown) == ("7", False)
        _, focus = self.act(client, "segment-remove 0")
        assert focus == "segment-add"

    def test_conditions_and_groups(self, client: Client, store: EventStore) -> None:
        shown, focus = self.act(client, "condition-add 0 0")
        assert focus == "segments-0-groups-0-rows-1-subject"
        assert shown["segments-0-groups-0-rows-0-name"] == "company.employee_count"
        shown, focus = self.act(client, "group-add 0")
        assert (focus, shown["segments-0-groups-1-join"]) == ("segments-0-groups-1-rows-0-subject", "any")
        shown, focus = self.act(client, "condition-remove 0 0 0")
        assert focus == "segments-0-condition-add"
        assert "segments-0-groups-0-rows-0-name" not in shown
        nobody = {key: value for key, value in FILLED.items() if "groups" not in key}
        shown, focus = self.act(client, "condition-add 0 0", nobody)
        assert focus == "segments-0-groups-0-rows-0-subject"

    def test_changes(self, client: Client, store: EventStore) -> None:
        _, focus = self.act(client, "change-add 0 0")
        assert focus == "segments-0-variations-0-changes-1-selector"
        _, focus = self.act(client, "change-remove 0 0 0")
        assert focus == "segments-0-variations-0-change-add"
        two = FILLED | {
            "segments-0-variations-0-changes-1-type": "hide",
            "segments-0-variations-0-changes-1-selector": ".old",
        }
        shown, focus = self.act(client, "change-up 0 0 1", two)
        assert (
            shown["segments-0-variations-0-changes-0-selector"],
            shown["segments-0-variations-0-changes-0-type"],
        ) == (".old", "hide")
        assert focus == "segments-0-variations-0-changes-0-down"

    def test_json_and_back(self, client: Client, store: EventStore) -> None:
        shown, focus = self.act(client, "show-raw 0")
        assert focus == "segments-0-raw"
        raw = _unescaped(shown["segments-0-raw"])
        assert '"employee_count"' not in raw
        assert '"company.employee_count"' in raw
        written = {key: value for key, value in FILLED.items() if "groups" not in key}
        shown, _ = self.act(client, "show-rows 0", written | {"segments-0-raw": raw})
        assert shown["segments-0-groups-0-rows-0-value"] == "200"
        for refused in ('{"not": {}}', "{", '{"fact": "weather"}'):
            response = post(client, written | {"segments-0-raw": refused, "do": "show-rows 0"})
            assert "cannot be shown in rows" in error_beside(response, "segments-0-raw")
            assert _unescaped(fields(response)["segments-0-raw"]) == refused

    def test_goals(self, client: Client, store: EventStore) -> None:
        response = post(client, FILLED | {"do": "goal-add", "new_goal": " Signed Up "})
        html = response.content.decode()
        assert re.findall(r'name="goals" value="([^"]*)" checked', html) == [LOGIN, "Signed Up"]
        assert re.findall(r'name="primary" value="([^"]*)" checked', html) == [LOGIN]
        assert focused(response) == "new_goal"
        response = post(client, FILLED | {"do": "goal-add", "new_goal": ""})
        assert "Write the name" in error_beside(response, "goals")

    def test_a_goal_that_was_typed_and_not_added_counts(self, client: Client, store: EventStore) -> None:
        post(client, FILLED | {"new_goal": "Signed Up"})
        assert goal_names(Experience.objects.get().id) == [LOGIN, "Signed Up"]

    def test_events_that_came_are_offered(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace)
        visits(store, made, control=(2, 5), personalized=(1, 5))
        conversions(store, made, "Signed Up", 2, arm="c")
        said = text(client.get("/experiences/new/"))
        assert f"{LOGIN} came 3 times" in said
        assert "Signed Up came 2 times" in said


class TestLife:
    def test_started_paused_resumed_and_archived(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None)

        def state() -> str:
            return Experience.objects.get().state

        page = client.post(f"/experiences/{made.id}/start/", follow=True)
        assert (state(), "is live" in text(page)) == (ExperienceState.LIVE, True)
        client.post(f"/experiences/{made.id}/pause/")
        assert state() == ExperienceState.PAUSED
        assert "Resume" in text(client.get(f"/experiences/{made.id}/"))
        client.post(f"/experiences/{made.id}/start/")
        assert state() == ExperienceState.LIVE
        asked = client.get(f"/experiences/{made.id}/archive/")
        assert "cannot be started again" in text(asked)
        refused = client.post(f"/experiences/{made.id}/archive/", {"name": "corporate website experiment"})
        assert refused.status_code == 422
        assert f"Write {made.name} as it stands above" in text(refused)
        assert fields(refused)["name"] == "corporate website experiment"
        assert state() == ExperienceState.LIVE
        client.post(f"/experiences/{made.id}/archive/", {"name": made.name})
        assert state() == ExperienceState.ARCHIVED
        page = client.get(f"/experiences/{made.id}/")
        assert "Edit" not in text(page)

    def test_a_draft_says_what_it_lacks(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None, segments=[], goals=[])
        said = text(client.get(f"/experiences/{made.id}/"))
        assert "An experience that is live needs an audience segment; add one." in said
        page = client.post(f"/experiences/{made.id}/start/", follow=True)
        assert "needs a goal" in text(page)
        assert Experience.objects.get().state == ExperienceState.DRAFT

    def test_a_draft_is_deleted_by_its_name(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None)
        assert client.post(f"/experiences/{made.id}/delete/", {"name": "?"}).status_code == 422
        assert (
            client.post(f"/experiences/{made.id}/delete/", {"name": made.name}).headers["Location"] == "/experiences/"
        )
        assert not Experience.objects.exists()

    def test_it_warns_when_nothing_personalizes(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace)
        assert "no enabled Mutiny destination" in text(client.get(f"/experiences/{made.id}/"))
        mutiny(workspace, source(workspace).id)
        assert "no enabled Mutiny destination" not in text(client.get(f"/experiences/{made.id}/"))

    def test_a_viewer_looks_and_changes_nothing(
        self, viewer_client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = experience(workspace, started=None)
        page = viewer_client.get(f"/experiences/{made.id}/")
        assert page.status_code == 200
        assert b"/start/" not in page.content
        assert viewer_client.post(f"/experiences/{made.id}/start/").status_code == 403
        assert viewer_client.post("/experiences/new/", FILLED).status_code == 403
        assert Experience.objects.get().state == ExperienceState.DRAFT

    def test_the_overview_of_one(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, goals=[LOGIN, "Signed Up"])
        visits(store, made, control=(20, 500), personalized=(45, 510))
        said = text(client.get(f"/experiences/{made.id}/"))
        assert "Live since 2 November" in said
        assert "50 % of visitors keep the original" in said
        assert "Trait company.employee_count is less than 200" in said
        assert "Text of h1 becomes “Made for small teams”" in said
        assert "510 personalized, 500 in control" in said
        assert f"{LOGIN} primary" in said


def _saved() -> dict[str, Any]:
    made = Experience.objects.get()
    return {
        "place": (made.name, made.page_url, made.control_share),
        "segments": [
            {
                "id": segment.id,
                "name": segment.name,
                "condition": segment.condition,
                "variations": list(segment.variations.values("id", "name", "changes")),
            }
            for segment in made.segments.all()
        ],
    }


def _unescaped(text: str) -> str:
    for entity, character in (("&quot;", '"'), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
