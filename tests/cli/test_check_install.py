"""`pitcairn check-install`, on a website that runs here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.conftest import Installation
from server import WRITE_KEYS

LOCAL = {"PITCAIRN_DELIVERY_NETWORKS": "127.0.0.0/8, ::1"}
HEAD = '<head>{before}<script src="/shim.js" data-pitcairn-host="/pitcairn" data-write-key="{key}"></script></head>'


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        key = WRITE_KEYS["website"]
        pages = {
            "/right": ("text/html", HEAD.format(before="", key=key)),
            "/late": ("text/html", HEAD.format(before="<link rel=stylesheet href=x>", key="another")),
            f"/pitcairn/tag/{key}.js": ("text/javascript", "1"),
        }
        kind, body = pages.get(self.path, ("text/plain", "nothing"))
        self.send_response(200 if self.path in pages else 404)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def website() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_page_is_read_and_judged(installation: Installation, website: str) -> None:
    right = installation.run("check-install", f"{website}/right", "--json", **LOCAL).json()
    assert right["right"], right
    assert [one["what"] for one in right["findings"]] == ["installed", "write key", "place", "policy", "reachable"]
    late = installation.run("check-install", f"{website}/late", **LOCAL)
    assert late.code == 0, late.err
    assert "WRONG  write key: No enabled website has the write key 'another'" in late.out
    assert "WRONG  place: 1 style sheets or scripts stand before it" in late.out
    assert "WRONG  reachable:" in late.out
    assert "it answered 404" in late.out


def test_what_cannot_be_read_is_said(installation: Installation, website: str) -> None:
    gone = installation.run("check-install", f"{website}/gone", **LOCAL)
    assert (gone.code, gone.out) == (1, "")
    assert "answered 404" in gone.err
    private = installation.run("check-install", f"{website}/right")
    assert private.code == 1
    assert "127.0.0.1" in private.err
