"""A node with a real outpost, a scripted control for both, and a lean executor that speaks HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from node.control import Node, node, order

from portico.domain.frames import LaunchOrder, OutpostHello, OutpostReady, Question, Reply
from portico.domain.framing import Splitter, decode, encode, from_peer
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import Form, RunSpec
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.words import Done, ExecutorFacts, FindExecutor, SaidToScheduler, Word
from portico.node.config import OutpostConfig
from portico.wire.mesos import mesos_pb2 as pb

FRAMEWORK = pb.FrameworkInfo(user="root", name="f", id=pb.FrameworkID(value="F"))
AWARE = pb.FrameworkInfo(
    user="root",
    name="f",
    id=pb.FrameworkID(value="F"),
    capabilities=[pb.FrameworkInfo.Capability(type=pb.FrameworkInfo.Capability.PARTITION_AWARE)],
)
AGENT = pb.AgentInfo(hostname="h", id=pb.AgentID(value="A"))


class Door:
    """The door's side in control: knows executors, hears what the outpost says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.executors: dict[tuple[str, str], ExecutorFacts] = {}
        self.hellos: list[OutpostHello] = []
        self.messages: list[SaidToScheduler] = []
        self.asked: list[Word] = []
        self.changed = asyncio.Condition()
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._answers: dict[int, asyncio.Future[Reply]] = {}

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        self.path.unlink(missing_ok=True)

    def know(
        self, run: str, executor: str = "E", token: int = 1, framework: pb.FrameworkInfo = FRAMEWORK, **more: bool
    ) -> None:
        info = pb.ExecutorInfo(executor_id=pb.ExecutorID(value=executor), type=pb.ExecutorInfo.CUSTOM)
        self.executors["F", executor] = ExecutorFacts(
            run=run,
            token=token,
            agent="A",
            executor_info=info.SerializeToString(),
            framework_info=framework.SerializeToString(),
            agent_info=AGENT.SerializeToString(),
            **more,
        )

    async def until(self, reached: Callable[[], object]) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: bool(reached()))

    async def greeted(self, count: int = 1) -> OutpostHello:
        await self.until(lambda: len(self.hellos) >= count)
        return self.hellos[count - 1]

    async def ask(self, word: Word) -> Word:
        assert self._writer is not None
        number = len(self._answers) + 1
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        self._writer.write(encode(Question(number, words.encode(word))))
        reply = await future
        assert not reply.error, reply.error
        return words.answer(reply.payload)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter()
        try:
            while data := await reader.read(1 << 16):
                for body in splitter.feed(data):
                    self._take(decode(from_peer, body), writer)
                async with self.changed:
                    self.changed.notify_all()
        except ConnectionError:
            return
        finally:
            writer.close()

    def _take(self, frame: object, writer: asyncio.StreamWriter) -> None:
        match frame:
            case OutpostHello():
                self._writer = writer
                self.hellos.append(frame)
                writer.write(encode(OutpostReady()))
            case Question():
                writer.write(encode(self._reply(frame)))
            case Reply():
                self._answers[frame.number].set_result(frame)

    def _reply(self, question: Question) -> Reply:
        word = words.question(question.payload)
        self.asked.append(word)
        match word:
            case FindExecutor():
                facts = self.executors.get((word.framework, word.executor))
                if facts is None:
                    return Reply(question.number, error="NotFound: Executor cannot be found")
                return Reply(question.number, words.encode(facts))
            case SaidToScheduler():
                self.messages.append(word)
        return Reply(question.number, words.encode(Done()))


def outpost(door: Path, *arguments: str) -> OutpostConfig:
    """Give the configuration of an outpost that has a control of its own."""
    module = (sys.executable, "-m", "portico.doors.mesos.outpost")
    return OutpostConfig("mesos", ("/usr/bin/env", f"PORTICO_LINK=unix:{door}", *module, *arguments))


class Place:
    """A node with its outpost, and both controls."""

    def __init__(self, site: Node, door: Door) -> None:
        self.site = site
        self.control = site.control
        self.door = door
        self.executors: list[Executor] = []

    async def address(self, count: int = 1) -> str:
        return (await self.door.greeted(count)).address

    async def executor(self, run: str = "host", executor: str = "E", **facts: object) -> Executor:
        """Start an executor's Run (its process only sleeps) and give the executor that speaks for it."""
        self.door.know(run, executor, **facts)  # type: ignore[arg-type]
        self.control.launch(order(run, "/bin/sleep", "100", hosts=True))
        await self.control.runs(run)
        return await self.speaker(executor)

    async def speaker(self, executor: str = "E", count: int = 1) -> Executor:
        """Give another program that speaks as an executor, to the outpost that came up as this one."""
        self.executors.append(Executor(await self.address(count), executor))
        return self.executors[-1]

    def launch(self, *names: str, host: str = "host", **labels: str) -> None:
        self.control.launch(*(hosted(name, host, **labels) for name in names))

    def notes(self, run: str) -> list[pb.TaskStatus]:
        return [pb.TaskStatus.FromString(said.note) for said in self.control.said if said.run == run and said.note]

    async def noted(self, run: str, count: int = 1) -> list[pb.TaskStatus]:
        await self.control.until(lambda: len(self.notes(run)) >= count)
        return self.notes(run)


def hosted(name: str, host: str = "host", **labels: str) -> LaunchOrder:
    """Give the order of a task, whose Run has its name."""
    info = pb.TaskInfo(name=name, task_id=pb.TaskID(value=name), agent_id=pb.AgentID(value="A"))
    spec = RunSpec(form=Form.HOSTED, payload=info.SerializeToString())
    return LaunchOrder(run=name, token=1, spec=spec, grace=Micros(SECOND), host=host, labels=labels)


@contextlib.asynccontextmanager
async def place(*arguments: str, **settings: object) -> AsyncIterator[Place]:
    """Start a node with an outpost, and wait until that is there."""
    with tempfile.TemporaryDirectory(prefix="portico-door-") as folder:
        door = Door(Path(folder) / "door.sock")
        await door.open()
        try:
            async with node(outposts=(outpost(door.path, *arguments),), **settings) as site:
                await door.greeted()
                here = Place(site, door)
                try:
                    yield here
                finally:
                    for executor in here.executors:
                        await executor.close()
        finally:
            await door.close()


class Answer:
    """What came back from a call."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.text = body.decode()


class Executor:
    """An executor as a program would write one: JSON over HTTP."""

    def __init__(self, address: str, name: str = "E", framework: str = "F") -> None:
        self.address = address
        self.name = name
        self.framework = framework
        self.events: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def subscribe(
        self, tasks: tuple[str, ...] = (), updates: tuple[dict[str, object], ...] = ()
    ) -> Answer | None:
        """Subscribe; gives the answer when it is no stream."""
        infos = [{"name": name, "task_id": {"value": name}, "agent_id": {"value": "A"}} for name in tasks]
        subscribe = {"unacknowledged_tasks": infos, "unacknowledged_updates": [{"status": one} for one in updates]}
        await self.close()
        reader, self._writer = await self._connect()
        self._writer.write(self._request({"type": "SUBSCRIBE", "subscribe": subscribe}))
        status, headers = await _head(reader)
        if status != 200:
            return Answer(status, await reader.readexactly(int(headers["content-length"])))
        assert headers["transfer-encoding"] == "chunked"
        self.events = asyncio.Queue()
        self._reading = asyncio.create_task(_records(reader, self.events))
        return None

    async def event(self, kind: str) -> dict[str, object]:
        """Give the next event, which is to be of this type."""
        event = await self.events.get()
        assert event["type"] == kind, event
        return event

    async def call(self, call: dict[str, object]) -> Answer:
        reader, writer = await self._connect()
        writer.write(self._request(call))
        status, headers = await _head(reader)
        body = await reader.readexactly(int(headers["content-length"]))
        writer.close()
        return Answer(status, body)

    async def update(self, task: str, state: str, uuid: bytes | None = None, **fields: object) -> dict[str, object]:
        """Send an update that is to be accepted; gives it as it was sent."""
        status = self.status(task, state, uuid, **fields)
        answer = await self.call({"type": "UPDATE", "update": {"status": status}})
        assert answer.status == 202, answer.text
        return status

    def status(self, task: str, state: str, uuid: bytes | None = None, **fields: object) -> dict[str, object]:
        number = base64.b64encode(uuid or os.urandom(16)).decode()
        return {"task_id": {"value": task}, "state": state, "source": "SOURCE_EXECUTOR", "uuid": number} | fields

    async def acknowledged(self, *statuses: dict[str, object]) -> None:
        for status in statuses:
            event = await self.event("ACKNOWLEDGED")
            assert event["acknowledged"] == {"task_id": status["task_id"], "uuid": status["uuid"]}

    async def gone(self) -> None:
        """Wait until the stream has ended, with nothing further in it."""
        assert self._reading is not None
        await self._reading
        assert self.events.empty(), self.events.get_nowait()

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._reading is not None:
            await self._reading
            self._reading = None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.address.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    def _request(self, call: dict[str, object]) -> bytes:
        ids = {"framework_id": {"value": self.framework}, "executor_id": {"value": self.name}}
        body = json.dumps(ids | call).encode()
        head = (
            f"POST /slave(1)/api/v1/executor HTTP/1.1\r\nHost: {self.address}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    return int(first.split()[1]), headers


async def _records(reader: asyncio.StreamReader, events: asyncio.Queue[dict[str, object]]) -> None:
    """Read a chunked stream whose every chunk is one record."""
    try:
        while size := int(await reader.readline(), 16):
            chunk = await reader.readexactly(size + 2)
            length, _, record = chunk[:-2].partition(b"\n")
            assert int(length) == len(record)
            events.put_nowait(json.loads(record))
    except (ConnectionError, asyncio.IncompleteReadError, ValueError):
        return
