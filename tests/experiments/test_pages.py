"""The pages of goals and results, as a browser without script asks for them."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client

from eventstore.rows import exposure, message
from experiences.making import HEADLINE, LOGIN, SMALL, conversions, experience, visits
from pages import text
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiments.optimizing import optimize_due
from pitcairn.experiments.queries import goal_names, goals_of, plan_of
from pitcairn.experiments.reports import send_due
from pitcairn.experiments.sharing import links_of
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

STARTED = datetime.now(UTC) - timedelta(days=5)


def several(workspace: Workspace, store: EventStore) -> Experience:
    """Live with two variations that are shared to what works: one look was made, and changed the shares."""
    made = save_experience(
        workspace_id=workspace.id,
        name="Headline",
        page_url="acme.example/",
        control_share=0.2,
        segments=[
            {
                "name": "Small company",
                "condition": SMALL,
                "allocation": "optimize",
                "variations": [{"name": name, "changes": [HEADLINE]} for name in ("Calm", "Bold")],
            }
        ],
        goals=[LOGIN],
    )
    start_experience(workspace.id, made.id, now=STARTED)
    segment = made.segments.get()
    ids = dict(segment.variations.values_list("name", "id"))
    at = STARTED.timestamp() + 60
    exposures, logins = [], []
    for arm, (converted, count) in {"": (12, 200), "Calm": (24, 400), "Bold": (64, 400)}.items():
        for number in range(count):
            visitor = f"{made.id}-{arm}-{number}"
            exposures.append(
                exposure(
                    workspace.id, experience_id=made.id, segment_id=segment.id, variation_id=ids.get(arm, 0),
                    personalized=bool(arm), visitor=visitor, profile_id=0, message_id=f"exp-{visitor}",
                    timestamp=at, received_at=at,
                )
            )  # fmt: skip
            if number < converted:
                logins.append(
                    message(workspace.id, event=LOGIN, anonymous_id=visitor, profile_id=0, message_id=f"l-{visitor}",
                            timestamp=at + 60, received_at=at + 60)
                )  # fmt: skip
    store.insert("exposures", exposures)
    store.insert("messages", logins)
    assert optimize_due(store, STARTED + timedelta(days=1)) == 1
    return made


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
        visits(store, made, control=(40, 500), personalized=(100, 500), at=STARTED)
        visits(store, made, control=(3, 90), personalized=(2, 80), at=STARTED + timedelta(days=2), position=1)
        said, html = self.page(client, made)
        answer = self.answer(html)
        assert answer.startswith("The personalized page makes 138 % more visitors convert (between ")
        assert "What to do Let it run: weekdays differ, and it has not run for 7 full days." in said
        assert "Small company Personalized 500 100 20.0 %" in said
        assert "For one look" in said
        assert "So far +" not in said
        assert "more conversions than the original would have had" in said
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
        days = re.findall(r'<th scope="row">([^<]*)</th>', html.split('id="lifts-title"', maxsplit=1)[0])
        assert len(spoken) == 3 * len(days)
        assert [label.split(":")[0] for label, _ in spoken[: len(days)]] == days[::-1]
        # One stop of the Tab key for each size, of which one is shown.
        assert [index for _, index in spoken].count("0") == 3
        last = spoken[len(days) - 1][0].replace("\u00a0", " ")
        assert "personalized 8.1 %" in last
        assert "47 of 580 visitors" in last
        assert f"{days[0]} 8.1 % 6.1 to 10.6 % 47 of 580 3.9 % 2.6 to 5.8 % 23 of 590" in said

    def test_the_lift_over_time_of_everybody_and_of_each_variation(
        self, client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = experience(workspace, started=STARTED, segments=["Small company", "Financial services"])
        visits(store, made, control=(40, 500), personalized=(100, 500), at=STARTED)
        visits(store, made, control=(40, 500), personalized=(20, 500), at=STARTED + timedelta(days=1), position=1)
        said, html = self.page(client, made)
        lifts = html.split('id="lifts-title"')[1].split("</section>")[0]
        assert re.findall(r"<figcaption[^>]*>([^<]*)<", lifts) == [
            "All segments",
            "Small company",
            "Financial services",
        ]
        # Each in three sizes, of which the page shows the one that fits.
        assert lifts.count('<svg class="lift chart') == 9
        spoken = re.findall(r'class="look day last" role="img" aria-label="[^:]*: ([^"]*)" tabindex="0"', lifts)
        assert len(spoken) == 9
        whole, small, financial = (spoken[place].replace("\u00a0", " ") for place in (0, 3, 6))
        assert small.startswith("+150 %, interval +")
        assert financial.startswith("\u221250 %, interval \u2212")
        # The bands are those of the table of segments, which hold at every look.
        for one in (small, financial):
            value, interval = one.split(", interval ")
            assert f"{value} {interval}" in said
        rows = re.findall(r'<th scope="row">([^<]*)</th><td class="n">([^<]*)</td><td class="n">([^<]*)</td>', lifts)
        assert (rows[0][1] + ", interval " + rows[0][2]).replace("\u00a0", " ") == whole

    def test_several_variations_stand_apart_and_say_how_they_were_shared(
        self, client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = several(workspace, store)
        said, html = self.page(client, made)
        # Each against the control of its segment, then the control.
        assert re.search(r"Small company Calm 400 24 6\.0 % .* Bold 400 64 16\.0 % .* Control 200 12 6\.0 %", said)
        lifts = html.split('id="lifts-title"')[1].split("</section>")[0]
        names = re.findall(r"<figcaption[^>]*>([^<]*)<", lifts)
        assert names == ["All variations together", "Small company: Calm", "Small company: Bold"]
        assert "How visitors were shared" in said
        assert "Shared anew, by Clicked Login Button" in said
        assert re.search(r"best with (9\d(\.\d+)?|100) %", said.replace("\u00a0", " "))
        assert "The split was learned, and changed once" in said
        # A page of its own says it too, and the document for programs.
        value = client.get(f"/experiences/{made.id}/results.json").json()
        (step,) = value["sharing"]
        assert step["outcome"] == "changed"
        assert sum(one["share"] for one in step["variations"]) == pytest.approx(1)
        bold = value["goals"][0]["segments"][0]["variations"][1]
        assert bold["series"][-1]["lift"] == bold["lift"]

    def test_another_goal_by_the_address(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED, goals=[LOGIN, "Signed Up"])
        visits(store, made, control=(40, 500), personalized=(100, 500), at=STARTED)
        conversions(store, made, "Signed Up", 30, arm="c", at=STARTED)
        said, _ = self.page(client, made, "?goal=Signed+Up")
        assert "fewer visitors convert" in said
        assert "150 % more visitors" in self.page(client, made)[0]

    def test_nothing_yet_is_said_calmly(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace)
        said, html = self.page(client, made)
        assert self.answer(html) == "Nobody has seen this yet."
        assert "appear here as they come" in said
        assert '<svg class="chart' not in html

    def test_what_came_lately_is_told_while_it_is_live(
        self, client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = experience(workspace, started=STARTED, goals=[LOGIN, "Signed Up"])
        visits(store, made, control=(2, 20), personalized=(3, 20), at=STARTED)
        hour_ago = datetime.now(UTC) - timedelta(minutes=61)
        visits(store, made, control=(0, 4), personalized=(0, 3), at=hour_ago, prefix="l")
        visits(
            store, made, control=(0, 2), personalized=(0, 3), at=datetime.now(UTC) - timedelta(minutes=1), prefix="n"
        )
        said, html = self.page(client, made)
        assert "In the last 30 minutes 5 views and no conversions" in said
        conversions(store, made, LOGIN, 2, arm="c", at=hour_ago, prefix="l")
        asks = re.search(r'hx-get="([^"]*results/now/[^"]*)"[^>]* data-polls', html)
        assert asks
        assert "5 views and 2 conversions" in text(client.get(unescape(asks[1])))
        assert "5 views and no conversions" in text(client.get(f"/experiences/{made.id}/results/now/?goal=Signed+Up"))
        client.post(f"/experiences/{made.id}/pause/")
        assert "In the last 30 minutes" not in self.page(client, made)[0]

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
        assert [(row["goal"], row["audience_segment"], row["arm"], row["visitors"]) for row in table[:4]] == [
            ("'=HYPERLINK(1)", "", "personalized", "500"),
            ("'=HYPERLINK(1)", "", "control", "500"),
            ("'=HYPERLINK(1)", "'@SUM(1)", "Personalized", "500"),
            ("'=HYPERLINK(1)", "'@SUM(1)", "control", "500"),
        ]

    def test_parquet_holds_the_same(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED)
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        table = pq.read_table(io.BytesIO(client.get(f"/experiences/{made.id}/results.parquet").content)).to_pylist()
        assert [(row["arm"], row["visitors"], row["converted"]) for row in table[:2]] == [
            ("personalized", 500, 45),
            ("control", 500, 20),
        ]

    def test_the_sql_gives_the_same_counts(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED, goals=["It's {done:String}"])
        visits(store, made, control=(0, 50), personalized=(0, 40), at=STARTED)
        conversions(store, made, "It's {done:String}", 7, arm="p", at=STARTED)
        html = client.get(f"/experiences/{made.id}/results/sql/").content.decode()
        found = re.search(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
        assert found
        shown = unescape(re.sub(r"<[^>]+>", "", found[1]))
        rows = [row for row in store._rows(shown, {}) if row[0] == "first_day"]
        assert sorted((row[7], row[9]) for row in rows) == [(40, 7), (50, 0)]


class TestGoalForm:
    def test_a_goal_with_a_condition_and_a_sum(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None, goals=[LOGIN])
        path = f"/experiences/{made.id}/goals/new/"
        filled = {
            "kind": "track", "event": "Order Completed", "value": "revenue", "window_days": "14", "unit": "account",
            "name": "Revenue", "where-0-name": "total", "where-0-operator": "at_least", "where-0-value": "50", "join": "all",
        }  # fmt: skip
        more = client.post(path, {**filled, "do": "row"})
        assert more.status_code == 200
        assert 'name="where-1-name"' in more.content.decode()
        assert client.post(path, filled).status_code == 302
        goal = next(one for one in goals_of(made.id) if one.name == "Revenue")
        words = "Order Completed, where total is at least 50, adding up revenue"
        assert goal.definition.in_words.startswith(words)
        assert (goal.definition.window_days, goal.definition.unit, goal.primary) == (14, "account", False)
        shown = client.get(f"/experiences/{made.id}/goals/{goal.id}/").content.decode()
        assert 'value="total"' in shown

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"event": ""}, "Write the name of a Track event"),
            ({"kind": "page", "page": "nonsense"}, "is not a page"),
            ({"kind": "click", "selector": "div["}, "is not complete"),
            ({"window_days": "0"}, "Give a number of days above 0"),
            ({"where-0-name": "total", "where-0-operator": "at_least", "where-0-value": "many"}, "number"),
            ({"name": LOGIN}, "There is a goal"),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field(
        self, client: Client, workspace: Workspace, store: EventStore, changed: dict[str, str], said: str
    ) -> None:
        made = experience(workspace, started=None, goals=[LOGIN])
        filled = {"kind": "track", "event": "Paid", "window_days": "7", "unit": "visitor", "name": "", **changed}
        refused = client.post(f"/experiences/{made.id}/goals/new/", filled)
        assert refused.status_code == 422
        assert said in text(refused)
        assert [goal.name for goal in goals_of(made.id)] == [LOGIN]

    def test_a_change_after_launch_is_told(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=STARTED)
        visits(store, made, control=(20, 500), personalized=(45, 500), at=STARTED)
        goal = goals_of(made.id)[0]
        same = {"kind": "track", "event": LOGIN, "window_days": "7", "unit": "visitor", "name": "Logins"}
        client.post(f"/experiences/{made.id}/goals/{goal.id}/", same)
        assert "Goal chosen after launch" not in text(client.get(f"/experiences/{made.id}/results/"))
        client.post(f"/experiences/{made.id}/goals/{goal.id}/", {**same, "window_days": "3"})
        assert "Goal chosen after launch" in text(client.get(f"/experiences/{made.id}/results/"))


class TestSharing:
    def test_a_link_shows_one_experience_until_it_is_revoked(
        self, client: Client, workspace: Workspace, store: EventStore
    ) -> None:
        made = experience(workspace, started=STARTED)
        visits(store, made, control=(40, 500), personalized=(100, 500), at=STARTED)
        client.post(f"/experiences/{made.id}/results/sharing/link/")
        (link,) = links_of(made.id)
        stranger = Client()
        shown = stranger.get(f"/shared/results/{link.token}/")
        assert "150 % more visitors" in text(shown)
        assert "<nav" not in shown.content.decode()
        assert stranger.get(f"/experiences/{made.id}/results/").status_code == 302
        assert stranger.get(f"/shared/results/{link.token[:-1]}x/").status_code == 404
        client.post(f"/experiences/{made.id}/results/sharing/link/{link.id}/revoke/")
        assert stranger.get(f"/shared/results/{link.token}/").status_code == 404

    def test_a_report_is_sent_when_it_is_due_and_once(
        self, client: Client, workspace: Workspace, store: EventStore, settings: Any, mailoutbox: list[Any]
    ) -> None:
        settings.EMAIL_HOST = "mail.example"
        made = experience(workspace, started=STARTED)
        visits(store, made, control=(40, 500), personalized=(100, 500), at=STARTED)
        path = f"/experiences/{made.id}/results/sharing/"
        assert client.post(path, {"every_days": "7"}).status_code == 422
        client.post(path, {"emails": "boss@acme.example", "every_days": "7"})
        now = datetime.now(UTC)
        assert send_due(store, now + timedelta(days=6)) == 0
        assert send_due(store, now + timedelta(days=7, minutes=1)) == 1
        assert send_due(store, now + timedelta(days=7, minutes=2)) == 0
        (mail,) = mailoutbox
        assert (mail.to, mail.subject) == (["boss@acme.example"], f"Results: {made.name}")
        assert "150\u00a0% more visitors" in mail.body
        client.post(f"{path}report/stop/")
        assert send_due(store, now + timedelta(days=30)) == 0


class TestPlan:
    def test_from_the_sites_own_traffic(self, client: Client, workspace: Workspace, store: EventStore) -> None:
        made = experience(workspace, started=None)
        at = datetime.now(UTC).timestamp() - 3 * 86_400
        rows = [
            message(
                workspace.id, type="page", event="", anonymous_id=f"v{number}", profile_id=number, message_id=f"p{number}",
                timestamp=at, received_at=at, properties='{"url":"https://acme.example/?a=b"}',
            )
            for number in range(1, 141)
        ]  # fmt: skip
        goals = [
            message(workspace.id, event=LOGIN, anonymous_id=f"v{number}", profile_id=number, message_id=f"g{number}",
                    timestamp=at + 60, received_at=at + 60)
            for number in range(1, 15)
        ]  # fmt: skip
        store.insert("messages", [*rows, *goals])
        path = f"/experiences/{made.id}/plan/"
        page = client.get(path)
        assert "140 visitors saw acme.example/, and 14 visitors of them reached the primary goal" in text(page)
        assert 'value="10"' in page.content.decode()
        asked = {"baseline": "10", "lift": "20", "traffic": "1000"}
        planned = text(client.get(path, asked))
        assert "find a lift of 20 % or more in 4 of 5 such experiments" in planned
        client.post(path, asked)
        kept = plan_of(made.id)
        assert kept is not None
        assert (kept.lift, kept.baseline) == (0.2, 0.1)
        assert client.get(path, {**asked, "baseline": "0"}).status_code == 422
