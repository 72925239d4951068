"""Five hundred editors save at once, over HTTP on a real server: each save is a version that can be found, or is told whose
save came before it. Nothing is lost, and nothing is made up."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from server import EMAIL, PASSWORD, PATIENCE_SECONDS, NewServer, Server

SITE = "https://www.quayside.example"
SEGMENTS = 20
EDITORS = 500
CONNECTIONS = 100
"""At once. Editors beyond that wait for one that is free, as a browser would."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Browser:
    """A member's browser on the dashboard, as far as forms go."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Any:
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = self.server.request(
            method, path, urlencode(form or {}).encode(), {**cookie, **FORM, "HX-Request": "true"}
        )
        self.cookies |= dict(re.findall(r"(pitcairn_\w+)=([^;]+);", answer.headers.get("set-cookie", "")))
        return answer

    def post(self, path: str, **form: str) -> Any:
        page = self.ask("GET", path).body.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        return self.ask("POST", path, {"csrfmiddlewaretoken": token[1], **form})


def token_of(server: Server, email: str, password: str, experience: int) -> str:
    """The token that the dashboard gives this member for the editor."""
    browser = Browser(server)
    browser.post("/sign-in/", email=email, password=password)
    there = browser.post(f"/experiences/{experience}/on-your-website/", address=f"{SITE}/pricing")
    _, _, token = there.headers["hx-redirect"].partition("#pitcairn-editor=")
    assert token
    return str(token)


async def asked(server: Server, token: str, body: object = None) -> tuple[int, Any]:
    """The answer to one request of the editor."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{'GET' if body is None else 'POST'} /editor/experience HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n"
        f"Origin: {SITE}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    try:
        writer.write(head.encode() + content)
        answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    finally:
        writer.close()
    head_bytes, _, answered = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split()[1]), json.loads(answered)


def change(value: str) -> dict[str, str]:
    return {"type": "text", "selector": "h1", "value": value}


async def save_at_once(server: Server, tokens: dict[str, str]) -> list[tuple[str, str, int, Any]]:
    """Each editor's email, what it saved, and the answer. All of them were made from the same state."""
    _, opened = await asked(server, next(iter(tokens.values())))
    variations = opened["experience"]["variations"]
    free = asyncio.Semaphore(CONNECTIONS)

    async def save(number: int) -> tuple[str, str, int, Any]:
        email = list(tokens)[number % len(tokens)]
        variation = variations[number % SEGMENTS]
        value = f"By editor {number}"
        edit = {"id": variation["id"], "revision": variation["revision"], "changes": [change(value)]}
        async with free:
            status, answer = await asked(server, tokens[email], {"variations": [edit]})
        return email, value, status, answer

    return await asyncio.gather(*(save(number) for number in range(EDITORS)))


@pytest.mark.slow
def test_of_500_saves_at_once_none_is_lost_silently(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server()
    segments = [
        {"name": f"Segment {number}", "variations": [{"changes": [change("Hello")]}]} for number in range(SEGMENTS)
    ]
    folder = tmp_path / "before"
    server.run("export", str(folder))
    made = {"name": "Busy", "segments": segments}
    (folder / "experiences").mkdir(exist_ok=True)
    (folder / "experiences/busy.json").write_text(json.dumps(made))
    server.run("apply", str(folder))
    others = {f"editor-{number}@quayside.example" for number in range(2)}
    passwords = {EMAIL: PASSWORD} | {
        email: server.run("user", "add", email, "--role", "editor")["password"] for email in sorted(others)
    }
    tokens = {email: token_of(server, email, password, 1) for email, password in passwords.items()}

    began = datetime.now(UTC)
    saves = asyncio.run(save_at_once(server, tokens))
    ended = datetime.now(UTC)

    assert Counter(status for _, _, status, _ in saves) == {200: SEGMENTS, 409: EDITORS - SEGMENTS}
    saved = {value: email for email, value, status, _ in saves if status == 200}
    _, now = asyncio.run(asked(server, tokens[EMAIL]))
    shown = {one["segment"]: one["changes"][0]["value"] for one in now["experience"]["variations"]}
    assert set(shown.values()) == set(saved), "what is there now is what was answered to have been saved"

    # Every save that was answered with yes is a version of its own, by who made it.
    browser = Browser(server)
    browser.post("/sign-in/", email=EMAIL, password=PASSWORD)
    versions = browser.ask("GET", "/experiences/1/versions/").body.decode()
    assert f"Version {SEGMENTS + 1}" in versions
    assert f"Version {SEGMENTS + 2}" not in versions
    for email in tokens:
        assert versions.count(email) >= sum(1 for by in saved.values() if by == email)

    # Every other was told who saved its segment, when, and what is there now.
    for _, value, status, answer in saves:
        if status == 200:
            continue
        segment = f"Segment {int(value.split()[-1]) % SEGMENTS}"
        (theirs,) = (
            one["changes"][0]["value"] for one in answer["experience"]["variations"] if one["segment"] == segment
        )
        assert theirs == shown[segment], "nobody overwrote it afterwards"
        assert answer["code"] == "conflict"
        assert answer["savedBy"] == saved[theirs]
        assert began.timestamp() * 1000 - 1 <= answer["savedAt"] <= ended.timestamp() * 1000
        assert f"{segment} was saved by {saved[theirs]} on " in answer["message"]
    assert server.stop() == 0
    assert not server.complaints(), server.log_text()
