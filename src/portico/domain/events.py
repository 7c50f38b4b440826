"""Events: committed changes in the one order of the server."""

from __future__ import annotations

import msgspec

from portico.domain.identity import Instant, Revision
from portico.domain.jobs import Instance, Job
from portico.domain.nodes import Node, Pool
from portico.domain.runs import Run

Record = Run | Instance | Job | Node | Pool
"""What the cores keep; doors add records of their own."""


class Event(msgspec.Struct, frozen=True):
    """One change: the record as it is since this revision, or None when it is gone."""

    revision: Revision
    at: Instant
    table: str
    id: str
    scope: str
    record: msgspec.Struct | None


class Selector(msgspec.Struct, frozen=True):
    """What a watcher wants to see: all of some tables, or one object, or everything of one scope (a Job's id)."""

    tables: frozenset[str] = frozenset()
    id: str = ""
    scope: str = ""

    def wants(self, event: Event) -> bool:
        """Tell whether the event is for this watcher."""
        return (
            (not self.tables or event.table in self.tables)
            and (not self.id or event.id == self.id)
            and (not self.scope or event.scope == self.scope)
        )
