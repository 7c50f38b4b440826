"""The writing thread: drains what waits into transactions, and tells the loop how far it got.

Owns the store's writing side while it runs. Promises: changes are written in the order of `submit`; those of one
submit are never split between transactions; nothing is reported before it is durable; after a failure nothing more is
written and `on_failure` is called once. Must never call back outside the loop's thread.

How it stays quick: the loop hands over through a C queue without locks of its own, the thread answers with one wake-up
for each transaction, and it takes everything that is waiting, so the batches grow as the disk gets slower.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

import msgspec

from portico.domain.errors import Invalid, Unavailable
from portico.domain.identity import Revision
from portico.giving_way import give_way
from portico.store.port import Batch, Change, Prune, PruneEvents, Store
from portico.store.sheets import BulkChange, weigh

MOST_CHANGES = 500
"""Changes of records in one transaction; a single submit that is larger has one of its own."""

MOST_ROWS = 20_000
"""Rows of sheets in one transaction, which cost a fraction of a record: a tenth of a second or two."""

ROW_CAPACITY = 400_000
"""Rows of sheets that may wait: seconds of writing, and some hundred bytes each."""

GATHER_SECONDS = 0.0015
CROWD = 2
"""Where the last transaction held more submits than this, the next waits a little for more to join: each transaction
costs a dozen hand-overs of the interpreter's lock, which a busy loop feels more than its clients feel the wait."""

GATHER_ROWS_SECONDS = 0.004
FEW_ROWS = 1_000
"""Where it held two submits or more, of rows of sheets alone and not more of them than this, a stream of small ones is
under way, of which each costs the store a tenth of what a transaction does: the next waits longer, but goes as soon as
a record comes, or this many submits wait."""
ENOUGH = 32

SLICE_ROWS = 500
"""Rows that one transaction prunes."""

_Told = TypeVar("_Told")


class _Submit(msgspec.Struct, frozen=True, gc=False):
    """What was submitted at once: so many changes of records, and of rows of sheets."""

    changes: Sequence[Change | BulkChange]
    records: int
    rows: int


_Work = _Submit | Prune | PruneEvents | None


class ThreadWriter:
    """Writes for one loop. `before` runs ahead of each transaction with changes (to sync the blobs they name)."""

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        on_durable: Callable[[Revision], None],
        on_failure: Callable[[BaseException], None],
        capacity: int = 50_000,
        before: Callable[[], None] | None = None,
        row_capacity: int = ROW_CAPACITY,
    ) -> None:
        self._store = store
        self._loop = loop
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._capacity = capacity
        self._row_capacity = row_capacity
        self._before = before
        self._queue: SimpleQueue[_Work] = SimpleQueue()
        self._submitted_records = self._submitted_rows = 0
        self._written_records = self._written_rows = 0
        self._prunes: deque[Prune | PruneEvents] = deque()
        self._held: _Work = None
        self._untidy = False
        self._ending = False
        self._hurry = threading.Event()
        self._pause = 0.0
        self._failed = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="portico-writer")

    def start(self) -> None:
        """Begin to write; what was submitted before is written first."""
        self._thread.start()

    @property
    def full(self) -> bool:
        """Tell whether `capacity` changes or `row_capacity` rows wait; new work should then be refused."""
        return (
            self._submitted_records - self._written_records >= self._capacity
            or self._submitted_rows - self._written_rows >= self._row_capacity
        )

    def submit(self, changes: Sequence[Change | BulkChange]) -> None:
        """Queue changes for one transaction; only from the loop's thread. Raises Unavailable after a failure."""
        self._check_open()
        if changes:
            weights = [weigh(change.bulk) for change in changes if isinstance(change, BulkChange)]
            submit = _Submit(changes, len(changes) - len(weights), sum(weights))
            self._submitted_records += submit.records
            self._submitted_rows += submit.rows
            self._queue.put(submit)
            if self._pause == GATHER_ROWS_SECONDS and (submit.records or submit.rows > FEW_ROWS):
                self._hurry.set()

    def submit_prune(self, prune: Prune | PruneEvents) -> None:
        """Queue a deletion of history, which is done in slices between the changes; it must have a limit."""
        self._check_open()
        if isinstance(prune, Prune) and prune.select.limit < 0:
            raise Invalid("a prune says how many rows it deletes at most", field="limit")
        self._queue.put(prune)

    def close(self) -> None:
        """Write what is waiting, then end the thread; blocks until then. Unfinished prunes are dropped."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._hurry.set()
        if self._thread.ident is None:
            self._thread.start()
        self._thread.join()

    def _check_open(self) -> None:
        if self._failed:
            raise Unavailable("the store failed; nothing more is written")
        if self._closed:
            raise Unavailable("the writer is closed")

    def _run(self) -> None:
        give_way()
        try:
            while self._write_next():
                pass
        except BaseException as error:  # noqa: BLE001 — the plane stops for whatever ended the writing
            self._failed = True
            self._tell(self._on_failure, error)

    def _write_next(self) -> bool:
        """Write one transaction of what waits; False at the end."""
        self._gather()
        taken = self._drain()
        changes = [change for submit in taken for change in submit.changes]
        self._pause = _pause_after(taken)
        prunes = () if self._ending else self._next_prunes()
        if changes or prunes:
            if changes and self._before is not None:
                self._before()
            self._store.write(Batch(changes, prunes))
            self._written_records += sum(submit.records for submit in taken)
            self._written_rows += sum(submit.rows for submit in taken)
            if changes:
                self._tell(self._on_durable, changes[-1].revision)
        if self._ending:
            return False  # the end is taken from the queue last, so nothing is left, nor held
        self._untidy = self._store.tidy()
        return True

    def _gather(self) -> None:
        """Wait a little for more to come, where much is coming."""
        if self._pause == GATHER_SECONDS:
            time.sleep(GATHER_SECONDS)
        elif self._pause and self._held is None and self._queue.qsize() < ENOUGH:
            self._hurry.wait(self._pause)
        self._hurry.clear()  # before the queue is emptied, so that nothing urgent comes between the two unseen

    def _drain(self) -> list[_Submit]:
        """Take whole submits up to the limits; wait for the first one unless there is other work."""
        taken: list[_Submit] = []
        records = rows = 0
        while True:
            work = self._take(wait=not (taken or self._prunes or self._untidy))
            if work is None:
                break
            if isinstance(work, Prune | PruneEvents):
                self._prunes.append(work)
                continue
            records += work.records
            rows += work.rows
            if taken and (records > MOST_CHANGES or rows > MOST_ROWS):
                self._held = work
                break
            taken.append(work)
        return taken

    def _take(self, *, wait: bool) -> _Work:
        """Give the next submit, or None when nothing waits or the end was reached."""
        held, self._held = self._held, None
        if held is not None:
            return held
        try:
            work = self._queue.get(wait)
        except Empty:
            return None
        if work is None:
            self._ending = True
        return work

    def _next_prunes(self) -> tuple[Prune | PruneEvents, ...]:
        if not self._prunes:
            return ()
        prune = self._prunes.popleft()
        if isinstance(prune, Prune) and prune.select.limit > SLICE_ROWS:
            rest = msgspec.structs.replace(prune.select, limit=prune.select.limit - SLICE_ROWS)
            self._prunes.append(Prune(rest))
            prune = Prune(msgspec.structs.replace(prune.select, limit=SLICE_ROWS))
        return (prune,)

    def _tell(self, callback: Callable[[_Told], None], value: _Told) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, value)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            # A closed loop has nobody left to tell; what is still waiting must be written all the same.


def _pause_after(taken: Sequence[_Submit]) -> float:
    """Say for how many seconds the next transaction waits for company, after one with these submits."""
    if not any(submit.records for submit in taken) and sum(submit.rows for submit in taken) <= FEW_ROWS:
        return GATHER_ROWS_SECONDS if len(taken) > 1 else 0.0
    return GATHER_SECONDS if len(taken) > CROWD else 0.0
