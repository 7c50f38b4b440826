"""Figures of sheets: rows a second beside a busy loop, and pages over a million Calls.

    python bench/sheets.py [--calls 1000000] [--directory DIR] [--sections writing,reading,erasing]

Prints one JSON object a line. Rows are those of the calls core; every transaction is synced. While rows are written
another thread computes without a pause, as a busy loop does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from portico.control.calls.sheets import CALL_SHEETS, CALLS, OPTIONS, RESULT_DATA, RESULTS, SESSIONS
from portico.domain.identity import Revision
from portico.store.port import Batch, Operator
from portico.store.sheets import Assign, Bulk, BulkChange, Cell, Erase, EraseWhere, Field, Insert, SheetQuery, Test
from portico.store.sqlite import SqliteStore

START = 1_700_000_000_000_000
STATES = (1, 2, 3, 4, 5)
LENGTH = 1_000
"""Calls submitted at once."""
SESSION_COUNT = 20
PARTITIONS = ("default", "gpu", "large", "small")
SWITCH_SECONDS = 0.0001
LINKS = b"\x94\x91\xce\x00\x01\x02\x03\x90\x91\xd9$00000000-0001-8100-8000-000000000000\x90"
SUFFIX = "-8200-8000-000000000000"


class Load:
    """Writes what submissions and reports of Calls write."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._random = random.Random(1)
        self.revision = 0
        self.calls = 0
        self.results = 0
        self.written = 0

    def write(self, *bulks: Bulk) -> None:
        changes = []
        for bulk in bulks:
            self.revision += 1
            change = BulkChange(Revision(self.revision), bulk)
            changes.append(change)
        self._store.write(Batch(changes))
        self._store.tidy()

    def begin(self) -> None:
        more = msgspec.json.encode({"team": "a", "run": "7"}).decode()
        options = [
            (n, (n - 1) // 4 + 1, 60_000_000, 3, n % 10, PARTITIONS[n % 4], f"app{n % 3}", "1", "ns", "s", "", more)
            for n in range(1, SESSION_COUNT * 4 + 1)
        ]
        sessions = [(n, 1, 1, 1, '["default"]', n * 4, START, *[None] * 5, 0) for n in range(1, SESSION_COUNT + 1)]
        self.write(Insert(OPTIONS.name, options), Insert(SESSIONS.name, sessions))

    def submission(self, count: int = LENGTH, state: int | None = None) -> list[Bulk]:
        """A call with its output, its payload and the payload's data, `count` times."""
        session = self._random.randint(1, SESSION_COUNT)
        options = (session - 1) * 4 + self._random.randint(1, 4)
        at = START + self.calls * 50
        first, result = self.calls + 1, self.results + 1
        self.calls += count
        self.results += 2 * count
        data = os.urandom(1024)
        calls: list[tuple[Cell, ...]] = []
        for n in range(count):
            ended = at + 1_000_000 if state is None and n % 4 else None
            shown = state or (5 if ended else STATES[n % 3])
            cells = (first + n, session, shown, options, result + n, LINKS, None, None, "", at, at)
            calls.append((*cells, at, at, at, at, at, ended, at, "pod-1", "host-1", 7, "" if ended else None))
            if state is not None:
                calls[-1] = (*cells, *[None] * 11)
        results: list[tuple[Cell, ...]] = [
            (result + n, session, 2 - n // count, "payload", first + n % count, "", "", at, None, 1024, b"", None, 0)
            for n in range(2 * count)
        ]
        rows = [(result + n, session, data) for n in range(count)]
        return [Insert(RESULTS.name, results), Insert(RESULT_DATA.name, rows), Insert(CALLS.name, calls)]

    def dispatched(self, first: int, count: int) -> Bulk:
        columns = ("state", "lease", "pod", "host", "received_at", "acquired_at")
        return Assign(
            CALLS.name,
            columns,
            [(3, self.revision, "pod-2", "host-2", START, START, n) for n in range(first, first + count)],
        )

    def ended(self, first: int, count: int) -> Bulk:
        columns = ("state", "fetched_at", "started_at", "processed_at", "ended_at", "pod_ttl", "error")
        at = START + self.revision
        return Assign(CALLS.name, columns, [(5, at, at, at, at, at, "", n) for n in range(first, first + count)])


@contextmanager
def busy() -> Iterator[None]:
    """Have another thread compute without a pause, with the switch interval of the server."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(200))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(usual)


def rate(rows: int, work: Callable[[], object]) -> tuple[float, float]:
    """Rows a second, by the clock and by this thread's processor time."""
    begun, used = time.perf_counter(), time.thread_time()
    work()
    return rows / (time.perf_counter() - begun), rows / (time.thread_time() - used)


def tell(name: str, unit: str, **figures: float | str) -> None:
    rounded = {key: round(value, 2) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({"name": name, "unit": unit, **rounded}), flush=True)


def write_all(load: Load, transactions: list[list[Bulk]]) -> tuple[float, float]:
    rows = sum(len(bulk.rows) for bulks in transactions for bulk in bulks if isinstance(bulk, Insert | Assign))
    return rate(rows, lambda: [load.write(*bulks) for bulks in transactions])


def writing(load: Load) -> None:
    for mode, beside in {"alone": nullcontext, "busy": busy}.items():
        with beside():
            for name, transactions in loads(load):
                clock, processor = write_all(load, transactions)
                tell(name, "rows/s", beside=mode, clock=clock, processor=processor)


def loads(load: Load) -> Iterator[tuple[str, list[list[Bulk]]]]:
    yield "inserted_mixed", [load.submission(state=2) for _ in range(20)]
    for place, name in enumerate(("results", "result_data", "calls")):
        yield f"inserted_{name}", [[load.submission(state=2)[place]] for _ in range(10)]
    first = load.calls - 10 * LENGTH
    for count in (1, 50, 500):
        yield (
            f"assigned_in_{count}s",
            [
                [change(first + n, count)]
                for n in range(0, min(100 * count, 10_000), count)
                for change in (load.dispatched, load.ended)
            ],
        )
    lone = [load.ended(first + n, 1) for n in range(5000)]
    yield "assigned_ones_gathered_by_50", [lone[n : n + 50] for n in range(0, len(lone), 50)]


def milliseconds(work: Callable[[], object], rounds: int = 15) -> tuple[float, float]:
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(taken), max(taken)


def queries() -> dict[str, SheetQuery]:
    created, number = Field("created_at"), Field("number", suffix=SUFFIX, alias="alias")
    session = Test(Field("session"), value=3)
    done = Test(Field("state"), value=5)
    newest = ((created, False),)
    partition = Test(Field("partition", link="options"), value="gpu")
    name = f"{700_000 >> 16:08x}-{700_000 & 65535:04x}{SUFFIX}"

    def page(*tests: Test, order: tuple[tuple[Field, bool], ...] = newest, offset: int = 0) -> SheetQuery:
        return SheetQuery(CALLS.name, (tests,), order=order, limit=100, offset=offset)

    return {
        "session, state; newest": page(session, done),
        "session, state; newest, page 100": page(session, done, offset=10_000),
        "session, state; last ended": page(session, done, order=((Field("ended_at"), False),)),
        "session, state; by number": page(session, done, order=((Field("number"), True),)),
        "session, partition; by number": page(session, partition, order=((Field("number"), True),)),
        "session, state; by text": page(session, done, order=((number, True),)),
        "session; newest": page(session),
        "session, since; newest": page(session, Test(created, Operator.GE, START + 40_000_000)),
        "state; newest": page(done),
        "state, since; oldest": page(done, Test(created, Operator.GE, START + 40_000_000), order=((created, True),)),
        "session, partition; newest": page(session, partition),
        "state, partition; newest": page(done, partition),
        "session, map key; newest": page(session, Test(Field("options", link="options", key="team"), value="a")),
        "all; newest": page(),
        "all; by number": page(order=((Field("number"), True),)),
        "id": page(Test(number, value=name)),
        "id starts with": page(Test(number, Operator.STARTS_WITH, name[:12])),
        "pod; newest": page(Test(Field("pod"), value="pod-2"), session),
        "session; longest": page(session, order=((Field("ended_at", minus="started_at"), False),)),
        "all; by priority": page(order=((Field("priority", link="options"), False),)),
    }


def reading(store: SqliteStore) -> None:
    reader = store.reader()
    fields = [Field("number"), *(Field(column.name) for column in CALLS.columns)]
    fields += [Field("partition", link="options"), Field("priority", link="options")]
    for name, query in queries().items():
        page, worst = milliseconds(lambda query=query: reader.rows(query, fields))
        total, _ = milliseconds(lambda query=query: reader.count_rows(query), 5)
        tell(f"page: {name}", "ms", page=page, worst=worst, count=total, rows=str(reader.count_rows(query)))
    by_application = tuple(Field(f"application_{part}", link="options") for part in ("name", "version", "service"))
    for name, tallied in {"states": (Field("state"),), "applications": by_application}.items():
        every = SheetQuery(CALLS.name)
        taken, worst = milliseconds(lambda tallied=tallied, every=every: reader.tally(every, tallied), 3)
        tell(f"tally: {name}", "ms", median=taken, worst=worst)
    numbers = random.Random(2).sample(range(1, 500_000), 1000)
    taken, worst = milliseconds(lambda: reader.rows_by_number(CALLS.name, numbers, ("state", "payload")))
    tell("rows_by_number of 1000", "ms", median=taken, worst=worst)
    reader.close()


def erasing(store: SqliteStore, load: Load, path: Path) -> None:
    before = path.stat().st_size
    numbers = [list(range(n, n + 500)) for n in range(1, 20_001, 500)]
    clock, processor = rate(20_000, lambda: [load.write(Erase(CALLS.name, some)) for some in numbers])
    tell("erased_in_500s", "rows/s", clock=clock, processor=processor)
    for sheet in (RESULT_DATA.name, RESULTS.name):
        clock, processor = rate(
            20_000, lambda sheet=sheet: [load.write(EraseWhere(sheet, "session", 5, 500)) for _ in range(40)]
        )
        tell(f"erased_where_of_{sheet}", "rows/s", clock=clock, processor=processor)
    begun, steps, longest = time.perf_counter(), 0, 0.0
    while True:
        step = time.perf_counter()
        more = store.tidy()
        longest = max(longest, time.perf_counter() - step)
        steps += 1
        if not more:
            break
    tell("tidied", "s", seconds=time.perf_counter() - begun, steps=str(steps), longest=longest * 1e3)
    tell("file", "MB", before=before / 1e6, after=path.stat().st_size / 1e6)


def measure(path: Path, count: int, sections: str = "writing,reading,erasing") -> None:
    """Fill a file with Calls, and tell the figures."""
    store = SqliteStore(path, (), sheets=CALL_SHEETS)
    load = Load(store)
    load.begin()
    begun = time.perf_counter()
    while load.calls < count:
        results, data, calls = load.submission()
        load.write(*([results, data, calls] if load.calls % 10_000 == 0 else [results, calls]))
    tell("filled", "s", calls=str(load.calls), seconds=time.perf_counter() - begun)
    tell("bytes_a_call_with_two_results", "B", size=path.stat().st_size / load.calls)
    if "writing" in sections:
        writing(load)
    if "reading" in sections:
        reading(store)
    if "erasing" in sections:
        erasing(store, load, path)
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--directory")
    parser.add_argument("--sections", default="writing,reading,erasing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        measure(Path(folder, "sheets.db"), options.calls, options.sections)


if __name__ == "__main__":
    main()
