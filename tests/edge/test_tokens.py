"""OAuth: `POST /token` and bearer tokens, as Segment's server libraries use them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from pitcairn.connections.oauth_apps import ConfiguredApp
from pitcairn.edge.tokens import ASSERTION_TYPE, SCOPE, TokenKey
from server import WRITE_KEYS, Answer, Server, unique

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def app_of(server: Server) -> dict[str, str]:
    found: dict[str, str] = json.loads((server.data / "oauth-app.json").read_text())
    return found


def assertion(server: Server, *, headers: dict[str, Any] | None = None, key: str = "", **claims: Any) -> str:
    """Signed now. Claims that are numbers are seconds from now; those that are None are left out."""
    app = app_of(server)
    now = int(time.time())
    given = {
        "iss": app["client_id"], "sub": app["client_id"], "aud": server.url, "iat": -5, "exp": 55, "jti": unique(), **claims,
    }  # fmt: skip
    given = {
        name: now + value if isinstance(value, int) else value for name, value in given.items() if value is not None
    }
    return jwt.encode(given, key or app["private_key"], "RS256", {"kid": app["key_id"], **(headers or {})})


def ask(server: Server, **fields: str) -> Answer:
    form = {
        "grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "scope": SCOPE, **fields,
    }  # fmt: skip
    return server.request("POST", "/token", urlencode(form).encode(), FORM)


def token_of(server: Server) -> str:
    answer = ask(server, client_assertion=assertion(server))
    assert answer.status == 200, answer
    found: str = answer.json()["access_token"]
    return found


def test_statement_10_a_valid_assertion_is_answered_with_a_token(server: Server) -> None:
    answer = ask(server, client_assertion=assertion(server))
    assert answer.status == 200
    said = answer.json()
    assert said.pop("access_token")
    assert said == {"token_type": "Bearer", "scope": "tracking_api:write", "expires_in": 24 * 3600}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["date"]  # the libraries tell by it how far their clock is off


def test_statement_9_a_token_and_a_write_key_authenticate(server: Server) -> None:
    token, messages = token_of(server), [unique(), unique()]
    bearer = {"Authorization": f"Bearer {token}"}
    call = {"type": "track", "userId": "u", "event": "E"}
    server.send("/v1/track", {**call, "messageId": messages[0]}, source="tokens", headers=bearer)
    server.send("/v1/batch", {"batch": [{**call, "messageId": messages[1]}]}, source="tokens", headers=bearer)
    for message_id in messages:
        assert server.message(message_id)["pitcairn"]["source"] == "tokens"


@pytest.mark.parametrize("server_name", ["https://oauth2.segment.io", "https://oauth2.eu1.segmentapis.com"])
def test_an_assertion_may_name_segments_own_server(server: Server, server_name: str) -> None:
    assert ask(server, client_assertion=assertion(server, aud=server_name)).status == 200


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"aud": "https://elsewhere.example.com"}, "Audience"),
        ({"exp": -120}, "expired"),
        ({"exp": 3600}, "longer than 60 s"),
        ({"iat": 3600, "exp": 3650}, "iat"),
        ({"sub": "another"}, "sub"),
        ({"jti": None}, "jti"),
        ({"exp": None}, "exp"),
        ({"sub": None}, "sub"),
    ],
)
def test_an_assertion_that_says_something_else_is_refused(server: Server, claims: dict[str, Any], says: str) -> None:
    answer = ask(server, client_assertion=assertion(server, **claims))
    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")
    assert says in answer.json()["message"]


def test_an_assertion_that_somebody_else_made_is_refused(server: Server) -> None:
    app = app_of(server)
    parts = assertion(server).split(".")
    unsigned = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": app["key_id"]}).encode()).rstrip(b"=").decode()
    )
    by_secret = jwt.encode({"sub": app["client_id"]}, app["client_id"] * 3, "HS256", {"kid": app["key_id"]})
    for given in (
        assertion(server, headers={"kid": "another"}),
        f"{parts[0]}.{parts[1]}.{'A' * len(parts[2])}",
        f"{unsigned}.{parts[1]}.",
        by_secret,
        "none",
        "",
    ):
        answer = ask(server, client_assertion=given)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client"), given


def test_an_assertion_gives_one_token(server: Server) -> None:
    once = assertion(server)
    assert ask(server, client_assertion=once).status == 200
    again = ask(server, client_assertion=once)
    assert (again.status, again.json()["error"]) == (401, "invalid_client")
    assert "used before" in again.json()["message"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"scope": "public_api:read_write"}, "invalid_scope"),
    ],
)
def test_only_what_segment_documents_is_given(server: Server, fields: dict[str, str], error: str) -> None:
    answer = ask(server, client_assertion=assertion(server), **fields)
    assert (answer.status, answer.json()["error"]) == (400, error)


APP = ConfiguredApp(workspace_id=1, client_id="c", key_id="k", public_key="", token_seconds=60)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_counts_until_it_expires_its_app_goes_or_somebody_touches_it() -> None:
    clock = Clock()
    key = TokenKey("secret", clock)
    token = key.issue(APP)
    header = f"Bearer {token}".encode()
    apps = frozenset({"k"})
    assert key.problem(header, 1, apps) == ""
    assert key.problem(header.replace(b"Bearer", b"bearer"), 1, apps) == ""
    assert "another workspace" in key.problem(header, 2, apps)
    assert "removed" in key.problem(header, 1, frozenset())
    assert "not made here" in TokenKey("another", clock).problem(header, 1, apps)
    claims, code = token.split(".")
    longer = base64.urlsafe_b64encode(json.dumps(["k", 1, 9_999_999_999]).encode()).rstrip(b"=").decode()
    assert "not made here" in key.problem(f"Bearer {longer}.{code}".encode(), 1, apps)
    for broken in (
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic abc",
        b"Bearer a.b",
        b"Bearer \xff.\xff",
        f"Bearer {claims}".encode(),
    ):
        assert key.problem(broken, 1, apps), broken
    clock.now += 60
    assert "expired" in key.problem(header, 1, apps)


def test_a_token_is_no_write_key(server: Server) -> None:
    bearer = {"Authorization": f"Bearer {token_of(server)}"}
    answer = server.post("/v1/track", {"userId": "u", "event": "E"}, source=None, headers=bearer)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_write_key")
    assert WRITE_KEYS["tokens"].encode() not in answer.body
