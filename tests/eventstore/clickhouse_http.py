"""A small ClickHouse server for tests: the HTTP interface in front of the embedded engine, in a process of its own.

    python clickhouse_http.py FOLDER [--port N] [--user NAME --password TEXT]

It answers what an HTTP client sends to ClickHouse: the query in the URL or the body or both, `param_x` values in the URL
or, with the query, in a form; settings and the database in the URL, Basic authentication, `X-ClickHouse-…` headers, and
errors with their code in a header. GET is read-only, as there. It prints `listening on PORT` when it is ready and ends
when its standard input ends, so that it cannot outlive the test that started it.
"""

import argparse
import base64
import json
import re
import sys
import threading
import uuid
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

# Read by the interface itself; everything else in the URL is a setting.
INTERFACE_PARAMETERS = {
    "buffer_size",
    "client_protocol_version",
    "compress",
    "database",
    "decompress",
    "default_format",
    "password",
    "query",
    "query_id",
    "quota_key",
    "role",
    "session_check",
    "session_id",
    "session_timeout",
    "user",
    "wait_end_of_query",
}
AUTHENTICATION_FAILED = 516
STATUS_OF_CODE = {60: 404, 81: 404, 62: 400, AUTHENTICATION_FAILED: 403}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body are two writes; without this the second waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n", {})
        else:
            self._run(b"", readonly=True)

    def do_POST(self) -> None:
        self._run(self.rfile.read(int(self.headers.get("Content-Length") or 0)), readonly=False)

    def _run(self, body: bytes, *, readonly: bool) -> None:
        url = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        kind = self.headers.get("Content-Type") or ""
        if kind.startswith("multipart/form-data"):
            url |= form_fields(kind, body)
            body = b""
        headers = {
            "X-ClickHouse-Query-Id": url.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Server-Display-Name": "test",
        }
        try:
            self._authenticate()
            in_url = url.get("query", "").encode()
            query = in_url + b"\n" + body if in_url and body else in_url or body
            result = self._execute(query, url, readonly=readonly)
        except Exception as error:
            found = re.search(r"Code: (\d+)", str(error))
            code = int(found.group(1)) if found else 1002
            headers["X-ClickHouse-Exception-Code"] = str(code)
            self._answer(STATUS_OF_CODE.get(code, 500), f"{error}\n".encode(), headers)
            return
        data = bytes(result.bytes() or b"")
        form = re.search(rb"\bFORMAT\s+(\w+)\s*;?\s*$", query, re.IGNORECASE)
        if data or form:
            headers["X-ClickHouse-Format"] = form.group(1).decode() if form else "TabSeparated"
        headers["X-ClickHouse-Summary"] = json.dumps(
            {"read_rows": str(result.rows_read()), "read_bytes": str(result.bytes_read())}
        )
        self._answer(200, data, headers)

    def _authenticate(self) -> None:
        wanted = base64.b64encode(f"{self.server.user}:{self.server.password}".encode()).decode()
        if self.server.user and self.headers.get("Authorization") != f"Basic {wanted}":
            raise PermissionError(
                f"Code: {AUTHENTICATION_FAILED}. DB::Exception: Authentication failed: password is incorrect, or there "
                "is no user with such name. (AUTHENTICATION_FAILED)"
            )

    def _execute(self, query: bytes, url: dict[str, str], *, readonly: bool) -> Any:
        parameters = {name.removeprefix("param_"): value for name, value in url.items() if name.startswith("param_")}
        connection = chdb.connect(self.server.folder)
        try:
            if url.get("database"):
                connection.query("USE `" + url["database"].replace("`", "\\`") + "`")
            for name, value in url.items():
                if name not in INTERFACE_PARAMETERS and not name.startswith("param_"):
                    if not re.fullmatch(r"\w+", name):
                        raise ValueError(f"Code: 115. DB::Exception: Unknown setting '{name}'. (UNKNOWN_SETTING)")
                    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                    connection.query(f"SET {name} = '{quoted}'")
            if readonly:
                connection.query("SET readonly = 2")
            return connection.query(query, "TabSeparated", params=parameters)
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def form_fields(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a form: how a client sends what is too long for a URL."""
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields = {}
    for part in form.walk():
        name = part.get_param("name", header="Content-Disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode()
    return fields


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: str, port: int, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.folder, self.user, self.password = folder, user, password


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    # Held open, because the engine ends with its last connection.
    engine = chdb.connect(options.folder)
    server = Server(options.folder, options.port, options.user, options.password)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"listening on {server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    engine.close()


if __name__ == "__main__":
    main()
