"""Calls about containers within containers: launch, wait, kill, sessions, attach."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from portico.domain.errors import Conflict, Invalid, NotFound, PorticoError, Unavailable
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator.attaching import READER, SESSION, WRITER, Attached, attach, size_of
from portico.doors.mesos.outpost.operator.input import pour
from portico.doors.mesos.outpost.operator.lookup import Containers
from portico.doors.mesos.outpost.operator.site import Ask, Site
from portico.doors.mesos.outpost.operator.streams import OutputStreams
from portico.doors.mesos.outpost.words import AgentState
from portico.doors.mesos.serving.exchange import OK, Refused, Reply, Request
from portico.wire.mesos import agent_pb2
from portico.wire.mesos import mesos_pb2 as pb

log = logging.getLogger("portico.outpost")

_R = agent_pb2.Response
SESSION_PATIENCE = 15.0
"""Seconds that the switchboard of a container that was just started may take to listen."""

ATTACH_PATIENCE = 2.0
"""Seconds that the switchboard of any other one may; it may have been started just now, too."""

_WAIT_SECONDS = 20.0
_PAUSE_WITHOUT_CONTROL = 1.0
_MOST_PAUSES = 75
_Launch = agent_pb2.Call.LaunchNestedContainer | agent_pb2.Call.LaunchNestedContainerSession


class Nesting:
    """Answers the calls about nested containers and attaching."""

    def __init__(self, ask: Ask, site: Site, group: asyncio.TaskGroup, streams: OutputStreams) -> None:
        self._ask = ask
        self._site = site
        self._group = group
        self._streams = streams
        self._left: asyncio.Queue[str] = asyncio.Queue()
        self._waits: dict[str, asyncio.Task[words.Ended | PorticoError]] = {}

    async def run(self) -> None:
        """Make sure that the containers of sessions end with their connections, until cancelled.

        Their switchboards have seen to it already, as a rule.
        """
        while True:
            await self._kill(await self._left.get())

    async def launch(self, _request: Request, call: agent_pb2.Call) -> Reply:
        """Start a container in another one, or on its own if a later call names one without a parent."""
        await self._nest(call.launch_nested_container, session=False)
        return OK

    async def session(self, request: Request, call: agent_pb2.Call) -> Reply:
        """Start a container that lives as long as the connection, and reply with its output."""
        launch = call.launch_nested_container_session
        run = await self._nest(launch, session=True)
        window = launch.container.tty_info.window_size
        size = size_of(window.rows, window.columns) if launch.container.tty_info.HasField("window_size") else b""
        try:
            attached = await attach(self._site.sandboxes / run, SESSION, size, SESSION_PATIENCE)
        except PorticoError as error:
            await self._kill(run)
            raise Refused(500, f"Failed to attach to the container: {error}") from error
        return self._streams.open(request, attached, lambda: self._left.put_nowait(run))

    async def wait(self, identity: pb.ContainerID) -> int | None:
        """Wait for the end of a container and give its wait status, None if nobody knows it; raises NotFound."""
        run = Containers(await self._state()).run_of(identity)
        waiting = self._waits.get(run)
        if waiting is None:
            waiting = self._waits[run] = self._group.create_task(self._look_out(run))
            waiting.add_done_callback(lambda _: self._waits.pop(run, None))
        ended = await asyncio.shield(waiting)
        if isinstance(ended, PorticoError):
            raise ended
        return ended.status

    async def _look_out(self, run: str) -> words.Ended | PorticoError:
        """Wait for the end of a container, once for all who ask; gives the error instead when it cannot be awaited."""
        away = 0
        while True:
            try:
                ended = cast("words.Ended", await self._ask(words.AwaitEnd(run, _WAIT_SECONDS)))
            except Unavailable as error:
                away += 1
                if away > _MOST_PAUSES:
                    return error
                await asyncio.sleep(_PAUSE_WITHOUT_CONTROL)  # control comes back, and knows
            except PorticoError as error:
                return error
            else:
                away = 0
                if ended.over:
                    return ended

    async def has_ended(self, identity: pb.ContainerID) -> bool:
        """Tell whether a container is over; raises NotFound."""
        run = Containers(await self._state()).run_of(identity)
        return cast("words.Ended", await self._ask(words.AwaitEnd(run, 0.0))).over

    async def kill(self, identity: pb.ContainerID) -> Reply:
        """Kill a container at once; raises NotFound."""
        await self._ask(words.Kill(Containers(await self._state()).run_of(identity)))
        return OK

    async def attach_output(self, request: Request, call: agent_pb2.Call) -> Reply:
        """Reply with the output of a container from now on."""
        attached = await self._attach(call.attach_container_output.container_id, READER)
        return self._streams.open(request, attached)

    async def attach_input(self, request: Request, call: agent_pb2.Call) -> Reply:
        """Give a container what the request brings."""
        assert request.records is not None
        first = call.attach_container_input
        if first.type != agent_pb2.Call.AttachContainerInput.CONTAINER_ID:
            raise Invalid("Expecting 'attach_container_input.type' to be CONTAINER_ID in the first record")
        attached = await self._attach(first.container_id, WRITER)
        try:
            await pour(request.records, attached)
        finally:
            attached.close()
        return OK

    async def _attach(self, identity: pb.ContainerID, role: bytes) -> Attached:
        fact = Containers(await self._state()).find(identity)
        if fact is None:
            raise NotFound(f"Container {shown(identity)} cannot be found")
        try:
            return await attach(self._site.sandboxes / fact.run, role, patience=ATTACH_PATIENCE)
        except NotFound as error:
            raise Refused(500, f"Container {shown(identity)} cannot be attached to: {error}") from error

    async def _nest(self, launch: _Launch, *, session: bool) -> str:
        state = await self._state()
        identity = launch.container_id
        parent = Containers(state).find(identity.parent)
        if parent is None:
            raise NotFound(f"Container {shown(identity.parent)} cannot be found")
        word = words.Nest(
            parent.run,
            identity.value,
            launch.command.SerializeToString(),
            launch.container.SerializeToString() if launch.HasField("container") else b"",
            session,
        )
        try:
            nested = cast("words.Nested", await self._ask(word))
        except Conflict as error:
            raise Refused(500, f"Failed to launch container: {error}") from error
        if nested.problem:
            raise Refused(500, f"Failed to launch container: {nested.problem}")
        return nested.run

    async def _kill(self, run: str) -> None:
        try:
            await self._ask(words.Kill(run))
        except NotFound:
            return  # it has ended, as wished
        except PorticoError as error:
            log.warning("the session's container %s is left to its switchboard: %s", run, error)

    async def _state(self) -> AgentState:
        return cast("AgentState", await self._ask(words.TellState()))


def shown(identity: pb.ContainerID) -> str:
    """Write an id as people read it."""
    return f"{shown(identity.parent)}.{identity.value}" if identity.HasField("parent") else identity.value
