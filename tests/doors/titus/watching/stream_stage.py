"""Streams over a plane that only keeps records, those who read them, and what they are told, in short."""

import asyncio
from contextlib import asynccontextmanager

from doors.titus.looking_stage import T0, LookingStage

from portico.domain.errors import PorticoError
from portico.doors.titus.extension.records import Status
from portico.doors.titus.watching.streams import Streams
from portico.wire.titus import base_pb2, job_api_pb2

FINISHED = Status("Finished", "normal", "", T0 + 50)
Query = job_api_pb2.ObserveJobsQuery
QUERY = job_api_pb2.ObserveJobsWithKeepAliveRequest(query=Query())


class Watching:
    """Someone who reads a stream and writes down what it says."""

    def __init__(self, messages):
        self.heard = []
        self.error = None
        self.done = False
        self._messages = messages
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            async for message in self._messages:
                self.heard.append(job_api_pb2.JobChangeNotification.FromString(message))
            self.done = True
        except PorticoError as error:
            self.error = error
        finally:
            await self._messages.aclose()

    @property
    def told(self):
        """What was heard, in short."""
        return [shown(message) for message in self.heard]

    def since_snapshot(self):
        told = self.told
        return told[told.index("end") + 1 :]


def shown(message):
    match message.WhichOneof("Notification"):
        case "jobUpdate":
            job = message.jobUpdate.job
            archived = " archived" if message.jobUpdate.archived else ""
            return f"job {int(job.id[-12:])} {state(job)}{archived}"
        case "taskUpdate":
            task = message.taskUpdate.task
            marks = " moved" * message.taskUpdate.movedFromAnotherJob + " archived" * message.taskUpdate.archived
            return f"task {int(task.id[-12:]) - 1_000_000} {state(task)}{marks}"
        case "snapshotEnd":
            return "end"
        case "keepAliveResponse":
            return f"alive {message.keepAliveResponse.request.requestId}"


def state(message):
    described = message.status.DESCRIPTOR.fields_by_name["state"].enum_type
    return described.values_by_number[message.status.state].name


class Requests:
    """A client's side of the stream with two directions."""

    def __init__(self, *first):
        self._queue = asyncio.Queue()
        for request in first:
            self._queue.put_nowait(request)

    def send(self, request):
        self._queue.put_nowait(request)

    def alive(self, number):
        self.send(request(number))

    def close(self):
        self._queue.put_nowait(None)

    def __aiter__(self):
        return self

    async def __anext__(self):
        request = await self._queue.get()
        if request is None:
            raise StopAsyncIteration
        if isinstance(request, Exception):
            raise request
        return request


def request(number):
    return job_api_pb2.ObserveJobsWithKeepAliveRequest(keepAliveRequest=base_pb2.KeepAliveRequest(requestId=number))


@asynccontextmanager
async def streaming(bounds=None):
    """Open streams and let tests watch them; in the end nothing is left of those who watched."""
    stage = LookingStage()
    streams = Streams(stage.standing, stage.encodings, bounds)
    running = asyncio.ensure_future(streams.run())
    watchers = []

    def watch(messages):
        watchers.append(Watching(messages))
        return watchers[-1]

    stage.watch = watch
    stage.streams = streams
    try:
        yield stage
    finally:
        for watcher in watchers:
            watcher.task.cancel()
        await asyncio.gather(*(watcher.task for watcher in watchers), return_exceptions=True)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not len(streams._follower._groups)


def run(story):
    asyncio.run(story())
