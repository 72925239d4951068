"""Users, sources and destinations from the command line, on the stores themselves."""

import re
import stat
from collections.abc import Callable

import pytest
from django.contrib.auth import authenticate

from cli.conftest import Done, Installation
from pitcairn.connections.services import create_destination, create_source
from pitcairn.workspaces.models import User, Workspace
from pitcairn.workspaces.services import create_workspace

SECRET = "a-secret-api-key"


@pytest.mark.slow
def test_from_nothing_to_a_source_that_personalizes(empty: Installation) -> None:
    before = empty.run("source", "list")
    assert before.code == 1
    assert "pitcairn migrate" in before.err
    assert before.out == ""

    assert stat.S_IMODE(empty.data.stat().st_mode) == 0o700

    migrated = empty.json("migrate")
    assert "workspaces.0001_initial" in migrated["applied"]

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
    assert empty.json("migrate")["applied"] == []
    assert "long-enough-key" not in empty.run("destination", "list", "--json").out


def test_settings_that_cannot_be_used_are_named(installation: Installation) -> None:
    for environment, complaint in (
        ({"DATABASE_URL": "mysql://localhost/x"}, "'mysql'"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "the SQL store cannot be used"),
        ({"EVENTS_URL": "http://user:secret@127.0.0.1:1/x"}, "does not answer"),
    ):
        done = installation.run("status", **environment)
        assert (done.code, done.out) == (1, ""), environment
        assert complaint in done.err, environment
        assert "secret" not in done.err
        assert "Traceback" not in done.err


Run = Callable[..., Done]


@pytest.fixture
def workspace(db: None) -> Workspace:
    """With the sources website and app, and Mutiny for the first of them."""
    made = create_workspace("Tests")
    website = create_source(workspace_id=made.id, name="website", write_key="website-write-key")
    create_source(workspace_id=made.id, name="app", kind="mobile")
    create_destination(
        workspace_id=made.id, slug="mutiny", source_ids=[website.id], settings={"apiKey": SECRET}, enabled=True
    )
    return made


def test_a_user_gets_a_made_password_or_the_one_from_stdin(run: Run) -> None:
    first = run("user", "add", "new@example.com", "--json").json()
    again = run("user", "add", "new@example.com", "--json").json()
    assert again["id"] == first["id"]
    assert again["password"] != first["password"]
    options = ("--password-stdin", "--role", "viewer", "--json")
    chosen = run("user", "add", "new@example.com", *options, stdin="correct horse battery\n").json()
    assert "password" not in chosen
    assert chosen["role"] == "viewer"
    assert authenticate(email="new@example.com", password="correct horse battery") is not None
    assert authenticate(email="new@example.com", password=first["password"]) is None


def test_the_made_password_is_shown_to_a_person_too(run: Run) -> None:
    shown = run("user", "add", "new@example.com").out
    password = re.search(r"Password: (\S+)", shown)
    assert password
    assert authenticate(email="new@example.com", password=password[1]) is not None


@pytest.mark.parametrize(
    ("words", "stdin", "complaint"),
    [
        (("nobody",), "", "'nobody' is not an email address"),
        (("new@example.com", "--password-stdin"), "short\n", "at least 10 characters"),
        (("new@example.com", "--password-stdin"), "", "no password came on stdin"),
    ],
)
def test_bad_users_are_refused_in_words(run: Run, words: tuple[str, ...], stdin: str, complaint: str) -> None:
    done = run("user", "add", *words, stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert complaint in done.err
    assert User.objects.count() == 0


def test_sources_are_found_by_name_and_by_id(run: Run, workspace: Workspace) -> None:
    sources = {source["name"]: source for source in run("source", "list", "--json").json()["sources"]}
    assert sources["website"]["writeKey"] == "website-write-key"
    assert sources["website"]["destinations"] == ["Mutiny"]
    by_both = ("--source", "website", "--source", str(sources["app"]["id"]))
    added = run("destination", "add", "mutiny", "--name", "Second", "--disabled", *by_both, "--json").json()
    assert added["sources"] == ["app", "website"]
    assert not added["enabled"]


def test_lists_show_whole_write_keys(run: Run, workspace: Workspace) -> None:
    assert "website-write-key" in run("source", "list").out


def test_settings_can_come_from_stdin(run: Run, workspace: Workspace) -> None:
    words = ("destination", "add", "mutiny", "--name", "Second", "--settings-stdin", "--json")
    added = run(*words, stdin='{"apiKey": "from-standard-input"}').json()
    assert added["enabled"]
    assert added["settings"] == {"apiKey": "set, ends in nput", "endpoint": None}
    assert "not JSON" in run(*words, stdin="apiKey=x").err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("source add website", "already a source called 'website'"),
        ("source add Other --write-key website-write-key", "taken by another source"),
        ("destination add nowhere", "'nowhere' is not in the catalog; it has files, mutiny, s3"),
        ("destination add mutiny", "without API Key"),
        ("destination add mutiny --setting apiKey", "has no '='"),
        ("destination add mutiny --setting colour=red", "no setting 'colour'"),
        ("destination add mutiny --source nope", "there is no source 'nope'; there is: 'app'"),
        ("source list --workspace nope", "there is no workspace 'nope'; there is: 'Tests'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(run: Run, workspace: Workspace, words: str, complaint: str) -> None:
    done = run(*words.split())
    assert (done.code, done.out) == (1, "")
    assert complaint in done.err
    assert done.err.startswith("pitcairn: ")


def test_without_a_workspace_nothing_can_be_listed(run: Run) -> None:
    done = run("source", "list")
    assert done.code == 1
    assert "pitcairn user add" in done.err


def test_a_workspace_is_chosen_by_name_or_made(run: Run, workspace: Workspace) -> None:
    assert run("source", "add", "First", "--workspace", "New one", "--json").json()["id"]
    made = run("source", "list", "--workspace", "New one", "--json").json()["sources"]
    assert [source["name"] for source in made] == ["First"]
    ours = run("source", "list", "--workspace", str(workspace.id), "--json").json()["sources"]
    assert [source["name"] for source in ours] == ["app", "website"]


def test_secrets_are_in_no_output(run: Run, workspace: Workspace) -> None:
    for words in (("destination", "list"), ("destination", "list", "--json")):
        assert SECRET not in run(*words).out


def test_what_senders_wrote_is_shown_as_it_is(run: Run, workspace: Workspace) -> None:
    create_source(workspace_id=workspace.id, name="[red]not markup[/red]")
    assert "[red]not markup[/red]" in run("source", "list").out
