"""The inbox on whichever SQL store the tests run on: durable, in order, whole groups or nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.db import DatabaseError, connections

from pitcairn.edge import inbox
from pitcairn.edge.inbox import GROUP_BYTES, WAITING_BYTES, Accepted, InboxFailed, InboxFull, InboxWriter
from pitcairn.edge.router import inbox_alias

T = TypeVar("T")

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def request(name: str, *items: bytes, **given: Any) -> Accepted:
    return Accepted(
        **{
            "request_id": name, "received_at": 1_769_860_800_000, "source_id": 7, "type": "track", "ip": "192.0.2.1", "retry_count": 3,
            "sent_at": "2026-01-31T12:00:00Z", "context": b'{"a":1}', "integrations": b"", "items": list(items) or [b"{}"], **given,
        }
    )  # fmt: skip


def position() -> int:
    """Where the inbox ends now. Row ids go on growing from test to test."""
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM inbox")
        found: int = cursor.fetchone()[0]
        return found


def names(after: int = 0) -> list[str]:
    return [accepted.request_id for entry in inbox.read_after(after, 1_000_000) for accepted in entry.requests]


def with_writer(
    use: Callable[[InboxWriter], Coroutine[Any, Any, T]], on_commit: Callable[[], None] = lambda: None
) -> T:
    """Runs `use` on a loop of its own with a writer that was started, and is stopped in the end."""

    async def run() -> T:
        writer = InboxWriter(on_commit)
        writer.start(asyncio.get_running_loop())
        try:
            return await use(writer)
        finally:
            await asyncio.to_thread(writer.stop)

    return asyncio.run(run())


@contextmanager
def nobody_can_write() -> Iterator[None]:
    """Holds what a writer needs, on a connection of another thread."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        connection = connections[inbox_alias()]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("BEGIN")
                cursor.execute("LOCK TABLE inbox IN EXCLUSIVE MODE")
            else:
                cursor.execute("BEGIN IMMEDIATE")
            held.set()
            release.wait()
            cursor.execute("ROLLBACK")
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        release.set()
        thread.join()


def test_what_was_appended_is_read_as_it_was() -> None:
    whole = request("a", b'{"text": "\xff\x00"}', b"", b"[1]", problem="source_disabled", detail="Grüße\0", type="")
    inbox.append([whole, request("b")])
    inbox.append([request("c")])
    first, second = inbox.read_after(0, 100)
    assert first.requests == [whole, request("b")]
    assert second.requests == [request("c")]
    assert second.id > first.id
    assert first.received_at > whole.received_at


def test_reading_goes_on_after_a_position() -> None:
    for name in "abc":
        inbox.append([request(name)])
    ids = [entry.id for entry in inbox.read_after(0, 100)]
    assert names(after=ids[0]) == ["b", "c"]
    assert names(after=ids[2]) == []
    assert inbox.has_after(ids[1])
    assert not inbox.has_after(ids[2])


def test_the_limit_counts_messages_and_rows_are_never_cut() -> None:
    inbox.append([request("a", b"1", b"2", b"3"), request("b", b"4")])
    inbox.append([request("c")])
    inbox.append([request("d")])
    assert [len(entry.requests) for entry in inbox.read_after(0, 1)] == [2]
    assert len(inbox.read_after(0, 4)) == 1
    assert len(inbox.read_after(0, 5)) == 2
    assert len(inbox.read_after(0, 100)) == 3


def test_a_request_without_messages_counts_too() -> None:
    for _ in range(3):
        inbox.append([request("empty", items=[], problem="empty_batch")])
    assert len(inbox.read_after(0, 2)) == 2


def test_a_large_group_is_cut_into_rows_that_fit_into_memory() -> None:
    half = b"x" * (GROUP_BYTES // 2)
    inbox.append(
        [request("a", half), request("b", half), request("c", half), request("d", half, half, half), request("e")]
    )
    assert [[r.request_id for r in entry.requests] for entry in inbox.read_after(0, 100)] == [
        ["a", "b"],
        ["c"],
        ["d"],
        ["e"],
    ]


def test_what_is_finished_is_removed_and_the_rest_counted() -> None:
    assert inbox.backlog(position()) == inbox.Backlog(0, 0, None)
    for name in "abc":
        inbox.append([request(name), request(name)])
    first, second, _ = inbox.read_after(0, 100)
    backlog = inbox.backlog(first.id)
    assert (backlog.rows, backlog.requests, backlog.oldest_received_at) == (2, 4, second.received_at)
    inbox.remove_through(second.id)
    assert names() == ["c", "c"]
    inbox.remove_through(second.id)
    assert names() == ["c", "c"]


@contextmanager
def no_inbox() -> Iterator[None]:
    """The table is away: every write and read of it fails."""
    in_a_thread(_execute, "ALTER TABLE inbox RENAME TO inbox_away")
    try:
        yield
    finally:
        in_a_thread(_execute, "ALTER TABLE inbox_away RENAME TO inbox")


def _execute(statement: str) -> None:
    with connections[inbox_alias()].cursor() as cursor:
        cursor.execute(statement)


def in_a_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Runs what speaks to the SQL store where it may from inside an event loop, and leaves no connection behind."""

    def run() -> T:
        try:
            return function(*arguments)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_an_append_that_fails_says_so_and_the_next_works() -> None:
    with no_inbox(), pytest.raises(DatabaseError):
        inbox.append([request("a")])
    inbox.append([request("b")])
    assert names() == ["b"]


def test_a_request_is_on_disk_when_its_future_is_done() -> None:
    seen: list[list[str]] = []

    async def use(writer: InboxWriter) -> None:
        for name in "abc":
            await writer.append(request(name), 100)
            seen.append(await asyncio.to_thread(in_a_thread, names))

    with_writer(use)
    assert seen == [["a"], ["a", "b"], ["a", "b", "c"]]


def test_requests_that_come_together_share_commits_and_keep_their_order() -> None:
    commits: list[int] = []

    async def use(writer: InboxWriter) -> None:
        with nobody_can_write():
            waiting = [writer.append(request(str(n)), 100) for n in range(2_000)]
            assert not any(future.done() for future in waiting)
        await asyncio.gather(*waiting)

    with_writer(use, lambda: commits.append(1))
    assert names() == [str(n) for n in range(2_000)]
    assert len(inbox.read_after(0, 10_000)) == len(commits) < 10


def test_stopping_commits_what_waits() -> None:
    async def use(writer: InboxWriter) -> list[asyncio.Future[None]]:
        return [writer.append(request(str(n)), 100) for n in range(500)]

    with_writer(use)
    assert names() == [str(n) for n in range(500)]


def test_a_request_whose_client_has_gone_holds_up_nobody() -> None:
    async def use(writer: InboxWriter) -> None:
        with nobody_can_write():
            waiting = [writer.append(request(str(n)), 100) for n in range(3)]
            waiting[1].cancel()
        await waiting[0]
        await waiting[2]

    with_writer(use)
    assert names() == ["0", "1", "2"]


@pytest.mark.parametrize("unwritable", ["the table is away", "a text that is none"])
def test_what_cannot_be_written_fails_and_the_next_is_taken(unwritable: str) -> None:
    async def use(writer: InboxWriter) -> None:
        if unwritable == "the table is away":
            with no_inbox(), pytest.raises(InboxFailed):
                await writer.append(request("a"), 100)
        else:
            with pytest.raises(InboxFailed):
                await writer.append(request("a", detail="\ud800"), 100)
        await writer.append(request("b"), 100)

    with_writer(use)
    assert names() == ["b"]


def test_more_than_may_wait_is_refused_until_there_is_room() -> None:
    async def use(writer: InboxWriter) -> int:
        taken: list[asyncio.Future[None]] = []

        def fill() -> None:
            while True:
                taken.append(writer.append(request(str(len(taken))), WAITING_BYTES))

        with nobody_can_write(), pytest.raises(InboxFull):
            fill()
        # The first may have been with the writer already while the second waited; no third found room.
        assert len(taken) in {1, 2}
        await asyncio.gather(*taken)
        await writer.append(request("after"), WAITING_BYTES)
        return len(taken)

    taken = with_writer(use)
    assert names() == [*map(str, range(taken)), "after"]


def test_a_reader_that_remembers_one_number_misses_nothing_of_many_writers() -> None:
    """Ids grow in commit order: what is committed later never has a lower id than what was read already."""
    count, writers = 150, ("a", "b", "c")
    done = threading.Event()
    found: list[str] = []

    def write(writer_name: str) -> None:
        async def use(writer: InboxWriter) -> None:
            for n in range(count):
                await writer.append(request(f"{writer_name}-{n}"), 100)

        with_writer(use)

    def read() -> None:
        at = 0
        while True:
            finished = done.is_set()
            entries = inbox.read_after(at, 50)
            for entry in entries:
                found.extend(accepted.request_id for accepted in entry.requests)
                at = entry.id
            if finished and not entries:
                break
        connections.close_all()

    threads = [threading.Thread(target=write, args=(name,)) for name in writers]
    reader = threading.Thread(target=read)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert len(found) == count * len(writers)
    for name in writers:
        assert [accepted for accepted in found if accepted.startswith(name)] == [f"{name}-{n}" for n in range(count)]
