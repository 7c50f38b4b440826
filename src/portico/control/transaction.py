"""One change of the plane: what a handler puts, told to memory at once and to the writer together.

Promises: either everything a handler put is committed, or, when it raises, memory is as it was before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import msgspec

from portico.domain.identity import Instant, Revision
from portico.store.port import Change, Value
from portico.store.sheets import Bulk, BulkChange

if TYPE_CHECKING:
    from portico.control.committer import Effect
    from portico.control.plane import Plane


class Transaction:
    """Collects puts; use as a context manager."""

    __slots__ = ("_bulks", "_effects", "_first", "_plane", "_touched", "_undos", "now", "revision")

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.now: Instant = plane.clock.now()
        self.revision: Revision = plane.committer.revision
        self._touched: dict[tuple[str, str], Any] = {}
        self._first: dict[tuple[str, str], Any] = {}
        self._effects: list[Effect] = []
        self._undos: list[Effect] = []
        self._bulks: list[Bulk] = []

    def put(self, record: msgspec.Struct) -> None:
        """Store a record under its id; memory has it at once."""
        self._replace(record, record)

    def drop(self, record: msgspec.Struct) -> None:
        """Remove a record."""
        self._replace(record, None)

    def _replace(self, named: msgspec.Struct, record: msgspec.Struct | None) -> None:
        state = self._plane.state
        table = state.by_type[type(named)]
        identity: str = named.id  # type: ignore[attr-defined]
        key = (table.name, identity)
        old = state.apply(table.name, identity, record)
        if key in self._touched:
            del self._touched[key]  # what is touched again is told in the place of its last touch
        else:
            self._first[key] = old
        self._touched[key] = record

    def write(self, bulk: Bulk) -> None:
        """Change rows of a sheet; what memory has of them is the caller's affair, and so is undoing it."""
        self._bulks.append(bulk)

    def after(self, effect: Callable[[], None]) -> None:
        """Do something once all of this is durable."""
        self._effects.append(effect)

    def on_undo(self, action: Callable[[], None]) -> None:
        """Do something when this transaction is given up."""
        self._undos.append(action)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._undo()
            return
        try:
            encoded = self._encoded()
        except BaseException:  # what cannot be written must not stay in memory either
            self._undo()
            raise
        self._commit(encoded)

    def _undo(self) -> None:
        for (table, identity), old in reversed(self._first.items()):
            self._plane.state.apply(table, identity, old)
        for action in reversed(self._undos):
            action()

    def _encoded(self) -> list[tuple[tuple[Value, ...], bytes] | None]:
        """Give columns and body of each touched record, None for one that is dropped."""
        tables = self._plane.state.tables
        return [
            None if record is None else (tables[name].columns(record), tables[name].encode(record))
            for (name, _), record in self._touched.items()
        ]

    def _commit(self, encoded: list[tuple[tuple[Value, ...], bytes] | None]) -> None:
        plane = self._plane
        committer = plane.committer
        changes: list[Change] = []
        for ((name, identity), record), written in zip(self._touched.items(), encoded, strict=True):
            table = plane.state.tables[name]
            revision = committer.next_revision()
            if written is None:
                first = self._first[name, identity]
                scope = table.scope(first) if first is not None else ""
                change = Change(revision, self.now, name, identity, scope=scope)
            else:
                columns, body = written
                change = Change(revision, self.now, name, identity, columns, body, table.scope(record))
            changes.append(change)
        bulks = [BulkChange(committer.next_revision(), bulk) for bulk in self._bulks]
        self.revision = committer.revision
        plane.hub.hold(changes, self._touched)
        self._evict_later()
        committer.submit([*changes, *bulks] if bulks else changes, self._effects)

    def _evict_later(self) -> None:
        state = self._plane.state
        over = [
            (name, identity, record)
            for (name, identity), record in self._touched.items()
            if record is not None and not state.tables[name].keep(record)
        ]
        if over:
            self._effects.append(lambda: state.evict_all(over))
