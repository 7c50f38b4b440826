"""What a door may add to control: record types, commands, queries, and ears for what happens to Runs.

Promises: an extension's handlers run on the loop and change records only inside a Transaction, so that what they keep
and what the cores keep is committed together. The cores know extensions by this protocol alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from portico.control.commands import Command
from portico.control.queries import Query
from portico.control.records import RecordTable

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

Handler = Callable[[Any], Awaitable[Any]]


class Extension(Protocol):
    """One door's own part of control."""

    @property
    def tables(self) -> tuple[RecordTable[Any], ...]:
        """The record types it keeps."""
        ...

    @property
    def door(self) -> str:
        """The door's name; its outposts say it."""
        ...

    def attach(self, plane: Plane) -> None:
        """Take one's place: build indexes, listen to Runs, name timers; records are loaded, nothing runs yet."""
        ...

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each of its commands and queries."""
        ...

    def start(self, tx: Transaction) -> None:
        """Pick up what was under way, in the plane's first transaction."""
        ...

    async def run(self) -> None:
        """Do what must be done all the time, until cancelled."""
        ...

    async def asked(self, node: str, payload: bytes) -> bytes:
        """Answer a question of the door's outpost beside a node's agent; raises PorticoError."""
        ...
