"""The port to durable state: tables of encoded records, and the event log.

A record is a body (opaque bytes) under an id, with a few columns copied out of it for search. The store never looks
into bodies. Rows are the truth; events are the outbox for watchers and history and are never replayed.

Promises of every implementation (one conformance suite holds them to it):
- `write` is atomic and durable when it returns; it is called from one thread only;
- a Reader sees one consistent state per call, never a part of a batch; any thread may open its own;
- revisions in the event log strictly increase.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from portico.domain.identity import Instant, Revision

if TYPE_CHECKING:
    from portico.store.sheets import BulkChange, Cell, Field, SheetQuery

Value = str | int | None


class Column(msgspec.Struct, frozen=True):
    """A searchable copy of one attribute; `kind` is "text" or "integer".

    A `fixed` one never changes in the life of a row, so that its indexes cost nothing when the row is written again.
    """

    name: str
    kind: str = "text"
    fixed: bool = False


class Table(msgspec.Struct, frozen=True):
    """A kind of record. Each index is a list of column names (the id is always unique and indexed).

    `active` names an integer column that is 1 while the record belongs in memory and 0 afterwards; "" means always.
    `past` are indexes over the rows that are not active any more: a row enters them once, when it is over, and a query
    uses them when it says `active` EQ 0.
    """

    name: str
    columns: tuple[Column, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    active: str = ""
    past: tuple[tuple[str, ...], ...] = ()


class Change(msgspec.Struct, frozen=True, gc=False):
    """One committed change of one record, under its own revision.

    `body` None removes the row. `scope` groups events for watchers of many objects (a job's or session's id).
    `logged` False keeps the change out of the event log.
    """

    revision: Revision
    at: Instant
    table: str
    id: str
    columns: tuple[Value, ...] = ()
    body: bytes | None = None
    scope: str = ""
    logged: bool = True


class Row(msgspec.Struct, frozen=True, gc=False):
    """A stored record."""

    id: str
    revision: Revision
    body: bytes


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """One line of the event log; `body` None means that the record was removed."""

    revision: Revision
    at: Instant
    table: str
    id: str
    scope: str
    body: bytes | None


class Operator(StrEnum):
    """Comparisons of a column with a value; text ones are case-sensitive."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


class Condition(msgspec.Struct, frozen=True):
    """`column operator value`; "id" and "revision" are columns too. NE matches null, the others never do.

    A value of None asks for null itself: EQ finds the rows without a value, NE those with one; others are Invalid.
    """

    column: str
    operator: Operator
    value: Value


class Select(msgspec.Struct, frozen=True):
    """Which rows, in what order: OR over `any_of` of AND over conditions; empty means all.

    `order` is (column, ascending) pairs, ended by the id to make it total; null sorts before every value. `limit` -1
    is no limit.
    """

    table: str
    any_of: tuple[tuple[Condition, ...], ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = -1
    offset: int = 0


class Prune(msgspec.Struct, frozen=True):
    """Delete up to `select.limit` rows chosen by a Select, without events (retention)."""

    select: Select


class PruneEvents(msgspec.Struct, frozen=True):
    """Delete the event log up to and including this revision."""

    through: Revision


class Batch(msgspec.Struct, frozen=True):
    """What one transaction writes. Of several changes to one row the last one stays; events keep them all.

    Changes of sheets are carried out one after the other, in the order in which they stand.
    """

    changes: Sequence[Change | BulkChange]
    prunes: Sequence[Prune | PruneEvents] = ()


class Reader(Protocol):
    """Reads durable state."""

    def get(self, table: str, identity: str) -> Row | None:
        """Give one row, or None when there is no such id."""
        ...

    def active(self, table: str) -> Iterator[Row]:
        """Give all rows that belong in memory, in order of id, as they were at the call; use it up before the next."""
        ...

    def select(self, query: Select) -> list[Row]:
        """Give the rows chosen, in order."""
        ...

    def count(self, query: Select) -> int:
        """Count the rows chosen, ignoring limit and offset."""
        ...

    def events(self, after: Revision, limit: int, scope: str = "") -> list[StoredEvent]:
        """Give events after a revision, oldest first; raises Compacted when the log begins later."""
        ...

    def last_revision(self) -> Revision:
        """Give the newest revision ever written, 0 in a new store."""
        ...

    def rows(self, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Cell, ...]]:
        """Give these fields of the rows of a sheet that were asked for, in order."""
        ...

    def rows_by_number(self, sheet: str, numbers: Sequence[int], columns: Sequence[str]) -> list[tuple[Cell, ...]]:
        """Give the number and these columns of the rows that are there, in order of number."""
        ...

    def count_rows(self, query: SheetQuery) -> int:
        """Count the rows chosen, ignoring limit and offset."""
        ...

    def tally(self, query: SheetQuery, fields: Sequence[Field]) -> list[tuple[Cell, ...]]:
        """Give each distinct combination of these fields, and last how many of the chosen rows have it; ordered by
        `order`, whose fields must be among these, then by the fields; limit and offset count combinations."""
        ...

    def count_distinct(self, query: SheetQuery, fields: Sequence[Field]) -> int:
        """Count the distinct combinations of these fields among the chosen rows."""
        ...

    def last_number(self, sheet: str) -> int:
        """Give the largest number in a sheet, 0 in an empty one."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Hold one state for all calls made inside (a list and the revision to watch from); not nested, and short."""
        ...

    def close(self) -> None:
        """Give up the connection."""
        ...


class Store(Protocol):
    """One data directory's durable state."""

    def write(self, batch: Batch) -> None:
        """Make the batch durable, all of it or nothing; raises Conflict unless all its revisions are new and rise."""
        ...

    def tidy(self) -> bool:
        """Do one bounded step of upkeep that no answer waits for; True while more is due. For the writing thread."""
        ...

    def reader(self) -> Reader:
        """Open a reader for the calling thread."""
        ...

    def backup(self, target: str) -> None:
        """Copy a consistent state to `target` while the store is in use."""
        ...

    def close(self) -> None:
        """Release everything; a later open sees all that was written."""
        ...
