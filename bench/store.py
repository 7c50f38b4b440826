"""Figures of the SQLite store beside a bare sqlite3 loop on the same tables, in the same run.

    python bench/store.py [--rows 100000] [--rounds 5] [--sheets 0] [--directory DIR]

Prints one JSON object a line: ours, bare, and their ratio (above 1: the store is ahead), medians over rounds that
alternate between the two. Both write the row, its event and the last revision with FULL sync. With `--sheets` the
figures of sheets follow, over so many Calls (see `sheets`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sheets

from portico.domain.identity import Instant, Revision, uuid7
from portico.store.port import Batch, Change, Column, Table
from portico.store.sqlite import SqliteStore
from portico.store.writer import MOST_CHANGES, ThreadWriter

RUNS = Table(
    "runs",
    (Column("job"), Column("pool"), Column("state"), Column("live", "integer"), Column("created", "integer")),
    (("job",), ("pool", "state", "created")),
    active="live",
)
COMMITS = 400
BULKS = 20
GETS = 20_000
_BARE_ROW = (
    "INSERT INTO runs (id, revision, job, pool, state, live, created, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, job = excluded.job, pool = excluded.pool,"
    " state = excluded.state, live = excluded.live, created = excluded.created, body = excluded.body"
)
_BARE_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"
_BARE_GET = "SELECT id, revision, body FROM runs WHERE id = ?"


class Load:
    """Changes as a busy server makes them: half are new rows, half updates of recent ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._jobs = [self._fresh() for _ in range(1000)]
        self._bytes = self._random.randbytes(1000)
        self.revision = 0
        self.ids: list[str] = []

    def _fresh(self) -> str:
        return uuid7(time.time_ns() // 1_000_000, self._random.getrandbits(74))

    def change(self, *, new: bool | None = None) -> Change:
        self.revision += 1
        fresh = self._random.random() < 0.5 if new is None else new
        identity = self._fresh() if fresh else self._random.choice(self.ids[-20_000:])
        if fresh:
            self.ids.append(identity)
        mark = int(identity[-6:], 16)
        job = self._jobs[mark % len(self._jobs)]
        columns = (job, f"/p/{mark % 20}", "RUNNING" if fresh else "DONE", int(fresh), int(identity[:8], 16))
        body = self._bytes[: self._random.randrange(300, 800)]
        return Change(Revision(self.revision), Instant(self.revision), "runs", identity, columns, body, job)

    def changes(self, count: int) -> list[Change]:
        return [self.change() for _ in range(count)]


class Bare:
    """The least that anybody would write by hand, on a copy of the store's file."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -262144"):
            self.connection.execute(f"PRAGMA {setting}").fetchall()

    def write(self, changes: list[Change]) -> None:
        run = self.connection.execute if len(changes) == 1 else self.connection.executemany
        rows = [(change.id, change.revision, *change.columns, change.body) for change in changes]
        events = [
            (change.revision, change.at, change.table, change.id, change.scope, change.body) for change in changes
        ]
        self.connection.execute("BEGIN IMMEDIATE")
        run(_BARE_ROW, rows if len(changes) > 1 else rows[0])  # type: ignore[arg-type]
        run(_BARE_EVENT, events if len(changes) > 1 else events[0])  # type: ignore[arg-type]
        self.connection.execute("UPDATE meta SET value = ? WHERE key = ?", (changes[-1].revision, "last_revision"))
        self.connection.execute("COMMIT")


async def served(store: SqliteStore, load: Load, flights: int, commits: int) -> tuple[float, list[float]]:
    """Commit one row at a time from some tasks through a ThreadWriter: commits a second, and each one's seconds."""
    loop = asyncio.get_running_loop()
    waiting: list[tuple[int, asyncio.Future[None]]] = []
    latencies: list[float] = []

    def on_durable(revision: Revision) -> None:
        done = [entry for entry in waiting if entry[0] <= revision]
        waiting[:] = [entry for entry in waiting if entry[0] > revision]
        for _, future in done:
            future.set_result(None)

    def on_failure(error: BaseException) -> None:
        raise error

    async def client(count: int) -> None:
        for _ in range(count):
            begun = time.perf_counter()
            future: asyncio.Future[None] = loop.create_future()
            waiting.append((load.revision + 1, future))
            writer.submit((load.change(),))
            await future
            latencies.append(time.perf_counter() - begun)

    writer = ThreadWriter(store, loop, on_durable, on_failure)
    writer.start()
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(flights):
            group.create_task(client(commits // flights))
    seconds = time.perf_counter() - begun
    writer.close()
    return commits / seconds, latencies


def rate(count: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def at_centile(values: list[float], centile: int) -> float:
    return sorted(values)[len(values) * centile // 100]


def measure(store: SqliteStore, ours: Load, bare: Bare, theirs: Load) -> Iterator[tuple[str, str, float, float]]:
    """One round: name, unit, ours, bare."""
    plain: list[float] = []
    for _ in range(COMMITS):
        begun = time.perf_counter()
        bare.write(theirs.changes(1))
        plain.append(time.perf_counter() - begun)
    bare_lone = COMMITS / sum(plain)
    lone, latencies = asyncio.run(served(store, ours, 1, COMMITS))
    yield "lone_commits", "1/s", lone, bare_lone
    for name, centile in (("lone_commit_p50", 50), ("lone_commit_p99", 99)):
        yield name, "ms", at_centile(latencies, centile) * 1e3, at_centile(plain, centile) * 1e3
    yield "commits_16_in_flight", "1/s", asyncio.run(served(store, ours, 16, COMMITS * 4))[0], bare_lone

    bulks = [theirs.changes(MOST_CHANGES) for _ in range(BULKS)]
    bare_bulk = rate(BULKS * MOST_CHANGES, lambda: [bare.write(changes) for changes in bulks])
    batches = [Batch(ours.changes(MOST_CHANGES)) for _ in range(BULKS)]
    seconds: list[float] = []

    def write_all() -> None:
        for batch in batches:
            begun = time.perf_counter()
            store.write(batch)
            seconds.append(time.perf_counter() - begun)
            store.tidy()

    yield "rows_in_500s", "1/s", rate(BULKS * MOST_CHANGES, write_all), bare_bulk
    yield "write_of_500_mean", "ms", statistics.mean(seconds) * 1e3, MOST_CHANGES / bare_bulk * 1e3
    yield "hot_get", "us", *gets(store, ours, bare, theirs)


def gets(store: SqliteStore, ours: Load, bare: Bare, theirs: Load) -> tuple[float, float]:
    reader = store.reader()
    mine, others = ours.ids[-1000:], theirs.ids[-1000:]
    execute = bare.connection.execute
    for identity in mine:
        reader.get("runs", identity)
    own = rate(GETS, lambda: [reader.get("runs", mine[n % 1000]) for n in range(GETS)])
    plain = rate(GETS, lambda: [execute(_BARE_GET, (others[n % 1000],)).fetchone() for n in range(GETS)])
    reader.close()
    return 1e6 / own, 1e6 / plain


def busy_loop(store: SqliteStore, load: Load) -> Iterator[tuple[str, float]]:
    """A lone commit while the loop computes without a pause, by Python's switch interval."""

    async def compute_and_commit() -> list[float]:
        spinning = True

        async def spin() -> None:
            while spinning:
                sum(range(20_000))
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            group.create_task(spin())
            latencies = (await served(store, load, 1, 50))[1]
            spinning = False
        return latencies

    usual = sys.getswitchinterval()
    for interval in (usual, 0.0005):
        sys.setswitchinterval(interval)
        yield f"{interval * 1e3:g} ms", statistics.median(asyncio.run(compute_and_commit())) * 1e3
    sys.setswitchinterval(usual)


def fill(store: SqliteStore, load: Load, rows: int) -> None:
    for begin in range(0, rows, MOST_CHANGES):
        store.write(Batch([load.change(new=True) for _ in range(min(MOST_CHANGES, rows - begin))]))
        store.tidy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sheets", type=int, default=0)
    parser.add_argument("--directory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        store = SqliteStore(Path(folder, "ours.db"), (RUNS,))
        ours = Load(1)
        fill(store, ours, options.rows)
        store.backup(str(Path(folder, "bare.db")))
        bare, theirs = Bare(Path(folder, "bare.db")), Load(2)
        theirs.revision, theirs.ids = ours.revision, list(ours.ids)
        figures: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for _ in range(options.rounds):
            for name, unit, own, plain in measure(store, ours, bare, theirs):
                figures.setdefault((name, unit), []).append((own, plain))
        for (name, unit), rounds in figures.items():
            own, plain = (statistics.median(values) for values in zip(*rounds, strict=True))
            ratio = own / plain if unit == "1/s" else plain / own
            print(
                json.dumps(
                    {
                        "name": name,
                        "unit": unit,
                        "ours": round(own, 2),
                        "bare": round(plain, 2),
                        "ratio": round(ratio, 2),
                    }
                )
            )
        for interval, milliseconds in busy_loop(store, ours):
            print(
                json.dumps(
                    {
                        "name": "commit_beside_busy_loop",
                        "unit": "ms",
                        "switch_interval": interval,
                        "ours": round(milliseconds, 2),
                    }
                )
            )
        bare.connection.close()
        store.close()
        if options.sheets:
            sheets.measure(Path(folder, "sheets.db"), options.sheets)


if __name__ == "__main__":
    main()
