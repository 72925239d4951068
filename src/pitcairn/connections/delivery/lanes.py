"""Who waits for whom at one destination. Pure: no clock, no stores.

Each person has a lane. What is in hand (`Item`) stands in the lane's queue, and at most one batch of a lane is on its way.
When a message has to be tried again later, its lane *waits*: that message and all behind it go into a table, and whatever
comes for the person later goes there too, until the table has nothing of theirs left. When the lane is due, its first
messages are loaded back and sent in order, before anything newer.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar


class Personal(Protocol):
    @property
    def person(self) -> str: ...


ItemT = TypeVar("ItemT", bound=Personal)


class Waiting:
    """A lane with messages in the table. `rows` of them; the first is due at `at` (ms since 1970)."""

    __slots__ = ("at", "loaded", "rows", "unwritten")

    def __init__(self, rows: int, at: int, unwritten: int = 0) -> None:
        self.rows, self.at = rows, at
        self.unwritten = unwritten
        """Changes of the table that are not written yet: until they are, it says nothing about the lane."""
        self.loaded = False
        """Its first messages are in hand."""

    def written(self) -> None:
        self.unwritten -= 1


class Lanes(Generic[ItemT]):
    def __init__(self) -> None:
        self._queues: dict[str, deque[ItemT]] = {}
        self._ready: deque[str] = deque()
        self._sending: set[str] = set()
        self._waiting: dict[str, Waiting] = {}
        self._due: list[tuple[int, int, str]] = []
        self._numbers = itertools.count()
        self.in_hand = 0
        """Messages in queues: not sent, not on their way."""
        self.waiting_rows = 0

    @property
    def sending(self) -> int:
        return len(self._sending)

    def is_ready(self) -> bool:
        return bool(self._ready)

    def add(self, item: ItemT) -> bool:
        """Puts a message at the end of its lane. False when the lane waits: the message must go into the table (`spill`)."""
        person = item.person
        if person in self._waiting:
            return False
        queue = self._queues.get(person)
        if queue is None:
            self._queues[person] = queue = deque()
            self._ready.append(person)
        elif not queue and person not in self._sending:
            self._ready.append(person)
        queue.append(item)
        self.in_hand += 1
        return True

    def take(self, limit: int) -> list[ItemT]:
        """At most `limit` messages that may be sent together now; of one person they are in order."""
        batch: list[ItemT] = []
        while self._ready and len(batch) < limit:
            person = self._ready.popleft()
            queue = self._queues[person]
            self._sending.add(person)
            if limit == 1 or len(queue) == 1:
                batch.append(queue.popleft())
            else:
                while queue and len(batch) < limit:
                    batch.append(queue.popleft())
        self.in_hand -= len(batch)
        return batch

    def put_back(self, person: str, items: Sequence[ItemT]) -> None:
        """Messages that were taken and not sent go to the front of their lane."""
        queue = self._queues[person]
        queue.extendleft(reversed(items))
        self.in_hand += len(items)

    def finished(self, person: str) -> None:
        """What was taken of the lane is done with; the next of it may go."""
        self._sending.discard(person)
        queue = self._queues.get(person)
        if queue:
            self._ready.append(person)
        elif queue is not None:
            del self._queues[person]

    # ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def restore(self, person: str, rows: int, at: int) -> None:
        """A lane that waited when the process started."""
        self._wait(person, Waiting(rows, at))
        self.waiting_rows += rows

    def wait(self, person: str, at: int) -> list[ItemT]:
        """The lane waits until `at`. Returns the messages in hand behind it, which leave the queue.

        Those that came from the table are there still; the others must be written into it (`spill`).
        """
        queue = self._queues.get(person)
        behind = list(queue) if queue else []
        if queue:
            queue.clear()
        self.in_hand -= len(behind)
        waiting = self._waiting.get(person)
        if waiting is None:
            waiting = Waiting(0, at)
        waiting.at, waiting.loaded = at, False
        self._wait(person, waiting)
        return behind

    def _wait(self, person: str, waiting: Waiting) -> None:
        self._waiting[person] = waiting
        heapq.heappush(self._due, (waiting.at, next(self._numbers), person))

    def spill(self, person: str) -> Callable[[], None]:
        """A message of the lane goes into the table with the next write. What is returned is to be called after it."""
        waiting = self._waiting[person]
        waiting.rows += 1
        waiting.unwritten += 1
        self.waiting_rows += 1
        return waiting.written

    def leave(self, person: str) -> Callable[[], None]:
        """A message of the lane leaves the table with the next write. What is returned is to be called after it."""
        waiting = self._waiting[person]
        waiting.rows -= 1
        waiting.unwritten += 1
        self.waiting_rows -= 1
        return waiting.written

    def due(self, now: int, limit: int) -> list[str]:
        """At most `limit` waiting lanes whose time has come, and whose messages are to be loaded now."""
        persons: list[str] = []
        later = []
        while self._due and self._due[0][0] <= now and len(persons) < limit:
            entry = heapq.heappop(self._due)
            at, _, person = entry
            waiting = self._waiting.get(person)
            if waiting is None or waiting.loaded or waiting.at != at:
                continue  # An older entry of a lane that went on.
            if waiting.unwritten or person in self._sending:
                later.append(entry)
                continue
            waiting.loaded = True
            persons.append(person)
        for entry in later:
            heapq.heappush(self._due, entry)
        return persons

    def next_due(self) -> int | None:
        """When the next waiting lane is due. None when none waits, or when what there is only waits for a write."""
        while self._due:
            at, _, person = self._due[0]
            waiting = self._waiting.get(person)
            if waiting is not None and not waiting.loaded and waiting.at == at:
                return at
            heapq.heappop(self._due)
        return None

    def load(self, person: str, items: Sequence[ItemT]) -> None:
        """The lane's first messages, from the table. None at all: somebody removed them, and the lane waits no more."""
        if not items:
            gone = self._waiting.pop(person)
            self.waiting_rows -= gone.rows
            return
        self._queues.setdefault(person, deque()).extend(items)
        self.in_hand += len(items)
        if person not in self._sending:
            self._ready.append(person)

    def unload(self, person: str, at: int) -> None:
        """What was to be loaded could not be: the lane is due again at `at`."""
        waiting = self._waiting[person]
        waiting.loaded, waiting.at = False, at
        self._wait(person, waiting)

    def go_on(self, person: str, now: int) -> None:
        """After `finished`: a lane whose loaded messages are through loads the next of them, or waits no more."""
        waiting = self._waiting.get(person)
        if waiting is None or not waiting.loaded or self._queues.get(person):
            return
        if waiting.rows <= 0:
            del self._waiting[person]
        else:
            waiting.loaded, waiting.at = False, now
            self._wait(person, waiting)
