"""Runs a command with DATABASE_URL on a PostgreSQL server of its own, which is gone afterwards.

    python scripts/with_postgresql.py COMMAND [ARGUMENT …]

The server listens on a Unix socket in a temporary folder only, so that it collides with nothing. PostgreSQL refuses to
run as root; where this is root, the server runs as the user `postgres` of Debian's package, or else as `nobody`.
Exits with the command's own code.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

USER = "pitcairn"
START_SECONDS = 120


def programs() -> Path:
    """The folder with initdb and postgres: Debian keeps them out of the PATH, one folder per version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    sys.exit("PostgreSQL's server programs are not here. On Debian, as root: apt-get install postgresql")


def server_user() -> dict[str, Any]:
    """Arguments for subprocess that make the server run as somebody other than root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    sys.exit("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as.")


def start(folder: Path) -> subprocess.Popen[bytes]:
    run_as = server_user()
    if run_as:
        os.chown(folder, run_as["user"], run_as["group"])
        folder.chmod(0o755)  # this process connects through the socket in it
    where = programs()
    data, log = folder / "data", folder / "log"
    subprocess.run(
        [where / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, cwd=folder, stdout=subprocess.DEVNULL, **run_as,
    )  # fmt: skip
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "max_connections": "200",
        # The data does not outlive the command: what makes it survive a power cut would only cost time.
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [where / "postgres", "-D", data, *options],
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **run_as,
        )
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([where / "pg_isready", "-q", "-h", folder], check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)
    subprocess.run([where / "createdb", "-h", folder, "-U", USER, USER], check=True)
    return server


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit("usage: with_postgresql.py COMMAND [ARGUMENT …]")

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    folder = Path(tempfile.mkdtemp(prefix="pitcairn-postgresql-"))
    server = None
    try:
        server = start(folder)
        url = f"postgresql://{USER}@{quote(str(folder), safe='')}/{USER}"
        return subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}, check=False).returncode
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
