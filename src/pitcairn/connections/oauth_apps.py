"""OAuth apps: programs of the customer's that get bearer tokens for the Tracking API (`edge/tokens.py`).

The private key never comes here. An app is its public key, the id that the key goes by, and how long a token lasts.
"""

from __future__ import annotations

import secrets

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.db import transaction

from pitcairn.connections.models import OAuthApp
from pitcairn.connections.services import NAME_LENGTH, ConnectionsError
from pitcairn.workspaces.services import configuration_changed

DAY = 24 * 3600
LIFETIMES = {1: "1 day", 2: "2 days", 3: "3 days", 7: "1 week", 14: "2 weeks", 21: "3 weeks", 30: "30 days"}
"""How long a token may last, in days."""

SHORTEST_KEY_BITS = 2048
LONGEST_KEY_BITS = 8192
"""A longer one makes every check slow, and whoever signs with it no safer."""
PEM_LENGTH = 10_000


class ConfiguredApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app as the edge reads it."""

    workspace_id: int
    client_id: str
    key_id: str
    public_key: str
    """RSA, PEM."""
    token_seconds: int


def configured_apps() -> list[ConfiguredApp]:
    """The apps of every workspace."""
    return [
        ConfiguredApp(
            workspace_id=app.workspace_id,
            client_id=app.client_id,
            key_id=app.key_id,
            public_key=app.public_key,
            token_seconds=app.token_seconds,
        )
        for app in OAuthApp.objects.order_by("id")
    ]


def oauth_apps(workspace_id: int) -> list[OAuthApp]:
    """The workspace's apps, by name. Nothing in them is secret."""
    return list(OAuthApp.objects.filter(workspace_id=workspace_id).order_by("name", "id"))


@transaction.atomic
def create_oauth_app(*, workspace_id: int, name: str, public_key: str, days: int = 1) -> OAuthApp:
    """Makes an app. Raises `ConnectionsError` for an empty name, a key that is no RSA public key, an odd lifetime."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise ConnectionsError(f"Give the app a name of 1 to {NAME_LENGTH} characters.", field="name")
    if OAuthApp.objects.filter(workspace_id=workspace_id, name=name).exists():
        raise ConnectionsError(f"There is already an app called {name!r}. Choose another name.", field="name")
    if days not in LIFETIMES:
        raise ConnectionsError(f"A token cannot last {days} days; choose one of the lifetimes.", field="days")
    app = OAuthApp.objects.create(
        workspace_id=workspace_id,
        name=name,
        client_id=secrets.token_hex(12),
        key_id=secrets.token_hex(12),
        public_key=_checked_key(public_key),
        token_seconds=days * DAY,
    )
    configuration_changed()
    return app


@transaction.atomic
def delete_oauth_app(*, workspace_id: int, app_id: int) -> OAuthApp:
    """Removes the app; its tokens are void as soon as the edge has seen that. Raises `ConnectionsError` when it is gone."""
    app = OAuthApp.objects.filter(workspace_id=workspace_id, id=app_id).first()
    if app is None:
        raise ConnectionsError(f"There is no app {app_id} in this workspace; it may have been removed already.")
    OAuthApp.objects.filter(id=app.id).delete()
    configuration_changed()
    return app


def _checked_key(text: str) -> str:
    """The key written the one way it is kept. What was pasted stays out of the error: it may be the private key."""
    if "PRIVATE KEY" in text:
        raise ConnectionsError(
            "This is a private key, which must not leave your server. Paste the public key that belongs to it, and "
            "replace the pair if this page was reached over an open network.",
            field="public_key",
        )
    if len(text) > PEM_LENGTH:
        raise ConnectionsError(f"The key has {len(text):,} characters; an RSA key has far fewer.", field="public_key")
    try:
        key = load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConnectionsError(
            "This is no public key in PEM form; it begins with -----BEGIN PUBLIC KEY-----.", field="public_key"
        ) from error
    if not isinstance(key, RSAPublicKey) or not SHORTEST_KEY_BITS <= key.key_size <= LONGEST_KEY_BITS:
        raise ConnectionsError(
            f"The key must be RSA with {SHORTEST_KEY_BITS:,} to {LONGEST_KEY_BITS:,} bits; this one is "
            f"{f'RSA with {key.key_size:,}' if isinstance(key, RSAPublicKey) else 'of another kind'}.",
            field="public_key",
        )
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
