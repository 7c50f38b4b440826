"""Fills a fresh data directory with finished work, through the store and in the server's own records.

Each Instance comes with the Run that was its one attempt, as if a kind's command had just been run that often. Works
before the server starts, never beside it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.jobs.catalogue import kind_id
from portico.control.records import CORE_TABLES, INSTANCES, RUNS, RecordTable
from portico.domain.identity import Instant, Revision, uuid7
from portico.domain.jobs import Instance, InstanceState
from portico.domain.runs import Claim, EndCause, Limits, Outcome, Run, RunSpec, RunState
from portico.domain.slices import Slice
from portico.store.directory import open_directory
from portico.store.port import Batch, Change
from portico.store.sqlite import SqliteStore

CHUNK = 10_000
APART = 1_000
"""Microseconds between one Instance and the next; the last one ends just now."""
AMOUNTS = {"cpus": 100, "mem": 32_000}
SPEC = RunSpec(argv=("true",), limits=Limits(cpus=100, memory=32 << 20), capture=65_536)
CLAIM = Claim("bench", (Slice("cpus", 100), Slice("mem", 32_000)))
ENDED = Outcome(EndCause.EXITED, exit_code=0, peak_memory=1 << 20, cpu_micros=900)


def load(data: Path, kind: str, count: int) -> list[str]:
    """Store `count` completed Instances of a kind and give their uuids, oldest first."""
    with open_directory(data) as directory:
        store = SqliteStore(directory.database, [table.table for table in CORE_TABLES], sheets=CALL_SHEETS)
        with closing(store):
            return _fill(store, kind, count)


def _fill(store: SqliteStore, kind: str, count: int) -> list[str]:
    with closing(store.reader()) as reader:
        revision = reader.last_revision()
    uuids: list[str] = []
    begun = time.time_ns() // 1000 - count * APART
    finished = _finished(kind, begun, count, random.Random(count))
    while chunk := list(islice(finished, CHUNK)):
        changes = []
        for instance, run in chunk:
            uuids.append(instance.id)
            for table, record in ((INSTANCES, instance), (RUNS, run)):
                revision = Revision(revision + 1)
                changes.append(_change(table, record, revision, instance.ended_at))
        store.write(Batch(changes))
        store.tidy()
    return uuids


def _change(table: RecordTable[Any], record: Any, revision: Revision, at: Instant) -> Change:
    return Change(revision, at, table.name, record.id, table.columns(record), table.encode(record), logged=False)


def _finished(kind: str, begun: int, count: int, chance: random.Random) -> Iterator[tuple[Instance, Run]]:
    job = kind_id(kind)
    for number in range(count):
        at = Instant(begun + number * APART)
        started, ended = Instant(at + 300), Instant(at + 900)
        identity = uuid7(at // 1000, chance.getrandbits(74))
        run = Run(
            id=uuid7(at // 1000, chance.getrandbits(74)),
            door="jobv1",
            pool="/jobv1",
            spec=SPEC,
            amounts=AMOUNTS,
            created_at=at,
            state=RunState.SUCCEEDED,
            job=job,
            instance=identity,
            priority=5,
            token=1,
            claim=CLAIM,
            outcome=ENDED,
            placed_at=at,
            started_at=started,
            ended_at=ended,
        )
        instance = Instance(
            id=identity,
            job=job,
            door="jobv1",
            created_at=at,
            scheduled_at=at,
            due_at=at,
            state=InstanceState.SUCCEEDED,
            index=number,
            priority=5,
            attempt=run.id,
            attempts=1,
            tries=1,
            results=("",),
            started_at=started,
            ended_at=ended,
        )
        yield instance, run
