"""Requests as fast as one server process answers them, from wrk (Debian's package): Python could not ask fast enough."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks import bodies
from benchmarks.load import KINDS

_POOL = 200
"""Different bodies wrk goes round. Their messageIds repeat then, which costs the edge the same."""


def rate(kind: str, url: str, *, connections: int, seconds: int) -> float:
    """Requests a second, answered 200. Raises when anything else was answered."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed; `apt-get install wrk`, then run the benchmark again")
    path, body = KINDS[kind]
    texts = ",\n".join("[==[" + body().decode() + "]==]" for _ in range(_POOL))
    script = (
        f"local bodies = {{{texts}}}\nlocal at = 0\n"
        f'local headers = {{["Content-Type"] = "text/plain", ["User-Agent"] = "{bodies.USER_AGENT}"}}\n'
        f'request = function() at = at % {_POOL} + 1; return wrk.format("POST", "{path}", headers, bodies[at]) end\n'
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "10s",
            "-s",
            str(Path(file.name)),
            url,
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{path} failed under load:\n{output}")
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert match is not None, output
    return float(match.group(1))
