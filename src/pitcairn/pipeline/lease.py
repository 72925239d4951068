"""The lease that makes one worker of several the one that works.

PostgreSQL: an advisory lock, which ends with the connection, so it is asked about each time. SQLite: a locked file, since the
data folder belongs to one machine.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

ADVISORY_LOCK = 7_140_294
"""An arbitrary number that names the lease among PostgreSQL's advisory locks."""


class Lease:
    """Of one worker. Everything runs in its thread."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None

    @property
    def outlives_connections(self) -> bool:
        """It is held in a way that closing every connection to the SQL store does not end."""
        return self._file is not None

    def take(self) -> bool:
        """Whether this worker holds the lease, now or from now on."""
        if connection.vendor != "postgresql":
            return self._hold_file(Path(settings.DATA) / "worker.lock")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            return bool(cursor.fetchone()[0])

    def holds(self) -> bool:
        """Whether this worker has held it since it took it: nobody else can have worked meanwhile."""
        if connection.vendor != "postgresql":
            return self._file is not None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.objid = %s "
                "AND l.pid = pg_backend_pid())",
                [ADVISORY_LOCK],
            )
            return bool(cursor.fetchone()[0])

    def leave(self) -> None:
        """Gives a file's lock back; PostgreSQL's goes with the connection."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _hold_file(self, path: Path) -> bool:
        if self._file is not None:
            return True
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True
