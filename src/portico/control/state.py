"""What control holds in memory: every record that is not history, and the indexes over them.

Owns the dictionaries; changes reach them only through `apply`, which also tells every index. Must never do I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from portico.control.records import CORE_TABLES, RecordTable
from portico.domain.jobs import Instance, Job
from portico.domain.nodes import Node, Pool
from portico.domain.runs import Run
from portico.domain.volumes import Volume

Index = Callable[[Any, Any], None]
"""Is told (old, new) for each change of its table; None stands for absent."""


class State:
    """All records in memory, by table and id."""

    def __init__(self, extensions: tuple[RecordTable[Any], ...] = ()) -> None:
        self.tables = {table.name: table for table in (*CORE_TABLES, *extensions)}
        self.by_type = {table.record: table for table in self.tables.values()}
        self.records: dict[str, dict[str, Any]] = {name: {} for name in self.tables}
        self._indexes: dict[str, list[Index]] = {name: [] for name in self.tables}
        self.runs: dict[str, Run] = self.records["runs"]
        self.instances: dict[str, Instance] = self.records["instances"]
        self.jobs: dict[str, Job] = self.records["jobs"]
        self.nodes: dict[str, Node] = self.records["nodes"]
        self.pools: dict[str, Pool] = self.records["pools"]
        self.volumes: dict[str, Volume] = self.records["volumes"]

    def index(self, table: str, index: Index) -> None:
        """Keep `index` informed of every change of a table, beginning with what is there."""
        self._indexes[table].append(index)
        for record in self.records[table].values():
            index(None, record)

    def apply(self, table: str, identity: str, record: msgspec.Struct | None) -> Any:
        """Replace one record and give what stood there before."""
        records = self.records[table]
        old = records.get(identity)
        if record is None:
            records.pop(identity, None)
        else:
            records[identity] = record
        for index in self._indexes[table]:
            index(old, record)
        return old

    def evict_all(self, entries: list[tuple[str, str, msgspec.Struct]]) -> None:
        """Forget records that are durable and over, unless they have changed since."""
        for table, identity, record in entries:
            records = self.records[table]
            if records.get(identity) is record:
                del records[identity]


class Grouped:
    """An index: ids grouped by one attribute; records for which it is empty are left out."""

    def __init__(self, key: Callable[[Any], str]) -> None:
        self._key = key
        self.groups: dict[str, dict[str, None]] = {}

    def __call__(self, old: Any, new: Any) -> None:
        """Follow a change."""
        before = self._key(old) if old is not None else ""
        after = self._key(new) if new is not None else ""
        if before == after:
            return
        if before:
            group = self.groups[before]
            del group[old.id]
            if not group:
                del self.groups[before]
        if after:
            self.groups.setdefault(after, {})[new.id] = None

    def __getitem__(self, key: str) -> list[str]:
        """Give the ids of one group, oldest first; a copy, safe against changes meanwhile."""
        return list(self.groups.get(key, ()))

    def count(self, key: str) -> int:
        """Count one group."""
        return len(self.groups.get(key, ()))
