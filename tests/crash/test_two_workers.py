"""Two workers on one PostgreSQL: one works, the other is ready, and nothing counts twice when they change places."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from crash.conftest import Sharer
from crash.load import Load
from crash.test_crash import look
from pitcairn.pipeline.lease import ADVISORY_LOCK
from server import Template, unique, wait_until

pytestmark = pytest.mark.slow

SEED = 20_261_103


class Cluster:
    """One edge and two workers, a and b."""

    def __init__(self, template: Template, folders: pytest.TempPathFactory, events_url: str) -> None:
        settings = {"EVENTS_URL": f"{events_url}/{unique('events_')}"}
        self.edge = Sharer(template, folders.mktemp("edge"), settings, ("--role", "edge"))
        self.a, self.b = (
            Sharer(template, folders.mktemp(name), settings, ("--role", "worker"), first=self.edge) for name in "ab"
        )
        parts = urlsplit(self.edge.environment["DATABASE_URL"])
        self._sql = psycopg.connect(urlunsplit(parts), autocommit=True)

    def holder(self) -> int:
        """The connection that has the lease, as PostgreSQL numbers them; 0 when none has."""
        found = self._sql.execute(
            "SELECT l.pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
            "WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted AND d.datname = current_database()",
            [ADVISORY_LOCK],
        ).fetchall()
        assert len(found) <= 1, "two workers have the lease"
        return int(found[0][0]) if found else 0

    def another(self, than: int) -> int:
        """The connection that has the lease as soon as it is another one."""
        return wait_until(lambda: (now := self.holder()) != than and now, "another holder of the lease")

    def cut_off(self, holder: int) -> None:
        """Ends the connection under the worker's hands, which frees its lease."""
        self._sql.execute("SELECT pg_terminate_backend(%s)", [holder])

    def batch(self) -> int:
        found = self._sql.execute("SELECT batch FROM pipeline_pipelinestate WHERE id = 1").fetchone()
        return int(found[0]) if found else 0

    def progress(self) -> None:
        """Returns when further batches have been committed."""
        before = self.batch()
        wait_until(lambda: self.batch() > before + 1, "further batches")

    def idle(self) -> None:
        """Returns when nothing waits in the inbox."""

        def waiting() -> int:
            found = self._sql.execute("SELECT count(*) FROM inbox").fetchone()
            assert found is not None
            return int(found[0])

        wait_until(lambda: waiting() == 0, "an empty inbox")

    def remove(self) -> None:
        self._sql.close()
        for server in (self.a, self.b, self.edge):
            server.remove()


@pytest.fixture
def cluster(shared_template: Template, tmp_path_factory: pytest.TempPathFactory, events_url: str) -> Iterator[Cluster]:
    cluster = Cluster(shared_template, tmp_path_factory, events_url)
    yield cluster
    cluster.remove()


@pytest.fixture
def load(cluster: Cluster) -> Load:
    """The edge and both workers, of which a has the lease; and plain clients that send to the edge."""
    cluster.edge.start()
    cluster.a.start()
    wait_until(cluster.holder, "a's lease")
    cluster.b.start()
    load = Load(cluster.edge)
    for number in range(2):
        load.add_plain(f"plain{number}")
    cluster.progress()
    return load


def check(cluster: Cluster, load: Load) -> None:
    """Every message is there once; rows that came after their batch was given up are gone after a few seconds."""
    record = load.finish()
    cluster.idle()
    found = wait_until(lambda: _settled(cluster), "a store without rows of given-up batches")
    assert record.acknowledged == record.sent.keys()
    assert {id_: count for id_, count in found["messages"].items() if count != 1} == {}, "stored more than once"
    assert found["messages"].keys() == record.sent.keys()
    assert {user: person["traits"]["step"] for user, person in found["people"].items()}.keys() == record.steps.keys()
    assert found["owners"] == record.sent


def _settled(cluster: Cluster) -> dict[str, Any]:
    found = look(cluster.edge)
    return found if set(found["messages"].values()) == {1} else {}


def test_one_works_and_the_other_takes_over_when_it_dies(cluster: Cluster, load: Load) -> None:
    first = cluster.holder()
    cluster.progress()
    assert cluster.holder() == first
    cluster.a.kill()
    second = cluster.another(first)
    cluster.progress()
    cluster.a.start()
    cluster.progress()
    assert cluster.holder() == second, "the one that came back must wait"
    assert cluster.b.stop() in {0, -signal.SIGTERM}
    assert cluster.another(second) not in {0, first}
    cluster.progress()
    check(cluster, load)
    assert cluster.a.complaints() == cluster.b.complaints() == cluster.edge.complaints() == []


def test_a_worker_that_is_cut_off_does_no_harm(cluster: Cluster, load: Load) -> None:
    """Its connection ends at a random moment, often within a batch: the lease is free, and it does not know yet."""
    chance, pause = random.Random(SEED), threading.Event()
    for _ in range(8):
        holder = wait_until(cluster.holder, "a holder of the lease")
        pause.wait(chance.uniform(0.0, 0.4))
        cluster.cut_off(holder)
        cluster.another(holder)
        cluster.progress()
    check(cluster, load)
