"""Users, sources and destinations from the command line, on the stores themselves."""

import re

from cli.conftest import Installation
from server import MUTINY_KEY, WORKSPACE


def test_from_nothing_to_a_source_that_personalizes(empty: Installation) -> None:
    before = empty.run("source", "list")
    assert before.code == 1
    assert "pitcairn migrate" in before.err
    assert before.out == ""

    migrated = empty.json("migrate")
    assert "workspaces.0001_initial" in migrated["applied"]
    assert empty.json("migrate")["applied"] == []

    user = empty.json("user", "add", "Owner@Pitcairn.localhost")
    assert user["email"] == "owner@pitcairn.localhost"
    assert user["role"] == "owner"
    assert len(user["password"]) >= 16
    source = empty.json("source", "add", "Website")
    assert empty.json("source", "list") == {"sources": [source]}
    assert source | {"name": "Website", "kind": "browser", "enabled": True, "destinations": []} == source
    assert re.fullmatch(r"[A-Za-z0-9_-]{20,}", source["writeKey"])

    destination = empty.json(
        "destination", "add", "mutiny", "--source", "Website", "--setting", "apiKey=long-enough-key"
    )
    assert destination | {"name": "Mutiny", "enabled": True, "state": "Enabled", "sources": ["Website"]} == destination
    assert "long-enough-key" not in empty.run("destination", "list").out
    assert "long-enough-key" not in empty.run("destination", "list", "--json").out


def test_a_user_gets_a_made_password_or_the_one_from_stdin(installation: Installation) -> None:
    first = installation.json("user", "add", "new@example.com")
    again = installation.json("user", "add", "new@example.com")
    assert again["id"] == first["id"]
    assert again["password"] != first["password"]
    chosen = installation.json(
        "user", "add", "new@example.com", "--password-stdin", "--role", "viewer", stdin="correct horse battery\n"
    )
    assert "password" not in chosen
    assert chosen["role"] == "viewer"


def test_bad_users_are_refused_in_words(installation: Installation) -> None:
    for words, stdin, complaint in (
        (("nobody",), None, "'nobody' is not an email address"),
        (("new@example.com", "--password-stdin"), "short\n", "at least 10 characters"),
        (("new@example.com", "--password-stdin"), "", "no password came on stdin"),
    ):
        done = installation.run("user", "add", *words, stdin=stdin)
        assert (done.code, done.out) == (1, "")
        assert complaint in done.err
        assert "Traceback" not in done.err


def test_sources_are_found_by_name_and_by_id(installation: Installation) -> None:
    sources = {source["name"]: source for source in installation.json("source", "list")["sources"]}
    assert sources["website"]["writeKey"] == "website-write-key"
    assert sources["website"]["destinations"] == ["Mutiny"]
    assert not sources["disabled"]["enabled"]
    added = installation.json(
        "destination", "add", "mutiny", "--name", "Second", "--disabled",
        "--source", "website", "--source", str(sources["app"]["id"]),
    )  # fmt: skip
    assert added["sources"] == ["app", "website"]
    assert not added["enabled"]


def test_settings_can_come_from_stdin(installation: Installation) -> None:
    added = installation.json(
        "destination",
        "add",
        "mutiny",
        "--name",
        "Second",
        "--settings-stdin",
        stdin='{"apiKey": "from-standard-input"}',
    )
    assert added["enabled"]
    assert added["settings"] == {"apiKey": "set, ends in nput"}


def test_what_cannot_be_added_is_refused_in_words(installation: Installation) -> None:
    for words, complaint in (
        (("source", "add", "website"), "already a source called 'website'"),
        (("source", "add", "Other", "--write-key", "website-write-key"), "taken by another source"),
        (("destination", "add", "nowhere"), "'nowhere' is not in the catalog; it has mutiny"),
        (("destination", "add", "mutiny"), "without API Key"),
        (("destination", "add", "mutiny", "--setting", "apiKey"), "has no '='"),
        (("destination", "add", "mutiny", "--setting", "colour=red"), "no setting 'colour'"),
        (("destination", "add", "mutiny", "--source", "nope"), "there is no source 'nope'; there is: 'app'"),
        (("source", "list", "--workspace", "nope"), "there is no workspace 'nope'; there is: 'Tests'"),
    ):
        done = installation.run(*words)
        assert (done.code, done.out) == (1, ""), words
        assert complaint in done.err, words
        assert "Traceback" not in done.err


def test_a_workspace_is_chosen_by_name_or_made(installation: Installation) -> None:
    elsewhere = installation.json("source", "list", "--workspace", "Elsewhere")
    assert [source["name"] for source in elsewhere["sources"]] == ["elsewhere"]
    assert installation.json("source", "add", "First", "--workspace", "New one")["id"]
    assert len(installation.json("source", "list", "--workspace", "New one")["sources"]) == 1
    ours = installation.json("source", "list", "--workspace", WORKSPACE)["sources"]
    assert "First" not in {source["name"] for source in ours}


def test_secrets_are_in_no_output(installation: Installation) -> None:
    for words in (("destination", "list"), ("destination", "list", "--json"), ("status",), ("status", "--json")):
        assert MUTINY_KEY not in installation.run(*words).out


def test_settings_that_cannot_be_used_are_named(installation: Installation) -> None:
    for environment, complaint in (
        ({"DATABASE_URL": "mysql://localhost/x"}, "'mysql'"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "the SQL store cannot be used"),
        ({"EVENTS_URL": "ftp://localhost/"}, "no address of an event store"),
        ({"EVENTS_URL": "http://user:secret@127.0.0.1:1/x"}, "does not answer"),
    ):
        done = installation.run("status", **environment)
        assert (done.code, done.out) == (1, ""), environment
        assert complaint in done.err, environment
        assert "secret" not in done.err
        assert "Traceback" not in done.err
