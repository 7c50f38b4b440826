"""The scheduler API: POST /api/v1/scheduler, one command for each call.

Promises: a call of an unknown framework, without or with an old stream id, changes nothing; the first event of a stream
is SUBSCRIBED, a HEARTBEAT right behind it; a stream whose framework went elsewhere ends with an ERROR event.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from portico.control.commands import Command
from portico.domain.errors import Exhausted, Forbidden, Invalid, Unavailable
from portico.domain.identity import Micros
from portico.domain.offers import REFUSE
from portico.doors.mesos.encoding.calls import decode_scheduler_call
from portico.doors.mesos.encoding.recordio import frame
from portico.doors.mesos.extension import commands
from portico.doors.mesos.extension.happenings import Erred, Happening, Updated
from portico.doors.mesos.extension.records import Framework
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.inbound import framework as inbound
from portico.doors.mesos.outbound import events
from portico.doors.mesos.serving.endpoints import CallType, Endpoint
from portico.doors.mesos.serving.exchange import ACCEPTED, Refused, Reply, Request
from portico.doors.mesos.serving.heartbeats import Heartbeats
from portico.doors.mesos.serving.streams import Stream, StreamEnd
from portico.wire.mesos import scheduler_pb2

PATHS = ("/api/v1/scheduler", "/master/api/v1/scheduler")
STREAM_ID = "mesos-stream-id"
REALM = "mesos-master-scheduler"
LONGEST_REFUSAL = 365 * 24 * 3600
UUID_BYTES = 16
LEAVE_AGAIN = 0.05
"""Seconds."""

Call = scheduler_pb2.Call


class Control(Protocol):
    """What the service needs of control."""

    async def submit(self, command: Command) -> Any:
        """Carry out a command."""
        ...


class Subscriber:
    """One event stream: happenings queue here until SUBSCRIBED has been sent, then leave as they come."""

    def __init__(self, service: SchedulerService, request: Request) -> None:
        self.identity = str(uuid.uuid4())
        self.framework = ""
        self._service = service
        self._request = request
        self._early: list[Happening] | None = []
        self._closing = False
        self.stream = Stream(self._ended)

    def begin(self, framework: str) -> None:
        """Say SUBSCRIBED and HEARTBEAT, and whatever has happened since."""
        self.framework = framework
        self.stream.send(self._request.record(events.subscribed(self._service.standing, framework)))
        beat = self._request.record(events.HEARTBEAT)
        self.stream.send(beat)
        self._service.heartbeats.add(self.stream, beat)
        early, self._early = self._early or [], None
        for happening in early:
            self.send(happening)
        if self._closing:
            self.stream.close()

    @property
    def waiting(self) -> int:
        """Count what is queued."""
        return len(self._early or ()) + self.stream.waiting[0]

    def send(self, happening: Happening) -> None:
        """Queue a happening; updates are many and small, and written when their turn comes."""
        if self._early is not None:
            self._early.append(happening)
        elif isinstance(happening, Updated):
            self.stream.send(lambda: frame(events.update(happening.status, self._request.accept.encoding)))
        else:
            self.stream.send(self._record(happening))

    def _record(self, happening: Happening) -> bytes:
        return self._request.record(events.event_of(self._service.standing, self.framework, happening))

    def close(self) -> None:
        """End the stream behind what is queued."""
        self._closing = True
        if self._early is None:
            self.stream.close()

    def refuse(self, message: str) -> None:
        """Say one ERROR, and end."""
        self.stream.close(self._record(Erred(message)))

    def _ended(self, _end: StreamEnd) -> None:
        self._service.left(self)


class SchedulerService:
    """The calls of schedulers."""

    def __init__(self, control: Control, standing: Standing) -> None:
        self._control = control
        self.standing = standing
        self.heartbeats = Heartbeats(standing.periods.heartbeat / 1_000_000)
        self._subscribers: dict[str, Subscriber] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._calls: dict[int, Callable[[Request, Any, Framework], Awaitable[None]]] = {
            Call.TEARDOWN: self._teardown,
            Call.ACCEPT: self._accept,
            Call.DECLINE: self._decline,
            Call.ACCEPT_INVERSE_OFFERS: self._accept_inverse,
            Call.DECLINE_INVERSE_OFFERS: self._decline_inverse,
            Call.REVIVE: self._revive,
            Call.SUPPRESS: self._suppress,
            Call.KILL: self._kill,
            Call.SHUTDOWN: self._shutdown,
            Call.ACKNOWLEDGE: self._acknowledge,
            Call.RECONCILE: self._reconcile,
            Call.MESSAGE: self._message,
            Call.REQUEST: self._request,
        }

    def endpoints(self) -> list[Endpoint]:
        """Give the paths of the API."""
        call = CallType(
            Call,
            "scheduler::Call",
            decode_scheduler_call,
            optional=frozenset({"revive", "suppress"}),
            check=_check,
        )
        return [Endpoint(path, self.call, call, realm=REALM) for path in PATHS]

    async def call(self, request: Request) -> Reply:
        """Carry out one call."""
        call = request.message
        assert isinstance(call, Call)
        if call.type == Call.SUBSCRIBE:
            return await self._subscribe(request, call)
        framework = self._check_caller(request, call)
        handler = self._calls.get(call.type)
        if handler is None:
            raise Refused(501, "Received 'UNKNOWN' call")
        await handler(request, call, framework)
        return ACCEPTED

    # ---- subscribing -------------------------------------------------------------------------------------------

    async def _subscribe(self, request: Request, call: Any) -> Reply:
        if request.header(STREAM_ID) is not None:
            raise Refused(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
        subscriber = Subscriber(self, request)
        reply = request.reply_stream(subscriber.stream, ((b"mesos-stream-id", subscriber.identity.encode()),))
        try:
            draft = inbound.draft(
                call.subscribe.framework_info, request.principal, hierarchical=self.standing.hierarchical
            )
            authenticated = request.principal is not None
            framework = await self._control.submit(commands.Subscribe(draft, subscriber, authenticated))
        except (Invalid, Forbidden) as error:
            subscriber.refuse(str(error))
            return reply
        former = self._subscribers.get(framework.id)
        if former is not None:
            former.close()
        self._subscribers[framework.id] = subscriber
        subscriber.begin(framework.id)
        return reply

    def left(self, subscriber: Subscriber) -> None:
        """Hear that a stream is over."""
        if not subscriber.framework:
            return
        if self._subscribers.get(subscriber.framework) is subscriber:
            del self._subscribers[subscriber.framework]
        task = asyncio.get_running_loop().create_task(self._leave(subscriber))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave(self, subscriber: Subscriber) -> None:
        """Say that a stream is over until that is heard: a server that has too much to write hears it later."""
        while True:
            try:
                await self._control.submit(commands.Disconnected(subscriber.framework, subscriber))
            except Exhausted:
                await asyncio.sleep(LEAVE_AGAIN)
            except Unavailable:
                return  # it is about to end, and begins with every framework away
            else:
                return

    def _check_caller(self, request: Request, call: Any) -> Framework:
        framework = self.standing.frameworks.get(call.framework_id.value)
        if framework is None or framework.removed:
            raise Refused(400, "Framework cannot be found")
        if request.principal is not None and request.principal != framework.principal:
            raise Refused(400, f"Authenticated principal '{request.principal}' is not that of the framework")
        subscriber = self._subscribers.get(framework.id)
        if subscriber is None:
            raise Refused(403, "Framework is not subscribed")
        stream_id = request.header(STREAM_ID)
        if stream_id is None:
            raise Refused(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
        if stream_id != subscriber.identity:
            raise Refused(
                400,
                "The stream ID included in this request didn't match the stream ID currently associated "
                f"with framework ID '{framework.id}'",
            )
        return framework

    # ---- calls -------------------------------------------------------------------------------------------------

    async def _teardown(self, _request: Request, _call: Any, framework: Framework) -> None:
        await self._control.submit(commands.Teardown(framework.id))

    async def _accept(self, _request: Request, call: Any, framework: Framework) -> None:
        offers = _offers(call.accept.offer_ids)
        await self._control.submit(commands.Accept(framework.id, offers, call.accept, _refusal(call.accept)))

    async def _decline(self, _request: Request, call: Any, framework: Framework) -> None:
        offers = _offers(call.decline.offer_ids)
        await self._control.submit(commands.Decline(framework.id, offers, _refusal(call.decline)))

    async def _accept_inverse(self, _request: Request, call: Any, framework: Framework) -> None:
        said = call.accept_inverse_offers
        offers = _offers(said.inverse_offer_ids)
        await self._control.submit(commands.AnswerInverse(framework.id, offers, accepted=True, refuse=_refusal(said)))

    async def _decline_inverse(self, _request: Request, call: Any, framework: Framework) -> None:
        said = call.decline_inverse_offers
        offers = _offers(said.inverse_offer_ids)
        await self._control.submit(commands.AnswerInverse(framework.id, offers, accepted=False, refuse=_refusal(said)))

    async def _revive(self, request: Request, _call: Any, framework: Framework) -> None:
        if set(request.roles) <= set(framework.roles):
            await self._control.submit(commands.Revive(framework.id, request.roles))

    async def _suppress(self, request: Request, _call: Any, framework: Framework) -> None:
        if set(request.roles) <= set(framework.roles):
            await self._control.submit(commands.Suppress(framework.id, request.roles))

    async def _kill(self, _request: Request, call: Any, framework: Framework) -> None:
        kill = call.kill
        grace = None
        if kill.HasField("kill_policy") and kill.kill_policy.HasField("grace_period"):
            grace = Micros(kill.kill_policy.grace_period.nanoseconds // 1000)
        await self._control.submit(commands.KillTask(framework.id, kill.task_id.value, kill.agent_id.value, grace))

    async def _shutdown(self, _request: Request, call: Any, framework: Framework) -> None:
        shutdown = call.shutdown
        await self._control.submit(commands.ShutDown(framework.id, shutdown.executor_id.value, shutdown.agent_id.value))

    async def _acknowledge(self, _request: Request, call: Any, framework: Framework) -> None:
        said = call.acknowledge
        await self._control.submit(
            commands.Acknowledge(framework.id, said.agent_id.value, said.task_id.value, said.uuid)
        )

    async def _reconcile(self, _request: Request, call: Any, framework: Framework) -> None:
        named = call.reconcile.tasks
        tasks = ((task.task_id.value, task.agent_id.value) for task in named) if named else None
        await self._control.submit(commands.Reconcile(framework.id, tasks))

    async def _message(self, _request: Request, call: Any, framework: Framework) -> None:
        said = call.message
        await self._control.submit(
            commands.SayToExecutor(framework.id, said.executor_id.value, said.agent_id.value, said.data)
        )

    async def _request(self, _request: Request, _call: Any, _framework: Framework) -> None:
        """A hint that the allocator makes no use of, as upstream's."""


def _offers(named: Any) -> tuple[str, ...]:
    return tuple(identity.value for identity in named)


def _refusal(said: Any) -> Micros:
    """Give how long refused space is to stay away; what makes no sense means the default."""
    if not said.HasField("filters"):
        return REFUSE
    seconds = said.filters.refuse_seconds
    return Micros(round(seconds * 1_000_000)) if 0 <= seconds <= LONGEST_REFUSAL else REFUSE


def _check(call: Any) -> None:
    """What the API asks of a call before it looks at anything else; raises Invalid."""
    if call.type == Call.SUBSCRIBE:
        inbound.check_ids(call)
    elif call.type != Call.UNKNOWN and not call.HasField("framework_id"):
        raise Invalid("Expecting 'framework_id' to be present", "framework_id")
    if call.type == Call.ACKNOWLEDGE and len(call.acknowledge.uuid) != UUID_BYTES:
        raise Invalid(f"Not a valid UUID: expected {UUID_BYTES} bytes, got {len(call.acknowledge.uuid)}", "uuid")
