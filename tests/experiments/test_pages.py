"""The pages of goals and results, as a browser without script asks for them."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from experiences.making import LOGIN, conversions, experience, visits
from pages import text
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience
from pitcairn.experiments.queries import goal_names
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

STARTED = datetime.now(UTC) - timedelta(days=5)


class TestGoals:
    def test_chosen_and_chosen_anew(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None, goals=[])
        path = f"/experiences/{made.id}/goals/"
        assert "Choose what counts as success" in text(client.get(path))
        client.post(path, {"new_goal": LOGIN})
        client.post(path, {"goals": [LOGIN], "new_goal": "Signed Up", "primary": LOGIN})
        assert goal_names(made.id) == [LOGIN, "Signed Up"]
        client.post(path, {"goals": [LOGIN, "Signed Up"], "primary": "Signed Up"})
        assert goal_names(made.id) == ["Signed Up", LOGIN]

    def test_what_is_live_keeps_one(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace)
        path = f"/experiences/{made.id}/goals/"
        assert "a hint, not proof" in text(client.get(path))
        refused = client.post(path, {})
        assert refused.status_code == 422
        assert "needs a goal" in text(refused)
        assert goal_names(made.id) == [LOGIN]

    def test_a_late_one_is_marked(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED)
        path = f"/experiences/{made.id}/goals/"
        assert "after launch" not in text(client.get(path))
        client.post(path, {"goals": [LOGIN], "new_goal": "Signed Up"})
        assert "after launch" in text(client.get(path))

    def test_what_was_typed_stays(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None)
        refused = client.post(f"/experiences/{made.id}/goals/", {"new_goal": "x" * 300})
        assert refused.status_code == 422
        assert f'value="{"x" * 300}"' in refused.content.decode()


class TestResults:
    def page(self, client: Client, made: Experience, query: str = "") -> tuple[str, str]:
        response = client.get(f"/experiences/{made.id}/results/{query}")
        assert response.status_code == 200
        return text(response), response.content.decode()

    def answer(self, html: str) -> str:
        found = re.search(r'<p class="answer">(.*?)</p>', html, re.DOTALL)
        assert found
        return re.sub(r"<[^>]*>", "", found[1]).replace("\u00a0", " ")

    def test_the_answer_the_chart_and_why(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED, segments=["Small company", "Financial services"])
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        visits(store, made, control=(3, 90), personalized=(2, 80), at=STARTED + timedelta(days=2), position=1)
        said, html = self.page(client, made)
        expected = "The personalized page makes 108 % more visitors convert (between 29 % and 237 %)."
        assert self.answer(html) == expected
        assert "Small company Personalized 500 45 9.0 %" in said
        assert "Too few conversions to tell" in said
        assert "All segments" in said
        assert "The split is as set" in said
        assert html.count('<svg class="chart') == 3
        assert "style=" not in html.split("<main")[1]

    def test_the_chart_and_its_table_hold_the_same_numbers(
        self, client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = experience(workspace, started=STARTED)
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        visits(store, made, control=(3, 90), personalized=(2, 80), at=STARTED + timedelta(days=2), prefix="b")
        said, html = self.page(client, made)
        spoken = re.findall(r'class="day[^"]*" role="img" aria-label="([^"]*)" tabindex="(-?\d)"', html)
        days = re.findall(r'<th scope="row">([^<]*)</th>', html)
        assert len(spoken) == 3 * len(days)
        assert [label.split(":")[0] for label, _ in spoken[: len(days)]] == days[::-1]
        # One stop of the Tab key for each size, of which one is shown.
        assert [index for _, index in spoken].count("0") == 3
        last = spoken[len(days) - 1][0].replace("\u00a0", " ")
        assert "personalized 8.1 %" in last
        assert "47 of 580 visitors" in last
        assert f"{days[0]} 8.1 % 6.1 to 10.6 % 47 of 580 3.9 % 2.6 to 5.8 % 23 of 590" in said

    def test_another_goal_by_the_address(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED, goals=[LOGIN, "Signed Up"])
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        conversions(store, made, "Signed Up", 30, arm="c", at=STARTED)
        said, _ = self.page(client, made, "?goal=Signed+Up")
        assert "fewer visitors convert" in said
        assert "125 % more visitors" in self.page(client, made)[0]

    def test_nothing_yet_is_said_calmly(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace)
        said, html = self.page(client, made)
        assert self.answer(html) == "Nobody has seen this yet."
        assert "appear here as they come" in said
        assert '<svg class="chart' not in html

    def test_without_a_goal_it_asks_for_one(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None, goals=[])
        assert "No goal yet" in self.page(client, made)[0]

    def test_names_are_text(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED, name="<b>Bold</b>", segments=["<i>S</i>"], goals=["<script>x"])
        visits(store, made, control=(2, 50), personalized=(4, 50), at=STARTED)
        _, html = self.page(client, made)
        assert "<script>x" not in html
        assert "<i>S</i>" not in html
        assert "&lt;script&gt;x" in html


class TestExport:
    def test_json(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED)
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        response = client.get(f"/experiences/{made.id}/results.json")
        assert response.json()["goals"][0]["personalized"]["converted"] == 45
        assert 'filename="corporate-website-experiment-results.json"' in response.headers["Content-Disposition"]

    def test_csv_that_no_spreadsheet_runs(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED, goals=["=HYPERLINK(1)"])
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        AudienceSegment.objects.update(name="@SUM(1)")
        response = client.get(f"/experiences/{made.id}/results.csv")
        table = list(csv.DictReader(io.StringIO(response.content.decode())))
        assert [(row["goal"], row["audience_segment"], row["arm"], row["visitors"]) for row in table] == [
            ("'=HYPERLINK(1)", "", "personalized", "500"),
            ("'=HYPERLINK(1)", "", "control", "500"),
            ("'=HYPERLINK(1)", "'@SUM(1)", "personalized", "500"),
            ("'=HYPERLINK(1)", "'@SUM(1)", "control", "500"),
        ]
