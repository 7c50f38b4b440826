"""An agent's operator API on a port of its own, with a control that does what a script says, and real containers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import httpx

from portico.domain.errors import Conflict, NotFound
from portico.domain.frames import FileFact, Usage
from portico.domain.identity import SECOND, Instant, Micros
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.encoding.recordio import Splitter, frame
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.listening import serve
from portico.doors.mesos.outpost.operator.api import OperatorApi
from portico.doors.mesos.outpost.operator.naming import nested_run
from portico.doors.mesos.outpost.operator.perf_events import Sampling
from portico.doors.mesos.outpost.operator.site import Site
from portico.doors.mesos.outpost.words import AgentState, ContainerFact, ExecutorEntry, TaskEntry, Word
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import agent_pb2
from portico.wire.mesos import mesos_pb2 as pb

NO_SAMPLES = Sampling()
AGENT, FRAMEWORK = "m-S0", "m-0000"


def resources(**amounts: float) -> list[pb.Resource]:
    return [
        pb.Resource(name=name, type=pb.Value.SCALAR, scalar=pb.Value.Scalar(value=value), role="*")
        for name, value in amounts.items()
    ]


def executor_info(executor: str, **amounts: float) -> bytes:
    info = pb.ExecutorInfo(executor_id=pb.ExecutorID(value=executor), name=f"the {executor}", source="here")
    info.resources.extend(resources(**amounts))
    return info.SerializeToString()


def task(name: str, state: str = "TASK_RUNNING", executor: str = "", container: str = "") -> bytes:
    message = pb.Task(
        name=name,
        task_id=pb.TaskID(value=name),
        framework_id=pb.FrameworkID(value=FRAMEWORK),
        agent_id=pb.AgentID(value=AGENT),
        state=state,
        resources=resources(cpus=0.5, mem=64),
    )
    if executor:
        message.executor_id.value = executor
    if container:
        status = message.statuses.add(task_id=message.task_id, state=state, timestamp=1.5)
        status.container_status.container_id.value = container
    return message.SerializeToString()


def agent_info() -> bytes:
    info = pb.AgentInfo(hostname="host.test", id=pb.AgentID(value=AGENT), resources=resources(cpus=4, mem=1024))
    info.attributes.add(name="rack", type=pb.Value.TEXT, text=pb.Value.Text(value="r1"))
    info.resources.add(
        name="ports", type=pb.Value.RANGES, ranges=pb.Value.Ranges(range=[{"begin": 31000, "end": 31009}]), role="*"
    )
    return info.SerializeToString()


class Control:
    """Answers questions about containers that it runs itself, behind switchboards, as an agent would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sandboxes = root / "sandboxes"
        self.sandboxes.mkdir()
        self.containers: dict[str, ContainerFact] = {}
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.asked: list[Word] = []
        self.usages: tuple[Usage, ...] = ()
        self.executors: tuple[ExecutorEntry, ...] = ()
        self.tasks: tuple[TaskEntry, ...] = ()
        self.problem = ""
        self.error: Exception | None = None

    def sandbox(self, run: str) -> Path:
        place = self.sandboxes / run
        place.mkdir(exist_ok=True)
        return place

    def add(self, run: str, **fields: Any) -> ContainerFact:
        """Have a container without a process."""
        values = {"framework": FRAMEWORK, "executor": run, "started_at": Instant(SECOND), **fields}
        self.sandbox(run)
        self.containers[run] = ContainerFact(run, **values)
        return self.containers[run]

    async def start(self, run: str, attach: str, *argv: str) -> None:
        """Run a command as the process of a container."""
        command = list(argv)
        if attach:
            command[:0] = [sys.executable, "-I", "-m", "portico.node.switchboard", attach, str(self.sandbox(run))]
        with (self.sandbox(run) / "stdout").open("ab") as out, (self.sandbox(run) / "stderr").open("ab") as err:
            self.processes[run] = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.sandbox(run),
                start_new_session=True,
                env={**os.environ, "PORTICO_RUN_ID": run},
            )

    async def ask(self, word: Word) -> Word:  # noqa: PLR0911 — one for each question
        self.asked.append(word)
        if self.error is not None:
            raise self.error
        match word:
            case words.TellState():
                return AgentState(
                    AGENT,
                    agent_info(),
                    frameworks=(
                        pb.FrameworkInfo(id=pb.FrameworkID(value=FRAMEWORK), user="u", name="n").SerializeToString(),
                    ),
                    executors=self.executors,
                    tasks=self.tasks,
                    containers=tuple(self.containers.values()),
                )
            case words.TellUsage():
                return words.Usages(self.usages)
            case words.BrowseFiles():
                return self._browse(word)
            case words.ReadFiles():
                return self._read(word)
            case words.Nest():
                return await self._nest(word)
            case words.AwaitEnd():
                return await self._await_end(word)
            case words.Kill():
                return self._kill(word)
        raise AssertionError(word)

    def _browse(self, word: words.BrowseFiles) -> words.Files:
        place = self._place(word.run, word.path)
        if place.is_file():
            return words.Files((FileFact(word.path, place.stat().st_size, 0o100644, 1_000_000),))
        found = sorted(place.iterdir())
        prefix = f"{word.path}/" if word.path else ""
        return words.Files(
            tuple(
                FileFact(prefix + one.name, one.stat().st_size, one.stat().st_mode, 1_000_000, one.is_dir())
                for one in found
            )
        )

    def _read(self, word: words.ReadFiles) -> words.Bytes:
        place = self._place(word.run, word.path)
        if place.is_dir():
            raise NotFound(f"{word.path} is no plain file")  # the kind of an error does not reach control
        data = place.read_bytes()
        part = b"" if word.offset < 0 else data[word.offset : word.offset + word.length]
        return words.Bytes(part, len(data))

    def _place(self, run: str, path: str) -> Path:
        place = self.sandboxes / run / path
        if not place.exists():
            raise NotFound(f"{path} does not exist")
        return place

    async def _nest(self, word: words.Nest) -> words.Nested:
        run = nested_run(word.parent, word.name)
        if run in self.processes:
            raise Conflict("it has been started before")
        if self.problem:
            return words.Nested(run, self.problem)
        command = pb.CommandInfo.FromString(word.command)
        info = pb.ContainerInfo.FromString(word.container)
        attach = "tty" if info.HasField("tty_info") else "pipes"
        attach = f"{attach}+session" if word.attach else attach if attach == "tty" else ""
        parent = self.containers[word.parent]
        self.add(run, executor=parent.executor, parent=word.parent, name=word.name)
        await self.start(run, attach, "/bin/sh", "-c", command.value)
        return words.Nested(run)

    async def _await_end(self, word: words.AwaitEnd) -> words.Ended:
        process = self.processes.get(word.run)
        if process is None:
            raise NotFound(f"no Run {word.run}")
        try:
            async with asyncio.timeout(min(word.seconds, 0.2)):
                code = await process.wait()
        except TimeoutError:
            return words.Ended(over=False)
        self.containers.pop(word.run, None)
        return words.Ended(over=True, status=-code if code < 0 else code << 8)

    def _kill(self, word: words.Kill) -> words.Done:
        process = self.processes.get(word.run)
        if process is None or process.returncode is not None:
            raise NotFound(f"no Run {word.run}")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return words.Done()

    async def close(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


class Agent:
    """The API as a client sees it."""

    def __init__(self, control: Control, client: httpx.AsyncClient, site: Site, api: OperatorApi) -> None:
        self.control = control
        self.api = api
        self.client = client
        self.site = site

    async def call(self, kind: str, *, path: str = "/api/v1", **parts: Any) -> httpx.Response:
        """Make a call in JSON."""
        return await self.client.post(path, json={"type": kind, **parts})

    async def told(self, kind: str, **parts: Any) -> Any:
        """Make a call that is answered with a message, and give the part that counts."""
        response = await self.call(kind, **parts)
        assert response.status_code == 200, response.text
        said = response.json()
        assert said["type"] == kind
        return said.get(kind.lower(), {})

    async def in_protobuf(self, call: agent_pb2.Call) -> httpx.Response:
        headers = {"content-type": "application/x-protobuf", "accept": "application/x-protobuf"}
        return await self.client.post("/api/v1", content=call.SerializeToString(), headers=headers)

    @contextlib.asynccontextmanager
    async def streaming(self, kind: str, headers: dict[str, str] | None = None, **parts: Any) -> AsyncIterator[Output]:
        """Make a call that is answered with a stream."""
        async with self.client.stream(
            "POST", "/api/v1", json={"type": kind, **parts}, headers=headers or {}
        ) as response:
            yield Output(response)

    async def give(self, container: Any, *io: dict[str, Any], end: asyncio.Event | None = None) -> httpx.Response:
        """Attach to the input of a container; `end` holds the body open until it is set."""

        async def body() -> AsyncIterator[bytes]:
            yield frame(json.dumps(attach({"type": "CONTAINER_ID", "container_id": container})).encode())
            for one in io:
                yield frame(json.dumps(attach({"type": "PROCESS_IO", "process_io": one})).encode())
            if end is not None:
                await end.wait()

        return await self.client.post("/api/v1", content=body(), headers=STREAMED)


STREAMED = {"content-type": "application/recordio", "message-content-type": "application/json"}


def attach(part: dict[str, Any]) -> dict[str, Any]:
    return {"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": part}


def stdin(data: str) -> dict[str, Any]:
    return {"type": "DATA", "data": {"type": "STDIN", "data": data}}


class Output:
    """A stream of ProcessIO, read to the end or until something was said."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.records: list[agent_pb2.ProcessIO] = []
        self._pieces = response.aiter_raw()
        self._splitter = Splitter()
        headers = response.headers
        kind = headers.get("message-content-type", headers["content-type"])
        self._encoding = Encoding(kind)

    async def more(self) -> bool:
        """Read on; False at the end."""
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            return False
        for record in self._splitter.feed(piece):
            if self._encoding is Encoding.PROTOBUF:
                self.records.append(agent_pb2.ProcessIO.FromString(record))
            else:
                from portico.doors.mesos.encoding import jsonpb

                self.records.append(jsonpb.decode(agent_pb2.ProcessIO, record))
        return True

    def said(self, stream: int = agent_pb2.ProcessIO.Data.STDOUT) -> bytes:
        return b"".join(record.data.data for record in self.records if record.data.type == stream)

    async def until(self, text: bytes) -> None:
        while text not in self.said():
            assert await self.more(), self.said()

    async def rest(self) -> tuple[bytes, bytes]:
        while await self.more():
            pass
        return self.said(), self.said(agent_pb2.ProcessIO.Data.STDERR)


@contextlib.asynccontextmanager
async def agent(
    heartbeat: float = 30.0, *, recovered: bool = True, perf: Sampling = NO_SAMPLES
) -> AsyncIterator[Agent]:
    """Serve an agent with a container `root` that has no process."""
    with tempfile.TemporaryDirectory(prefix="portico-agent-") as place:
        root = Path(place)
        control = Control(root)
        control.add("root", info=executor_info("root", cpus=1, mem=128, disk=10))
        (root / "agent.log").write_text("a line\n")
        site = Site(
            node="n1",
            directory=root,
            address="127.0.0.1:1",
            log=root / "agent.log",
            flags={"work_dir": place},
            perf=perf,
        )
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(0)
        async with asyncio.TaskGroup() as group:
            api = OperatorApi(control.ask, site, group, lambda: recovered, Micros(int(heartbeat * SECOND)))
            tasks = [
                group.create_task(api.run()),
                group.create_task(serve(Routing(api.endpoints(), error_reply), [listening])),
            ]
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=url, timeout=15, trust_env=False) as client:
                try:
                    yield Agent(control, client, site, api)
                finally:
                    await control.close()
            for one in tasks:
                one.cancel()


def play(story: Coroutine[object, object, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(18):
            await story

    asyncio.run(bounded())
