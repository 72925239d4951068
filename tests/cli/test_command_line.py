"""The command line itself: options, exit codes, where output goes."""

import argparse

import pytest

from pitcairn.cli import build_parser, main
from pitcairn.commands import COMMANDS, STORE_COMMANDS


def test_every_command_of_the_promise_is_there() -> None:
    assert {command.words for command in COMMANDS} == {
        "serve", "migrate", "user add", "source add", "source list", "destination add", "destination list",
        "audience add", "audience list", "audience show",
        "demo seed", "demo traffic", "demo site", "results", "events", "profile show", "profile export", "profile delete", "status",
        "export", "apply", "check-install",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--data", "here", "source", "list"),
        ("source", "--json", "--data", "here", "list"),
        ("source", "list", "--json", "--data", "here"),
        ("--data", "here", "source", "list", "--json"),
    ],
)
def test_json_and_data_may_stand_before_or_after_the_command(words: tuple[str, ...]) -> None:
    arguments = build_parser().parse_args(words)
    assert (arguments.json, arguments.data, arguments.command.words) == (True, "here", "source list")


def test_without_them_neither_is_set() -> None:
    arguments = build_parser().parse_args(["status"])
    assert not hasattr(arguments, "data")
    assert not getattr(arguments, "json", False)


def test_roles_may_be_given_together_or_one_by_one() -> None:
    parser = build_parser()
    assert parser.parse_args(["serve", "--role", "edge", "worker"]).role == ["edge", "worker"]
    assert parser.parse_args(["serve", "--role", "edge", "--role", "worker"]).role == ["edge", "worker"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "COMMAND"),
        (("paint",), "paint"),
        (("source",), "COMMAND"),
        (("source", "add"), "NAME"),
        (("serve", "--role", "king"), "king"),
        (("serve", "--port", "many"), "many"),
        (("serve", "--port", "70000"), "from 0 to 65,535"),
        (("events", "--limit", "all"), "all"),
        (("events", "--limit", "0"), "from 1 to 100,000"),
        (("events", "--limit", "-1"), "from 1 to 100,000"),
        (("demo", "traffic", "--visitors", "0"), "from 1 to 1,000,000"),
        (("user", "add", "a@example.com", "--role", "king"), "king"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(words)
    assert ending.value.code == 2
    output = capsys.readouterr()
    assert complaint in output.err
    assert output.out == ""


def test_version_is_printed_without_touching_a_data_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["--version"])
    assert ending.value.code == 0
    assert capsys.readouterr().out.startswith("pitcairn ")


def test_every_command_explains_itself_and_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ending:
            main([*command.words.split(), "--help"])
        assert ending.value.code == 0
        assert command.summary.split(":")[0] in " ".join(capsys.readouterr().out.split())
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        unexplained = [action.dest for action in parser._actions if not action.help]
        assert unexplained == [], command.words


def test_store_commands_are_those_that_ask_the_event_store() -> None:
    assert set(STORE_COMMANDS) == {"migrate", "events", "results", "profile", "export", "status"}
