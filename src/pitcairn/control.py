"""How the command line asks a running server for what only the server can reach: the embedded event store.

A server writes `control.json` into its data folder, readable by its owner alone: where it listens and a token. Whoever can
read that file could read the stores as well.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings

from pitcairn.edge.requests import BodyTooLarge, ClientGone, read_body
from pitcairn.edge.responses import Receive, Scope, Send, send_error, send_json
from pitcairn.eventstore import EventStore

_REQUEST_BYTES = 64 * 1024
_TIMEOUT_SECONDS = 120


class CommandFailed(Exception):
    """The command could not be carried out; the text says why."""


class ServerGone(CommandFailed):
    """Nothing listens where the server was announced."""


class _Request(msgspec.Struct):
    command: str
    arguments: dict[str, Any]


class _Address(msgspec.Struct):
    url: str
    token: str
    pid: int


class ControlRoom:
    """The server's side: runs the commands of `pitcairn.commands.STORE_COMMANDS` for whoever has the token."""

    def __init__(self) -> None:
        self.store: EventStore | None = None
        self.token = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if self.store is None or not hmac.compare_digest(given, b"Bearer " + self.token.encode()):
            await send_error(send, 404, "not_found", "There is nothing at /control", [])
            return
        try:
            request = msgspec.json.decode(await read_body(receive, _REQUEST_BYTES, b""), type=_Request)
            result = await sync_to_async(run_here)(request.command, request.arguments, self.store)
        except ClientGone:
            return
        except (BodyTooLarge, msgspec.DecodeError) as error:
            await send_error(send, 400, "invalid_request", str(error), [])
        except CommandFailed as error:
            await send_error(send, 422, "command_failed", str(error), [])
        else:
            await send_json(send, 200, msgspec.json.encode(result), [])


def run_here(command: str, arguments: dict[str, Any], store: EventStore) -> dict[str, Any]:
    """Runs a command in this process. Raises `CommandFailed`."""
    # The composition: commands know features, features do not know commands.
    from pitcairn.commands import STORE_COMMANDS, CommandError  # noqa: PLC0415
    from pitcairn.commands.errors import readable  # noqa: PLC0415

    function = STORE_COMMANDS.get(command)
    if function is None:
        raise CommandFailed(f"There is no command {command!r}; there are {', '.join(sorted(STORE_COMMANDS))}")
    try:
        with readable():
            return function(arguments, store)
    except CommandError as error:
        raise CommandFailed(str(error)) from error


def call(command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Runs a command where the event store is: in the running server, or here when none has it. Raises `CommandFailed`."""
    if settings.EVENTS_URL.startswith("chdb:"):
        address = _running_server()
        if address is not None:
            try:
                return _ask(address, command, arguments)
            except ServerGone:
                pass  # Killed, and another process has its number now. If it does live, the store says that it is taken.
    store = EventStore.open(settings.EVENTS_URL)
    try:
        store.migrate()
        return run_here(command, arguments, store)
    finally:
        store.close()


def _ask(address: _Address, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    request = Request(  # noqa: S310 - the address is the one our own server wrote
        f"{address.url}/control",
        json.dumps({"command": command, "arguments": arguments}).encode(),
        {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            result: dict[str, Any] = json.load(response)
            return result
    except HTTPError as error:
        with contextlib.suppress(ValueError, KeyError):
            raise CommandFailed(json.load(error)["message"]) from error
        raise CommandFailed(f"The running server answered {error.code}") from error
    except URLError as error:
        failure = ServerGone if isinstance(error.reason, ConnectionRefusedError) else CommandFailed
        raise failure(f"The running server (process {address.pid}) does not answer: {error.reason}") from error


def _path() -> Path:
    return Path(settings.DATA) / "control.json"


def announce(url: str, token: str) -> None:
    """Writes down where this process's server is to be reached."""
    path = _path()
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(_Address(url, token, os.getpid())))


def withdraw() -> None:
    """Removes this process's announcement."""
    address = _read()
    if address is not None and address.pid == os.getpid():
        _path().unlink(missing_ok=True)


def _read() -> _Address | None:
    try:
        return msgspec.json.decode(_path().read_bytes(), type=_Address)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _running_server() -> _Address | None:
    """The announced server, if its process lives. A server that was killed leaves its announcement behind."""
    address = _read()
    if address is None:
        return None
    try:
        os.kill(address.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return address
