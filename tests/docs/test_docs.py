"""The documents say what there is: each command, option, setting, reason and destination, and nothing that is not."""

import re
import shlex
from argparse import ArgumentParser
from pathlib import Path

import pytest

from pitcairn.cli import build_parser
from pitcairn.commands import COMMANDS, Command
from pitcairn.connections.registry import catalog
from pitcairn.pipeline.routing import FilterReason
from pitcairn.wire.reasons import DropReason

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MANUAL = (DOCS / "command-line.md").read_text("utf-8")


def section(command: Command) -> str:
    """The part of the manual that is about this command."""
    found = re.search(rf"^## pitcairn {command.words}\b.*?(?=^## |\Z)", MANUAL, re.DOTALL | re.MULTILINE)
    assert found, f"docs/command-line.md has no section `## pitcairn {command.words}`"
    return found[0]


def options(command: Command) -> set[str]:
    parser = ArgumentParser(add_help=False)
    command.arguments(parser)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_every_option_of_a_command_is_in_the_manual_and_no_other(command: Command) -> None:
    named = set(re.findall(r"`(--[a-z-]+)", section(command)))
    assert options(command) - named == set()
    assert named - options(command) - {"--json", "--data"} == set()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_every_argument_of_a_command_is_in_the_manual(command: Command) -> None:
    parser = ArgumentParser(add_help=False)
    command.arguments(parser)
    heading = section(command).splitlines()[0]
    wanted = [str(action.metavar) for action in parser._actions if not action.option_strings]
    assert heading.split()[2 + len(command.words.split()) :] == wanted


def test_the_manual_has_no_command_that_is_not() -> None:
    headings = re.findall(r"^## pitcairn ([a-z -]+?)(?: [A-Z_:]+)?$", MANUAL, re.MULTILINE)
    assert sorted(headings) == sorted(command.words for command in COMMANDS)


def commands_in(document: Path) -> list[str]:
    """The lines in code blocks that call pitcairn."""
    blocks = re.findall(r"^ *```[a-z]*\n(.*?)^ *```", document.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"(\.venv/bin/)?pitcairn ", line)]


EXAMPLES = [(document, line) for document in DOCUMENTS for line in commands_in(document)]


@pytest.mark.parametrize(("document", "line"), EXAMPLES, ids=lambda value: getattr(value, "name", value))
def test_examples_are_commands_that_there_are(document: Path, line: str) -> None:
    words = shlex.split(re.sub(r"\$\([^)]*\)", "x", line), comments=True)
    assert build_parser().parse_args(words[1:]).command in COMMANDS


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


def test_every_setting_is_documented_and_no_other() -> None:
    code = (ROOT / "src" / "pitcairn" / "settings.py").read_text("utf-8")
    read = set(re.findall(r"(?:environ\.get|_flag)\(\"([A-Z_]+)\"", code))
    assert {"PITCAIRN_DATA", "DATABASE_URL", "EVENTS_URL"} <= read
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (DOCS / "configuration.md").read_text("utf-8"), re.MULTILINE))
    assert documented == read


def test_only_the_settings_read_the_environment() -> None:
    reads = re.compile(r"os\.(environ\b|getenv)")
    readers = {
        str(path.relative_to(ROOT / "src" / "pitcairn"))
        for path in (ROOT / "src" / "pitcairn").rglob("*.py")
        if reads.search(path.read_text("utf-8"))
    }
    # The command line writes PITCAIRN_DATA, before the settings read it.
    assert readers - {"settings.py", "cli.py"} == set()


def rows(document: str) -> dict[str, str]:
    """The first column of the tables of a document, with the second."""
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", (DOCS / document).read_text("utf-8"), re.MULTILINE))


def test_every_reason_to_refuse_a_message_is_documented_in_the_debuggers_words() -> None:
    assert rows("refused-messages.md") == {reason.value: reason.explanation for reason in DropReason}


def test_every_destination_is_documented_with_its_settings() -> None:
    text = (DOCS / "destinations.md").read_text("utf-8")
    for slug, entry in catalog().items():
        found = re.search(
            rf"^## {re.escape(entry.manifest.name)} \(`{slug}`\)$.*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE
        )
        assert found, f"docs/destinations.md has no section about {slug}"
        for field in entry.manifest.settings:
            assert f"{field.label} (`{field.key}`)" in found[0]


def test_every_reason_to_filter_a_message_is_documented() -> None:
    assert set(rows("destinations.md")) >= {reason.value for reason in FilterReason}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_document_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    front = [ROOT / "README.md"]
    while front:
        document = front.pop()
        seen.add(document)
        for target in re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", document.read_text("utf-8")):
            linked = (document.parent / target).resolve()
            if linked not in seen:
                front.append(linked)
    assert {path for path in DOCUMENTS if "adr" not in path.parts} - seen == set()


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"^ *make ([a-z-]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        assert named
        assert named <= targets


def test_every_word_of_the_interface_is_in_the_glossary_once() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE)
    each = [word.strip() for entry in words for word in entry.split(",")]
    assert len(each) == len(set(each))
    for word in ("visitor", "experience", "audience segment", "variation", "control", "exposure", "conversion"):
        assert word in each


def test_pictures_are_there_in_both_widths_and_schemes_and_small() -> None:
    text = (DOCS / "results.md").read_text("utf-8")
    shown = set(re.findall(r'(?:src|srcset)="pictures/([^"]+)"', text))
    assert shown == {
        f"{page}-{width}-{scheme}.webp"
        for page in ("results", "plan", "programme")
        for width in (360, 1440)
        for scheme in ("light", "dark")
    }
    there = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    assert set(there) == shown
    assert sum(there.values()) < 2_000_000
