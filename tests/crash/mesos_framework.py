"""A Mesos framework that survives its master: it subscribes again with its id, reconciles, and acknowledges everything.

It keeps so many command tasks under way, and writes down what it was told of each.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import NamedTuple

from portico.wire.mesos import mesos_pb2 as pb  # noqa: TID251 — a client knows the wire, not the server
from portico.wire.mesos import scheduler_pb2  # noqa: TID251

PATH = "/api/v1/scheduler"
Call = scheduler_pb2.Call
Event = scheduler_pb2.Event
Status = pb.TaskStatus
TERMINAL = frozenset(
    {pb.TASK_FINISHED, pb.TASK_FAILED, pb.TASK_KILLED, pb.TASK_ERROR, pb.TASK_LOST, pb.TASK_DROPPED, pb.TASK_GONE}
)
CPUS, MEMORY = 0.1, 8
FAILOVER_SECONDS = 60.0
AGAIN_SECONDS = 0.05
ASK_AGAIN_SECONDS = 1.0
LONGEST_SILENCE = 30.0
GONE = (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError)


class End(NamedTuple):
    """The first terminal state that was told of a task."""

    state: str
    reason: str
    uuid: bytes


class Refused(Exception):
    """The master answered with something else than what it must."""


class Framework:
    def __init__(self, address, files, seed):
        self._host, _, port = address.partition(":")
        self._port = int(port)
        self._files = files
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._writers = []
        self._leaving = False
        self._asked = set()
        self.identity = ""
        self.wanted = 0
        self.launched: dict[str, str] = {}
        """By id of each task that was asked for: its agent."""
        self.ends: dict[str, End] = {}
        self.faults: list[str] = []
        self.subscriptions = 0
        self.probe = asyncio.Event()
        """Set when the answer about a task that nobody knows has come."""

    @property
    def open(self):
        return self.launched.keys() - self.ends.keys()

    async def run(self):
        """Be there until torn down."""
        while not self._leaving:
            try:
                await self._session()
            except GONE:
                await asyncio.sleep(AGAIN_SECONDS)
            except Refused as refusal:
                self.faults.append(str(refusal))
                await asyncio.sleep(AGAIN_SECONDS)
            finally:
                for writer in self._writers:
                    writer.close()
                self._writers.clear()

    # ---- one subscription --------------------------------------------------------------------------------------

    async def _session(self):
        await self._subscribe()
        parts = (self._read_answers(), self._hear_all(), self._reconcile_open())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if not isinstance(end, (*GONE, asyncio.CancelledError)):
                raise end
        raise EOFError

    async def _reconcile_open(self):
        """Ask for every task that is not over until there was an answer: a master gives none whose agent is not back."""
        self._asked = self.open
        while True:
            self._asked -= self.ends.keys()
            if self._asked:
                self.reconcile(*self._asked)
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _hear_all(self):
        while True:
            async with asyncio.timeout(LONGEST_SILENCE):
                event = await self._next()
            self._hear(event)

    async def _subscribe(self):
        info = pb.FrameworkInfo(user="root", name="crash", failover_timeout=FAILOVER_SECONDS)
        call = Call(type=Call.SUBSCRIBE)
        if self.identity:
            info.id.value = call.framework_id.value = self.identity
        call.subscribe.framework_info.CopyFrom(info)
        self._stream_id = ""
        async with asyncio.timeout(LONGEST_SILENCE):
            self._events, writer = await self._connect()
            writer.write(self._request(call))
            head = (await self._events.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if " 503 " in head.partition("\r\n")[0]:
                raise EOFError
            if " 200 " not in head.partition("\r\n")[0]:
                raise Refused(f"SUBSCRIBE: {head}")
            self._stream_id = head.partition("mesos-stream-id: ")[2].partition("\r\n")[0]
            event = await self._next()
            if event.type != Event.SUBSCRIBED:
                raise Refused(f"the first event is {event}")
            self.identity = event.subscribed.framework_id.value
            self._answers, self._calls = await self._connect()
        self.subscriptions += 1

    async def _connect(self):
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 22)
        self._writers.append(writer)
        return reader, writer

    async def _next(self):
        size = int(await self._events.readuntil(b"\r\n"), 16)
        record = await self._events.readexactly(size + 2)
        if not size:
            raise EOFError
        return Event.FromString(record[:-2].partition(b"\n")[2])

    async def _read_answers(self):
        while True:
            head = await self._answers.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            body = await self._answers.readexactly(length) if length else b""
            if b" 202 " not in head.partition(b"\r\n")[0]:
                self.faults.append(f"a call was answered {head.partition(chr(13).encode())[0]!r} {body!r}")

    def _request(self, call):
        body = call.SerializeToString()
        stream = f"Mesos-Stream-Id: {self._stream_id}\r\n" if self._stream_id else ""
        return (
            f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/x-protobuf\r\n"
            f"Accept: application/x-protobuf\r\n{stream}Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    # ---- calls -------------------------------------------------------------------------------------------------

    def _send(self, call):
        call.framework_id.value = self.identity
        self._calls.write(self._request(call))

    def reconcile(self, *tasks):
        """Ask where these tasks are; none: all."""
        call = Call(type=Call.RECONCILE)
        call.reconcile.SetInParent()
        for task in tasks:
            one = call.reconcile.tasks.add()
            one.task_id.value = task
            if self.launched.get(task):
                one.agent_id.value = self.launched[task]
        self._send(call)

    def tear_down(self):
        self._leaving = True
        self._send(Call(type=Call.TEARDOWN))

    def _accept(self, offer):
        scalars = {resource.name: resource.scalar.value for resource in offer.resources}
        fits = min(int(scalars.get("cpus", 0) / CPUS + 1e-6), int(scalars.get("mem", 0) / MEMORY))
        count = max(0, min(fits, self.wanted - len(self.open)))
        call = Call(type=Call.ACCEPT)
        call.accept.offer_ids.append(offer.id)
        call.accept.filters.refuse_seconds = 0
        if count:
            operation = call.accept.operations.add(type=pb.Offer.Operation.LAUNCH)
            operation.launch.task_infos.extend(self._task(offer.agent_id) for _ in range(count))
        self._send(call)

    def _task(self, agent):
        name = f"t{next(self._numbers)}"
        task = pb.TaskInfo(name="crash")
        task.task_id.value = name
        task.agent_id.CopyFrom(agent)
        seconds = self._random.choice((0.1, 0.5, 1.0, 2.0, 4.0))
        task.command.value = (
            f"echo start $$ >> {self._files}/{name}; sleep {seconds}; echo end $$ >> {self._files}/{name}"
        )
        for kind, amount in (("cpus", CPUS), ("mem", MEMORY)):
            task.resources.add(name=kind, type=pb.Value.SCALAR).scalar.value = amount
        self.launched[name] = agent.value
        return task

    # ---- events ------------------------------------------------------------------------------------------------

    def _hear(self, event):
        match event.type:
            case Event.OFFERS:
                for offer in event.offers.offers:
                    self._accept(offer)
            case Event.UPDATE:
                self._update(event.update.status)
            case Event.HEARTBEAT | Event.RESCIND:
                pass
            case _:
                self.faults.append(f"an event that nobody expects: {event}")

    def _update(self, status):
        if status.uuid:
            call = Call(type=Call.ACKNOWLEDGE)
            call.acknowledge.agent_id.CopyFrom(status.agent_id)
            call.acknowledge.task_id.CopyFrom(status.task_id)
            call.acknowledge.uuid = status.uuid
            self._send(call)
        name = status.task_id.value
        self._asked.discard(name)
        if name == UNKNOWN:
            self.probe.set()
        elif name not in self.launched:
            self.faults.append(f"a task that nobody launched: {status}")
        elif status.state in TERMINAL:
            self._end(
                name,
                End(
                    pb.TaskState.Name(status.state),
                    Status.Reason.Name(status.reason) if status.HasField("reason") else "",
                    status.uuid,
                ),
            )

    def _end(self, name, end):
        first = self.ends.setdefault(name, end)
        if first is end or first.uuid == end.uuid:
            return
        if not end.uuid and end.reason == "REASON_RECONCILIATION":
            return  # asked before the end was known, answered after it was acknowledged
        self.faults.append(f"{name} ended twice: {first} and {end}")


UNKNOWN = "nobody-knows"
