"""The install code is run as it stands: what somebody copies has to work."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pitcairn.connections.install_code import Example, examples
from server import PATIENCE_SECONDS, WRITE_KEYS, Server, unique

ROOT = Path(__file__).parents[2]


@pytest.fixture
def user_id() -> str:
    return unique("install-")


def example(server: Server, kind: str, key: str, user_id: str) -> str:
    """The code of one example, with a user of this test's own in place of the made-up one."""
    found: dict[str, Example] = {one.key: one for one in examples(server.url, WRITE_KEYS["website"], kind)}
    assert "user-1" in found[key].code
    return found[key].code.replace("user-1", user_id)


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def arrived(server: Server, user_id: str, *, identified: bool = True) -> None:
    server.settle()
    found = server.events(search=user_id)["messages"]
    assert [one["event"] for one in found if one["type"] == "track"] == ["Clicked Login Button"]
    if identified:
        assert [one["traits"] for one in found if one["type"] == "identify"] == [{"company": {"employee_count": 40}}]


def test_python(server: Server, user_id: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(example(server, "server", "python", user_id))
    run([sys.executable, "example.py"], tmp_path)
    arrived(server, user_id)


def test_node(server: Server, user_id: str, tmp_path: Path) -> None:
    (tmp_path / "example.mjs").write_text(example(server, "server", "node", user_id))
    (tmp_path / "node_modules").symlink_to(ROOT / "browser/node_modules")
    run(["node", "example.mjs"], tmp_path)
    arrived(server, user_id)


def test_by_hand(server: Server, user_id: str) -> None:
    command, address, *options = shlex.split(example(server, "browser", "curl", user_id).replace("\\\n", ""))
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert (command, address, set(given)) == ("curl", f"{server.url}/v1/track", {"--header", "--data"})
    name, value = given["--header"].split(": ")
    answer = server.request("POST", "/v1/track", given["--data"].encode(), {name: value})
    assert answer.status == 200
    arrived(server, user_id, identified=False)


def test_the_shim_cannot_end_its_own_script() -> None:
    code = examples("https://p.example", "key", "browser", shim='alert("</script>")')[0].code
    assert code.count("</script>") == 1


def test_the_tag_is_there(server: Server) -> None:
    code = examples(server.url, WRITE_KEYS["website"], "browser")[0].code
    address = code.split('"')[1]
    answer = server.request("GET", address.removeprefix(server.url))
    assert answer.status == 200
    assert "javascript" in answer.headers["content-type"]
