"""Segment's server libraries with their OAuth settings, unmodified: they get a token here and send with it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from segment.analytics import oauth_manager, request
from segment.analytics.client import Client

from server import PATIENCE_SECONDS, WRITE_KEYS, Server, unique

SEND = Path(__file__).parent / "send.mjs"


@pytest.fixture
def app(server: Server) -> dict[str, str]:
    found: dict[str, str] = json.loads((server.data / "oauth-app.json").read_text())
    return found


def test_analytics_python(server: Server, app: dict[str, str]) -> None:
    failures: list[str] = []
    client = Client(
        WRITE_KEYS["tokens"],
        host=server.url,
        on_error=lambda error, _items: failures.append(str(error)),
        max_retries=2,
        oauth_client_id=app["client_id"],
        oauth_client_key=app["private_key"],
        oauth_key_id=app["key_id"],
        oauth_auth_server=server.url,
    )
    _, sent = client.track("user", "Sent with a token")
    client.shutdown()
    client.oauth_manager.thread.cancel()  # it would ask for the next token after half a day
    request._session.close()
    oauth_manager._session.close()
    assert failures == []
    assert server.message(sent["messageId"])["pitcairn"]["source"] == "tokens"


def test_analytics_node(server: Server, app: dict[str, str]) -> None:
    message_id = unique()
    settings: dict[str, Any] = {
        "writeKey": WRITE_KEYS["tokens"],
        "host": server.url,
        "oauthSettings": {
            "clientId": app["client_id"],
            "clientKey": app["private_key"],
            "keyId": app["key_id"],
            "authServer": server.url,
            "scope": "tracking_api:write",
        },
    }
    call = {"type": "track", "userId": "user", "event": "Sent with a token", "messageId": message_id}
    done = subprocess.run(
        ["node", str(SEND)],
        input=json.dumps({"settings": settings, "calls": [call]}),
        capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert json.loads(done.stdout)["errors"] == []
    assert server.message(message_id)["pitcairn"]["source"] == "tokens"
