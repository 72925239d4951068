"""The worked example of docs/write-a-destination.md: made as a newcomer would, it is in the catalog, and it delivers."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connections.catalog.test_every_destination import run_case
from connections.listener import answer, listening
from pitcairn.connections import catalog as catalog_package
from pitcairn.connections import registry
from pitcairn.connections.delivery.transport import Transport
from pitcairn.connections.destination import CatalogEntry, Delivered, Failed, OutgoingMessage, Reply, Retry

GUIDE = (Path(__file__).parents[2] / "docs" / "write-a-destination.md").read_text("utf-8")
FILES = dict(re.findall(r"^`chat/([\w.]+)`:\n\n```\w+\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE))


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogEntry]:
    folder = tmp_path / "chat"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    monkeypatch.setattr(registry, "CATALOG", tmp_path)
    monkeypatch.setattr(catalog_package, "__path__", [*catalog_package.__path__, str(tmp_path)])
    registry.catalog.cache_clear()
    yield registry.catalog()["chat"]
    registry.catalog.cache_clear()
    for name in ("chat", "chat.destination"):
        sys.modules.pop(f"{catalog_package.__name__}.{name}", None)
    vars(catalog_package).pop("chat", None)


def test_the_guide_has_every_file() -> None:
    assert set(FILES) == {"manifest.toml", "destination.py", "cases.json", "icon.svg"}


def test_the_example_does_what_its_cases_say(chat: CatalogEntry) -> None:
    assert chat.manifest.status == "beta"
    assert (chat.manifest.pace.rate, chat.manifest.pace.concurrency) == (1, 1)
    for case in json.loads(FILES["cases.json"]):
        run_case(chat, case)
        assert chat.check is not None
        assert not chat.check(case["settings"])
        assert chat.check({**case["settings"], "channel": "sales"}) == {
            "channel": "'sales' is no channel. It begins with #."
        }


def test_the_example_delivers(chat: CatalogEntry) -> None:
    settings = json.loads(FILES["cases.json"])[0]["settings"]
    message = OutgoingMessage(body={"event": "Ordered", "messageId": "m-1"}, person="p", source_id=1)

    async def main() -> Reply:
        async with listening(answer(200, b'{"ok":true}')) as server:
            assert chat.prepare is not None
            (request,) = chat.prepare([message], {**settings, "server": server.url})
            transport = Transport([ipaddress.ip_network("127.0.0.0/8")])
            reply = await transport.send(request, 20)
            await transport.close()
            assert json.loads(server.received[0].body)["text"] == "Ordered: somebody"
            return reply

    assert chat.judge is not None
    assert chat.judge(asyncio.run(main()), settings) == Delivered()


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (503, b"", Retry("503")),
        (200, b'{"ok":false,"error":"busy"}', Retry("BUSY", after=30)),
        (200, b'{"ok":false,"error":"no such channel"}', Failed("MESSAGE_REJECTED", "no such channel")),
    ],
)
def test_the_example_reads_answers(chat: CatalogEntry, status: int, body: bytes, outcome: Retry | Failed) -> None:
    assert chat.judge is not None
    assert chat.judge(Reply(status=status, headers={}, body=body), {}) == outcome


def test_a_manifest_that_does_not_fit_its_folder_is_named(chat: CatalogEntry, tmp_path: Path) -> None:
    manifest = tmp_path / "chat" / "manifest.toml"
    for old, new, said in (
        ('slug = "chat"', 'slug = "talk"', "chat/manifest.toml says slug 'talk'"),
        ('type = "url"', 'type = "link"', "chat/manifest.toml: Invalid enum value 'link'"),
        ("required = true", "needed = true", "chat/manifest.toml: Object contains unknown field `needed`"),
    ):
        manifest.write_text(FILES["manifest.toml"].replace(old, new, 1), "utf-8")
        registry.catalog.cache_clear()
        with pytest.raises(registry.CatalogError, match=re.escape(said)):
            registry.catalog()
