"""Steps and reasons of delivery as people read them: what a reason means, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http.client import responses

from pitcairn.connections.alerts.conditions import percent
from pitcairn.connections.delivery.outcomes import FINAL_STATUSES, RETRIED_STATUSES
from pitcairn.connections.entries import reason_words
from pitcairn.eventstore.delivery_records import DeliveryOverview, ReasonCount, Step
from pitcairn.wire.reasons import DropReason


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A reason in words: `title` for a list, `text` to understand it, `advice` for what to do about it."""

    title: str
    text: str = ""
    advice: str = ""


FILTERED: dict[str, Meaning] = {
    "FILTERED_BY_INTEGRATIONS_OBJECT": Meaning(
        title="Left out by the sender",
        text="The message's integrations object says that this destination is not to get it.",
        advice="If that is not meant, change `integrations` where the message is made.",
    ),
    "UNKNOWN_INTEGRATION": Meaning(
        title="Unknown name in integrations",
        text="The message's integrations object names a destination that is not connected to its source.",
        advice="Check the spelling; names are case-sensitive.",
    ),
    "MESSAGE_SENT_CLIENT_SIDE": Meaning(
        title="Sent by the browser itself",
        text="The browser's own library has sent the message to this destination already.",
    ),
    "UNSUPPORTED_EVENT_TYPE": Meaning(
        title="Type not taken",
        text="The destination does not take this type of call.",
        advice="There is nothing to do about it.",
    ),
    "INVALID_SETTINGS": Meaning(
        title="Setting missing",
        text="A setting that the destination needs is missing or wrong.",
        advice="Fill it in on the destination's Settings tab.",
    ),
    "FILTERED_BY_RULES": Meaning(
        title="Left out by a filter",
        text="One of the destination's filters leaves it out, or its condition cannot be read.",
        advice="Try the message on the Filters tab to see which one.",
    ),
    "NO_MATCHING_MAPPING": Meaning(
        title="Nothing to send of it",
        text="The destination takes this type, but has nothing to do with this message.",
        advice="Look at its settings for which events it takes.",
    ),
    "ALREADY_FORWARDED": Meaning(
        title="Forwarded before",
        text="The message came from here in the first place; sending it back would go round in circles.",
        advice="There is nothing to do about it.",
    ),
    "FILTERED_AT_MAPPING": Meaning(
        title="Could not be mapped",
        text="The destination's mapping cannot be applied to it.",
        advice="Try the message on the Mapping tab.",
    ),
}

FAILED: dict[str, Meaning] = {
    "INVALID_SETTINGS": FILTERED["INVALID_SETTINGS"],
    "MESSAGE_REJECTED": Meaning(
        title="Message refused",
        text="The destination does not take the message as it is.",
        advice="Compare the request with the destination's documentation; a mapping can change what is sent.",
    ),
    "DISCARDED": Meaning(title="Discarded", text="Somebody discarded the destination's queue."),
    "ADDRESS_REFUSED": Meaning(
        title="Address refused",
        text="The address leads into a private network, which nothing is sent to.",
        advice="If the target is your own, allow its network with PITCAIRN_DELIVERY_NETWORKS.",
    ),
    "ETIMEDOUT": Meaning(
        title="No answer in time",
        text="The destination did not answer within its time limit.",
        advice="If it goes on, send less at once.",
    ),
    "ENOTFOUND": Meaning(
        title="Name not found", text="The host's name cannot be looked up.", advice="Check the address in the settings."
    ),
    "EAI_AGAIN": Meaning(title="Name server does not answer", text="The host's name could not be looked up just now."),
    "ECONNREFUSED": Meaning(title="Connection refused", text="Nothing listens at the destination's address."),
    "ECONNRESET": Meaning(
        title="Connection broken", text="The destination closed the connection before its answer was complete."
    ),
    "EHOSTUNREACH": Meaning(title="Host not reachable", text="There is no way to the destination's address."),
    "ENETUNREACH": Meaning(title="Network not reachable", text="There is no way to the destination's network."),
    "CERTIFICATE": Meaning(
        title="Certificate refused",
        text="The destination's certificate is not valid for its name, expired or not trusted.",
        advice="The destination's operator has to renew it.",
    ),
    "TLS": Meaning(title="No secure connection", text="The destination and this server agree on no way to encrypt."),
    "INVALID_RESPONSE": Meaning(title="Unreadable answer", text="What the destination answered is not HTTP."),
    "INVALID_REQUEST": Meaning(
        title="Request cannot be made",
        text="Of this message and these settings no request can be made.",
        advice="Try the message on the Test tab.",
    ),
    "INTERNAL": Meaning(title="Internal error", text="The destination's code failed. The server's log says where."),
    "NOT_SENT": Meaning(title="No request made", text="The destination's code made no request of the message."),
    "RETRY": Meaning(title="Tried again", text="The destination asked to try again later."),
}

STATUS: dict[int, Meaning] = {
    400: Meaning(
        title="400 Bad Request",
        text="The destination does not understand the request.",
        advice="Look at its answer; a mapping can change what is sent.",
    ),
    401: Meaning(
        title="401 Unauthorized",
        text="The destination does not accept the key or password.",
        advice="Enter it anew on the Settings tab.",
    ),
    403: Meaning(
        title="403 Forbidden",
        text="The key is known, and may not do this.",
        advice="Give it the rights that are needed at the destination, or enter another one.",
    ),
    404: Meaning(
        title="404 Not Found", text="Nothing is at the address.", advice="Check the address on the Settings tab."
    ),
    413: Meaning(
        title="413 Content Too Large", text="The request is too large.", advice="Send fewer messages at once."
    ),
    429: Meaning(
        title="429 Too Many Requests",
        text="The destination asks for fewer requests.",
        advice="A lower rate avoids it.",
    ),
}

PASSING = frozenset(
    {"ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EHOSTUNREACH"}
    | {"ENETUNREACH", "CERTIFICATE", "TLS", "INVALID_RESPONSE", "RETRY"}
)
"""Reasons besides a status for which a message is tried again."""

OUTCOMES = {"delivered": "Arrived", "retried": "Tried again", "failed": "Failed", "discarded": "Discarded"}


@dataclass(frozen=True, kw_only=True)
class StepView:
    """One step of the overview. `of` is what it is a share of; `tone` is how its count is to be read."""

    key: Step
    label: str
    about: str
    count: int
    of: int
    reasons: list[ReasonCount]
    tone: str = ""

    @property
    def share(self) -> str:
        return percent(100 * self.count / self.of) if self.of else ""


def steps_of(overview: DeliveryOverview, *, with_ingest: bool) -> list[StepView]:
    """The steps in the order a message takes them, those behind `received`."""
    routed = overview.filtered + overview.pending + overview.failed + overview.delivered
    steps = [
        StepView(
            key="filtered",
            label="Filtered",
            about="not meant for the destination",
            count=overview.filtered,
            of=routed,
            reasons=overview.filter_reasons,
        ),
        StepView(
            key="retried",
            label="Waiting",
            about="queued or on their way; why earlier tries did not arrive",
            count=overview.pending,
            of=routed,
            reasons=overview.retry_reasons,
            tone="warn",
        ),
        StepView(
            key="failed",
            label="Failed",
            about="given up; they lie in the dead letters",
            count=overview.failed,
            of=routed,
            reasons=overview.failure_reasons,
            tone="bad",
        ),
        StepView(
            key="delivered",
            label="Delivered",
            about="sent and accepted",
            count=overview.delivered,
            of=routed,
            reasons=[],
            tone="good",
        ),
    ]
    if with_ingest:
        # A copy of a message that was taken is no loss: client libraries send again, and an exposure comes twice by design.
        copies = {one.reason for one in overview.ingest_reasons} == {DropReason.DUPLICATE_MESSAGE}
        refused = StepView(
            key="ingest",
            label="Refused",
            about="copies of messages that were taken" if copies else "not accepted on arrival",
            count=overview.ingest_failed,
            of=overview.received + overview.ingest_failed,
            reasons=overview.ingest_reasons,
            tone="" if copies else "warn",
        )
        steps.insert(0, refused)
    return steps


def meaning(step: str, reason: str) -> Meaning:
    """What a reason means in a step (or in the log, whose step is ""); the reason itself where nothing more is known."""
    if step == "ingest":
        try:
            text = DropReason(reason).explanation
        except ValueError:
            text = ""
        return Meaning(title=reason_words(reason), text=text)
    if step == "filtered":
        return FILTERED.get(reason) or Meaning(title=_plain(reason), text="The destination does not take it.")
    found = _status(int(reason)) if reason.isdigit() else FAILED.get(reason) or Meaning(title=_plain(reason))
    if step == "retried":
        found = replace(found, advice=f"It is tried again by itself. {found.advice}".strip())
    elif step == "failed" and _passes(reason):
        again = "It was tried for four hours. When the destination is well again, send the dead letters again."
        found = replace(found, advice=f"{again} {found.advice}".strip())
    return found


def _passes(reason: str) -> bool:
    """Whether the reason is one that passes: it is tried again for hours before a message is given up for it."""
    if reason.isdigit():
        return int(reason) in RETRIED_STATUSES or (int(reason) >= 500 and int(reason) not in FINAL_STATUSES)
    return reason in PASSING


def _status(status: int) -> Meaning:
    known = STATUS.get(status)
    if known:
        return known
    title = f"{status} {responses.get(status, '')}".strip()
    if status >= 500:
        return Meaning(title=title, text="The destination has a problem of its own.")
    if 300 <= status < 400:
        return Meaning(
            title=title,
            text="The destination sends elsewhere; redirects are not followed.",
            advice="Enter the final address on the Settings tab.",
        )
    return Meaning(title=title, text="The destination refuses the request.", advice="Look at its answer.")


def _plain(reason: str) -> str:
    return reason.replace("_", " ").capitalize() if reason else "No reason given"
