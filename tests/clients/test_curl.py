"""Every endpoint by plain `curl`, as somebody who reads the documentation tries it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.test_tokens import ask, assertion, token_of
from pitcairn.edge.tokens import ASSERTION_TYPE
from server import PATIENCE_SECONDS, SEGMENT_KEY, WRITE_KEYS, Server, unique

JSON = ("--header", "content-type: application/json")


@dataclass(frozen=True)
class Said:
    status: int
    type: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def curl(server: Server, path: str, *options: str) -> Said:
    program = shutil.which("curl")
    assert program, "curl is not installed"
    done = subprocess.run(
        [program, "--silent", "--show-error", "--max-time", "60", "--output", "-", "--write-out", "\n%{http_code} %{content_type}",
         *options, f"{server.url}{path}"],
        capture_output=True, check=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    body, _, end = done.stdout.rpartition(b"\n")
    status, _, kind = end.decode().partition(" ")
    return Said(int(status), kind, body)


SINGLE = {
    "identify": {"traits": {"plan": "pro"}},
    "track": {"event": "Order Completed", "properties": {"total": 5}},
    "page": {"name": "Pricing"},
    "screen": {"name": "Home"},
    "group": {"groupId": "g"},
    "alias": {"previousId": "before"},
}


@pytest.mark.parametrize("kind", list(SINGLE))
@pytest.mark.parametrize("short", [False, True], ids=["whole", "letter"])
def test_one_call(server: Server, kind: str, short: bool) -> None:
    message = {"userId": "user", "messageId": unique(), **SINGLE[kind]}
    path = f"/v1/{kind[0] if short else kind}"
    said = curl(server, path, *JSON, "--data", json.dumps({"writeKey": WRITE_KEYS["website"], **message}))
    assert (said.status, said.json()) == (200, {"success": True})
    assert server.message(message["messageId"])["type"] == kind


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b", "/v1/import/"])
def test_a_batch_with_basic_and_chunked_gzip(server: Server, path: str, tmp_path: Path) -> None:
    message = {"type": "track", "userId": "user", "event": "E", "messageId": unique()}
    file = tmp_path / "batch.json"
    file.write_text(json.dumps({"batch": [message]}))
    subprocess.run(["gzip", str(file)], check=True)
    said = curl(
        server, path, "--user", f"{WRITE_KEYS['website']}:", *JSON, "--header", "content-encoding: gzip",
        "--header", "transfer-encoding: chunked", "--data-binary", f"@{file}.gz",
    )  # fmt: skip
    assert (said.status, said.json()) == (200, {"success": True})
    server.message(message["messageId"])


def test_the_pixel(server: Server) -> None:
    message = {"writeKey": WRITE_KEYS["website"], "userId": "user", "event": "Email Opened", "messageId": unique()}
    data = base64.b64encode(json.dumps(message).encode()).decode()
    said = curl(server, "/v1/pixel/track", "--get", "--data-urlencode", f"data={data}")
    assert (said.status, said.type, said.body[:6]) == (200, "image/gif", b"GIF89a")
    server.message(message["messageId"])


def test_metrics_and_settings(server: Server) -> None:
    assert curl(server, "/v1/m", *JSON, "--data", '{"series":[]}').json() == {"success": True}
    key = WRITE_KEYS["website"]
    assert curl(server, f"/v1/projects/{key}/settings").json()["integrations"]["Segment.io"]["apiKey"] == key
    assert curl(server, f"/sourceConfig/?writeKey={key}").json()["source"]["writeKey"] == key
    assert curl(server, "/sourceConfig/", "--user", f"{key}:").json()["source"]["destinations"] == []
    assert curl(server, "/sourceConfig/?writeKey=unknown").status == 404


def test_a_beacon(server: Server) -> None:
    message = {"type": "track", "userId": "user", "event": "E", "messageId": unique()}
    said = curl(
        server, f"/beacon/v1/batch?writeKey={WRITE_KEYS['website']}", "--data", json.dumps({"batch": [message]})
    )
    assert (said.status, said.json()) == (200, {"success": True})
    server.message(message["messageId"])


def test_a_token_and_a_call_with_it(server: Server) -> None:
    said = curl(
        server, "/token", "--data-urlencode", "grant_type=client_credentials", "--data-urlencode", "scope=tracking_api:write",
        "--data-urlencode", f"client_assertion_type={ASSERTION_TYPE}", "--data-urlencode", f"client_assertion={assertion(server)}",
    )  # fmt: skip
    assert said.status == 200
    message = {"writeKey": WRITE_KEYS["tokens"], "userId": "user", "event": "E", "messageId": unique()}
    bearer = f"authorization: Bearer {said.json()['access_token']}"
    assert curl(server, "/v1/track", *JSON, "--header", bearer, "--data", json.dumps(message)).status == 200
    server.message(message["messageId"])
    assert ask(server).status == 401
    assert token_of(server)


def test_what_segment_delivers(server: Server) -> None:
    message = {"type": "track", "userId": "user", "event": "E", "messageId": unique()}
    said = curl(server, "/integrations/segment", "--user", f"{SEGMENT_KEY}:", *JSON, "--data", json.dumps(message))
    assert (said.status, said.json()["message"]) == (200, "Processed")
    server.message(message["messageId"])


def test_decide_the_tag_and_preflights(server: Server) -> None:
    key = WRITE_KEYS["website"]
    asked = json.dumps({"writeKey": key, "url": "https://www.example.com/"})
    assert curl(server, "/v1/decide", *JSON, "--data", asked).json()["visitorId"]
    assert curl(server, f"/tag/{key}.js").type.startswith("text/javascript")
    for path in ("/v1/t", "/v1/b", "/v1/decide", "/sourceConfig/", "/beacon/v1/batch"):
        assert curl(server, path, "--request", "OPTIONS").status == 200, path


def test_what_is_not_there_says_so_in_json(server: Server) -> None:
    said = curl(server, "/v1/nothing")
    assert (said.status, said.json()["code"]) == (404, "not_found")
    said = curl(server, "/v1/track")
    assert (said.status, said.json()["code"]) == (405, "method_not_allowed")
