"""The calls core: queues of short work for workers that already run, put together.

Owns its parts: names, the book, options, queues, agents, watchers, objects, and the work that goes on in slices.
Doors meet it as commands and queries of the plane, and for what happens as `watching`; call agents as lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from portico.control.calls import asking, loading, orders, retention, sessions
from portico.control.calls.agents import CallAgents
from portico.control.calls.book import Book
from portico.control.calls.clearing import Clearing
from portico.control.calls.numbering import Numbering
from portico.control.calls.objects import Objects, sweep
from portico.control.calls.objects_in_files import FileObjects
from portico.control.calls.objects_in_memory import MemoryObjects
from portico.control.calls.options import OptionSets
from portico.control.calls.queues import CallQueues
from portico.control.calls.watching import Watching
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Partition
from portico.domain.identity import Micros

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.control.extensions import Handler
    from portico.control.plane import Plane
    from portico.control.queries import Query
    from portico.control.transaction import Transaction


class CallSettings(msgspec.Struct, frozen=True):
    """What the calls core is told at its start.

    `objects` is the folder for large data, None to keep them in memory; `imports` a folder from which data may be
    imported by path; `sessions_age` how long Sessions that are over are kept, and `sessions_count` how many of them,
    None for ever and all; `sessions_idle` after how long one in which nothing happens is closed, None for never.
    """

    partitions: tuple[Partition, ...] = ()
    default_partition: str = "default"
    objects: Path | None = None
    imports: Path | None = None
    sessions_age: Micros | None = None
    sessions_count: int | None = None
    sessions_idle: Micros | None = None


class CallsCore:
    """One per plane."""

    def __init__(self, plane: Plane, settings: CallSettings) -> None:
        self._plane = plane
        self.settings = settings
        self.naming = Naming("0" * 16)
        self.numbering = Numbering(plane)
        self.options = OptionSets(plane.history)
        self.watching = Watching()
        self.book = Book(self)
        self.queues = CallQueues(plane)
        self.objects: Objects = (
            MemoryObjects() if settings.objects is None else FileObjects(settings.objects, settings.imports)
        )
        self.clearing = Clearing(plane)
        self.partitions: dict[str, Partition] = {partition.id: partition for partition in settings.partitions}
        self.agents = CallAgents(plane)
        self.data = self.agents.data

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command and query of this core."""
        return {
            **sessions.handlers(self._plane),
            **orders.handlers(self._plane),
            **asking.handlers(self._plane),
        }

    def load(self) -> None:
        """Read what belongs in memory."""
        self.naming = self.numbering.load()
        self.options.load()
        loading.load(self._plane)

    def start(self, tx: Transaction) -> None:
        """Pick up what was under way."""
        self.numbering.start()
        self.clearing.resume()
        self.queues.put_many(tx, loading.queued(self._plane))
        self.agents.start(tx)

    async def run(self) -> None:
        """Run the core's loops until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.agents.run(), name="call agents")
                group.create_task(self.clearing.run(), name="clearing")
                group.create_task(retention.run(self._plane), name="ended sessions")
                group.create_task(sweep(self._plane), name="objects")
        finally:
            self.agents.rounds.rest()

    # ---- texts -------------------------------------------------------------------------------------------------

    def session_text(self, number: int) -> str:
        """Give the text of a Session."""
        return self.naming.text(Kind.SESSION, number)

    def result_text(self, number: int) -> str:
        """Give the text of a Result."""
        return self.naming.text(Kind.RESULT, number)
