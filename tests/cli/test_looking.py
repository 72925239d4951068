"""events, profile, results and status while a server runs: the same answers as from the stores themselves."""

import subprocess
import sys

import pytest

from server import PATIENCE_SECONDS, Server, unique


@pytest.fixture(scope="module")
def sent(server: Server) -> dict[str, str]:
    """Two messages of one person and one that is refused, processed."""
    ids = {name: unique(f"{name}-") for name in ("user", "anonymous", "identify", "track", "bad")}
    person = {"anonymousId": ids["anonymous"], "userId": ids["user"]}
    server.send(
        "/v1/identify",
        {**person, "messageId": ids["identify"], "traits": {"plan": "[b]team", "company": {"employee_count": 12}}},
    )
    server.send(
        "/v1/track", {**person, "messageId": ids["track"], "event": "Looked", "properties": {"at": ids["user"]}}
    )
    server.send("/v1/track", {**person, "messageId": ids["bad"], "properties": {"no": "event"}})
    server.settle()
    return ids


def shown(server: Server, *words: str) -> str:
    """What a person sees, in a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "pitcairn.cli", *words],
        env=server.environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_events_are_segments_messages_with_what_became_of_them(server: Server, sent: dict[str, str]) -> None:
    (message,) = server.run("events", "--message-id", sent["identify"])["messages"]
    about = message.pop("pitcairn")
    assert (about["source"], about["deliveredTo"], about["filtered"]) == ("website", ["mutiny"], {})
    assert about["profileId"] > 0
    assert message["userId"] == sent["user"]
    assert message["anonymousId"] == sent["anonymous"]
    assert message["type"] == "identify"
    assert message["traits"] == {"plan": "[b]team", "company": {"employee_count": 12}}
    assert message["receivedAt"].endswith("Z")


def test_refused_messages_say_why(server: Server, sent: dict[str, str]) -> None:
    events = server.run("events", "--message-id", sent["bad"])
    assert events["messages"] == []
    (refused,) = events["refused"]
    assert refused["reason"] == "event_not_defined"
    assert refused["explanation"] == "A track call needs an event name."
    assert refused["messageId"] == sent["bad"]
    assert '"no"' in refused["message"].replace(" ", "")
    assert server.run("events", "--refused", "--search", sent["bad"]) == events


def test_events_are_narrowed_down(server: Server, sent: dict[str, str]) -> None:
    found = server.run("events", "--search", sent["user"], "--type", "track", "--source", "website", "--limit", "5")
    assert [message["messageId"] for message in found["messages"]] == [sent["track"]]
    assert server.run("events", "--search", sent["user"], "--source", "app")["messages"] == []


def test_events_are_readable_by_people(server: Server, sent: dict[str, str]) -> None:
    lines = shown(server, "events", "--search", sent["user"]).splitlines()
    assert any(sent["track"] in line and "Looked" in line and "mutiny" in line for line in lines)
    assert any(sent["bad"] in line and "event_not_defined" in line for line in lines)


@pytest.mark.parametrize("kind", ["user_id", "userId"])
def test_profile_is_found_in_both_spellings(server: Server, sent: dict[str, str], kind: str) -> None:
    profile = server.run("profile", "show", f"{kind}:{sent['user']}")
    assert profile["known"]
    assert {(item["type"], item["value"]) for item in profile["identifiers"]} == {
        ("user_id", sent["user"]),
        ("anonymous_id", sent["anonymous"]),
    }
    assert profile["traits"] == {"plan": "[b]team", "company": {"employee_count": 12}}
    assert profile["targetableTraits"] == ["company", "plan"]
    assert {message["messageId"] for message in profile["messages"]} == {sent["identify"], sent["track"]}


def test_profile_is_readable_by_people(server: Server, sent: dict[str, str]) -> None:
    text = shown(server, "profile", "show", f"anonymous_id:{sent['anonymous']}")
    assert "[b]team" in text
    assert sent["user"] in text


def test_who_is_not_there_is_named(server: Server) -> None:
    for words, complaint in (
        (("profile", "show", "user_id:nobody-at-all"), "has the identifier user_id:nobody-at-all"),
        (("profile", "show", "nobody"), "is no identifier; write its type and value"),
        (("results", "No such experience"), "there is no experience 'No such experience'"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pitcairn.cli", *words],
            env=server.environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, ""), words
        assert complaint in done.stderr
        assert "Traceback" not in done.stderr


def test_status_tells_versions_stores_and_lag(server: Server, sent: dict[str, str]) -> None:
    status = server.run("status")
    assert status["inbox"]["requests"] == 0
    assert status["inbox"]["lagSeconds"] == 0
    assert status["inbox"]["batches"] > 0
    assert status["sqlStore"]["engine"] in {"sqlite", "postgresql"}
    assert status["sqlStore"]["missingMigrations"] == 0
    assert status["eventStore"]["tables"]["messages"]["rows"] >= 2
    assert status["eventStore"]["tables"]["refusals"]["rows"] >= 1
    assert status["dataFolder"] == str(server.data)
    text = shown(server, "status")
    assert status["eventStore"]["version"] in text
    assert "empty after" in text
