"""Results that are sent again and again, to a real mail server and a real webhook."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from connections.outside import MailServer, WebServer, web_server
from experiences.making import LAUNCH, NOW, experience, visits, workspace
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import Experience
from pitcairn.experiments.reports import report_of, send_due, set_report, stop_report
from pitcairn.experiments.results import results
from pitcairn.experiments.sharing import SharingError

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


def counted(store: EventStore) -> Experience:
    made = experience(workspace(), goals=["Clicked Login Button", "Signed Up"])
    visits(store, made, control=(40, 500), personalized=(100, 500))
    return made


def reported(made: Experience, now: datetime = NOW, **fields: Any) -> None:
    values: dict[str, Any] = {"emails": [], "webhook_url": None, "every_days": 7}
    set_report(made.id, now=now, **values | fields)


def test_an_email_says_the_answer_why_and_where(embedded_store: EventStore, mail: MailServer) -> None:
    made = counted(embedded_store)
    reported(made, emails=["boss@acme.example", "team@acme.example"])
    assert send_due(embedded_store, NOW + WEEK - timedelta(seconds=1)) == 0
    assert send_due(embedded_store, NOW + WEEK) == 1
    ((recipients, sent),) = mail.got
    assert sorted(recipients) == ["boss@acme.example", "team@acme.example"]
    assert sent["Subject"] == f"Results: {made.name}"
    said = sent.get_payload(decode=True).decode().replace("\u00a0", " ")
    assert "150 % more visitors convert (between " in said
    assert "Show the personalized page to everyone" in said
    assert "Signed Up (secondary): " in said
    assert "2 goals, one of them primary" in said
    assert f"https://pitcairn.acme.example/experiences/{made.id}/results/" in said


def test_a_webhook_gets_the_same_document_as_the_api(embedded_store: EventStore, web: WebServer) -> None:
    made = counted(embedded_store)
    reported(made, webhook_url=f"{web.url}/hooks/secret-7")
    assert send_due(embedded_store, NOW + WEEK) == 1
    (body,) = web.bodies
    assert body["type"] == "results"
    # What chat programs show.
    assert body["text"].startswith(f"{made.name}, as of 29 November 2026")
    expected = results(made.id, embedded_store, NOW + WEEK).as_json()
    assert body["results"] == json.loads(json.dumps(expected))
    assert web.got[0][0] == "/hooks/secret-7"


def test_it_comes_once_a_period_from_one_of_several_workers(embedded_store: EventStore, web: WebServer) -> None:
    made = counted(embedded_store)
    reported(made, webhook_url=web.url, every_days=1)
    now = NOW + timedelta(days=1)
    assert [send_due(embedded_store, now + timedelta(seconds=one)) for one in range(3)] == [1, 0, 0]
    # Missed for a month, it comes once.
    assert send_due(embedded_store, now + timedelta(days=30)) == 1
    assert send_due(embedded_store, now + timedelta(days=30, hours=23)) == 0
    assert len(web.got) == 2
    assert stop_report(made.id)
    assert send_due(embedded_store, now + timedelta(days=90)) == 0
    assert not stop_report(made.id)


def test_what_went_wrong_stands_with_the_report_and_keeps_nobody_else_from_it(
    embedded_store: EventStore, mail: MailServer, web: WebServer
) -> None:
    made = counted(embedded_store)
    reported(made, emails=["boss@acme.example"], webhook_url=f"{web.url}/secret-7")
    web.status = 500
    assert send_due(embedded_store, NOW + WEEK) == 1
    report = report_of(made.id)
    assert report is not None
    assert report.last_problem == "The webhook answered with status 500."
    assert len(mail.got) == 1
    # The next one is another: what was wrong is forgotten when it works.
    web.status = 200
    assert send_due(embedded_store, NOW + 2 * WEEK) == 1
    report = report_of(made.id)
    assert report is not None
    assert report.last_problem == ""


def test_a_private_address_gets_nothing(embedded_store: EventStore) -> None:
    made = counted(embedded_store)
    with web_server() as server:
        reported(made, webhook_url=f"{server.url}/token-7")
        assert send_due(embedded_store, NOW + WEEK) == 1
        assert not server.got
    report = report_of(made.id)
    assert report is not None
    assert report.last_problem
    assert "token-7" not in report.last_problem


def test_a_report_that_reaches_nobody_is_refused(embedded_store: EventStore) -> None:
    made = experience(workspace())
    for wrong in (
        {},
        {"emails": ["nobody"]},
        {"webhook_url": "ftp://acme.example"},
        {"emails": ["boss@acme.example"], "every_days": 3},
    ):
        with pytest.raises(SharingError):
            reported(made, now=LAUNCH, **wrong)
    assert report_of(made.id) is None


def test_a_webhook_that_is_set_stays_when_it_is_not_given_again(embedded_store: EventStore) -> None:
    made = experience(workspace())
    reported(made, webhook_url="https://hooks.acme.example/7")
    reported(made, emails=["boss@acme.example"])
    report = report_of(made.id)
    assert report is not None
    assert (report.webhook_url, report.emails) == ("https://hooks.acme.example/7", ["boss@acme.example"])
