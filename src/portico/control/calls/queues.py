"""Queues: the numbers of the Calls that wait for an agent, one queue for each partition, the highest priority first.

Owns the order alone: whether a Call still waits is what the book says, and an entry whose Call does not is passed over
when its turn comes. Promises: to put, to take and to ask for the depth take constant time; `depth` counts exactly the
Calls that are SUBMITTED (the book tells of every one that ceases to be); a Call never has two entries, so that one that
was paused and goes on has its old place as long as that is there; an entry costs about nine bytes.
"""

from __future__ import annotations

import asyncio
import heapq
from array import array
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import compress, groupby
from operator import itemgetter, not_
from typing import TYPE_CHECKING

from portico.control.calls.columns import Column
from portico.domain.calls.states import CallState, SessionState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

Ear = Callable[[str], None]
"""Told the partition whose depth has become or ceased to be zero, or has changed by a lot."""

CHUNK = 1024
MOST_LOOKS = 4096
"""Entries that one `take` looks at; it costs a few hundred microseconds when all of them are stale."""

MOST_STALE = 8192
"""Stale entries that a queue keeps although it holds fewer live ones than these."""

SWEPT_AT_ONCE = 8
"""Chunks that are swept in one turn of the loop."""

A_LOT = 0.25
FEW = 8


class Bucket:
    """The entries of one priority, first in, first out; those given back come before, the oldest first."""

    __slots__ = ("_chunks", "_front", "_head", "_swept", "size")

    def __init__(self) -> None:
        self._chunks: deque[array[int]] = deque()
        self._head = 0
        self._front: list[int] = []
        self._swept = 0
        self.size = 0

    def put(self, numbers: Sequence[int]) -> None:
        """Add entries at the end."""
        self.size += len(numbers)
        done = 0
        while done < len(numbers):
            if not self._chunks or len(self._chunks[-1]) >= CHUNK:
                self._chunks.append(array("Q"))
            chunk = self._chunks[-1]
            step = CHUNK - len(chunk)
            chunk.extend(numbers[done : done + step])
            done += step

    def put_back(self, number: int) -> None:
        """Add an entry before all others, but after those with lower numbers that were put back too."""
        heapq.heappush(self._front, number)
        self.size += 1

    def take(self) -> int:
        """Remove and give the first entry; there must be one."""
        self.size -= 1
        if self._front:
            return heapq.heappop(self._front)
        chunks = self._chunks
        while self._head >= len(chunks[0]):
            self._drop_first()
        number = chunks[0][self._head]
        self._head += 1
        return number

    def _drop_first(self) -> None:
        self._chunks.popleft()
        self._head = 0
        self._swept = max(0, self._swept - 1)

    def sweep(self, keep: Callable[[int], bool], chunks: int) -> bool:
        """Drop the entries that are not to be kept from some more chunks; True while more of them are left.

        The first chunk, which is being used up, stays as it is.
        """
        start = max(1, self._swept)
        stop = min(len(self._chunks), start + chunks)
        for position in range(start, stop):
            chunk = self._chunks[position]
            kept = array("Q", filter(keep, chunk))
            self.size -= len(chunk) - len(kept)
            self._chunks[position] = kept
        self._swept = stop
        if stop < len(self._chunks):
            return True
        self._swept = 0
        self._chunks = deque(chunk for chunk in self._chunks if chunk or chunk is self._chunks[0])
        return False

    def __iter__(self) -> Iterator[int]:
        yield from sorted(self._front)
        for position, chunk in enumerate(self._chunks):
            yield from chunk[self._head :] if position == 0 else chunk


class PartitionQueue:
    """The queue of one partition: `depth` of its `size` entries are of Calls that wait."""

    __slots__ = ("_buckets", "_order", "depth", "sweeping", "told")

    def __init__(self) -> None:
        self._buckets: dict[int, Bucket] = {}
        self._order: list[int] = []
        self.depth = 0
        self.told = 0
        self.sweeping: list[Bucket] = []

    @property
    def size(self) -> int:
        """Count the entries, stale ones too."""
        return sum(bucket.size for bucket in self._buckets.values())

    def bucket(self, priority: int) -> Bucket:
        """Give the bucket of a priority."""
        found = self._buckets.get(priority)
        if found is None:
            found = self._buckets[priority] = Bucket()
            insort(self._order, priority)
        return found

    def take(self) -> tuple[int, int]:
        """Remove the first entry of the highest priority; gives that priority and the number, 0 when there is none."""
        order = self._order
        while order:
            bucket = self._buckets[order[-1]]
            if bucket.size:
                return order[-1], bucket.take()
            del self._buckets[order.pop()]
        return 0, 0

    def sweep(self, keep: Callable[[int], bool]) -> bool:
        """Do one bounded step of dropping stale entries; True while there is more to do."""
        if not self.sweeping:
            if self.size - self.depth <= max(MOST_STALE, self.depth):
                return False
            self.sweeping = list(self._buckets.values())
        if not self.sweeping[-1].sweep(keep, SWEPT_AT_ONCE):
            self.sweeping.pop()
        return bool(self.sweeping)

    @property
    def changed_a_lot(self) -> bool:
        """Tell whether the depth is far from what was told last."""
        told, depth = self.told, self.depth
        return bool(told) != bool(depth) or abs(depth - told) > max(FEW, A_LOT * told)


class CallQueues:
    """All queues of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._queues: dict[str, PartitionQueue] = {}
        self.queued = Column("B")
        """1 for a Call that has an entry; its pages go with those of the book's other columns."""
        self.ears: list[Ear] = []
        self._changed: set[str] = set()

    def __getitem__(self, partition: str) -> PartitionQueue:
        queue = self._queues.get(partition)
        if queue is None:
            queue = self._queues[partition] = PartitionQueue()
        return queue

    def depth(self, partition: str) -> int:
        """Count the Calls of a partition that wait for an agent now."""
        queue = self._queues.get(partition)
        return 0 if queue is None else queue.depth

    # ---- what the book tells -----------------------------------------------------------------------------------

    def put(self, tx: Transaction, number: int, *, front: bool = False) -> None:
        """Queue a Call that has become SUBMITTED; `front` puts it before all others of its priority."""
        self.put_many(tx, (number,), front=front)

    def put_many(self, tx: Transaction, numbers: Sequence[int], *, front: bool = False) -> None:
        """Queue Calls that have become SUBMITTED, in this order."""
        book = self._plane.calls.book
        for members in self._alike(numbers):
            options = book.options_of(members[0])
            self._put(members, options.partition, options.priority, front=front)
            self._count(tx, options.partition, len(members))
            self._plane.calls.agents.rounds.want(options.partition)
        for session in set(book.session.many(numbers)):
            if book.sessions[session].state is SessionState.CLOSED:
                tx.after(partial(self._plane.calls.clearing.look_again, session))

    def _alike(self, numbers: Sequence[int]) -> Iterator[list[int]]:
        """Split Calls into stretches with the same options."""
        options = self._plane.calls.book.options.many(numbers)
        if options and options.count(options[0]) == len(options):
            yield list(numbers)
            return
        for _, group in groupby(zip(options, numbers, strict=True), itemgetter(0)):
            yield [number for _, number in group]

    def _put(self, numbers: list[int], partition: str, priority: int, *, front: bool) -> None:
        entries = self.queued.many(numbers)
        fresh = list(compress(numbers, map(not_, entries))) if any(entries) else numbers
        if not fresh:
            return
        self.queued.put_many(fresh, (1,) * len(fresh))
        bucket = self[partition].bucket(priority)
        if front:
            for number in fresh:
                bucket.put_back(number)
        else:
            bucket.put(fresh)

    def left(self, tx: Transaction, numbers: Sequence[int]) -> None:
        """Hear that Calls are not SUBMITTED any more, whatever the reason."""
        book = self._plane.calls.book
        for members in self._alike(numbers):
            self._count(tx, book.options_of(members[0]).partition, -len(members))

    def _count(self, tx: Transaction, partition: str, more: int) -> None:
        queue = self[partition]
        queue.depth += more
        tx.on_undo(lambda: self._uncount(queue, partition, more))
        self._note(partition)

    def _uncount(self, queue: PartitionQueue, partition: str, more: int) -> None:
        queue.depth -= more
        self._note(partition)

    # ---- what leases take --------------------------------------------------------------------------------------

    def take(self, tx: Transaction, partition: str) -> int:
        """Remove the first Call that waits and give its number; 0 when none was found among MOST_LOOKS entries, which
        is not to say that there is none: ask `depth`. A transaction given up puts it back."""
        queue = self._queues.get(partition)
        if queue is None or not queue.depth:
            return 0
        state, queued = self._plane.calls.book.state, self.queued
        for _ in range(MOST_LOOKS):
            priority, number = queue.take()
            if not number:
                return 0
            queued[number] = 0
            if state[number] == CallState.SUBMITTED:
                tx.on_undo(partial(self._put, [number], partition, priority, front=True))
                return number
        return 0

    # ---- once per turn -----------------------------------------------------------------------------------------

    def _note(self, partition: str) -> None:
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._turn)
        self._changed.add(partition)

    def _turn(self) -> None:
        """Sweep a little where there are many stale entries, and tell of depths that have changed."""
        changed, self._changed = self._changed, set()
        for partition in changed:
            queue = self[partition]
            if queue.sweep(self._waits):
                self._note(partition)
            if queue.changed_a_lot:
                queue.told = queue.depth
                for ear in self.ears:
                    ear(partition)

    def _waits(self, number: int) -> bool:
        if self._plane.calls.book.state[number] == CallState.SUBMITTED:
            return True
        self.queued[number] = 0
        return False
