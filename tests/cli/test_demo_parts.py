"""The demo website's server and the people who visit it, without a network."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pitcairn.demo.site import SITE_FOLDER, application
from pitcairn.demo.visitors import CONTROL_RATE, PERSONALIZED_RATE, visitor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "inner").mkdir(parents=True)
    (site / "index.html").write_text("<h1>Home</h1>")
    (site / "pricing.html").write_text("<h1>Pricing</h1>")
    (site / "inner" / "index.html").write_text("<h1>Inner</h1>")
    (site / ".hidden").write_text("hidden")
    (tmp_path / "secret.html").write_text("secret")
    (site / "link.html").symlink_to(tmp_path / "secret.html")
    return site


def ask(
    folder: Path, path: str, *, host: str = "http://pitcairn.test", asked: str = "shop.test:8001", method: str = "GET"
) -> tuple[int, dict[str, str], str]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"host", asked.encode("latin-1"))]}
    asyncio.run(application(folder, host, "key</script>")(scope, receive, send))  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]).decode()


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Home"),
        ("/index.html", "Home"),
        ("/pricing", "Pricing"),
        ("/pricing.html", "Pricing"),
        ("/inner/", "Inner"),
    ],
)
def test_pages_are_found(folder: Path, path: str, title: str) -> None:
    status, headers, page = ask(folder, path)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert title in page


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../secret.html",
        "/../secret",
        "//etc/passwd",
        "/.hidden",
        "/inner/../../secret.html",
        "/link",
        "/\0",
        f"/{'x' * 5_000}",
    ],
)
def test_nothing_outside_the_folder_is_found(folder: Path, path: str) -> None:
    status, _, page = ask(folder, path)
    assert status == 404
    assert "secret" not in page


def test_it_is_only_for_reading(folder: Path) -> None:
    assert ask(folder, "/", method="POST")[0] == 405


def test_pages_may_talk_to_pitcairn_and_nobody_else(folder: Path) -> None:
    _, headers, _ = ask(folder, "/")
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' http://pitcairn.test"
    assert policy["connect-src"] == "http://pitcairn.test"
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("localhost:8001", "http://localhost:8000"),
        ("192.168.1.5:8001", "http://192.168.1.5:8000"),
        ("[::1]:8001", "http://[::1]:8000"),
        ("shop.test", "http://shop.test:8000"),
        ("x; script-src *", "http://localhost:8000"),
        ('a"};alert(1)//', "http://localhost:8000"),
        ("[broken", "http://localhost:8000"),
    ],
)
def test_a_port_means_that_port_of_the_machine_that_was_asked(folder: Path, asked: str, expected: str) -> None:
    _, headers, config = ask(folder, "/config.js", host=":8000", asked=asked)
    assert f'"host": "{expected}"' in config
    assert f"connect-src {expected};" in headers["content-security-policy"]


def test_config_cannot_end_a_script(folder: Path) -> None:
    assert "</script>" not in ask(folder, "/config.js")[2]


def test_the_repository_has_the_website() -> None:
    assert (SITE_FOLDER / "index.html").is_file()


def test_the_same_seed_is_the_same_visitor() -> None:
    one, same, other = visitor("a", 7), visitor("a", 7), visitor("b", 7)
    assert (one.anonymous_id, one.user_id, one.traits, one.luck) == (
        same.anonymous_id, same.user_id, same.traits, same.luck,
    )  # fmt: skip
    assert one.anonymous_id != other.anonymous_id


def test_visitors_are_who_they_say() -> None:
    people = [visitor("mix", number) for number in range(2_000)]
    kinds = Counter(person.kind for person in people)
    assert kinds["small"] > kinds["anonymous"] > kinds["large"] > 0
    for person in people:
        if person.kind == "anonymous":
            assert (person.user_id, person.traits) == ("", {})
        else:
            assert (person.traits["company"]["employee_count"] < 200) == (person.kind == "small")
    assert len({person.anonymous_id for person in people}) == len(people)


def test_conversion_rates_are_the_true_ones() -> None:
    people = [visitor("rates", number) for number in range(20_000)]
    for personalized, rate in ((True, PERSONALIZED_RATE), (False, CONTROL_RATE)):
        share = sum(person.converts(personalized=personalized) for person in people) / len(people)
        # Five standard deviations: the seed is fixed, so this cannot come out otherwise another day.
        assert abs(share - rate) < 5 * (rate * (1 - rate) / len(people)) ** 0.5
