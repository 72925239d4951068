"""Alarms of live experiences on real stores: opened, shown, told, and over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from eventstore.rows import vitals
from experiences.making import experience
from pages import text
from pitcairn.connections import services_alerts
from pitcairn.connections.alerts.checking import check_alerts
from pitcairn.connections.alerts.telling import Notice, Told
from pitcairn.connections.queries_alerts import alert
from pitcairn.eventstore import EventStore
from pitcairn.experiences import services
from pitcairn.experiences.health.alarms import alarms_of, open_alarms
from pitcairn.experiences.health.watching import EVERY, HealthWatch, check_health
from pitcairn.experiences.models import Experience
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

PAGE = "acme.example/"
NOW = datetime.now(UTC)


def views(
    store: EventStore, made: Experience, count: int, *, ago: timedelta, found: bool = True, **fields: Any
) -> None:
    """Complete views that looked for the experience's `h1`, a second apart, the last one so long before `NOW`."""
    end = (NOW - ago).timestamp()
    seen: dict[str, Any] = {"found": ["h1"]} if found else {"missing": ["h1"]}
    store.insert(
        "vitals",
        [
            vitals(
                made.workspace_id,
                experience_id=made.id,
                received_at=end - number,
                **{"page": PAGE, "share": 0.2} | seen | fields,
            )
            for number in range(count)
        ],
    )


def sentences(workspace: Workspace) -> list[str]:
    return [item.sentence for item in open_alarms(workspace.id)]


def test_an_element_that_is_lost_and_found_again(workspace: Workspace, store: EventStore) -> None:
    made = experience(workspace)
    views(store, made, 60, ago=timedelta(hours=3))
    assert check_health(store, NOW) == 1
    assert open_alarms(workspace.id) == []

    views(store, made, 40, ago=timedelta(minutes=20), found=False)
    for minute in range(3):
        check_health(store, NOW + timedelta(minutes=minute))
    (alarm,) = open_alarms(workspace.id)
    assert alarm.title == "h1 is not found any more on acme.example/"
    assert alarm.measured == "missing in 30 of the last 30 visits measured; before, 86 % of visits found it"

    views(store, made, 10, ago=timedelta(minutes=10))
    check_health(store, NOW + timedelta(minutes=5))
    assert [item.id for item in open_alarms(workspace.id)] == [alarm.id], "ten finds are too few"
    views(store, made, 20, ago=timedelta(minutes=1))
    check_health(store, NOW + timedelta(minutes=10))
    assert open_alarms(workspace.id) == []
    (over,) = alarms_of(made.id, NOW)
    assert over.ended == "the element is found again"
    check_health(store, NOW + timedelta(minutes=15))
    assert open_alarms(workspace.id) == []


def test_what_is_no_alarm(workspace: Workspace, store: EventStore) -> None:
    """Too few visits, early leavers, elements of former versions, and pages that never had it."""
    made = experience(workspace)
    views(store, made, 60, ago=timedelta(hours=3))
    views(store, made, 10, ago=timedelta(minutes=20), found=False)
    views(store, made, 60, ago=timedelta(minutes=20), found=False, complete=False)
    views(store, made, 60, ago=timedelta(minutes=20), missing=["#of-a-former-version"])
    views(store, made, 60, ago=timedelta(hours=2), found=False, page="acme.example/elsewhere")
    check_health(store, NOW)
    assert sentences(workspace) == []


def test_an_element_that_was_never_found(workspace: Workspace, store: EventStore) -> None:
    made = experience(workspace)
    views(store, made, 49, ago=timedelta(hours=3), found=False)
    check_health(store, NOW)
    assert sentences(workspace) == []
    views(store, made, 5, ago=timedelta(hours=2), found=False)
    check_health(store, NOW)
    assert sentences(workspace) == [
        "Corporate Website Experiment: h1 has never been found (missing in all 54 visits measured)"
    ]
    views(store, made, 1, ago=timedelta(hours=1))
    check_health(store, NOW)
    assert sentences(workspace) == []


def test_an_alarm_ends_with_what_it_is_about(workspace: Workspace, store: EventStore) -> None:
    """With a pause at once, with the change itself, and when nobody comes any more."""
    made = experience(workspace)
    views(store, made, 60, ago=timedelta(hours=3))
    views(store, made, 40, ago=timedelta(minutes=20), found=False)
    check_health(store, NOW)
    assert len(open_alarms(workspace.id)) == 1
    services.pause_experience(workspace.id, made.id)
    assert open_alarms(workspace.id) == []
    check_health(store, NOW)
    services.resume_experience(workspace.id, made.id)
    check_health(store, NOW)
    assert len(open_alarms(workspace.id)) == 1
    check_health(store, NOW + timedelta(days=8))
    assert open_alarms(workspace.id) == []
    assert [item.ended for item in alarms_of(made.id, NOW)] == [
        "nobody visited the page for a week",
        "the experience is not live any more",
    ]


def test_costs_that_are_too_high(workspace: Workspace, store: EventStore) -> None:
    made = experience(workspace)
    variation = made.segments.get().variations.get().id
    views(store, made, 200, ago=timedelta(hours=3), variation_id=variation, hidden_ms=390, shift=0.3)
    views(store, made, 200, ago=timedelta(hours=3), variation_id=0, hidden_ms=390, shift=0.01)
    check_health(store, NOW)
    assert [item.measured for item in open_alarms(workspace.id)] == [
        "hidden for 390 ms or longer in a quarter of visits; the cap is 400 ms",
        "shift of 0.30 or more in a quarter of visits, 0.010 in control; up to 0.1 is good",
    ]
    later = NOW + timedelta(days=2)
    views(store, made, 150, ago=-timedelta(days=1, hours=20), variation_id=variation, hidden_ms=50)
    check_health(store, later)
    assert open_alarms(workspace.id) == []
    assert {item.ended for item in alarms_of(made.id, later)} == {"it costs less again"}


class Teller:
    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.reaches = True

    def __call__(self, notice: Notice, emails: list[str], webhook_url: str) -> Told:
        self.told.append(notice)
        return Told(anyone=self.reaches)


def test_people_are_told_of_each_alarm_and_of_its_end(workspace: Workspace, store: EventStore) -> None:
    rule = services_alerts.create_alert(
        workspace_id=workspace.id, kind="experience", threshold=0, name="Experiences break", emails=["ops@acme.example"]
    )
    teller = Teller()
    minutes = (NOW + timedelta(minutes=number) for number in range(100))

    def look() -> list[tuple[str, str]]:
        teller.told.clear()
        check_alerts(store, next(minutes), teller)
        return [(notice.state, notice.measured) for notice in teller.told]

    assert look() == []
    first, second = experience(workspace), experience(workspace, name="Second")
    for made in (first, second):
        views(store, made, 60, ago=timedelta(hours=3))
    views(store, first, 40, ago=timedelta(minutes=20), found=False)
    check_health(store, NOW)
    teller.reaches = False
    assert [state for state, _ in look()] == ["firing"]
    teller.reaches = True
    ((state, measured),) = look()
    assert (state, measured.startswith("Corporate Website Experiment: h1 is not found any more")) == ("firing", True)
    assert look() == []

    views(store, second, 40, ago=timedelta(minutes=20), found=False)
    check_health(store, NOW)
    assert [measured.partition(":")[0] for _, measured in look()] == ["Second"]
    services.pause_experience(workspace.id, second.id)
    ((state, measured),) = look()
    assert (state, measured) == (
        "resolved",
        "Second, h1 on acme.example/: the experience is not live any more",
    )
    item = alert(workspace.id, rule.id)
    assert item is not None
    assert item.state == "bad"
    services.pause_experience(workspace.id, first.id)
    assert [state for state, _ in look()] == ["resolved"]
    assert look() == []
    item = alert(workspace.id, rule.id)
    assert item is not None
    assert (item.state, item.measured) == ("on", "every live experience finds its elements")


def test_the_watch_looks_when_it_is_time(workspace: Workspace, store: EventStore) -> None:
    experience(workspace)
    watch = HealthWatch()
    assert watch(store, NOW) == 1
    assert watch(store, NOW + EVERY / 2) == 0
    assert watch(store, NOW + EVERY) == 1


def test_pages_say_what_is_wrong(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = experience(workspace)
    variation = made.segments.get().variations.get().id
    path = f"/experiences/{made.id}/health/"
    assert "No visit was measured in the last 7 days" in text(client.get(path))
    views(store, made, 150, ago=timedelta(days=1, hours=3), variation_id=variation, lcp_ms=1300)
    views(store, made, 130, ago=timedelta(hours=3), variation_id=0, lcp_ms=1200)
    said = text(client.get(path))
    assert "Every element is found as usual" in said
    assert (
        "About 1,400 visits in the last 7 days and 650 in the last 24 hours; 280 and 130 of them were measured" in said
    )
    assert "1.30 s" in said
    assert "100 ms more" in said

    views(store, made, 40, ago=timedelta(minutes=20), found=False, variation_id=0)
    check_health(store, NOW)
    wrong = "h1 is not found any more on acme.example/"
    for page in (path, f"/experiences/{made.id}/", "/"):
        assert wrong in text(client.get(page)), page
    assert "1 alarm" in text(client.get("/experiences/"))
    assert "40 of 170" in text(client.get(path))
    services.pause_experience(workspace.id, made.id)
    for page in (f"/experiences/{made.id}/", "/"):
        assert wrong not in text(client.get(page)), page


def test_too_few_visits_are_said_to_be_too_few(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = experience(workspace)
    views(store, made, 12, ago=timedelta(hours=3), variation_id=made.segments.get().variations.get().id)
    said = text(client.get(f"/experiences/{made.id}/health/"))
    assert "Too few visits to say whether its elements are found" in said
    assert "Too few visits to say: 12 with it and 0 without were measured" in said
    assert "acme.example/" in said
