"""Numbers and texts of Sessions, Calls and Results: drawn once, never twice, whatever was deleted or crashed.

Owns the one record that holds the salt of all texts and, for each kind, a number below which all may have been given
out. Promises: a number leaves the server only after the record that covers it is written, because the record goes to
the writer first; so agents may keep numbers over a restart of the server.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from portico.domain.calls.naming import Kind, Naming

if TYPE_CHECKING:
    from portico.control.plane import Plane

BLOCK = 1 << 18
"""Numbers that one write of the record covers."""

IDENTITY = "calls"


class CallNaming(msgspec.Struct, frozen=True):
    """The salt, and by kind the first number that was surely never given out."""

    id: str
    salt: str
    sessions: int = 1
    calls: int = 1
    results: int = 1


class Numbering:
    """Draws numbers; one per server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._next: dict[Kind, int] = {}
        self._covered: dict[Kind, int] = {}

    def load(self) -> Naming:
        """Take up what the record says, or draw a salt where there is none yet; gives the naming."""
        found = self._plane.state.records["call_naming"].get(IDENTITY)
        if found is None:
            seed = f"{self._plane.secret}:{self._plane.ids.fresh()}"
            found = CallNaming(IDENTITY, hashlib.sha256(seed.encode()).hexdigest()[:16])
        self._record: CallNaming = found
        self._next = {Kind.SESSION: found.sessions, Kind.CALL: found.calls, Kind.RESULT: found.results}
        self._covered = dict(self._next)
        return Naming(found.salt)

    def start(self) -> None:
        """Store the record of a new data directory."""
        if IDENTITY not in self._plane.state.records["call_naming"]:
            self._store(self._record)

    def draw(self, kind: Kind, count: int) -> int:
        """Take `count` numbers that follow each other; gives the first."""
        first = self._next[kind]
        self._next[kind] = first + count
        if self._next[kind] > self._covered[kind]:
            self._cover(kind)
        return first

    def _cover(self, kind: Kind) -> None:
        covered = {**self._covered, kind: self._next[kind] + BLOCK}
        record = CallNaming(
            IDENTITY, self._record.salt, covered[Kind.SESSION], covered[Kind.CALL], covered[Kind.RESULT]
        )
        self._store(record)
        self._record, self._covered = record, covered

    def _store(self, record: CallNaming) -> None:
        """Write the record ahead of whatever transaction is under way: it counts even if that is given up."""
        with self._plane.begin() as tx:
            tx.put(record)
