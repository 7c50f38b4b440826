"""The executor API: `POST /api/v1/executor`, as an agent of Mesos serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from portico.doors.mesos.outpost import events
from portico.doors.mesos.outpost.checks import check_call
from portico.doors.mesos.outpost.events import Event
from portico.doors.mesos.outpost.executors import Executors
from portico.doors.mesos.outpost.session import Session
from portico.doors.mesos.serving.endpoints import CallType, Endpoint, Standing
from portico.doors.mesos.serving.exchange import ACCEPTED, Reply, Request
from portico.doors.mesos.serving.streams import Stream, StreamEnd
from portico.wire.mesos import executor_pb2

PATHS = ("/api/v1/executor", "/slave(1)/api/v1/executor")

_Call = executor_pb2.Call


class ExecutorApi:
    """Answers executors' calls; `recovered` tells whether control was ever heard of."""

    def __init__(self, executors: Executors, recovered: Callable[[], bool]) -> None:
        self._executors = executors
        self._recovered = recovered

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Give the endpoints."""
        call = CallType(_Call, "Executor::Call", check=check_call)
        return tuple(Endpoint(path, self.answer, call, standing=self._standing) for path in PATHS)

    def _standing(self) -> Standing:
        return Standing(recovered=self._recovered())

    async def answer(self, request: Request) -> Reply:
        """Answer a call that was checked."""
        call = cast("_Call", request.message)
        framework, executor = call.framework_id.value, call.executor_id.value
        if call.type == _Call.SUBSCRIBE:
            return await self._subscribe(request, call)
        session = await self._executors.find(framework, executor)
        if call.type == _Call.UPDATE:
            session.update(call.update.status)
        else:
            self._executors.pass_to_scheduler(session, call.message.data)
        return ACCEPTED

    async def _subscribe(self, request: Request, call: _Call) -> Reply:
        session = await self._executors.admit(call.framework_id.value, call.executor_id.value)
        outlet = _Outlet(request, session)
        if session.leaving:
            outlet.send(events.shutdown())
            outlet.close()
        else:
            tasks = [task.task_id.value for task in call.subscribe.unacknowledged_tasks]
            updates = [update.status for update in call.subscribe.unacknowledged_updates]
            session.subscribe(outlet, tasks, updates)
        return request.reply_stream(outlet.stream)


class _Outlet:
    """An executor's stream, in the encoding it asked for."""

    def __init__(self, request: Request, session: Session) -> None:
        self._request = request
        self._session = session
        self.stream = Stream(self._ended)

    def send(self, event: Event) -> object:
        """Queue an event."""
        return self.stream.send(self._request.record(event))

    def close(self) -> None:
        """End the stream behind what is queued."""
        self.stream.close()

    def _ended(self, _end: StreamEnd) -> None:
        self._session.unsubscribe(self)
