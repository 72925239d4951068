"""What RudderStack's browser library asks for besides Segment's paths: its source's configuration, and a place for beacons.

Its calls themselves are Segment's, and are taken as those are. See `wire/message.py` for the one way in which they differ.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

from pitcairn.edge.requests import basic_key
from pitcairn.edge.responses import Scope
from pitcairn.edge.snapshot import SourceConfiguration

CONFIGURATION_PATHS = frozenset({"/sourceConfig", "/sourceConfig/"})
BEACON_PATHS = frozenset({"/beacon/v1/batch"})


def write_key(scope: Scope, authorization: bytes) -> str:
    """The key of the header or, for beacons and old versions, of the address."""
    key = basic_key(authorization) if authorization else ""
    return key or parse_qs(scope["query_string"].decode("latin-1")).get("writeKey", [""])[0]


def with_key_in_header(scope: Scope) -> Scope:
    """The request as if the key of its address stood where other calls have it."""
    key = base64.b64encode(f"{write_key(scope, b'')}:".encode())
    return {**scope, "headers": [*scope["headers"], (b"authorization", b"Basic " + key)]}


def source_configuration(source: SourceConfiguration) -> dict[str, Any]:
    """What the library loads before it sends. No destination is served from the browser, so none is listed."""
    return {
        "source": {
            "id": str(source.id),
            "name": str(source.id),
            "writeKey": source.write_key,
            "enabled": source.enabled,
            "workspaceId": str(source.workspace_id),
            "config": {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}},
            "destinations": [],
            "dataplanes": {},
        }
    }
