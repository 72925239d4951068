"""serve: what it says, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from cli.conftest import Installation
from server import PATIENCE_SECONDS, NewServer


def start(installation: Installation, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pitcairn.cli", "serve", "--json", "--port", "0", *options],
        env=installation.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_sigterm_ends_it_cleanly_and_everything_accepted_is_kept(new_server: NewServer) -> None:
    server = new_server()
    for number in range(50):
        server.send("/v1/track", {"messageId": f"kept-{number}", "event": "Kept", "anonymousId": "someone"})
    assert server.stop() == 0
    assert not (server.data / "control.json").exists()
    assert server.complaints() == []
    # Without a server the same commands look into the stores themselves. What the worker had not reached still waits.
    before = server.run("events", "--limit", "100", "--search", "kept-")
    waiting = server.run("status")["inbox"]["requests"]
    assert len(before["messages"]) + waiting == 50
    server.start()
    server.settle()
    assert {message["messageId"] for message in server.events(search="kept-")["messages"]} == {
        f"kept-{number}" for number in range(50)
    }


def test_a_port_that_is_taken_is_said_before_anything_starts(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = installation.run("serve", "--port", str(port))
    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.err
    assert "--port" in done.err
    assert "Traceback" not in done.err


def test_one_role_of_several_does_not_migrate(empty: Installation) -> None:
    done = empty.run("serve", "--role", "edge", "--port", "0")
    assert done.code == 1
    assert "pitcairn migrate" in done.err


def test_all_roles_together_start_from_nothing_and_say_where(empty: Installation) -> None:
    process = start(empty)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        assert said["roles"] == ["dashboard", "edge", "worker"]
        assert said["url"].startswith("http://localhost:")
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    assert errors == ""


def test_demo_tells_how_to_sign_in(empty: Installation) -> None:
    process = start(empty, "--demo", "--demo-port", "0")
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        assert said["email"] == "demo@pitcairn.localhost"
        assert len(said["password"]) >= 16
        assert said["writeKey"]
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors


def test_what_a_killed_server_left_behind_does_not_mislead_commands(installation: Installation) -> None:
    # The announced process lives, but is another one: this test. Nothing listens where the server was.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    left_behind = {"url": f"http://127.0.0.1:{port}", "token": "old", "pid": os.getpid()}
    (installation.data / "control.json").write_text(json.dumps(left_behind))
    assert installation.json("events")["messages"] == []


def test_an_edge_alone_does_not_answer_for_the_event_store(installation: Installation) -> None:
    process = start(installation, "--role", "edge")
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["roles"] == ["edge"]
        assert not (installation.data / "control.json").exists()
        assert installation.json("events")["messages"] == []
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
