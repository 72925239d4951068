"""Serves the demo website: the files of `demo/`, and `/config.js`, which tells its pages where Pitcairn is.

The Content-Security-Policy is as strict as a careful site's: no inline script, no eval, nothing from anywhere else.
What Pitcairn puts on the pages has to work under it.
"""

import json
import mimetypes
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

SITE_FOLDER = Path(__file__).resolve().parents[3] / "demo"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


def policy(host: str) -> str:
    """The Content-Security-Policy: the site itself, and Pitcairn for the tag and for what it sends."""
    return (
        f"default-src 'none'; script-src 'self' {host}; connect-src {host}; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def application(site_folder: Path, host: str, write_key: str) -> Application:
    """The website as an ASGI application.

    `host` is Pitcairn's address; when it is only a port (`:8000`), it is that port of the machine the visitor asked,
    so that the website works under every name the machine has. Raises FileNotFoundError where there is no website.
    """
    root = site_folder.resolve()
    if not (root / "index.html").is_file():
        raise FileNotFoundError(
            f"{root} has no index.html: the demo website comes with the repository, not with the package"
        )

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            return
        pitcairn = _address(host, scope)
        if scope["method"] not in {"GET", "HEAD"}:
            await _respond(send, 405, b"This website is only for reading.\n", "text/plain", pitcairn)
        elif scope["path"] == "/config.js":
            config = json.dumps({"host": pitcairn, "writeKey": write_key}).replace("</", "<\\/")
            await _respond(send, 200, f"window.demo={config};\n".encode(), TYPES[".js"], pitcairn)
        else:
            await _file(scope, send, root, pitcairn)

    return answer


async def _file(scope: Scope, send: Send, root: Path, pitcairn: str) -> None:
    path = _found(root, scope["path"])
    if path is None:
        await _respond(send, 404, b"There is no such page.\n", "text/plain", pitcairn)
        return
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    await _respond(send, 200, path.read_bytes(), kind, pitcairn)


def _found(root: Path, asked: str) -> Path | None:
    """The file for a path of the website. What leads out of the folder, or hides in it, is not there."""
    try:
        path = root / asked.lstrip("/")  # ASGI gives the path unquoted
        if path.is_dir():
            path /= "index.html"
        elif not path.suffix:
            path = path.with_suffix(".html")
        path = path.resolve()
        inside = path.is_relative_to(root) and not any(part.startswith(".") for part in path.relative_to(root).parts)
        return path if inside and path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


async def _respond(send: Send, status: int, body: bytes, kind: str, pitcairn: str) -> None:
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", policy(pitcairn).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"strict-origin-when-cross-origin"),
            (b"cache-control", b"no-cache"),
        ],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _address(host: str, scope: Scope) -> str:
    if not host.startswith(":"):
        return host.rstrip("/")
    asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    try:
        name = urlsplit(f"//{unquote(asked)}").hostname or ""
    except ValueError:
        name = ""
    # What is sent in a header must not be able to write into the policy or the script.
    if not name or not all(character.isalnum() or character in ".-:" for character in name):
        name = "localhost"
    return f"http://{f'[{name}]' if ':' in name else name}{host}"
