"""The writing side of the SQLite store.

Owns the one writing connection. Promises: a batch is one transaction; rows, events and the newest revision are
committed together; what nobody waits for (checkpoints, deleting events that are logically gone already, lengthening the
log) happens in `tidy`, in bounded steps after the answer went out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from portico.domain.errors import Invalid, Unavailable
from portico.domain.identity import Revision
from portico.store.catalogue import Catalogue
from portico.store.faults import disk_errors
from portico.store.port import Batch, Change, Prune, PruneEvents, Table
from portico.store.sheets import Bulk, BulkChange, Erase, EraseWhere, Insert, Sheet, weigh
from portico.store.sqlite import queries
from portico.store.sqlite.backup import copy
from portico.store.sqlite.connections import PAGE_SIZE, explained, open_reader, open_writer, transaction, tune_writer
from portico.store.sqlite.free_space import STEP_PAGES, FreeSpace
from portico.store.sqlite.gathering import gathered
from portico.store.sqlite.log_room import LogRoom
from portico.store.sqlite.lone_change import LoneChanges, lone_change
from portico.store.sqlite.migrations import MIGRATIONS, Migration
from portico.store.sqlite.reader import SqliteReader
from portico.store.sqlite.schema import prepare, refuse_foreign
from portico.store.sqlite.sheets import SheetWriting

SWEPT_EVENTS = 2_000
"""How many dead events one step of `tidy` deletes: about 10 ms."""

CHECKPOINT_PAGES = 4_000
"""After about how many written pages `tidy` moves them into the file: 16 MB, some 40 ms; see `connections`."""

LOG_BYTES = CHECKPOINT_PAGES * 5 // 4 * PAGE_SIZE
"""The length of the log from soon after the start; how much a checkpoint moves is an estimate."""

_PAGES_PER_ROW = 3
_PAGES_PER_COMMIT = 4
_INSERTED_PER_PAGE = 8
_TOUCHED_PER_PAGE = 2
_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"
_SET_META = "UPDATE meta SET value = ? WHERE key = ?"
_SWEEP = (
    "DELETE FROM events WHERE revision <= ? AND revision <="
    " coalesce((SELECT revision FROM events ORDER BY revision LIMIT 1 OFFSET ?), ?)"
)


class SqliteStore:
    """One database file. The caller makes sure that no second server opens it (see `directory`)."""

    def __init__(
        self,
        path: Path,
        tables: Sequence[Table],
        migrations: Sequence[Migration] = MIGRATIONS,
        sheets: Sequence[Sheet] = (),
    ) -> None:
        """Open, create or upgrade the file; raises Invalid when it is foreign, newer or damaged at the front."""
        self._path = path
        self._catalogue = Catalogue(tables, sheets)
        self._upserts = {table.name: _upsert(table) for table in tables}
        self._unmoved_pages = 0
        self._log_room = LogRoom(path, LOG_BYTES)
        with explained(path):
            self._connection = open_writer(path)
            try:
                refuse_foreign(self._connection)
                tune_writer(self._connection)
                prepare(self._connection, self._catalogue, migrations)
                self._free_space = FreeSpace(self._connection)
                self._sheets = SheetWriting(self._connection, self._catalogue.of_sheets)
                self._lone_changes = LoneChanges(self._connection, tables, self._upserts)
                self._last = Revision(self._meta("last_revision"))
                self._pruned = Revision(self._meta("pruned_through"))
                self._swept = self._oldest_event() > self._pruned
            except Invalid as error:
                self._connection.close()
                raise Invalid(f"cannot use {path}: {error}") from error
            except BaseException:
                self._connection.close()
                raise

    def write(self, batch: Batch) -> None:
        """Make the batch durable, all of it or nothing; one fsync."""
        bulks = gathered([change.bulk for change in batch.changes if isinstance(change, BulkChange)])
        changes = [change for change in batch.changes if not isinstance(change, BulkChange)]
        last = self._catalogue.check_changes(batch.changes, self._last, bulks)
        pruned = self._pruned
        for prune in batch.prunes:
            if isinstance(prune, Prune):
                self._catalogue.check_select(prune.select)
            else:
                pruned = max(pruned, min(prune.through, last))
        lone = lone_change(batch)
        with explained(self._path):
            if lone is not None:
                self._lone_changes.write(lone)
            else:
                self._write_all(changes, bulks, batch.prunes, last, pruned)
        self._last = last
        self._swept = self._swept and pruned == self._pruned
        self._pruned = pruned
        self._unmoved_pages += _PAGES_PER_COMMIT + _PAGES_PER_ROW * len(changes) + sum(map(_pages, bulks))
        if batch.prunes or any(change.body is None for change in changes) or any(map(_removes, bulks)):
            self._free_space.note()

    def tidy(self) -> bool:
        """Delete some dead events, give back some free pages, move pages into the file, lengthen the log.

        True while there are more events to delete or pages to give back.
        """
        if not self._untidy:
            return False
        with explained(self._path):
            if not self._swept:
                self._sweep_events()
            freeing = self._free_space.step()
            if freeing:
                self._unmoved_pages += STEP_PAGES * 2
            if self._unmoved_pages >= CHECKPOINT_PAGES:
                self._unmoved_pages = 0
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._log_room.grow()
        return freeing or not self._swept

    @property
    def _untidy(self) -> bool:
        """Tell whether there is anything to tidy; asked after each commit, so it must cost next to nothing."""
        return (
            not self._swept
            or self._unmoved_pages >= CHECKPOINT_PAGES
            or self._free_space.wanted
            or self._log_room.wanted
        )

    def reader(self) -> SqliteReader:
        """Open a reader for the calling thread."""
        return SqliteReader(self._path, self._catalogue)

    def backup(self, target: str) -> None:
        """Copy a consistent state to a new file; any thread may call it; raises AlreadyExists, never overwrites."""
        with explained(self._path), disk_errors(target), closing(open_reader(self._path)) as source:
            copy(source, Path(target))

    def close(self) -> None:
        """Release everything; the file then stands alone, without a log beside it."""
        with explained(self._path):
            self._connection.close()

    def _write_all(
        self,
        changes: Sequence[Change],
        bulks: Sequence[Bulk],
        prunes: Sequence[Prune | PruneEvents],
        last: Revision,
        pruned: Revision,
    ) -> None:
        with transaction(self._connection):
            self._write_rows(changes)
            self._write_events(changes)
            self._sheets.write(bulks)
            if last != self._last:
                self._connection.execute(_SET_META, (last, "last_revision"))
            for prune in prunes:
                if isinstance(prune, Prune):
                    self._connection.execute(*queries.delete(prune.select, self._catalogue.table(prune.select.table)))
            if pruned != self._pruned:
                self._connection.execute(_SET_META, (pruned, "pruned_through"))

    def _write_rows(self, changes: Sequence[Change]) -> None:
        newest: dict[str, dict[str, Change]] = {}
        for change in changes:
            newest.setdefault(change.table, {})[change.id] = change
        for table, by_id in newest.items():
            kept = [
                (change.id, change.revision, *change.columns, change.body)
                for change in by_id.values()
                if change.body is not None
            ]
            if kept:
                self._connection.executemany(self._upserts[table], kept)
            if len(kept) < len(by_id):
                removed = [(change.id,) for change in by_id.values() if change.body is None]
                self._connection.executemany(f'DELETE FROM "{table}" WHERE id = ?', removed)  # noqa: S608 — checked

    def _write_events(self, changes: Sequence[Change]) -> None:
        logged = [
            (change.revision, change.at, change.table, change.id, change.scope, change.body)
            for change in changes
            if change.logged
        ]
        if logged:
            self._connection.executemany(_INSERT_EVENT, logged)

    def _sweep_events(self) -> None:
        with transaction(self._connection):
            self._connection.execute(_SWEEP, (self._pruned, SWEPT_EVENTS - 1, self._pruned))
        self._unmoved_pages += SWEPT_EVENTS // 4
        self._free_space.note()
        self._swept = self._oldest_event() > self._pruned

    def _oldest_event(self) -> int:
        row: tuple[int | None] = self._connection.execute("SELECT min(revision) FROM events").fetchone()
        return self._pruned + 1 if row[0] is None else row[0]

    def _meta(self, key: str) -> int:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise Unavailable(f"the database {self._path} lacks its {key}")
        value: int = row[0]
        return value


def _pages(bulk: Bulk) -> int:
    """Estimate how many pages a change of a sheet writes: new rows lie side by side, and others often do."""
    return weigh(bulk) // (_INSERTED_PER_PAGE if isinstance(bulk, Insert) else _TOUCHED_PER_PAGE) + 1


def _removes(bulk: Bulk) -> bool:
    return isinstance(bulk, Erase | EraseWhere)


def _upsert(table: Table) -> str:
    names = [f'"{column.name}"' for column in table.columns]
    listed = ", ".join(["id", "revision", *names, "body"])
    marks = ", ".join("?" * (len(names) + 3))
    changing = [f'"{column.name}"' for column in table.columns if not column.fixed]
    renewed = ", ".join(f"{name} = excluded.{name}" for name in ["revision", *changing, "body"])
    return (
        f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})'  # noqa: S608 — names are checked
        f" ON CONFLICT (id) DO UPDATE SET {renewed}"
    )
