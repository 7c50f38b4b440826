"""The agent's operator API, put together: its endpoints and what must be done while it is served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from portico.domain.identity import Micros
from portico.doors.mesos.outpost.operator.calls import AGENT_CALL, AgentCalls
from portico.doors.mesos.outpost.operator.containers import Measuring
from portico.doors.mesos.outpost.operator.files import Files
from portico.doors.mesos.outpost.operator.nesting import Nesting
from portico.doors.mesos.outpost.operator.perf import Sampler
from portico.doors.mesos.outpost.operator.reads import READ_REALM, WRITE_REALM, Reads
from portico.doors.mesos.outpost.operator.site import Ask, Site
from portico.doors.mesos.outpost.operator.streams import HEARTBEAT, OutputStreams
from portico.doors.mesos.serving.endpoints import Endpoint, Standing

PATHS = ("/api/v1", "/slave(1)/api/v1")
REALMS = frozenset({READ_REALM, WRITE_REALM})
"""What is asked of those who call; executors have a way in of their own."""


class OperatorApi:
    """One node's operator API. `ask` puts questions to control, `recovered` tells whether it was ever heard of.

    What goes on beside requests belongs to `group`.
    """

    def __init__(
        self,
        ask: Ask,
        site: Site,
        group: asyncio.TaskGroup,
        recovered: Callable[[], bool],
        heartbeat: Micros = HEARTBEAT,
    ) -> None:
        self._recovered = recovered
        self._streams = OutputStreams(group, heartbeat)
        self._nesting = Nesting(ask, site, group, self._streams)
        self._sampler = Sampler(ask, site.perf)
        files, measuring = Files(ask, site), Measuring(ask, self._sampler)
        self._calls = AgentCalls(ask, site, files, measuring, self._nesting)
        self._reads = Reads(site, self._calls, files, measuring, group)

    def endpoints(self) -> list[Endpoint]:
        """Give the endpoints."""
        handle, standing = self._calls.handle, self._standing
        calls = [Endpoint(path, handle, AGENT_CALL, realm=WRITE_REALM, standing=standing) for path in PATHS]
        return [*calls, *self._reads.endpoints()]

    async def run(self) -> None:
        """Make the hearts of streams beat, sessions end, and count what is to be counted, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._streams.run())
            group.create_task(self._nesting.run())
            group.create_task(self._sampler.run())

    def _standing(self) -> Standing:
        return Standing(recovered=self._recovered())
