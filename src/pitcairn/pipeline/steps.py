"""The pipeline's steps, in order. Each takes the batch, works on every message still in it, and may refuse some.

Steps with a cursor work inside the batch's transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.edge.deletions import DELETE, read_deletion
from pitcairn.edge.identity_requests import IDENTITY_REQUESTS, read_identity_request
from pitcairn.edge.inbox import Accepted
from pitcairn.edge.snapshot import Snapshot, SourceConfiguration
from pitcairn.edge.vitals import VITALS, read_vitals
from pitcairn.experiences.decisions import CONTROL, HELD_OUT, HOLDOUT_KEY, PERSONALIZED
from pitcairn.experiences.exposures import EVENT, Exposure, read_exposure
from pitcairn.pipeline.accounts import Accounts
from pitcairn.pipeline.batch import Batch, Refused, SeenVitals, Traveller, WantedDeletion, WantedIdentityRequest
from pitcairn.pipeline.deletion import delete_people, refuse_suppressed, suppressed
from pitcairn.pipeline.identity_changes import change_identities
from pitcairn.pipeline.outgoing import queue_deliveries
from pitcairn.pipeline.proofs import save_proofs
from pitcairn.pipeline.routing import route
from pitcairn.pipeline.tracking_plans import record_schema
from pitcairn.profiles.identifiers import identifiers_of
from pitcairn.profiles.identity import (
    Occasion,
    Person,
    StoredAssignment,
    learn_traits,
    remember_assignment,
    survivor,
)
from pitcairn.profiles.identity_rules import DEFAULT_RULES
from pitcairn.profiles.store import groups, save_graph
from pitcairn.profiles.visits import PageView, saw, viewed
from pitcairn.wire.message import Arrival, Message, Refusal, read_message
from pitcairn.wire.reasons import DropReason
from pitcairn.wire.segment_body import segment_body
from pitcairn.wire.timestamps import parse_timestamp

Step: TypeAlias = Callable[[Batch, CursorWrapper], None]

_encode_text = msgspec.json.Encoder().encode


def read(batch: Batch, requests: Sequence[Accepted], snapshot: Snapshot) -> None:
    """Reads and checks the messages of the requests; what breaks a rule of Segment's is refused with its name."""
    for request in requests:
        if request.type == DELETE:
            _read_deletion(batch, request)
            continue
        if request.type in IDENTITY_REQUESTS:
            _read_identity_request(batch, request)
            continue
        source = snapshot.sources_by_id.get(request.source_id)
        if source is None:  # Its source was deleted while it waited: it has no workspace any more.
            continue
        if request.type == VITALS:
            _read_vitals(batch, request, source)
            continue
        if request.problem:
            _refuse_request(batch, request, source)
            continue
        arrival = _arrival(request, source)
        refused_before = len(batch.refused)
        for index, text in enumerate(request.items):
            message = read_message(text, arrival, f"{request.request_id}-{index}")
            if isinstance(message, Refusal):
                batch.refused.append(Refused(message, source, request.received_at, text))
            elif batch.suppressed and (source.workspace_id, message.user_id) in batch.suppressed:
                batch.refused.append(suppressed(message, source))
            else:
                if source.delivered_by_segment:
                    _all_was_obeyed(message)
                batch.travellers.append(Traveller(message, source, request.retry_count))
        refused = len(batch.refused) - refused_before
        if refused and len(request.items) > 1:
            note = Refusal(DropReason.MULTI_USER_ERROR, f"{refused} of {len(request.items)} messages were refused")
            batch.refused.append(Refused(note, source, request.received_at, b""))


def _all_was_obeyed(message: Message) -> None:
    """Takes `All` out of a message that Segment delivered: it said who gets it there, and would keep it from everyone here.

    Engage sends each of its calls with `All: false` and the name of the one destination that it goes to.
    """
    if message.integrations is not None and "All" in message.integrations:
        message.integrations = {name: value for name, value in message.integrations.items() if name != "All"}


def _read_deletion(batch: Batch, request: Accepted) -> None:
    if request.problem:  # A fault of ours, which the log tells; the person is still there, and can be deleted again.
        return
    deletion = read_deletion(request.items[0])
    batch.deletions.append(WantedDeletion(deletion, request.received_at))
    if deletion.suppress and deletion.user_id:
        batch.suppressed.add((deletion.workspace_id, deletion.user_id))


def _read_identity_request(batch: Batch, request: Accepted) -> None:
    if not request.problem:  # A fault of ours, which the log tells; the member can ask again.
        wanted = read_identity_request(request.type, request.items[0])
        batch.identity_requests.append(WantedIdentityRequest(wanted, request.received_at, request.request_id))


def _read_vitals(batch: Batch, request: Accepted, source: SourceConfiguration) -> None:
    if not request.problem:
        vitals = read_vitals(request.items[0])
        batch.vitals.append(SeenVitals(vitals, source.workspace_id, request.received_at))


def _refuse_request(batch: Batch, request: Accepted, source: SourceConfiguration) -> None:
    refusal = Refusal(DropReason(request.problem), request.detail, request.type)
    for text in request.items or [b""]:
        batch.refused.append(Refused(refusal, source, request.received_at, text))


def _arrival(request: Accepted, source: SourceConfiguration) -> Arrival:
    return Arrival(
        request.received_at,
        parse_timestamp(request.sent_at) if request.sent_at else None,
        request.type,
        _object(request.context),
        _object(request.integrations),
        request.ip if source.fills_ip else "",
        request.ip,
        source.delivered_by_segment,
    )


def _object(text: bytes) -> dict[str, Any]:
    """A batch's `context` or `integrations`; what is no object adds nothing to its messages."""
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return value if type(value) is dict else {}


def choose_destinations(batch: Batch) -> None:
    """Decides which destinations get the message, and lets each say what it does with it."""
    for traveller in batch.travellers:
        if traveller.source.destinations:
            message, source = traveller.message, traveller.source
            traveller.routing = route(message, source.destinations, source.id, segment_body)


def recognise_exposures(batch: Batch, snapshot: Snapshot) -> None:
    """Finds the Track calls that are exposures this server decided, among those that Mutiny took."""
    for traveller in batch.travellers:
        message = traveller.message
        if message.event == EVENT and message.properties and traveller.routing.personalize is not None:
            workspace = snapshot.workspaces[traveller.source.workspace_id]
            exposure = read_exposure(workspace.secret, message.event, message.properties)
            traveller.exposure = exposure
            traveller.counts_view = exposure is not None and str(exposure.experience_id) in workspace.programme.capped


def drop_duplicates(batch: Batch, cursor: CursorWrapper) -> None:
    """Keeps the first message of each messageId in the workspace; what was seen in the last 24 hours is refused.

    An exposure is unique by its own id. It takes its messageId as well, but is not stopped by a copy that came first
    and was none: through a source that is not connected to Mutiny, say.
    """
    first: dict[bytes, Traveller] = {}
    for traveller in batch.travellers:
        message, workspace_id = traveller.message, traveller.source.workspace_id
        traveller.key = _hash(f"{workspace_id}:{message.message_id}")
        first.setdefault(traveller.key, traveller)
        if traveller.exposure is not None:
            traveller.key = _hash(f"{workspace_id}:exposure:{traveller.exposure.id}")
            first.setdefault(traveller.key, traveller)
    new: set[bytes] = set()
    for group in groups(list(first)):
        marks = ", ".join(["(%s, %s)"] * len(group))
        cursor.execute(
            f"INSERT INTO seen_message (hash, seen_at) VALUES {marks} ON CONFLICT DO NOTHING RETURNING hash",  # noqa: S608
            [value for key in group for value in (key, batch.now)],
        )
        new.update(bytes(row[0]) for row in cursor.fetchall())
    kept = []
    for traveller in batch.travellers:
        if traveller.key in new and first[traveller.key] is traveller:
            kept.append(traveller)
        else:
            batch.refused.append(_duplicate(traveller))
    batch.travellers = kept


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _duplicate(traveller: Traveller) -> Refused:
    message = traveller.message
    refusal = Refusal(
        DropReason.DUPLICATE_MESSAGE,
        f"messageId {message.message_id}",
        message.type,
        message.event,
        message.message_id,
        message.user_id,
        message.anonymous_id,
    )
    return Refused(refusal, traveller.source, message.received_at, b"")


def identify(batch: Batch, cursor: CursorWrapper) -> None:
    """Finds, makes or merges the profile each message is about, and writes into it what the message says.

    Message after message: a merge must find both profiles as the messages before it left them, to be undone one day.
    """
    for traveller in batch.travellers:
        message = traveller.message
        if message.type != "alias" and not kept_from_profiles(message.integrations):
            rules = batch.rules.get(traveller.source.workspace_id, DEFAULT_RULES)
            traveller.identifiers = identifiers_of(
                message.type,
                message.user_id,
                message.anonymous_id,
                message.traits,
                message.context,
                rules,
                message.properties,
            )
    wanted = [(t.source.workspace_id, identifier) for t in batch.travellers for identifier in t.identifiers]
    graph = batch.graph = batch.people.graph(cursor, wanted, batch.next_profile_id)
    accounts = Accounts(batch, cursor)
    for traveller in batch.travellers:
        if not traveller.identifiers:
            continue
        workspace_id, message = traveller.source.workspace_id, traveller.message
        occasion = Occasion(workspace_id, traveller.source.id, message.message_id, message.received_at)
        person = graph.resolve(traveller.identifiers, occasion, batch.rules.get(workspace_id, DEFAULT_RULES))
        traveller.person = person
        if person is not None:
            changed = learn(traveller, survivor(person))
            if message.type == "group":
                changed |= accounts.join(traveller, survivor(person))
            if changed:
                graph.changed[survivor(person).id] = survivor(person)
    accounts.save(cursor)


def kept_from_profiles(integrations: Mapping[str, Any] | None) -> bool:
    """Whether the sender keeps the message out of profiles and audiences: Segment's `Personas: false`."""
    return integrations is not None and integrations.get("Personas") is False


def learn(traveller: Traveller, person: Person) -> bool:
    """Writes traits, what the visitor was first shown, and their visits into the profile. True when it changed."""
    message, changed = traveller.message, False
    at = min(message.timestamp, message.received_at)
    if message.type == "identify" and message.traits:
        changed = learn_traits(
            person,
            message.traits,
            at=at,
            source_id=traveller.source.id,
            personalize=traveller.routing.personalize is not None,
            user_label=traveller.user_label,
        )
    if traveller.exposure is not None:
        changed |= _learn_exposure(traveller, traveller.exposure, person, at)
    view = page_view(message, at)
    if view is not None:
        record = viewed(person.visits, view)
        changed |= record is not person.visits
        person.visits = record
    return changed


def _learn_exposure(traveller: Traveller, exposure: Exposure, person: Person, at: int) -> bool:
    changed = False
    if traveller.counts_view:
        person.visits = saw(person.visits, exposure.experience_id, at)
        changed = True
    if exposure.reason == HELD_OUT:
        return remember_assignment(person, HOLDOUT_KEY, StoredAssignment(HELD_OUT, 0, 0, at)) or changed
    if exposure.reason:
        return changed
    key = str(exposure.experience_id)
    arm = PERSONALIZED if exposure.personalized else CONTROL
    assignment = StoredAssignment(arm, exposure.segment_id, exposure.variation_id, at)
    changed |= remember_assignment(person, key, assignment)
    if exposure.personalized and person.assignments[key].segment_id != exposure.segment_id:
        # In another segment than the first the side is the same; the variation there is kept beside it.
        changed |= remember_assignment(person, f"{key}.{exposure.segment_id}", assignment)
    return changed


def page_view(message: Message, at: int) -> PageView | None:
    """The page that a browser's Page or Track call tells of; None for other calls, and where it says no address."""
    if message.type not in {"page", "track"}:
        return None
    page = message.context.get("page") if message.context else None
    said = page if isinstance(page, dict) else {}
    url, referrer = said.get("url"), said.get("referrer")
    if message.type == "page":
        properties = message.properties or {}
        url, referrer = properties.get("url", url), properties.get("referrer", referrer)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    return PageView(url, referrer if isinstance(referrer, str) else "", at, loaded=message.type == "page")


def save_profiles(batch: Batch, cursor: CursorWrapper) -> None:
    """Stores the changed profiles, their identifiers and merges."""
    graph = batch.graph
    if graph is None:
        return
    for merge, losers in save_graph(cursor, graph):
        winner = survivor(merge.winner).id
        batch.merges += [(merge.workspace_id, loser, winner, merge.at) for loser in losers]
    batch.changed_people.update(graph.changed)
    batch.next_profile_id = graph.next_id


STEPS: tuple[Step, ...] = (
    refuse_suppressed,
    drop_duplicates,
    identify,
    save_profiles,
    save_proofs,
    queue_deliveries,
    record_schema,
    change_identities,
    delete_people,
)
"""What happens to a batch inside its transaction, after the steps without a cursor and before the event store."""
