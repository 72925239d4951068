"""What changes people, and the rules about them, from outside the pipeline.

What touches a profile only asks: the pipeline does it, in the order of everything else that comes in.
"""

from __future__ import annotations

import secrets
import time

import msgspec
from django.db import transaction

from pitcairn.edge import inbox
from pitcairn.edge.deletions import DELETE, deletion_text
from pitcairn.edge.identity_requests import JOIN_PEOPLE, UNDO_MERGE, JoinPeople, UndoMerge, identity_request_text
from pitcairn.edge.inbox import Accepted
from pitcairn.profiles.deletions import kept_user_id
from pitcairn.profiles.identity_rules import IdentityRules, check_rules
from pitcairn.profiles.models import Deletion, IdentitySettings, ProfileToken
from pitcairn.workspaces.services import configuration_changed
from pitcairn.workspaces.tokens import new_token, token_digest, token_hint

TOKEN_PREFIX = "pit_"  # noqa: S105 - what every token begins with, so that one is known for what it is
TOKEN_NAME_LENGTH = 100


def delete_person(*, workspace_id: int, profile_id: int = 0, user_id: str = "", suppress: bool = False) -> None:
    """Asks for a person's profile, identifiers and events to be deleted; `suppress` refuses later messages as well.

    The request is durable when this returns, and carried out within seconds while a worker runs. There is no way back.
    Raises `django.db.DatabaseError` when it could not be stored.
    """
    _ask(DELETE, deletion_text(workspace_id, user_id=user_id, profile_id=profile_id, suppress=suppress))


def allow_again(*, workspace_id: int, user_id: str) -> None:
    """Takes messages of the user id again; as `queries.deletions` spells it will do. What was deleted stays deleted."""
    spellings = {user_id, kept_user_id(workspace_id, user_id)}
    Deletion.objects.filter(workspace_id=workspace_id, user_id__in=spellings).update(suppressed=False)


def join_people(*, workspace_id: int, first_id: int, second_id: int, by: str) -> None:
    """Asks for two profiles to become one, by the name of a member. `queries_merges.merge_preview` says what comes of it.

    The older one survives. Limits of identifier types do not hold here: a person decided. Nothing happens when one of the
    two is gone by then. Raises `django.db.DatabaseError` when the request could not be stored.
    """
    winner_id, loser_id = sorted((first_id, second_id))
    _ask(JOIN_PEOPLE, identity_request_text(JoinPeople(workspace_id, winner_id, loser_id, by)))


def undo_merge(*, workspace_id: int, merge_id: int, by: str) -> None:
    """Asks for a merge to be undone, by the name of a member. `queries_merges.undo_preview` says what comes of it.

    Both profiles are there again with the identifiers, traits and events from before, and are never joined again by a
    message. What came in after the merge stays with the winner. Nothing happens when the merge cannot be undone (any
    more). Raises `django.db.DatabaseError` when the request could not be stored.
    """
    _ask(UNDO_MERGE, identity_request_text(UndoMerge(workspace_id, merge_id, by)))


@transaction.atomic
def set_identity_rules(*, workspace_id: int, rules: IdentityRules) -> None:
    """Puts the rules in force for messages from now on; profiles that are stay as they are.

    Raises `IdentityRulesError` with the field and what to do; then nothing has changed.
    """
    check_rules(rules)
    text = msgspec.json.encode(rules).decode()
    now = time.time_ns() // 1_000_000
    IdentitySettings.objects.update_or_create(workspace_id=workspace_id, defaults={"rules": text, "updated_at": now})
    configuration_changed()


def create_token(*, workspace_id: int, name: str, by: str) -> str:
    """Makes a token of the Profile API and returns it: the one time that it can be seen. Raises ValueError for a bad name."""
    name = name.strip()
    if not name:
        raise ValueError("The name is missing. Say who will use the token.")
    if len(name) > TOKEN_NAME_LENGTH:
        raise ValueError(f"The name has {len(name)} characters; at most {TOKEN_NAME_LENGTH} fit.")
    token = new_token(TOKEN_PREFIX)
    ProfileToken.objects.create(
        workspace_id=workspace_id,
        name=name,
        digest=token_digest(token),
        hint=token_hint(token),
        created_by=by,
        created_at=time.time_ns() // 1_000_000,
    )
    return token


def revoke_token(*, workspace_id: int, token_id: int) -> bool:
    """Ends a token at once. False when there is none with this id."""
    deleted, _ = ProfileToken.objects.filter(workspace_id=workspace_id, id=token_id).delete()
    return bool(deleted)


def _ask(type: str, text: bytes) -> None:  # noqa: A002 - the inbox's word
    now = time.time_ns() // 1_000_000
    inbox.append([Accepted(f"{type}-{secrets.token_hex(12)}", now, 0, type, "", 0, "", b"", b"", [text])])
