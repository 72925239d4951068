"""The demo: seeded once, a website that can be personalized, and traffic whose results can be checked."""

import http.client
import json
import re
import stat
from urllib.parse import urlencode

import pytest

from cli.conftest import Installation
from server import PATIENCE_SECONDS, NewServer, Server, free_port, unique

EXPERIENCE = "Corporate Website Experiment"
VISITORS = 60


@pytest.fixture
def demo(new_server: NewServer) -> tuple[Server, int]:
    port = free_port("127.0.0.1")
    return new_server("--demo", "--demo-port", str(port)), port


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode()
    finally:
        connection.close()


def sign_in(server: Server, email: str, password: str) -> bool:
    """Whether the dashboard lets them in."""
    page = server.request("GET", "/sign-in/")
    cookie = page.headers["set-cookie"].partition(";")[0]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())
    assert token, page.body
    form = {"csrfmiddlewaretoken": token[1], "email": email, "password": password}
    answer = server.request(
        "POST",
        "/sign-in/",
        urlencode(form).encode(),
        {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie},
    )
    return answer.status == 302 and "pitcairn_session" in answer.headers.get("set-cookie", "")


@pytest.mark.slow
def test_demo_from_seed_to_results(demo: tuple[Server, int]) -> None:
    server, site_port = demo

    # Seeding again finds everything there.
    seeded = server.run("demo", "seed")
    assert seeded["made"] == []
    assert seeded["source"]["name"] == "Demo website"
    assert seeded["goal"] == "Clicked Login Button"
    sources = server.run("source", "list", "--workspace", "Demo")["sources"]
    assert [(source["name"], source["destinations"]) for source in sources] == [("Demo website", ["Mutiny"])]

    # The password is this installation's own, and only its owner can read it.
    file = server.data / "initial-password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() == seeded["password"]
    assert sign_in(server, seeded["email"], seeded["password"])
    assert not sign_in(server, seeded["email"], "not the password")

    # The website knows where Pitcairn is, under whatever name it is asked for.
    write_key = seeded["source"]["writeKey"]
    for host in ("127.0.0.1", "localhost"):
        status, headers, config = get(site_port, "/config.js", host)
        assert status == 200
        assert json.loads(config.removeprefix("window.demo=").rstrip(";\n")) == {
            "host": f"http://{host}:{server.port}",
            "writeKey": write_key,
        }
        assert f"script-src 'self' http://{host}:{server.port};" in headers["content-security-policy"]
    status, headers, page = get(site_port, "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1" in page
    assert "unsafe" not in headers["content-security-policy"]

    # What the traffic says it did is what the results say.
    seed = unique()
    words = ("demo", "traffic", "--visitors", str(VISITORS), "--seed", seed, "--host", server.url)
    traffic = server.run(*words)
    assert traffic["visitors"] == VISITORS == sum(traffic["kinds"].values())
    server.send("/v1/track", {"messageId": f"last-{seed}", "event": "Last", "anonymousId": "x"})
    server.message(f"last-{seed}")
    (expected,) = traffic["experiences"]
    assert expected["experience"] == EXPERIENCE
    assert expected["personalized"]["visitors"] + expected["control"]["visitors"] == traffic["kinds"]["small"]
    results = server.run("results", EXPERIENCE, "--workspace", "Demo")
    (goal,) = results["goals"]
    for arm in ("personalized", "control"):
        found = {name: goal[arm][name] for name in ("visitors", "converted")}
        assert found == expected[arm]

    # Each message counts once, however often it was sent.
    sent = traffic["messages"]
    assert sent["sentAgain"] > 0
    events = server.events(workspace="Demo", limit=5_000)
    assert len(events["messages"]) == len({message["messageId"] for message in events["messages"]})
    stored = [message["type"] for message in events["messages"]]
    assert stored.count("identify") == sent["identify"] == traffic["kinds"]["small"] + traffic["kinds"]["large"]
    assert stored.count("page") == sent["page"]
    assert stored.count("track") == sent["track"]

    # The same seed is the same people: they come again, and nobody is counted twice.
    again = server.run(*words)
    assert again["kinds"] == traffic["kinds"]
    server.send("/v1/track", {"messageId": f"again-{seed}", "event": "Last", "anonymousId": "x"})
    server.message(f"again-{seed}")
    (goal,) = server.run("results", EXPERIENCE, "--workspace", "Demo")["goals"]
    assert {arm: goal[arm]["visitors"] for arm in ("personalized", "control")} == {
        arm: expected[arm]["visitors"] for arm in ("personalized", "control")
    }


def test_traffic_says_when_nobody_is_there(installation: Installation) -> None:
    nowhere = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    done = installation.run("demo", "traffic", "--visitors", "3", "--write-key", "website-write-key", "--host", nowhere)
    assert (done.code, done.out) == (1, "")
    assert f"{nowhere} cannot be reached" in done.err
    assert "pitcairn serve" in done.err


def test_traffic_needs_a_source(installation: Installation) -> None:
    done = installation.run("demo", "traffic")
    assert (done.code, done.out) == (1, "")
    assert "pitcairn demo seed" in done.err
