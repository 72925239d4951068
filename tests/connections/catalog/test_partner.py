"""Mutiny with an endpoint: another server gets the calls as Segment delivers them to a partner. Statements 63 to 66, 73."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from connections.authority import Authority
from connections.delivery.target import Target
from connections.delivery.world import DeliveryWorld
from connections.listener import Received, listening
from pipeline.world import identify, track
from pitcairn.connections import services
from pitcairn.connections.delivery.transport import Transport
from pitcairn.connections.destination import OutgoingMessage
from pitcairn.connections.models import Destination
from pitcairn.connections.registry import catalog

BODIES: list[dict[str, Any]] = [
    {"type": "identify", "messageId": "m-1", "userId": "u-1", "traits": {"plan": "Größe"}},
    {"type": "track", "messageId": "m-2", "userId": "u-1", "event": "Signed Up", "properties": {"seats": 12}},
]
LOCAL = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Received]:
    """Two calls delivered to a partner's server over TLS, with one setting more than the manifest has."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))

    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def main() -> list[Received]:
        async with listening(context=authority.server("partner.example")) as server:
            given = {
                "apiKey": "mutiny-key",
                "endpoint": f"https://partner.example:{server.port}/segment",
                "plan": "platinum",
            }
            prepare = catalog()["mutiny"].prepare
            assert prepare is not None
            transport = Transport(LOCAL, lookup=lookup)
            messages = [OutgoingMessage(body=body, person="u-1", source_id=1) for body in BODIES]
            for request in prepare(messages, given):
                assert (await transport.send(request, 20)).status == 200
            await transport.close()
            return server.received

    return asyncio.run(main())


def test_statement_63_one_event_in_each_https_post(delivered: list[Received]) -> None:
    assert [(one.method, one.path, json.loads(one.body)) for one in delivered] == [
        ("POST", "/segment", body) for body in BODIES
    ]
    for one in delivered:
        assert one.headers["user-agent"] == "Segment.io/1.0"
        assert one.headers["content-type"] == "application/json"
        assert one.headers["accept"] == "*/*"
        assert one.headers["cache-control"] == "no-cache"
        assert int(one.headers["content-length"]) == len(one.body)


def test_statement_64_the_api_key_is_the_user_name(delivered: list[Received]) -> None:
    for one in delivered:
        scheme, _, encoded = one.headers["authorization"].partition(" ")
        assert (scheme, base64.b64decode(encoded)) == ("Basic", b"mutiny-key:")


def test_statement_65_other_settings_are_in_one_header(delivered: list[Received]) -> None:
    for one in delivered:
        assert json.loads(base64.b64decode(one.headers.pop("x-segment-settings"))) == {"plan": "platinum"}
        everything = json.dumps(one.headers) + one.path + one.body.decode()
        assert "platinum" not in everything
        assert "mutiny-key" not in everything


@pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))
def test_statement_66_identify_and_track_only(world: DeliveryWorld) -> None:
    target = Target()
    world.run(target.__aenter__())
    made = services.create_destination(
        workspace_id=world.workspace_id,
        slug="mutiny",
        name="Partner",
        source_ids=[world.website],
        settings={"apiKey": "mutiny-key", "endpoint": target.url},
        enabled=True,
    )
    world.targets[made.id] = target
    others = ("page", "screen", "group", "alias")
    world.process(
        identify("m-identify", {"plan": "pro"}, userId="u-1"),
        track("m-track", "Signed Up", userId="u-1"),
        *(
            {"type": kind, "messageId": f"m-{kind}", "userId": "u-1", "groupId": "g-1", "previousId": "a-1"}
            for kind in others
        ),
    )
    world.settle()
    assert target.taken == ["m-identify", "m-track"]
    assert len(target.asked) == 2
    stored = {one.message_id: one for one in world.messages()}
    for kind in others:
        assert stored[f"m-{kind}"].filtered[str(made.id)] == "UNSUPPORTED_EVENT_TYPE"
    assert stored["m-track"].routed_to == [made.id]
    assert "mutiny" in stored["m-track"].delivered_to


@pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))
def test_statement_73_a_missing_setting_discards(world: DeliveryWorld) -> None:
    hook = world.target()
    # No page and no service gets it there: a setting that became required later would.
    Destination.objects.filter(id=hook).update(settings={"url": ""})
    services.set_source_enabled(workspace_id=world.workspace_id, source_id=world.website, enabled=True)
    world.process(track("m-1", "Signed Up", userId="u-1"))
    world.settle()
    (stored,) = world.messages()
    assert (stored.filtered, stored.routed_to) == ({str(hook): "INVALID_SETTINGS"}, [])
    assert not world.targets[hook].asked
