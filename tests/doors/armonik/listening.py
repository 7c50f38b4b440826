"""Those who listen to streams of events, and what they hear, in short."""

import asyncio
import contextlib

import grpc
from doors.armonik.serving import until

from portico.wire.armonik.events_pb2 import EventsEnum, EventSubscriptionRequest

NEW_TASK = EventsEnum.EVENTS_ENUM_NEW_TASK
TASK_STATUS = EventsEnum.EVENTS_ENUM_TASK_STATUS_UPDATE
NEW_RESULT = EventsEnum.EVENTS_ENUM_NEW_RESULT
RESULT_STATUS = EventsEnum.EVENTS_ENUM_RESULT_STATUS_UPDATE
RESULT_OWNER = EventsEnum.EVENTS_ENUM_RESULT_OWNER_UPDATE


class Listener:
    """Somebody who reads a stream of events and writes down what it says."""

    def __init__(self, call):
        self.call = call
        self.heard = []
        self.error = None
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            async for event in self.call:
                self.heard.append(event)
        except grpc.aio.AioRpcError as error:
            self.error = error

    @property
    def told(self):
        return [shown(event) for event in self.heard]

    def last_states(self):
        """The newest state of each thing, as a client would have it."""
        states = {}
        for event in self.heard:
            match event.WhichOneof("update"):
                case "new_task":
                    states[event.new_task.task_id] = event.new_task.status
                case "task_status_update":
                    states[event.task_status_update.task_id] = event.task_status_update.status
                case "new_result":
                    states[event.new_result.result_id] = event.new_result.status
                case "result_status_update":
                    states[event.result_status_update.result_id] = event.result_status_update.status
        return states


def shown(event):
    match event.WhichOneof("update"):
        case "new_task":
            return "new task", event.new_task.task_id, event.new_task.status
        case "task_status_update":
            return "task", event.task_status_update.task_id, event.task_status_update.status
        case "new_result":
            return "new result", event.new_result.result_id, event.new_result.status
        case "result_status_update":
            return "result", event.result_status_update.result_id, event.result_status_update.status
        case "result_owner_update":
            update = event.result_owner_update
            return "owner", update.result_id, update.previous_owner_id, update.current_owner_id


@contextlib.asynccontextmanager
async def listening(at, session, **given):
    """Listen to a Session's events from the moment on in which the server has begun to tell them."""
    calls = at.server._calls
    before = calls.under_way
    listener = Listener(at.events_rpc.GetEvents(EventSubscriptionRequest(session_id=session, **given)))
    await until(lambda: calls.under_way == before + 1)
    await asyncio.sleep(0.02)
    try:
        yield listener
    finally:
        listener.call.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)
        await until(lambda: calls.under_way == before)
