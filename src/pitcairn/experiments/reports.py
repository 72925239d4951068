"""Results that are sent again and again: by email, to a webhook, or both, each a sentence and the numbers behind it.

`send_due` is called by the worker with its clock. A report belongs to whoever moves `next_at` on, so that of several workers
one sends it; what went wrong outside is kept with the report and shown on its page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from django.conf import settings
from django.db import transaction

from pitcairn.connections.alerts.telling import mail, post
from pitcairn.connections.services import ConnectionsError
from pitcairn.connections.services_alerts import checked_emails, checked_webhook
from pitcairn.experiments.checks import checks
from pitcairn.experiments.findings import plain
from pitcairn.experiments.models import ResultsReport
from pitcairn.experiments.recommendations import advice
from pitcairn.experiments.result_values import ExperienceResults
from pitcairn.experiments.results import results
from pitcairn.experiments.sharing import SharingError

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

logger = logging.getLogger(__name__)

PERIODS = {1: "Every day", 7: "Every week", 30: "Every 30 days"}


@transaction.atomic
def set_report(
    experience_id: int, *, emails: Sequence[str], webhook_url: str | None, every_days: int, now: datetime
) -> ResultsReport:
    """Sends the results from now on, the first time after one period. A webhook of None keeps the one that is set.

    Raises SharingError.
    """
    if every_days not in PERIODS:
        raise SharingError(f"{every_days} days is no period; choose one of {', '.join(map(str, PERIODS))}")
    report = ResultsReport.objects.filter(experience_id=experience_id).first()
    if report is None:
        report = ResultsReport(experience_id=experience_id)
    try:
        report.emails = checked_emails(emails)
        if webhook_url is not None:
            report.webhook_url = checked_webhook(webhook_url)
    except ConnectionsError as error:
        raise SharingError(str(error)) from error
    if not report.emails and not report.webhook_url:
        raise SharingError("the report would reach nobody; give at least one email address or a webhook")
    report.every_days = every_days
    report.next_at = now + timedelta(days=every_days)
    report.last_problem = ""
    report.save()
    return report


def stop_report(experience_id: int) -> bool:
    """False when there was none."""
    return bool(ResultsReport.objects.filter(experience_id=experience_id).delete()[0])


def report_of(experience_id: int) -> ResultsReport | None:
    return ResultsReport.objects.filter(experience_id=experience_id).first()


def send_due(store: EventStore, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Sends every report that is due; returns how many. One that was missed for long is sent once."""
    sent = 0
    for report in list(ResultsReport.objects.filter(next_at__lte=now).order_by("next_at")):
        if stopping():
            break
        due = ResultsReport.objects.filter(id=report.id, next_at=report.next_at)
        # Only one of several that look sees its update count.
        if not due.update(next_at=now + timedelta(days=report.every_days)):
            continue
        problems = _send(report, results(report.experience_id, store, now))
        ResultsReport.objects.filter(id=report.id).update(last_problem=" ".join(problems)[:500])
        if problems:
            logger.warning("The results of experience %s did not reach everybody: %s", report.experience_id, problems)
        sent += 1
    return sent


def _send(report: ResultsReport, found: ExperienceResults) -> list[str]:
    problems = []
    name = found.experience.name
    if report.emails and (problem := mail(f"Results: {name}", as_text(found), report.emails)):
        problems.append(problem)
    if report.webhook_url:
        body = {"text": as_text(found), "type": "results", "url": _url(found), "results": found.as_json()}
        if problem := post(report.webhook_url, msgspec.json.encode(body)):
            problems.append(problem)
    return problems


def as_text(found: ExperienceResults) -> str:
    """The results as an email says them."""
    goal = found.primary
    said = [f"{found.experience.name}, as of {found.as_of:%-d %B %Y, %H:%M} UTC"]
    if goal is None:
        said.append("It has no goal yet, so nothing says whether it helped.")
    else:
        said.append(f"{goal.name}: {plain(goal.finding)}")
        said.append(advice(found))
        said += [f"{one.name} ({one.goal.role}): {plain(one.finding)}" for one in found.goals[1:]]
    said += [f"{check.title}: {check.text}" for check in checks(found) if not check.ok]
    return "\n\n".join(filter(None, [*said, _url(found)]))


def _url(found: ExperienceResults) -> str:
    """The page; "" where nobody has said at which address this server is reached."""
    return f"{settings.PUBLIC_URL}/experiences/{found.experience.id}/results/" if settings.PUBLIC_URL else ""
