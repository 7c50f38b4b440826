"""The writing thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from store.records import SHEETS, TABLES, attempt, bulk, note, reading

from portico.domain.errors import Invalid, Unavailable
from portico.domain.identity import Revision
from portico.store import writer
from portico.store.memory import MemoryStore
from portico.store.port import Batch, Prune, PruneEvents, Select
from portico.store.sheets import BulkChange, Insert
from portico.store.sqlite import SqliteStore
from portico.store.writer import MOST_CHANGES, SLICE_ROWS, ThreadWriter


class GatedStore(MemoryStore):
    """Records its batches, and waits for the gate in each."""

    def __init__(self) -> None:
        super().__init__(TABLES, SHEETS)
        self.batches: list[Batch] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.error: BaseException | None = None
        self.untidy = 0
        self.tidied = threading.Event()
        self.pruned = threading.Event()

    def write(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.entered.set()
        self.gate.wait()
        if self.error is not None:
            raise self.error
        super().write(batch)
        if batch.prunes and isinstance(batch.prunes[-1], Prune) and batch.prunes[-1].select.limit < SLICE_ROWS:
            self.pruned.set()

    def tidy(self) -> bool:
        self.untidy -= 1
        if self.untidy == 0:
            self.tidied.set()
        return self.untidy > 0

    def sizes(self) -> list[int]:
        return [len(batch.changes) for batch in self.batches]


class Trial:
    """A writer on a loop, and what it said."""

    def __init__(self, store: GatedStore, **options: object) -> None:
        self.store = store
        self.durable: list[Revision] = []
        self.failures: list[BaseException] = []
        self.said = asyncio.Event()
        self.threads: set[int] = set()
        self.writer = ThreadWriter(store, asyncio.get_running_loop(), self._on_durable, self._on_failure, **options)  # type: ignore[arg-type]
        self.revision = 0

    def _on_durable(self, revision: Revision) -> None:
        self.threads.add(threading.get_ident())
        self.durable.append(revision)
        self.said.set()

    def _on_failure(self, error: BaseException) -> None:
        self.threads.add(threading.get_ident())
        self.failures.append(error)
        self.said.set()

    def submit(self, count: int) -> None:
        first = self.revision + 1
        self.revision += count
        self.writer.submit([note(n, f"n{n}") for n in range(first, first + count)])

    def submit_rows(self, count: int) -> None:
        self.revision += 1
        first = self.revision * 100_000
        self.writer.submit(
            [bulk(self.revision, Insert("tries", [attempt(first + n, 1, 1, 1, None, "", None) for n in range(count)]))]
        )

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.said.clear()
            await self.said.wait()

    async def blocked(self) -> None:
        """Have the thread stand in a transaction of one change."""
        self.submit(1)
        assert await asyncio.to_thread(self.store.entered.wait, 10)


def trial(scenario: Callable[[Trial], Awaitable[None]], **options: object) -> Trial:
    async def play() -> Trial:
        played = Trial(GatedStore(), **options)
        played.writer.start()
        try:
            await scenario(played)
        finally:
            played.store.gate.set()
            played.writer.close()
        await asyncio.sleep(0)
        return played

    return asyncio.run(play())


def test_what_waits_becomes_one_transaction_and_one_answer() -> None:
    async def scenario(t: Trial) -> None:
        await t.blocked()
        for _ in range(10):
            t.submit(3)
        t.store.gate.set()
        await t.until(lambda: t.durable[-1:] == [31])

    played = trial(scenario)
    assert played.store.sizes() == [1, 30]
    assert played.durable == [1, 31]
    assert played.threads == {threading.get_ident()}


def test_a_submit_is_never_split_and_a_transaction_never_too_large() -> None:
    async def scenario(t: Trial) -> None:
        await t.blocked()
        for count in (300, 200, 1, 300, 200, MOST_CHANGES + 1, 2):
            t.submit(count)
        t.store.gate.set()
        await t.until(lambda: t.durable[-1:] == [t.revision])

    assert trial(scenario).store.sizes() == [1, 500, 301, 200, 501, 2]


def test_rows_of_sheets_are_counted_apart_from_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_ROWS", 200)

    async def scenario(t: Trial) -> None:
        await t.blocked()
        for count in (120, 80, 1, 201, 5):
            t.submit_rows(count)
            t.submit(2)
        t.store.gate.set()
        await t.until(lambda: t.durable[-1:] == [t.revision])

    rows = [
        sum(change.weight for change in batch.changes if isinstance(change, BulkChange))
        for batch in trial(scenario).store.batches
    ]
    assert rows == [0, 200, 1, 201, 5]


def test_full_counts_rows_of_sheets_too() -> None:
    async def scenario(t: Trial) -> None:
        await t.blocked()
        t.submit_rows(60)
        t.submit_rows(39)
        assert not t.writer.full
        t.submit_rows(1)
        assert t.writer.full
        t.store.gate.set()
        await t.until(lambda: t.durable[-1:] == [t.revision])
        assert not t.writer.full

    trial(scenario, row_capacity=100)


def test_full_counts_what_waits() -> None:
    async def scenario(t: Trial) -> None:
        assert not t.writer.full
        await t.blocked()
        t.submit(8)
        assert not t.writer.full
        t.submit(1)
        assert t.writer.full
        t.store.gate.set()
        await t.until(lambda: t.durable[-1:] == [10])
        assert not t.writer.full

    trial(scenario, capacity=10)


def test_a_failure_is_told_once_and_nothing_more_is_written() -> None:
    async def scenario(t: Trial) -> None:
        await t.blocked()
        t.submit(1)
        t.store.error = OSError("disk on fire")
        t.store.gate.set()
        await t.until(lambda: bool(t.failures))
        with pytest.raises(Unavailable):
            t.submit(1)
        with pytest.raises(Unavailable):
            t.writer.submit_prune(PruneEvents(Revision(1)))

    played = trial(scenario)
    assert [str(error) for error in played.failures] == ["disk on fire"]
    assert played.durable == []
    assert played.store.sizes() == [1]


def test_close_writes_what_waits_and_then_refuses() -> None:
    async def scenario(t: Trial) -> None:
        await t.blocked()
        for _ in range(3):
            t.submit(400)
        t.store.gate.set()
        t.writer.close()
        assert t.store.sizes() == [1, 400, 400, 400]
        with pytest.raises(Unavailable, match="closed"):
            t.submit(1)

    played = trial(scenario)
    assert played.durable == [1, 401, 801, 1201]


def test_close_without_start_writes_too() -> None:
    async def play() -> GatedStore:
        t = Trial(GatedStore())
        t.store.gate.set()
        t.submit(2)
        t.writer.close()
        return t.store

    assert asyncio.run(play()).sizes() == [2]


def test_a_closed_loop_does_not_stop_the_writing() -> None:
    async def play() -> Trial:
        t = Trial(GatedStore())
        t.writer.start()
        await t.blocked()
        t.submit(1)
        return t

    t = asyncio.run(play())
    t.store.gate.set()
    t.writer.close()
    with reading(t.store) as reader:
        assert reader.last_revision() == 2


def test_blobs_are_synced_before_the_changes_that_name_them() -> None:
    order: list[str] = []

    async def scenario(t: Trial) -> None:
        t.writer._before = lambda: order.append(f"before {len(t.store.batches)}")
        t.store.gate.set()
        t.submit(1)
        await t.until(lambda: t.durable == [1])
        t.submit(1)
        await t.until(lambda: t.durable == [1, 2])

    trial(scenario)
    assert order == ["before 0", "before 1"]


def test_a_prune_is_done_in_slices_between_changes() -> None:
    async def scenario(t: Trial) -> None:
        with pytest.raises(Invalid):
            t.writer.submit_prune(Prune(Select("notes")))
        await t.blocked()
        t.writer.submit_prune(Prune(Select("notes", limit=1200)))
        t.writer.submit_prune(PruneEvents(Revision(1)))
        t.submit(300)
        t.submit(300)
        t.store.gate.set()
        await t.until(lambda: t.durable[-1:] == [601])
        assert await asyncio.to_thread(t.store.pruned.wait, 10)

    played = trial(scenario)
    limits = [
        prune.select.limit if isinstance(prune, Prune) else "events"
        for batch in played.store.batches
        for prune in batch.prunes
    ]
    assert limits == [500, "events", 500, 200]
    assert played.store.sizes() == [1, 300, 300, 0, 0]
    assert played.durable == [1, 301, 601]


def test_upkeep_goes_on_while_nothing_is_submitted() -> None:
    async def scenario(t: Trial) -> None:
        t.store.untidy = 50
        t.store.gate.set()
        t.submit(1)
        assert await asyncio.to_thread(t.store.tidied.wait, 10)

    assert trial(scenario).store.sizes() == [1]


def test_with_sqlite_every_answer_is_durable(tmp_path: Path) -> None:
    async def play() -> None:
        store = SqliteStore(tmp_path / "p.db", TABLES)
        t = Trial(store)  # type: ignore[arg-type]
        t.writer.start()
        with reading(store) as reader:
            for n in range(1, 51):
                t.submit(2)
                await t.until(lambda n=n: t.durable[-1:] == [2 * n])
                assert reader.last_revision() == 2 * n
        t.writer.close()
        store.close()

    asyncio.run(play())
