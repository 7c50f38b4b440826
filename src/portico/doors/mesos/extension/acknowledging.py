"""Acknowledgements, the calls that come most often: those that come at about the same time are one transaction.

Promises: an acknowledgement waits for a few turns of the loop at most, and only while each turn brings another one.
Nobody waits for the disk: an update whose acknowledgement was lost in a crash is said once more, which does no harm.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portico.doors.mesos.extension.commands import Acknowledge

if TYPE_CHECKING:
    from portico.doors.mesos.extension.standing import Standing
    from portico.doors.mesos.extension.updates import Updates

MOST_TURNS = 16
MOST_AT_ONCE = 100


class Acknowledging:
    """Lets go of updates."""

    def __init__(self, standing: Standing, updates: Updates) -> None:
        self._standing = standing
        self._updates = updates
        self._waiting: list[Acknowledge] = []
        self._seen = 0  # of those that wait, at the turn before
        self._turns = 0

    async def acknowledge(self, command: Acknowledge) -> None:
        """Let go of an update soon."""
        if not self._waiting:
            self._seen = self._turns = 0
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append(command)

    def _turn(self) -> None:
        """See whether the turn of the loop that is over brought more."""
        self._turns += 1
        count = len(self._waiting)
        if self._seen < count < MOST_AT_ONCE and self._turns < MOST_TURNS:
            self._seen = count
            asyncio.get_running_loop().call_soon(self._turn)
            return
        waiting, self._waiting = self._waiting, []
        with self._standing.plane.begin() as tx:
            for command in waiting:
                task = self._standing.find_task(command.framework, command.task)
                if task is not None and self._standing.agent_of(task.node) == command.agent:
                    self._updates.acknowledge(tx, task, command.uuid)
