"""Websites built with the frameworks of today: rendered on the server, taken over in the browser when their scripts come."""

from __future__ import annotations

import functools
import json
import mimetypes
import subprocess
from dataclasses import dataclass
from pathlib import Path

from browser.tag.servers import Gate, Website

APPS = Path(__file__).with_name("apps")
NEXT = APPS / "next/out"
NAMES = ("static", "react", "next", "vue", "svelte")
_PAGE = (
    '<!doctype html><html lang="en"><head><title>Test</title><script src="/install.js"></script></head>'
    '<body><div id="root">{}</div><script src="/app.js" async></script></body></html>'
)


@dataclass(frozen=True)
class File:
    body: bytes
    content_type: str
    takes_over: bool = False
    """A script of the framework's."""


@functools.cache
def website_files(name: str) -> dict[str, File]:
    """Everything that a website of this name serves, by path."""
    if name == "next":
        return _next_files()
    built = _built()["react" if name == "static" else name]
    page = File(_PAGE.format(built["html"]).encode(), "text/html; charset=utf-8")
    script = built["script"] if name != "static" else "window.hydrated = true"
    return {"/": page, "/second": page, "/app.js": File(script.encode(), "text/javascript", takes_over=True)}


def put(website: Website, name: str) -> Gate:
    """Makes it that website, with the shim installed. It is taken over once the gate that is returned is opened."""
    gate = Gate()
    gate.close()
    for path, file in website_files(name).items():
        website.file(path, file.body, file.content_type, gate if file.takes_over else None)
    website.installs_the_shim()
    return gate


@functools.cache
def _built() -> dict[str, dict[str, str]]:
    built = subprocess.run(["node", str(APPS / "build.mjs")], capture_output=True, text=True, check=True)
    found: dict[str, dict[str, str]] = json.loads(built.stdout)
    return found


def _next_files() -> dict[str, File]:
    if not NEXT.is_dir():
        raise FileNotFoundError(f"{NEXT} is missing; run `make .make/next`, which builds the website of Next.js")
    files = {}
    for path in NEXT.rglob("*"):
        if path.is_file():
            name = "/" + path.relative_to(NEXT).as_posix()
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            file = File(path.read_bytes(), kind, takes_over=name.endswith(".js"))
            files[name] = file
            if name.endswith(".html"):
                files[name.removesuffix("index.html").removesuffix(".html")] = file
    return files
