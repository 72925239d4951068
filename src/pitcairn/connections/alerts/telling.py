"""Tells people that a rule has started or stopped to hold: by email, and by a webhook that chat programs understand too."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage

from pitcairn.connections.delivery.transport import Transport, TransportError
from pitcairn.connections.destination import Reply, Request

WEBHOOK_SECONDS = 10.0
NO_MAIL = "Email cannot be sent: this server has no mail server to give it to. Set PITCAIRN_SMTP_URL and start Pitcairn again."


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What people are told. `state` is `firing`, `resolved` or `test`."""

    rule_id: int
    rule: str
    workspace: str
    state: str
    watches: str
    """When the rule fires, in words."""
    measured: str
    since: datetime
    """When it started to hold; when it is no longer so, when it stopped."""

    @property
    def subject(self) -> str:
        names = {"firing": "Firing", "resolved": "Resolved", "test": "Test"}
        return f"{names[self.state]}: {self.rule} ({self.workspace})"

    @property
    def text(self) -> str:
        """What happened, in two sentences."""
        if self.state == "firing":
            begin = f"This alert fires when {self.watches}."
        elif self.state == "resolved":
            begin = f"It is over. This alert fires when {self.watches}."
        else:
            begin = f"This is a test; nothing is wrong. The alert fires when {self.watches}."
        return f"{begin} Measured: {self.measured}." if self.measured else begin

    @property
    def url(self) -> str:
        """The rule's page; "" where nobody has said at which address this server is reached."""
        return f"{settings.PUBLIC_URL}/connections/delivery/alerts/{self.rule_id}/" if settings.PUBLIC_URL else ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whether the notice reached at least one of those who should know it, and what kept it from the others."""

    anyone: bool
    problems: tuple[str, ...] = ()


def tell(notice: Notice, emails: list[str], webhook_url: str) -> Told:
    """Sends the notice. Never raises for what goes wrong outside: that is in the answer, in words without secrets."""
    problems = []
    if emails:
        text = "\n\n".join(filter(None, [notice.text, f"At {notice.since:%-d %B %Y, %H:%M} UTC.", notice.url]))
        if problem := mail(notice.subject, text, emails):
            problems.append(problem)
    if webhook_url and (problem := post(webhook_url, _json(notice))):
        problems.append(problem)
    return Told(anyone=len(problems) < bool(emails) + bool(webhook_url), problems=tuple(problems))


def can_mail() -> bool:
    """Whether this server knows a mail server."""
    return bool(settings.EMAIL_HOST)


def mail(subject: str, text: str, addresses: list[str]) -> str:
    """Sends an email. Never raises for what goes wrong outside: the answer says what it was, empty when nothing was."""
    if not can_mail():
        return NO_MAIL
    # A line break in a header would begin another one; Django refuses it, and names are the members' own.
    subject = " ".join(subject.split())
    try:
        EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, addresses).send()
    except smtplib.SMTPRecipientsRefused as error:
        return f"The mail server refused {', '.join(error.recipients)}."
    except smtplib.SMTPAuthenticationError:
        return "The mail server refused the user or the password of PITCAIRN_SMTP_URL."
    except smtplib.SMTPResponseException as error:
        return f"The mail server did not take the email: it answered {error.smtp_code}."
    except (smtplib.SMTPException, OSError) as error:
        said = getattr(error, "strerror", None) or error.__class__.__name__
        return f"The mail server was not reached: {said}."
    return ""


def post(url: str, body: bytes) -> str:
    """Posts JSON to a webhook, never to a private address. The answer says what went wrong, empty when nothing did."""
    return asyncio.run(_post(url, body))


async def _post(url: str, body: bytes) -> str:
    request = Request(messages=(), url=url, body=body, headers={"Content-Type": "application/json"})
    transport = Transport(settings.DELIVERY_NETWORKS)
    try:
        reply: Reply = await transport.send(request, WEBHOOK_SECONDS)
    except TransportError as error:
        return f"The webhook was not reached: {error.detail or error.reason}"
    finally:
        await transport.close()
    return "" if reply.status < 300 else f"The webhook answered with status {reply.status}."


def _json(notice: Notice) -> bytes:
    """`text` is what Slack, Mattermost and Google Chat show; the rest is for programs."""
    return msgspec.json.encode(
        {
            "text": "\n".join(filter(None, [f"*{notice.subject}*", notice.text, notice.url])),
            "alert": notice.rule,
            "state": notice.state,
            "workspace": notice.workspace,
            "watches": notice.watches,
            "measured": notice.measured,
            "at": notice.since,
            "url": notice.url,
        }
    )
