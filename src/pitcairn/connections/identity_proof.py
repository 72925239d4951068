"""How a source proves who its visitors are: the secret that a website's server signs identity tokens with, and servers whose
word is a proof. Every change grows the configuration revision in its own transaction.

Two secrets may hold at once, so that a new one can be put in place while pages still carry tokens of the one before.
"""

from __future__ import annotations

import secrets

from django.db import transaction
from django.db.models import Q

from pitcairn.connections.models import Source, SourceKind
from pitcairn.connections.services import ConnectionsError, source_of
from pitcairn.workspaces.services import configuration_changed

SECRET_BYTES = 32
"""As long as what HS256 makes of it (RFC 7518, 3.2)."""


def proves_identity(workspace_id: int) -> bool:
    """Whether some source of the workspace can prove who a visitor is."""
    signs = ~Q(identity_secret="")
    server = Q(kind=SourceKind.SERVER, requires_token=True, proves_identity=True)
    return Source.objects.filter(signs | server, workspace_id=workspace_id).exists()


@transaction.atomic
def new_identity_secret(*, workspace_id: int, source_id: int) -> str:
    """Makes a secret for a website; the one before is taken until `end_identity_secret`. It is given back once, and never again.

    Raises `ConnectionsError` for a source of another kind.
    """
    source = _website(workspace_id, source_id)
    source.identity_secret_before = source.identity_secret
    source.identity_secret = secrets.token_urlsafe(SECRET_BYTES)
    _save(source)
    return source.identity_secret


@transaction.atomic
def end_identity_secret(*, workspace_id: int, source_id: int, all_of_them: bool = False) -> Source:
    """Ends the secret before the newest, or both. What was signed with it proves nobody any more."""
    source = _website(workspace_id, source_id)
    source.identity_secret_before = ""
    if all_of_them:
        source.identity_secret = ""
    _save(source)
    return source


@transaction.atomic
def set_proves_identity(*, workspace_id: int, source_id: int, proves: bool) -> Source:
    """Whether what this server says of who visitors are is a proof.

    Raises `ConnectionsError` for a source that anyone with its write key can speak for: only a bearer token is beyond browsers.
    """
    source = source_of(workspace_id, source_id)
    if proves and source.kind != SourceKind.SERVER:
        raise ConnectionsError(
            f"{source.name} is no server: what a browser or an app says of who somebody is proves nothing."
        )
    if proves and not source.requires_token:
        raise ConnectionsError(
            f"{source.name} takes calls from whoever has its write key. Let it take calls with a bearer token only, first.",
        )
    source.proves_identity = proves
    source.save(update_fields=["proves_identity"])
    configuration_changed()
    return source


def _website(workspace_id: int, source_id: int) -> Source:
    source = source_of(workspace_id, source_id)
    if source.kind != SourceKind.BROWSER:
        raise ConnectionsError(f"{source.name} is no website; identity tokens are shown by visitors' browsers.")
    return source


def _save(source: Source) -> None:
    source.save(update_fields=["identity_secret", "identity_secret_before"])
    configuration_changed()
