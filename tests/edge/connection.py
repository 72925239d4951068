"""A keep-alive connection that sends any bytes at all, and reads what comes back."""

from __future__ import annotations

import contextlib
import json
import socket
from dataclasses import dataclass
from typing import Any

from server import PATIENCE_SECONDS


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """Opened when it is first needed, and again when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._read = self._sent = b""
        self._is_new = True

    def send(self, data: bytes) -> None:
        """Sends a request. The server may answer before it has all of it, and close: then the rest goes nowhere."""
        self._sent, self._is_new = data, self._socket is None
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=PATIENCE_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._read = b""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def receive(self, *, head: bool = False) -> Reply | None:
        """The next answer; None when the server closed without one. `head` answers have no body."""
        if self._socket is not None and not self._is_new and not self._read and not self._more():
            # It was idle for too long, and the server closed it just as we sent: every client sends again then.
            self.send(self._sent)
        lines = self._until(b"\r\n\r\n")
        if lines is None:
            return None
        first, *rest = lines.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        body = b"" if head else self._body(headers)
        if headers.get("connection") == "close":
            self.close()
        return Reply(int(first.split(" ")[1]), headers, body)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self._exactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int(self._until(b"\r\n") or b"0", 16):
            body += self._exactly(size + 2)[:-2]
        self._exactly(2)
        return body

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._read:
            if not self._more():
                return None
        found, _, self._read = self._read.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size and self._more():
            pass
        found, self._read = self._read[:size], self._read[size:]
        return found

    def _more(self) -> bool:
        assert self._socket is not None
        try:
            part = self._socket.recv(65_536)
        except ConnectionError:
            part = b""
        except TimeoutError as error:
            error.add_note(f"No answer to {self._sent[:500]!r}")
            raise
        if not part:
            self.close()
        self._read += part
        return bool(part)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
