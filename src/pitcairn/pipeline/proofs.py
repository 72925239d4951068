"""Whom the website's own server proves to be who, and what a browser's word ends. See `profiles/proofs.py`."""

from __future__ import annotations

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.edge.snapshot import Snapshot
from pitcairn.pipeline.batch import Batch, Traveller
from pitcairn.profiles.identity import ANONYMOUS_ID, IdentityGraph, survivor
from pitcairn.profiles.proofs import user_label, written_proof


class _Proven(msgspec.Struct, frozen=True):
    proof: str
    label: int


class _Spared(msgspec.Struct, frozen=True):
    """What is stored stays if it proves this label, and else ends."""

    label: int


def label_users(batch: Batch, snapshot: Snapshot) -> None:
    """Notes the user that each Identify call names, as a label; and which workspaces have a server that proves."""
    batch.proving = snapshot.proving
    for traveller in batch.travellers:
        message = traveller.message
        if message.type == "identify" and message.user_id:
            secret = snapshot.workspaces[traveller.source.workspace_id].secret
            traveller.user_label = user_label(secret, message.user_id)


def save_proofs(batch: Batch, cursor: CursorWrapper) -> None:
    """Stores what servers proved of anonymous ids, in order with what browsers claimed of them meanwhile."""
    graph = batch.graph
    if graph is None or not batch.proving:
        return
    pending: dict[tuple[int, str], _Proven | _Spared] = {}
    for traveller in batch.travellers:
        label, anonymous_id = traveller.user_label, traveller.message.anonymous_id
        workspace_id = traveller.source.workspace_id
        if not label or not anonymous_id or workspace_id not in batch.proving or not traveller.identifiers:
            continue
        key = (workspace_id, anonymous_id)
        before = pending.get(key)
        if traveller.source.proves_identity and _is_theirs(graph, traveller):
            pending[key] = _Proven(written_proof(label, traveller.message.received_at), label)
        elif before is None:
            pending[key] = _Spared(label)
        elif before.label != label:
            pending[key] = _Proven("", 0)
    for (workspace_id, anonymous_id), one in pending.items():
        if isinstance(one, _Proven):
            cursor.execute(
                "UPDATE profiles_identifier SET proof = %s WHERE workspace_id = %s AND type = %s AND value = %s",
                [one.proof, workspace_id, ANONYMOUS_ID, anonymous_id],
            )
        else:
            cursor.execute(
                "UPDATE profiles_identifier SET proof = '' WHERE workspace_id = %s AND type = %s AND value = %s "
                "AND proof <> '' AND proof NOT LIKE %s",
                [workspace_id, ANONYMOUS_ID, anonymous_id, f"%:{one.label}"],
            )


def _is_theirs(graph: IdentityGraph, traveller: Traveller) -> bool:
    """Whether the anonymous id belongs to the person the call is about: rules of identity may have kept it from them."""
    owner = graph.owner_of((traveller.source.workspace_id, (ANONYMOUS_ID, traveller.message.anonymous_id)))
    return owner is not None and traveller.person is not None and owner is survivor(traveller.person)
