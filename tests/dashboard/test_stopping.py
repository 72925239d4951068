"""A live page does not keep the server from stopping."""

from __future__ import annotations

import http.client
import signal
import threading
from urllib.parse import urlencode

import pytest

from server import EMAIL, PASSWORD, PATIENCE_SECONDS, NewServer, Server

pytestmark = pytest.mark.slow


def session(server: Server) -> str:
    """The cookie of a signed-in member."""
    page = server.request("GET", "/sign-in/")
    token = page.body.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    body = urlencode({"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token}).encode()
    cookie = page.headers["set-cookie"].split(";")[0]
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    answer = server.request("POST", "/sign-in/", body, headers)
    assert answer.status == 302
    return answer.headers["set-cookie"].split(";")[0]


def test_the_server_stops_cleanly_while_somebody_watches(new_server: NewServer) -> None:
    server = new_server()
    cookie = session(server)
    watching = [http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE_SECONDS) for _ in range(3)]
    responses = []
    for connection in watching:
        connection.request("GET", "/connections/debugger/stream/", headers={"Cookie": cookie})
        responses.append(connection.getresponse())
        assert responses[-1].status == 200
        assert responses[-1].readline() == b": live\n"
    ended: list[bytes] = []
    readers = [
        threading.Thread(target=lambda response=response: ended.append(response.read())) for response in responses
    ]
    for reader in readers:
        reader.start()
    code = server.stop()
    for reader in readers:
        reader.join(PATIENCE_SECONDS)
    for connection in watching:
        connection.close()
    # Each stream came to its own end, and nothing had to be cut off: that would be an error in the log.
    assert len(ended) == len(watching)
    assert code in {0, -signal.SIGTERM}
    assert "graceful shutdown exceeded" not in server.log_text()
    assert not server.complaints(), server.log_text()
