"""The operator API of the master: POST /api/v1, one method for each call.

Promises: what is read is of one moment and durable; what is changed is durable when it is answered; a call that costs
much is written aside, while everything else goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from portico.control.commands import Command
from portico.control.queries import Query
from portico.domain.events import Event, Selector
from portico.domain.identity import Revision
from portico.doors.mesos.encoding.calls import Decoded, decode_call
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.encoding.recordio import frame
from portico.doors.mesos.extension import operator_commands as commands
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.operator import facts, later
from portico.doors.mesos.operator.facts import Facts, with_offers
from portico.doors.mesos.operator.files import Files
from portico.doors.mesos.operator.log_tail import LogTail
from portico.doors.mesos.operator.logging_level import LoggingLevel
from portico.doors.mesos.operator.looking import Looking
from portico.doors.mesos.operator.measures import measures
from portico.doors.mesos.operator.subscribing import Follower, Subscriber
from portico.doors.mesos.outbound import agents, large_replies, operator_events, rules
from portico.doors.mesos.outbound.state import View
from portico.doors.mesos.serving.endpoints import CallType, Endpoint
from portico.doors.mesos.serving.exchange import ACCEPTED, OK, Refused, Reply, Request
from portico.wire.mesos import master_pb2

PATHS = ("/api/v1", "/master/api/v1")
REALM = "mesos-master-readwrite"
NANOS = 1_000_000_000

Call = master_pb2.Call
Response = master_pb2.Response


class Control(Protocol):
    """What the service needs of control."""

    async def submit(self, command: Command) -> Any:
        """Carry out a command."""
        ...

    async def ask(self, query: Query) -> Any:
        """Answer a query."""
        ...

    def watch(self, selector: Selector, after: Revision | None = None) -> AsyncIterator[Event]:
        """Yield changes."""
        ...


class OperatorService:
    """The calls of operators; `run` feeds the event streams."""

    def __init__(
        self,
        control: Control,
        standing: Standing,
        told: Facts | None = None,
        log: LogTail | None = None,
        apply_level: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.control = control
        self.standing = standing
        self.facts = told or Facts(version=standing.place.version)
        self.looking = Looking(standing)
        self.files = Files(control, standing, log or LogTail())
        self.level = LoggingLevel(apply_level)
        self._follower = Follower(control, standing, self.looking.started_at)
        self._calls: dict[int, Callable[[Request, Any], Awaitable[Reply]]] = {
            Call.GET_HEALTH: self._get_health,
            Call.GET_FLAGS: self._get_flags,
            Call.GET_VERSION: self._get_version,
            Call.GET_METRICS: self._get_metrics,
            Call.GET_LOGGING_LEVEL: self._get_logging_level,
            Call.SET_LOGGING_LEVEL: self._set_logging_level,
            Call.LIST_FILES: self._list_files,
            Call.READ_FILE: self._read_file,
            Call.GET_STATE: self._get_state,
            Call.GET_AGENTS: self._get_agents,
            Call.GET_FRAMEWORKS: self._get_frameworks,
            Call.GET_EXECUTORS: self._get_executors,
            Call.GET_TASKS: self._get_tasks,
            Call.GET_ROLES: self._get_roles,
            Call.GET_WEIGHTS: self._get_weights,
            Call.UPDATE_WEIGHTS: self._update_weights,
            Call.GET_MASTER: self._get_master,
            Call.SUBSCRIBE: self._subscribe,
            Call.RESERVE_RESOURCES: self._reserve,
            Call.UNRESERVE_RESOURCES: self._unreserve,
            Call.CREATE_VOLUMES: self._create,
            Call.DESTROY_VOLUMES: self._destroy,
            Call.GET_MAINTENANCE_STATUS: self._get_maintenance_status,
            Call.GET_MAINTENANCE_SCHEDULE: self._get_maintenance_schedule,
            Call.UPDATE_MAINTENANCE_SCHEDULE: self._update_maintenance_schedule,
            Call.START_MAINTENANCE: self._start_maintenance,
            Call.STOP_MAINTENANCE: self._stop_maintenance,
            Call.GET_QUOTA: self._get_quota,
            Call.SET_QUOTA: self._set_quota,
            Call.REMOVE_QUOTA: self._remove_quota,
        }

    @property
    def facts(self) -> Facts:
        """Say what this server tells of itself."""
        return self._facts

    @facts.setter
    def facts(self, told: Facts) -> None:
        self._facts = with_offers(told, self.standing.plane.offers.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the paths of the API."""
        call = CallType(Call, "master::Call", decode)
        return [Endpoint(path, self.call, call, realm=REALM) for path in PATHS]

    async def run(self) -> None:
        """Feed the event streams until cancelled."""
        try:
            await self._follower.run()
        finally:
            self.level.close()

    async def call(self, request: Request) -> Reply:
        """Carry out one call."""
        call = request.message
        assert isinstance(call, Call)
        return await self._calls[call.type](request, call)

    # ---- the server itself -------------------------------------------------------------------------------------

    async def _get_health(self, request: Request, _call: Any) -> Reply:
        return request.reply(Response(type=Response.GET_HEALTH, get_health=Response.GetHealth(healthy=True)))

    async def _get_flags(self, request: Request, _call: Any) -> Reply:
        response = Response(type=Response.GET_FLAGS)
        response.get_flags.SetInParent()
        for name, value in sorted(self.facts.flags.items()):
            response.get_flags.flags.add(name=name, value=value)
        return request.reply(response)

    async def _get_version(self, request: Request, _call: Any) -> Reply:
        response = Response(type=Response.GET_VERSION)
        response.get_version.version_info.CopyFrom(facts.version_info(self.facts))
        return request.reply(response)

    async def _get_metrics(self, request: Request, _call: Any) -> Reply:
        response = Response(type=Response.GET_METRICS)
        for name, value in sorted((await self.measures()).items()):
            response.get_metrics.metrics.add(name=name, value=value)
        return request.reply(response)

    async def measures(self) -> dict[str, float]:
        """Give the server's figures."""
        machine = facts.machine()
        return await self.looking.write(lambda view: measures(view.snapshot, view.totals, machine))

    async def _get_logging_level(self, request: Request, _call: Any) -> Reply:
        response = Response(type=Response.GET_LOGGING_LEVEL)
        response.get_logging_level.level = self.level.level
        return request.reply(response)

    async def _set_logging_level(self, _request: Request, call: Any) -> Reply:
        wanted = call.set_logging_level
        self.level.set(wanted.level, wanted.duration.nanoseconds / NANOS)
        return OK

    async def _get_master(self, request: Request, _call: Any) -> Reply:
        response = Response(type=Response.GET_MASTER)
        response.get_master.master_info.CopyFrom(agents.master_info(self.standing))
        return request.reply(response)

    async def _list_files(self, request: Request, call: Any) -> Reply:
        response = Response(type=Response.LIST_FILES)
        response.list_files.SetInParent()
        for entry in await self.files.browse(call.list_files.path):
            info = response.list_files.file_infos.add(
                path=entry.path, nlink=1, size=entry.size, mode=entry.mode, uid=entry.user, gid=entry.user
            )
            info.mtime.nanoseconds = entry.modified * 1000
        return request.reply(response)

    async def _read_file(self, request: Request, call: Any) -> Reply:
        wanted = call.read_file
        length = wanted.length if wanted.HasField("length") else None
        found = await self.files.read(wanted.path, wanted.offset, length)
        response = Response(type=Response.READ_FILE)
        response.read_file.size = found.size
        response.read_file.data = found.data
        return request.reply(response)

    # ---- what is on the cluster --------------------------------------------------------------------------------

    async def _get_state(self, request: Request, _call: Any) -> Reply:
        return await self._written(request, large_replies.state)

    async def _get_tasks(self, request: Request, _call: Any) -> Reply:
        return await self._written(request, large_replies.tasks)

    async def _written(self, request: Request, write: Callable[[View, Encoding], bytes]) -> Reply:
        """Reply with a Response that is written without a message."""
        encoding = request.accept.encoding
        body = await self.looking.write(lambda view: write(view, encoding))
        return Reply(200, body, encoding.value)

    async def _get_agents(self, request: Request, _call: Any) -> Reply:
        return await self._told(
            request, lambda view: Response(type=Response.GET_AGENTS, get_agents=view.agents()), past=False
        )

    async def _get_frameworks(self, request: Request, _call: Any) -> Reply:
        return await self._told(
            request, lambda view: Response(type=Response.GET_FRAMEWORKS, get_frameworks=view.frameworks())
        )

    async def _get_executors(self, request: Request, _call: Any) -> Reply:
        return await self._told(
            request, lambda view: Response(type=Response.GET_EXECUTORS, get_executors=view.executors()), past=False
        )

    async def _get_roles(self, request: Request, _call: Any) -> Reply:
        def compose(view: View) -> master_pb2.Response:
            found = Response.GetRoles(roles=rules.roles(view.snapshot, view.totals))
            return Response(type=Response.GET_ROLES, get_roles=found)

        return await self._told(request, compose, past=False)

    async def _told(
        self, request: Request, compose: Callable[[View], master_pb2.Response], *, past: bool = True
    ) -> Reply:
        """Reply with a Response about one moment."""
        return await self.looking.write(lambda view: request.reply(compose(view)), past=past)

    async def _subscribe(self, request: Request, _call: Any) -> Reply:
        encoding = request.accept.encoding
        subscriber = Subscriber(encoding)
        self._follower.join(subscriber)

        def compose(view: View) -> tuple[bytes, Revision]:
            return frame(operator_events.subscribed(view, encoding)), view.snapshot.revision

        try:
            first, revision = await self.looking.write(compose)
        except BaseException:
            self._follower.leave(subscriber)
            raise
        stream = subscriber.begin(first, revision, lambda _end: self._follower.leave(subscriber))
        return request.reply_stream(stream)

    # ---- how it is shared out ----------------------------------------------------------------------------------

    async def _get_weights(self, request: Request, _call: Any) -> Reply:
        def compose(view: View) -> master_pb2.Response:
            found = Response.GetWeights(weight_infos=rules.weights(view.snapshot))
            return Response(type=Response.GET_WEIGHTS, get_weights=found)

        return await self._told(request, compose, past=False)

    async def _update_weights(self, _request: Request, call: Any) -> Reply:
        await self.control.submit(commands.UpdateWeights(tuple(call.update_weights.weight_infos)))
        return OK

    async def _get_quota(self, request: Request, _call: Any) -> Reply:
        def compose(view: View) -> master_pb2.Response:
            found = Response.GetQuota(status=rules.quota_status(view.snapshot))
            return Response(type=Response.GET_QUOTA, get_quota=found)

        return await self._told(request, compose, past=False)

    async def _set_quota(self, request: Request, call: Any) -> Reply:
        await self.control.submit(commands.SetQuota(call.set_quota.quota_request, request.principal or ""))
        return OK

    async def _remove_quota(self, _request: Request, call: Any) -> Reply:
        await self.control.submit(commands.RemoveQuota(call.remove_quota.role))
        return OK

    async def _reserve(self, request: Request, call: Any) -> Reply:
        await self.control.submit(commands.ReserveResources(call.reserve_resources, request.principal or ""))
        return ACCEPTED

    async def _unreserve(self, request: Request, call: Any) -> Reply:
        await self.control.submit(commands.UnreserveResources(call.unreserve_resources, request.principal or ""))
        return ACCEPTED

    async def _create(self, request: Request, call: Any) -> Reply:
        await self.control.submit(commands.CreateVolumes(call.create_volumes, request.principal or ""))
        return ACCEPTED

    async def _destroy(self, request: Request, call: Any) -> Reply:
        await self.control.submit(commands.DestroyVolumes(call.destroy_volumes, request.principal or ""))
        return ACCEPTED

    # ---- maintenance -------------------------------------------------------------------------------------------

    async def _get_maintenance_status(self, request: Request, _call: Any) -> Reply:
        def compose(view: View) -> master_pb2.Response:
            found = Response.GetMaintenanceStatus(status=rules.cluster_status(view.snapshot))
            return Response(type=Response.GET_MAINTENANCE_STATUS, get_maintenance_status=found)

        return await self._told(request, compose, past=False)

    async def _get_maintenance_schedule(self, request: Request, _call: Any) -> Reply:
        def compose(view: View) -> master_pb2.Response:
            found = Response.GetMaintenanceSchedule(schedule=rules.schedule(view.snapshot))
            return Response(type=Response.GET_MAINTENANCE_SCHEDULE, get_maintenance_schedule=found)

        return await self._told(request, compose, past=False)

    async def _update_maintenance_schedule(self, _request: Request, call: Any) -> Reply:
        await self.control.submit(commands.UpdateSchedule(call.update_maintenance_schedule.schedule))
        return OK

    async def _start_maintenance(self, _request: Request, call: Any) -> Reply:
        await self.control.submit(commands.StartMaintenance(tuple(call.start_maintenance.machines)))
        return OK

    async def _stop_maintenance(self, _request: Request, call: Any) -> Reply:
        await self.control.submit(commands.StopMaintenance(tuple(call.stop_maintenance.machines)))
        return OK


def decode(type_: type[master_pb2.Call], body: bytes, encoding: Encoding) -> Decoded[master_pb2.Call]:
    """Read a call; raises Invalid, and Refused with the reason for one of a later release."""
    decoded = decode_call(type_, body, encoding)
    if decoded.message.HasField("type") and decoded.message.type == Call.UNKNOWN:
        raise Refused(501, later.reason(body, encoding))
    return decoded
