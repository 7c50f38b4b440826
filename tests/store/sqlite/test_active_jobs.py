"""A file written before Jobs could leave memory still gives all of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from portico.control.records import CORE_TABLES, JOBS
from portico.domain.identity import Instant, Revision
from portico.domain.jobs import Job, JobMode, JobState
from portico.store.port import Batch, Change, Column, Table
from portico.store.sqlite import SqliteStore

BEFORE = Table("jobs", (Column("door"),), ())


def test_jobs_of_an_older_file_are_active(tmp_path: Path) -> None:
    path = tmp_path / "portico.db"
    kind = Job(id="kind/a", door="jobv1", pool="/jobv1", mode=JobMode.DEMAND, created_at=Instant(1))
    store = SqliteStore(path, (BEFORE,), ())
    store.write(Batch([Change(Revision(1), Instant(1), "jobs", kind.id, ("jobv1",), JOBS.encode(kind))]))
    store.close()
    tables = [table.table for table in CORE_TABLES]
    store = SqliteStore(path, tables)
    with closing(store.reader()) as reader:
        (row,) = reader.active("jobs")
        assert JOBS.load(row) == kind
    finished = Job(
        id="j", door="d", pool="/", mode=JobMode.BATCH, created_at=Instant(1), state=JobState.FINISHED, ended_at=2
    )
    body = JOBS.encode(finished)
    store.write(Batch([Change(Revision(2), Instant(2), "jobs", "j", JOBS.columns(finished), body)]))
    store.close()
    store = SqliteStore(path, tables)
    with closing(store.reader()) as reader:
        assert [row.id for row in reader.active("jobs")] == [kind.id]
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
