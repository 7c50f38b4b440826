"""A control of the tests' own: a socket on which an agent registers, is ordered about, and is heard."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

from portico.domain.frames import (
    Ack,
    Answer,
    Frame,
    Heartbeat,
    Inquiry,
    Launch,
    LaunchOrder,
    Observation,
    Register,
    Report,
    Shutdown,
    Stop,
    Welcome,
)
from portico.domain.framing import Splitter, decode, encode, from_peer
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.runs import Limits, Outcome, RunSpec, StopOrder, StopReason
from portico.node.config import NodeConfig
from portico.node.containers.bundles import state_place
from portico.node.locking import AGENT_LOCK, lock_holder
from portico.node.processes import children
from portico.node.site import slice_name
from portico.node.starting import keeper_alive, start_keeper


class Control:
    """Takes one agent at a time; keeps what it says; acknowledges unless told not to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acknowledging = True
        self.registers: list[Register] = []
        self.heartbeats: list[Heartbeat] = []
        self.reports: list[Report] = []
        self.answers: dict[int, Answer] = {}
        self.started: dict[str, Observation] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.ended: dict[tuple[str, int], Outcome] = {}
        self.refused: dict[str, str] = {}
        self.health: dict[str, list[bool]] = {}
        self.checks: dict[str, list[int | None]] = {}
        self.said: list[Observation] = []
        self.changed = asyncio.Condition()
        self._writer: asyncio.StreamWriter | None = None
        self._epoch = 0
        self._sequences: dict[str, int] = {}
        self._heard = 0
        self._unanswered: list[Report] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=1 << 22)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self.path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Break the connection."""
        assert self._writer is not None
        self._writer.transport.abort()

    def send(self, frame: Frame) -> None:
        assert self._writer is not None
        self._writer.write(encode(frame))

    def launch(self, *orders: LaunchOrder) -> None:
        self.send(Launch(orders))

    def stop(self, run: str, grace: float = 5.0, token: int = 1, reason: StopReason = StopReason.CANCELLED) -> None:
        order = StopOrder(reason, Instant(time.time_ns() // 1000), Micros(int(grace * SECOND)))
        self.send(Stop(run, token, order))

    async def ask(self, what: str, run: str = "", path: str = "", offset: int = 0, length: int = 65536) -> Answer:
        number = len(self.answers) + 1
        self.send(Inquiry(number, what, run, path, offset, length))
        await self.until(lambda: number in self.answers)
        return self.answers[number]

    async def until(self, reached: Callable[[], object]) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: bool(reached()))

    async def registered(self, count: int = 1) -> Register:
        await self.until(lambda: len(self.registers) >= count and self._writer is not None)
        return self.registers[count - 1]

    async def outcome(self, run: str) -> Outcome:
        await self.until(lambda: run in self.outcomes)
        return self.outcomes[run]

    async def runs(self, *runs: str) -> None:
        await self.until(lambda: all(run in self.started for run in runs))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter()
        incarnation = ""
        try:
            while data := await reader.read(1 << 18):
                for body in splitter.feed(data):
                    frame = decode(from_peer, body)
                    if isinstance(frame, Register):
                        incarnation = frame.incarnation
                        self._writer = writer
                        self._epoch += 1
                        self._heard = self._sequences.get(incarnation, 0)
                        self._unanswered.clear()
                        writer.write(encode(Welcome(self._epoch, self._sequences.get(incarnation, 0))))
                    self._take(incarnation, frame)
                async with self.changed:
                    self.changed.notify_all()
        except ConnectionError:
            return
        finally:
            if self._writer is writer:
                self._writer = None
            writer.close()

    def _take(self, incarnation: str, frame: Frame) -> None:
        match frame:
            case Register():
                self.registers.append(frame)
            case Heartbeat():
                self.heartbeats.append(frame)
            case Answer():
                self.answers[frame.request] = frame
            case Report():
                self._hear(incarnation, frame)

    def _hear(self, incarnation: str, report: Report) -> None:
        expected = self._heard + 1
        assert report.sequence == expected, f"report {report.sequence} after {self._heard}"
        self._heard = expected
        self.reports.append(report)
        self._unanswered.append(report)
        if self.acknowledging:
            self.acknowledge(incarnation)

    def acknowledge(self, incarnation: str = "") -> None:
        """Make all that was heard durable, and say so."""
        incarnation = incarnation or self.registers[-1].incarnation
        for report in self._unanswered:
            self._sequences[incarnation] = report.sequence
            for said in report.observations:
                self._note(said)
        if self._unanswered:
            self.send(Ack(self._unanswered[-1].sequence))
        self._unanswered.clear()

    def _note(self, said: Observation) -> None:
        self.said.append(said)
        if said.started:
            self.started[said.run] = said
        if said.healthy is not None:
            self.health.setdefault(said.run, []).append(said.healthy)
        if said.checked is not None:
            self.checks.setdefault(said.run, []).append(said.checked.value)
        if said.refused:
            self.refused[said.run] = said.refused
        if said.outcome is not None:
            before = self.ended.setdefault((said.run, said.token), said.outcome)
            assert before == said.outcome, f"{said.run} ended twice: {before} and {said.outcome}"
            self.outcomes.setdefault(said.run, said.outcome)


def order(run: str, *argv: str, limits: Limits | None = None, grace: float = 5.0, **rest: object) -> LaunchOrder:
    """Give a launch order for a command."""
    names = ("token", "parent", "host", "ports", "self_stop", "labels", "adds", "revocable")
    fields = {name: rest.pop(name) for name in names if name in rest}
    fields.setdefault("token", 1)
    spec = RunSpec(argv=argv, limits=limits or Limits(output=0), **rest)  # type: ignore[arg-type]
    return LaunchOrder(run=run, spec=spec, grace=Micros(int(grace * SECOND)), **fields)  # type: ignore[arg-type]


def shell(run: str, script: str, **rest: object) -> LaunchOrder:
    """Give a launch order for a shell script."""
    return order(run, "/bin/sh", "-c", script, **rest)  # type: ignore[arg-type]


class Node:
    """A keeper and an agent in a directory of their own, with a control to talk to."""

    def __init__(self, directory: Path, control: Control, config: NodeConfig) -> None:
        self.directory = directory
        self.control = control
        self.config = config

    def start(self) -> int:
        return start_keeper(self.directory, self.config)

    @property
    def keeper(self) -> int | None:
        return keeper_alive(self.directory)

    @property
    def agent(self) -> int | None:
        return lock_holder(str(self.directory / AGENT_LOCK))

    async def kill_agent(self) -> int:
        """End the agent without warning and wait until the next one has registered."""
        before, agent = len(self.control.registers), self.agent
        assert agent is not None
        os.kill(agent, signal.SIGKILL)
        await self.control.registered(before + 1)
        return agent

    async def end(self) -> None:
        """End node and Runs, whatever state they are in, and remove what a node would find again."""
        await self._end()
        shutil.rmtree(state_place(self.directory, slice_name(self.directory)), ignore_errors=True)

    async def _end(self) -> None:
        keeper = self.keeper
        if keeper is not None and self.control.registers:
            with contextlib.suppress(TimeoutError, AssertionError):
                self.control.acknowledging = True
                async with asyncio.timeout(5):
                    self.control.send(Shutdown(stop_runs=True, grace=Micros(0)))
                    await gone(keeper)
        for pid in [keeper, self.agent]:
            if pid is not None:
                for child in children(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                await gone(pid)


async def gone(pid: int) -> None:
    """Wait until a process is dead."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    dead = loop.create_future()
    loop.add_reader(fd, lambda: dead.done() or dead.set_result(None))
    try:
        await dead
    finally:
        loop.remove_reader(fd)
        os.close(fd)


@contextlib.asynccontextmanager
async def node(**settings: object) -> AsyncIterator[Node]:
    """Start a node and wait until it has registered; end it with all its Runs afterwards."""
    with tempfile.TemporaryDirectory(prefix="portico-node-") as place:
        root = Path(place)
        control = Control(root / "control.sock")
        await control.open()
        defaults = {
            "node": "n1",
            "link": f"unix:{control.path}",
            "secret": "s",
            "amounts": {"cpus": 4000, "mem": 2_000_000},
            "ports": ((31000, 31010),),
            "cgroups": False,
        }
        started = Node(root / "node", control, NodeConfig(**{**defaults, **settings}))  # type: ignore[arg-type]
        started.start()
        try:
            await control.registered()
            yield started
        finally:
            await started.end()
            await control.close()


async def settled(site: Node, run: str, output: bytes) -> None:
    """Wait until a Run has said something."""
    while (await site.control.ask("read", run, "stdout")).data != output:
        await asyncio.sleep(0.01)


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something on disk, which tells nobody when it comes."""
    while not reached():
        await asyncio.sleep(0.01)


def play(story: Coroutine[object, object, None]) -> None:
    """Play a story on a loop of its own, for so long as a test may take."""

    async def bounded() -> None:
        async with asyncio.timeout(18):
            await story

    asyncio.run(bounded())
