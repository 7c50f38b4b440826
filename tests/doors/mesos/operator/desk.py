"""An operator's side: calls to a master without a socket, over the stage of the extension's tests."""

from __future__ import annotations

import asyncio
import json

from doors.mesos.extension.stage import Stage
from doors.mesos.serving.asgi import Exchange
from harness import settle

from portico.control.cluster import runs
from portico.domain.runs import Run, RunSpec
from portico.doors.mesos.encoding.recordio import Splitter
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.operator.calls import OperatorService
from portico.doors.mesos.serving.routing import Routing
from portico.doors.mesos.v0.endpoints import OldEndpoints
from portico.wire.mesos import master_pb2

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


class Desk:
    """A master with its operator API; `following` must be cancelled at the end: use `story`."""

    def __init__(self, stage=None, **service):
        self.stage = stage or Stage()
        self.service = OperatorService(self.stage.plane, self.stage.standing, **service)
        endpoints = [*self.service.endpoints(), *OldEndpoints(self.service).endpoints()]
        self.app = Routing(endpoints, error_reply)
        self.following = asyncio.ensure_future(self.service.run())

    async def until_done(self, task):
        while not task.done():
            await self.stage.settle(2)
        return task.result()

    async def send(self, **request):
        made = Exchange(**request)
        await self.until_done(asyncio.ensure_future(self.app(made.scope, made.receive, made.send)))
        return made

    async def post(self, call, path="/api/v1", accept=JSON, content=JSON):
        """Send a call as JSON, or bytes as they are."""
        body = call if isinstance(call, bytes) else json.dumps(call).encode()
        headers = {"content-type": content, "accept": accept}
        return await self.send(method="POST", path=path, headers=headers, pieces=(body,))

    async def call(self, kind, **parts):
        """Make a call that succeeds with a Response; gives its part."""
        made = await self.post({"type": kind, **parts})
        assert made.status == 200, made.body
        reply = json.loads(made.body)
        assert reply["type"] == kind
        return reply.get(kind.lower(), {})

    async def done(self, kind, status=200, **parts):
        """Make a call that is answered by a status only; gives the text of an error."""
        made = await self.post({"type": kind, **parts})
        assert made.status == status, (made.status, made.body)
        return made.body.decode()

    async def get(self, path, query="", status=200):
        made = await self.send(method="GET", path=path, query=query.encode())
        assert made.status == status, (made.status, made.body)
        return json.loads(made.body) if status == 200 and made.body else made

    async def subscribe(self):
        stream = Events(self)
        await stream.begin()
        return stream

    def place_run(self, identity, node="n1", door="jobv1", cpus=500):
        """Let a Run of another door wait; it is placed when there is room."""
        run = Run(
            id=identity,
            door=door,
            pool=f"/{door}",
            spec=RunSpec(argv=("true",)),
            amounts={"cpus": cpus},
            created_at=self.stage.clock.now(),
            job=f"{door}-job",
        )
        with self.stage.plane.begin() as tx:
            runs.create_run(self.stage.plane, tx, run)

    async def settle(self):
        await settle(self.stage.plane, 30)


class Events:
    """One open event stream."""

    def __init__(self, desk, encoding=JSON):
        self.desk = desk
        body = json.dumps({"type": "SUBSCRIBE"}).encode()
        self.made = Exchange(
            method="POST", path="/api/v1", headers={"content-type": JSON, "accept": JSON}, pieces=(body,)
        )
        self.task = asyncio.ensure_future(desk.app(self.made.scope, self.made.receive, self.made.send))
        self._splitter = Splitter()
        self._read = 0

    async def begin(self):
        while not self.made.chunks:
            await self.desk.stage.settle(2)

    async def heard(self, least=1):
        """Give the events since the last time, once there are so many."""
        new = []
        while True:
            await self.desk.stage.settle()
            for chunk in self.made.chunks[self._read :]:
                new += [json.loads(record) for record in self._splitter.feed(chunk)]
            self._read = len(self.made.chunks)
            if len(new) >= least:
                return new

    async def leave(self):
        self.made.gone.set()
        await self.desk.until_done(self.task)


def story(play, **service):
    """Run an async test over a Desk."""

    async def told():
        desk = Desk(**service)
        try:
            await play(desk)
        finally:
            desk.following.cancel()

    asyncio.run(told())


def response(data):
    return master_pb2.Response.FromString(data)
