"""The store of the simulator and of tests: dicts that behave as the SQLite store does.

Promises: the same answers, orders and errors as any other store, held to it by the same conformance suite. What was
written survives `crash`; what was not never arrives. Searching reads every row, so this is no store for millions.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path

import msgspec

from portico.domain.errors import AlreadyExists, Compacted, Conflict, Invalid, Unavailable
from portico.domain.identity import Revision
from portico.store import memory_sheets
from portico.store.catalogue import Catalogue
from portico.store.comparing import COMPARISONS, rank
from portico.store.port import Batch, Change, Condition, Operator, Prune, Row, Select, StoredEvent, Table, Value
from portico.store.sheet_catalogue import KEY
from portico.store.sheets import BulkChange, Cell, Field, Sheet, SheetQuery

_Columns = dict[str, Value]


class _State:
    """What is durable."""

    def __init__(self, tables: Sequence[str], sheets: Sequence[str] = ()) -> None:
        self.sheets: memory_sheets.SheetRows = {name: {} for name in sheets}
        self.rows: dict[str, dict[str, tuple[Row, _Columns]]] = {name: {} for name in tables}
        self.events: list[StoredEvent] = []
        self.pruned = Revision(0)
        self.last = Revision(0)

    def copy(self) -> _State:
        copied = _State(())
        copied.rows = {name: dict(rows) for name, rows in self.rows.items()}
        copied.sheets = {name: dict(rows) for name, rows in self.sheets.items()}
        copied.events = list(self.events)
        copied.pruned, copied.last = self.pruned, self.last
        return copied


class MemoryStore:
    """A store that lasts as long as the process."""

    def __init__(self, tables: Sequence[Table], sheets: Sequence[Sheet] = ()) -> None:
        self._tables = tables
        self._sheets = sheets
        self._catalogue = Catalogue(tables, sheets)
        self._state = _State(list(self._catalogue.tables), list(self._catalogue.of_sheets.sheets))
        self._lock = threading.Lock()
        self._gone = ""

    def write(self, batch: Batch) -> None:
        """Make the batch as durable as this store is, all of it or nothing."""
        if self._gone:
            raise Unavailable(f"the store {self._gone}")
        last = self._catalogue.check_changes(batch.changes, self._state.last)
        for prune in batch.prunes:
            if isinstance(prune, Prune):
                self._catalogue.check_select(prune.select)
        bulks = [change.bulk for change in batch.changes if isinstance(change, BulkChange)]
        with self._lock:
            memory_sheets.apply(self._state.sheets, bulks, self._catalogue.of_sheets)
            for change in batch.changes:
                if not isinstance(change, BulkChange):
                    self._apply(change)
            self._state.last = last
            for prune in batch.prunes:
                if isinstance(prune, Prune):
                    for row in _chosen(self._state, self._catalogue, prune.select):
                        del self._state.rows[prune.select.table][row.id]
                else:
                    self._prune_events(Revision(min(prune.through, last)))

    def tidy(self) -> bool:
        """Do nothing: there is no upkeep."""
        return False

    def reader(self) -> MemoryReader:
        """Open a reader."""
        return MemoryReader(self._catalogue, self._lock, self._state)

    def backup(self, target: str) -> None:
        """Write all rows as one MessagePack file; raises AlreadyExists, never overwrites."""
        if not Path(target).parent.is_dir():
            raise Invalid(f"there is no directory {Path(target).parent} to put a backup in")
        with self._lock:
            rows: dict[str, list[object]] = {
                **{name: [row for row, _ in kept.values()] for name, kept in self._state.rows.items()},
                **{name: list(kept.values()) for name, kept in self._state.sheets.items()},
            }
        try:
            with Path(target).open("xb") as file:
                file.write(msgspec.msgpack.encode(rows))
        except FileExistsError as error:
            raise AlreadyExists(f"{target} exists; a backup overwrites nothing") from error

    def close(self) -> None:
        """Refuse further writes; readers go on."""
        self._gone = "is closed"

    def crash(self) -> MemoryStore:
        """Lose the server: this object writes no more, and a new one goes on from what was written."""
        self._gone = "crashed"
        reopened = MemoryStore(self._tables, self._sheets)
        with self._lock:
            reopened._state = self._state.copy()
        return reopened

    def _apply(self, change: Change) -> None:
        rows = self._state.rows[change.table]
        if change.body is None:
            rows.pop(change.id, None)
        else:
            names = [column.name for column in self._catalogue.tables[change.table].columns]
            columns: _Columns = dict(zip(names, change.columns, strict=True))
            columns |= {"id": change.id, "revision": change.revision}
            rows[change.id] = (Row(change.id, change.revision, change.body), columns)
        if change.logged:
            self._state.events.append(
                StoredEvent(change.revision, change.at, change.table, change.id, change.scope, change.body)
            )

    def _prune_events(self, through: Revision) -> None:
        state = self._state
        if through > state.pruned:
            state.pruned = through
            del state.events[: bisect_right(state.events, through, key=attrgetter("revision"))]


class MemoryReader:
    """A reader; one lock makes each call see whole batches only."""

    def __init__(self, catalogue: Catalogue, lock: threading.Lock, state: _State) -> None:
        self._catalogue = catalogue
        self._sheets = catalogue.of_sheets
        self._lock = lock
        self._state = state
        self._held = False

    def get(self, table: str, identity: str) -> Row | None:
        """Give one row, or None when there is no such id."""
        self._catalogue.table(table)
        with self._lock:
            found = self._state.rows[table].get(identity)
        return found[0] if found is not None else None

    def active(self, table: str) -> Iterator[Row]:
        """Give all rows that belong in memory, in order of id, as they were at the call."""
        mark = self._catalogue.table(table).active
        with self._lock:
            rows = [row for row, columns in self._state.rows[table].values() if not mark or columns[mark] == 1]
        return iter(sorted(rows, key=attrgetter("id")))

    def select(self, query: Select) -> list[Row]:
        """Give the rows chosen, in order."""
        self._catalogue.check_select(query)
        with self._lock:
            return _chosen(self._state, self._catalogue, query)

    def count(self, query: Select) -> int:
        """Count the rows chosen, ignoring limit and offset."""
        self._catalogue.check_select(query)
        with self._lock:
            matches = _matcher(query)
            return sum(matches(columns) for _, columns in self._state.rows[query.table].values())

    def events(self, after: Revision, limit: int, scope: str = "") -> list[StoredEvent]:
        """Give events after a revision, oldest first; raises Compacted when the log begins later."""
        with self._lock:
            state = self._state
            if after < state.pruned:
                raise Compacted(f"the event log begins after revision {state.pruned}; {after} was asked for")
            first = bisect_right(state.events, after, key=attrgetter("revision"))
            if not scope:
                return state.events[first : first + limit if limit >= 0 else None]
            found = [event for event in state.events[first:] if event.scope == scope]
        return found[: limit if limit >= 0 else None]

    def last_revision(self) -> Revision:
        """Give the newest revision ever written, 0 in a new store."""
        with self._lock:
            return self._state.last

    def rows(self, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Cell, ...]]:
        """Give these fields of the rows of a sheet that were asked for, in order."""
        self._sheets.check_query(query)
        self._sheets.check_fields(query.sheet, fields)
        with self._lock:
            found = memory_sheets.chosen(self._state.sheets, query, self._sheets)
            look = memory_sheets.Look(self._state.sheets, query.sheet, self._sheets)
            return [tuple(look.value(row, field) for field in fields) for row in found[_page(query)]]

    def rows_by_number(self, sheet: str, numbers: Sequence[int], columns: Sequence[str]) -> list[tuple[Cell, ...]]:
        """Give the number and these columns of the rows that are there, in order of number."""
        self._sheets.check_columns(sheet, columns)
        with self._lock:
            kept = self._state.sheets[sheet]
            found = [kept[number] for number in sorted(set(numbers)) if number in kept]
            return [tuple(row[column] for column in (KEY, *columns)) for row in found]

    def count_rows(self, query: SheetQuery) -> int:
        """Count the rows chosen, ignoring limit and offset."""
        self._sheets.check_query(query)
        with self._lock:
            return len(memory_sheets.chosen(self._state.sheets, query, self._sheets))

    def tally(self, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Cell, ...]]:
        """Give each distinct combination of these fields, and last how many of the chosen rows have it."""
        self._sheets.check_tally(query, fields)
        with self._lock:
            return memory_sheets.tally(self._state.sheets, query, fields, self._sheets)[_page(query)]

    def count_distinct(self, query: SheetQuery, fields: Sequence[Field]) -> int:
        """Count the distinct combinations of these fields among the chosen rows."""
        self._sheets.check_tally(query, fields)
        with self._lock:
            return len(memory_sheets.tally(self._state.sheets, query, fields, self._sheets))

    def last_number(self, sheet: str) -> int:
        """Give the largest number in a sheet, 0 in an empty one."""
        self._sheets.sheet(sheet)
        with self._lock:
            return max(self._state.sheets[sheet], default=0)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Hold one state for all calls made inside."""
        if self._held:
            raise Conflict("a snapshot is held already")
        current = self._state
        with self._lock:
            self._state = current.copy()
        self._held = True
        try:
            yield
        finally:
            self._state, self._held = current, False

    def close(self) -> None:
        """Give up nothing: a reader holds no resource."""


def _chosen(state: _State, catalogue: Catalogue, query: Select) -> list[Row]:
    catalogue.check_select(query)
    matches = _matcher(query)
    found = [(row, columns) for row, columns in state.rows[query.table].values() if matches(columns)]
    for column, ascending in reversed((*query.order, ("id", True))):
        found.sort(key=lambda kept: rank(kept[1][column]), reverse=not ascending)
    return [row for row, _ in found[_page(query)]]


def _page(query: Select | SheetQuery) -> slice:
    return slice(query.offset, query.offset + query.limit if query.limit >= 0 else None)


def _matcher(query: Select) -> Callable[[_Columns], bool]:
    """Give the test of a row; long lists of single values (ids, most often) become sets."""
    if not query.any_of:
        return lambda _: True
    wanted: dict[str, set[Value]] = {}
    others: list[tuple[Condition, ...]] = []
    for conditions in query.any_of:
        if len(conditions) == 1 and conditions[0].operator is Operator.EQ:
            wanted.setdefault(conditions[0].column, set()).add(conditions[0].value)
        else:
            others.append(conditions)

    def matches(columns: _Columns) -> bool:
        if any(columns[column] in values for column, values in wanted.items()):
            return True
        return any(all(_holds(condition, columns) for condition in conditions) for conditions in others)

    return matches


def _holds(condition: Condition, columns: _Columns) -> bool:
    stored, operator, value = columns[condition.column], condition.operator, condition.value
    if value is None:
        return (stored is None) == (operator is Operator.EQ)
    if stored is None:
        return operator is Operator.NE
    return COMPARISONS[operator](stored, value)
