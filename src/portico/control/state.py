"""What control holds in memory: every record that is not history, and the indexes over them.

Owns the dictionaries; changes reach them only through `apply`, which also tells every index. Must never do I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from portico.control.records import CORE_TABLES, RecordTable
from portico.domain.identity import Instant
from portico.domain.jobs import Instance, Job
from portico.domain.nodes import Node, Pool
from portico.domain.runs import Run
from portico.domain.volumes import Volume

MOST_JUST_ENDED = 64
JUST_ENDED = 1_000_000
"""Instances that have left memory within so many microseconds: who waits for one asks for it at that moment."""

Index = Callable[[Any, Any], None]
"""Is told (old, new) for each change of its table; None stands for absent."""


class State:
    """All records in memory, by table and id."""

    def __init__(self, extensions: tuple[RecordTable[Any], ...] = ()) -> None:
        self.tables = {table.name: table for table in (*CORE_TABLES, *extensions)}
        self.by_type = {table.record: table for table in self.tables.values()}
        self.records: dict[str, dict[str, Any]] = {name: {} for name in self.tables}
        self._indexes: dict[str, list[Index]] = {name: [] for name in self.tables}
        self._just_ended: dict[str, Instance] = {}
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
                if isinstance(record, Instance):
                    self._note_end(record)

    def instance(self, identity: str, now: Instant) -> Instance | None:
        """Find an Instance that is in memory, or was a moment ago."""
        found = self.instances.get(identity)
        if found is None:
            found = self._just_ended.get(identity)
            if found is not None and now - found.ended_at > JUST_ENDED:
                return None
        return found

    def _note_end(self, instance: Instance) -> None:
        ended = self._just_ended
        ended[instance.id] = instance
        if len(ended) > MOST_JUST_ENDED:
            del ended[next(iter(ended))]


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
