"""What a source asks of its calls, and its keys. Every change grows the configuration revision in its own transaction."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from django.db import transaction

from pitcairn.connections.models import Source, SourceKind
from pitcairn.connections.services import ConnectionsError, new_write_key, source_of
from pitcairn.workspaces.services import configuration_changed

RATE_MOST = 1_000_000
ORIGINS_MOST = 100
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


@transaction.atomic
def set_source_rules(
    *,
    workspace_id: int,
    source_id: int,
    rate_limit: int | None,
    allowed_origins: Sequence[str],
    requires_token: bool,
    asks_consent: bool,
    honours_gpc: bool,
) -> Source:
    """Sets what the source's calls must keep to, and what the tag does before a visitor consents.

    `rate_limit` is in messages per second, None for no limit. Raises `ConnectionsError` for a rate out of range, for what is
    no origin, and for what a source of this kind cannot keep to.
    """
    source = source_of(workspace_id, source_id)
    if rate_limit is not None and not 1 <= rate_limit <= RATE_MOST:
        raise ConnectionsError(
            f"{rate_limit:,} messages per second is no rate; use 1 to {RATE_MOST:,}, or leave it empty for no limit.",
            field="rate_limit",
        )
    if requires_token and source.kind != SourceKind.SERVER:
        raise ConnectionsError(
            "Only a server can keep the private key that tokens need; this source is of another kind.",
            field="requires_token",
        )
    if (asks_consent or honours_gpc) and source.kind != SourceKind.BROWSER:
        raise ConnectionsError(
            "Visitors are asked for consent on a website; this source is of another kind.", field="asks_consent"
        )
    source.rate_limit = rate_limit
    source.allowed_origins = checked_origins(allowed_origins)
    source.requires_token = requires_token
    source.asks_consent, source.honours_gpc = asks_consent, honours_gpc
    source.save(update_fields=["rate_limit", "allowed_origins", "requires_token", "asks_consent", "honours_gpc"])
    configuration_changed()
    return source


def checked_origins(texts: Sequence[str]) -> list[str]:
    """The origins as browsers spell them, each once. Raises `ConnectionsError` for the first that is none."""
    origins: dict[str, None] = {}
    for text in texts:
        origin = text.strip().lower().rstrip("/")
        if not origin:
            continue
        if not _ORIGIN.fullmatch(origin):
            raise ConnectionsError(
                f"{text.strip()!r} is no origin. Write scheme and name, as https://www.example.com, or "
                "https://*.example.com for every name below it.",
                field="allowed_origins",
            )
        scheme, _, rest = origin.partition("://")
        # Browsers leave out the port that the scheme means anyway.
        origins[f"{scheme}://{rest.removesuffix(':443' if scheme == 'https' else ':80')}"] = None
    if len(origins) > ORIGINS_MOST:
        raise ConnectionsError(
            f"{len(origins)} origins are too many; use at most {ORIGINS_MOST}. https://*.example.com stands for many.",
            field="allowed_origins",
        )
    return list(origins)


@transaction.atomic
def replace_write_key(*, workspace_id: int, source_id: int) -> Source:
    """Gives the source another write key. Calls with the old one are from no source as soon as the edge has seen that."""
    source = source_of(workspace_id, source_id)
    source.write_key = new_write_key()
    source.save(update_fields=["write_key"])
    configuration_changed()
    return source


@transaction.atomic
def new_segment_secret(*, workspace_id: int, source_id: int) -> str:
    """Makes a new API key for a Segment source; the old one is void. It is given back once and shown never again.

    Raises `ConnectionsError` for a source of another kind.
    """
    source = source_of(workspace_id, source_id)
    if source.kind != SourceKind.SEGMENT:
        raise ConnectionsError(f"{source.name} is no Segment source; it has a write key instead of an API key.")
    source.secret = secrets.token_urlsafe(24)
    source.save(update_fields=["secret"])
    configuration_changed()
    return source.secret
