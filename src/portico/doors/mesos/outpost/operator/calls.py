"""`POST /api/v1` of an agent: each call, checked and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec

from portico.domain.errors import Invalid, NotFound, Unavailable
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator import later, lookup, messages
from portico.doors.mesos.outpost.operator.containers import Measuring
from portico.doors.mesos.outpost.operator.files import PAGE, Files
from portico.doors.mesos.outpost.operator.gauges import gauges
from portico.doors.mesos.outpost.operator.logging_level import LoggingLevel
from portico.doors.mesos.outpost.operator.nesting import Nesting, shown
from portico.doors.mesos.outpost.operator.site import Ask, Site
from portico.doors.mesos.outpost.words import AgentState
from portico.doors.mesos.serving.endpoints import CallType
from portico.doors.mesos.serving.exchange import OK, Refused, Reply, Request
from portico.wire.mesos import agent_pb2
from portico.wire.mesos import mesos_pb2 as pb

_Call, _R = agent_pb2.Call, agent_pb2.Response
_Answer = Callable[[Request, agent_pb2.Call], Awaitable[Reply]]
_STREAMED = frozenset({_Call.LAUNCH_NESTED_CONTAINER_SESSION, _Call.ATTACH_CONTAINER_OUTPUT})
_NESTED = {
    _Call.LAUNCH_NESTED_CONTAINER: "launch_nested_container",
    _Call.LAUNCH_NESTED_CONTAINER_SESSION: "launch_nested_container_session",
    _Call.WAIT_NESTED_CONTAINER: "wait_nested_container",
    _Call.KILL_NESTED_CONTAINER: "kill_nested_container",
}
_NANOSECONDS = 1_000_000_000
_LARGEST = (1 << 63) - 1
"""The last offset that a file can have."""


def check_call(call: agent_pb2.Call) -> None:
    """Raise Invalid for a call whose parts cannot be what they are."""
    part = _NESTED.get(call.type)
    if part is not None:
        lookup.check(getattr(call, part).container_id)
    elif call.type == _Call.ATTACH_CONTAINER_OUTPUT:
        lookup.check(call.attach_container_output.container_id)
    elif call.type == _Call.ATTACH_CONTAINER_INPUT and call.attach_container_input.HasField("container_id"):
        lookup.check(call.attach_container_input.container_id)
    elif (
        call.type == _Call.ATTACH_CONTAINER_INPUT
        and call.attach_container_input.type == _Call.AttachContainerInput.CONTAINER_ID
    ):
        raise Invalid("Expecting 'attach_container_input.container_id' to be present")


AGENT_CALL = CallType(_Call, "agent::Call", decode=later.decode, check=check_call, streams=True)


class AgentCalls:
    """Answers the calls of the agent's operator API."""

    def __init__(self, ask: Ask, site: Site, files: Files, measuring: Measuring, nesting: Nesting) -> None:
        self._ask = ask
        self._site = site
        self._files = files
        self._measuring = measuring
        self._nesting = nesting
        self.logging = LoggingLevel()
        self._answers: dict[int, _Answer] = {
            _Call.GET_HEALTH: self._health,
            _Call.GET_FLAGS: self._flags,
            _Call.GET_VERSION: self._version,
            _Call.GET_METRICS: self._metrics,
            _Call.GET_LOGGING_LEVEL: self._logging_level,
            _Call.SET_LOGGING_LEVEL: self._set_logging_level,
            _Call.LIST_FILES: self._list_files,
            _Call.READ_FILE: self._read_file,
            _Call.GET_STATE: self._get_state,
            _Call.GET_CONTAINERS: self._containers,
            _Call.GET_FRAMEWORKS: self._frameworks,
            _Call.GET_EXECUTORS: self._executors,
            _Call.GET_TASKS: self._tasks,
            _Call.LAUNCH_NESTED_CONTAINER: nesting.launch,
            _Call.LAUNCH_NESTED_CONTAINER_SESSION: nesting.session,
            _Call.WAIT_NESTED_CONTAINER: self._wait,
            _Call.KILL_NESTED_CONTAINER: self._kill,
            _Call.ATTACH_CONTAINER_INPUT: nesting.attach_input,
            _Call.ATTACH_CONTAINER_OUTPUT: nesting.attach_output,
        }

    async def handle(self, request: Request) -> Reply:
        """Answer a call that was read and checked."""
        call = cast("agent_pb2.Call", request.message)
        _check_streaming(request, call)
        said = later.read(request.body, request.content)
        part = _NESTED.get(call.type)
        if part is not None and not said.name and not getattr(call, part).container_id.HasField("parent"):
            text = "Expecting 'container_id.parent' to be present"
            raise Refused(400, f"Failed to validate agent::Call: {text}")
        if said.name:
            return await self._later(request, call, said)
        return await self._answers[call.type](request, call)

    async def state(self) -> AgentState:
        """Ask what is on this node."""
        return cast("AgentState", await self._ask(words.TellState()))

    # ---- about the agent ---------------------------------------------------------------------------------------

    async def _health(self, request: Request, _call: agent_pb2.Call) -> Reply:
        return request.reply(_R(type=_R.GET_HEALTH, get_health=_R.GetHealth(healthy=True)))

    async def _flags(self, request: Request, _call: agent_pb2.Call) -> Reply:
        flags = [pb.Flag(name=name, value=value) for name, value in sorted(self._site.flags.items())]
        return request.reply(_R(type=_R.GET_FLAGS, get_flags=_R.GetFlags(flags=flags)))

    async def _version(self, request: Request, _call: agent_pb2.Call) -> Reply:
        version = _R.GetVersion(version_info=pb.VersionInfo(version=self._site.version))
        return request.reply(_R(type=_R.GET_VERSION, get_version=version))

    async def _metrics(self, request: Request, _call: agent_pb2.Call) -> Reply:
        metrics = [pb.Metric(name=name, value=value) for name, value in sorted((await self.gauges()).items())]
        return request.reply(_R(type=_R.GET_METRICS, get_metrics=_R.GetMetrics(metrics=metrics)))

    async def gauges(self) -> dict[str, float]:
        """Measure the agent."""
        try:
            state = await self.state()
        except (NotFound, Unavailable):
            return gauges(None, self._site)
        return await asyncio.to_thread(gauges, state, self._site)

    async def _logging_level(self, request: Request, _call: agent_pb2.Call) -> Reply:
        level = _R.GetLoggingLevel(level=self.logging.level)
        return request.reply(_R(type=_R.GET_LOGGING_LEVEL, get_logging_level=level))

    async def _set_logging_level(self, _request: Request, call: agent_pb2.Call) -> Reply:
        wanted = call.set_logging_level
        self.logging.change(wanted.level, wanted.duration.nanoseconds / _NANOSECONDS)
        return OK

    # ---- files -------------------------------------------------------------------------------------------------

    async def _list_files(self, request: Request, call: agent_pb2.Call) -> Reply:
        infos = messages.file_infos(await self._files.browse(call.list_files.path))
        return await request.reply_aside(_R(type=_R.LIST_FILES, list_files=_R.ListFiles(file_infos=infos)))

    async def _read_file(self, request: Request, call: agent_pb2.Call) -> Reply:
        wanted = call.read_file
        length = wanted.length if wanted.HasField("length") else PAGE
        data, size = await self._files.read(wanted.path, min(wanted.offset, _LARGEST), length)
        return request.reply(_R(type=_R.READ_FILE, read_file=_R.ReadFile(size=size, data=data)))

    # ---- what is here ------------------------------------------------------------------------------------------

    async def _get_state(self, request: Request, _call: agent_pb2.Call) -> Reply:
        state = await self.state()
        found = _R.GetState(
            get_tasks=messages.tasks(state),
            get_executors=messages.executors(state),
            get_frameworks=messages.frameworks(state),
        )
        return await request.reply_aside(_R(type=_R.GET_STATE, get_state=found))

    async def _containers(self, request: Request, _call: agent_pb2.Call) -> Reply:
        nested = later.read(request.body, request.content).nested
        measured = await self._measuring.measure(nested=nested)
        return await request.reply_aside(_R(type=_R.GET_CONTAINERS, get_containers=messages.containers(measured)))

    async def _frameworks(self, request: Request, _call: agent_pb2.Call) -> Reply:
        found = messages.frameworks(await self.state())
        return await request.reply_aside(_R(type=_R.GET_FRAMEWORKS, get_frameworks=found))

    async def _executors(self, request: Request, _call: agent_pb2.Call) -> Reply:
        found = messages.executors(await self.state())
        return await request.reply_aside(_R(type=_R.GET_EXECUTORS, get_executors=found))

    async def _tasks(self, request: Request, _call: agent_pb2.Call) -> Reply:
        found = messages.tasks(await self.state())
        return await request.reply_aside(_R(type=_R.GET_TASKS, get_tasks=found))

    # ---- nested containers -------------------------------------------------------------------------------------

    async def _wait(self, request: Request, call: agent_pb2.Call) -> Reply:
        status = await self._nesting.wait(call.wait_nested_container.container_id)
        return request.reply(_R(type=_R.WAIT_NESTED_CONTAINER, wait_nested_container={"exit_status": status}))

    async def _kill(self, request: Request, call: agent_pb2.Call) -> Reply:
        if not later.read(request.body, request.content).kills_at_once:
            raise Refused(501, "Containers are killed with SIGKILL only")
        return await self._nesting.kill(call.kill_nested_container.container_id)

    # ---- calls of later releases -------------------------------------------------------------------------------

    async def _later(self, request: Request, call: agent_pb2.Call, said: later.LaterCall) -> Reply:
        """Answer a call by the name that it has later."""
        match said.name:
            case later.LAUNCH:
                if not call.launch_nested_container.container_id.HasField("parent"):
                    raise Refused(501, "Containers of their own, outside of any task, are not served")
                return await self._nesting.launch(request, call)
            case later.WAIT:
                status = await self._nesting.wait(call.wait_nested_container.container_id)
                return plain({"type": later.WAIT, "wait_container": _without_none(exit_status=status)})
            case later.KILL:
                if not call.kill_nested_container.container_id.HasField("parent"):
                    raise Refused(501, "Containers of tasks are killed by their frameworks only")
                return await self._kill(request, call)
            case later.GET_AGENT:
                info = pb.AgentInfo.FromString((await self.state()).agent_info)
                return plain({"type": later.GET_AGENT, "get_agent": {"agent_info": jsonpb.to_plain(info)}})
            case _:
                return await self._remove(call.wait_nested_container.container_id)

    async def _remove(self, identity: pb.ContainerID) -> Reply:
        """Take an ended container for removed: what it left is removed when its time has come."""
        if not await self._nesting.has_ended(identity):
            raise Refused(500, f"Container {shown(identity)} has not terminated yet")
        return OK


def plain(said: dict[str, Any]) -> Reply:
    """Reply with a message that the contract has no type for, in JSON; whoever asked by name reads that."""
    return Reply(200, msgspec.json.encode(said), "application/json")


def _without_none(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _check_streaming(request: Request, call: agent_pb2.Call) -> None:
    """Refuse a stream where none is expected, and the other way round."""
    name = _Call.Type.Name(call.type)
    if (request.records is not None) != (call.type == _Call.ATTACH_CONTAINER_INPUT):
        if request.records is None:
            raise Refused(415, f"Expecting 'Content-Type' of application/recordio for {name}")
        raise Refused(415, f"Streaming 'Content-Type' application/recordio is not supported for {name}")
    if request.accept.recordio and call.type not in _STREAMED:
        raise Refused(406, f"Streaming 'Accept' application/recordio is not supported for {name}")
