"""The door's part of control, put together: what each command does and what happens all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.domain.errors import Invalid, PorticoError
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.capacities import Capacities
from portico.doors.titus.extension.changing import Changing
from portico.doors.titus.extension.containers import Containers
from portico.doors.titus.extension.creating import Creating
from portico.doors.titus.extension.following import Following
from portico.doors.titus.extension.killing import Killing
from portico.doors.titus.extension.looking import Looking
from portico.doors.titus.extension.moving import Moving
from portico.doors.titus.extension.past import Past
from portico.doors.titus.extension.records import DOOR, TABLES
from portico.doors.titus.extension.standing import Part, Periods, Site, Standing
from portico.doors.titus.extension.stuck import Stuck
from portico.doors.titus.extension.trees import Trees

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction
    from portico.doors.titus.inbound.limits import Limits


class TitusDoor:
    """The extension of control that the Titus door is.

    `parts` are what else belongs to it: capacity groups, evictions, relocation, neighbours.
    """

    def __init__(
        self,
        settings: Limits,
        *,
        pool_root: str = "/titus",
        periods: Periods | None = None,
        site: Site | None = None,
        parts: tuple[Part, ...] = (),
    ) -> None:
        self._settings = settings
        self._pool_root = pool_root
        self._periods = periods or Periods()
        self._site = site or Site()
        self.parts = parts
        self._tables: tuple[RecordTable[Any], ...] = (*TABLES, *(table for part in parts for table in part.tables))

    @property
    def door(self) -> str:
        """The door's name."""
        return DOOR

    @property
    def tables(self) -> tuple[RecordTable[Any], ...]:
        """The record types it keeps."""
        return self._tables

    def attach(self, plane: Plane) -> None:
        """Build the indexes and take part in what happens."""
        standing = self.standing = Standing(plane, self._pool_root, self._periods, self._settings, self._site)
        self.trees = Trees(standing)
        self.past = Past(standing)
        self.stuck = Stuck(standing)
        self.following = Following(standing, self.past, self.trees)
        self.containers = Containers(standing)
        self.creating = Creating(standing, self.trees)
        self.changing = Changing(standing)
        self.capacities = Capacities(standing)
        self.killing = Killing(standing)
        self.moving = Moving(standing)
        self.looking = Looking(standing)
        plane.job_ears[DOOR] = self.following
        for part in self.parts:
            part.attach(standing)

    def start(self, tx: Transaction) -> None:
        """Pick up what was under way."""
        self.stuck.start()
        self.past.start()
        for part in self.parts:
            part.start(tx)

    async def run(self) -> None:
        """Do what must be done all the time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.past.run(), name="titus past")
            for part in self.parts:
                group.create_task(part.run(), name=type(part).__name__)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command and query."""
        handlers: dict[type[Command | Query], Handler] = {
            commands.CreateJob: self.creating.create,
            commands.UpdateCapacity: self.capacities.update,
            commands.UpdateJobStatus: self.changing.update_status,
            commands.UpdateProcesses: self.changing.update_processes,
            commands.UpdateBudget: self.changing.update_budget,
            commands.UpdateJobAttributes: self.changing.update_attributes,
            commands.DeleteJobAttributes: self.changing.delete_attributes,
            commands.KillJob: self.killing.kill_job,
            commands.KillTask: self.killing.kill_task,
            commands.UpdateTaskAttributes: self.changing.update_task_attributes,
            commands.DeleteTaskAttributes: self.changing.delete_task_attributes,
            commands.MoveTask: self.moving.move,
            **self.looking.handlers(),
        }
        for part in self.parts:
            handlers.update(part.handlers())
        return {kind: self._settled(act) if issubclass(kind, Command) else act for kind, act in handlers.items()}

    def _settled(self, act: Handler) -> Handler:
        """Let an answer leave when what it saw is durable: a refusal too, and that there was nothing to change.

        That a job is just being created is told at once: it says itself that it will not last.
        """

        async def carried_out(command: Command) -> Any:
            committer = self.standing.plane.committer
            seen = committer.revision
            try:
                answer = await act(command)
            except PorticoError as error:
                if not (isinstance(error, TitusError) and error.code is Code.JOB_CREATE_LIMITED):
                    await committer.settled(seen)
                raise
            await committer.settled(seen)
            return answer

        return carried_out

    async def asked(self, node: str, _payload: bytes) -> bytes:
        """Refuse: this door has nothing beside the nodes' agents."""
        raise Invalid(f"the Titus door has no outpost at {node}")
