"""A simulated node: processes that outlive their agent, and an agent with a journal that outlives itself.

It follows the internal protocol as the real agent does, and keeps what the real one keeps: an intent before each start,
a handle after it, ends until they are acknowledged.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import msgspec

from portico.domain.frames import (
    Ack,
    Forget,
    Frame,
    Heartbeat,
    Launch,
    LaunchOrder,
    Observation,
    Refused,
    Register,
    Report,
    RunFact,
    Shutdown,
    Stop,
    Welcome,
)
from portico.domain.identity import Clock
from portico.domain.runs import EndCause, Outcome
from portico.engines.simulated.lines import Faults, Reception, SimulatedLine

HEARTBEAT = 4.0
PREPARED = 0.1
"""How many of all launches tell that something is being brought first."""
RETRY = 0.3


class Process(msgspec.Struct):
    """A running program: how it will end, and when it is told so."""

    order: LaunchOrder
    code: int
    ending: asyncio.TimerHandle | None = None
    stopping: bool = False


class Entry(msgspec.Struct):
    """What the journal holds of one Run."""

    token: int
    started: bool = False
    outcome: Outcome | None = None


class Behaviour(msgspec.Struct, frozen=True):
    """What programs on this node do: their length in seconds and their exit code, both drawn by the seed.

    `on_forget` hears which Run's end, of which token, the node lets go of, because control has it.
    """

    length: Callable[[LaunchOrder], float]
    code: Callable[[LaunchOrder], int]
    on_start: Callable[[SimulatedNode, LaunchOrder], None]
    on_end: Callable[[SimulatedNode, str], None]
    on_forget: Callable[[str, int], None]


class SimulatedNode:
    """One machine."""

    def __init__(
        self, name: str, amounts: dict[str, int], source: random.Random, clock: Clock, behaviour: Behaviour, secret: str
    ) -> None:
        self.name = name
        self.amounts = amounts
        self.source = source
        self.clock = clock
        self.behaviour = behaviour
        self.faults = Faults()
        self.journal: dict[str, Entry] = {}
        self.processes: dict[str, Process] = {}
        self.boots = 0
        self.partitioned = False
        self._secret = secret
        self._reception: Reception | None = None
        self._line: SimulatedLine | None = None
        self._alive = True
        self._welcomed = False
        self._incarnation = 0
        self._sequence = 0
        self._unacknowledged: dict[int, tuple[Observation, ...]] = {}
        self._loop = asyncio.get_running_loop()

    # ---- the network -------------------------------------------------------------------------------------------

    def find(self, reception: Reception | None) -> None:
        """Learn where control is now; None while it is down."""
        self._reception = reception
        self._loop.call_soon(self._connect)

    def partition(self, *, on: bool) -> None:
        """Cut the node off, or let it back."""
        self.partitioned = on
        if self._line is not None:
            self._line.partitioned = on
            if on:
                self._line.cut()
        if not on:
            self._loop.call_soon(self._connect)

    def cut(self) -> None:
        """Break the present line."""
        if self._line is not None:
            self._line.cut()

    def control_died(self) -> None:
        """Control's process is gone."""
        self._reception = None
        if self._line is not None:
            self._line.control_died()

    def line_lost(self, line: SimulatedLine) -> None:
        """Hear that a line is gone, and try again."""
        if line is self._line:
            self._line = None
            self._welcomed = False
            self._loop.call_later(self.source.random() * RETRY, self._connect)

    def _connect(self) -> None:
        if self._line is not None or not self._alive or self._reception is None or self.partitioned:
            return
        self._line = SimulatedLine(self._reception, self, self.source, self.faults)
        self._welcomed = False
        facts = tuple(
            RunFact(run, entry.token, running=entry.outcome is None, ended=entry.outcome is not None)
            for run, entry in self.journal.items()
        )
        self._line.say(
            Register(
                self.name,
                self._secret,
                f"{self.name}-{self._incarnation}",
                f"boot-{self.boots}",
                self.amounts,
                ((31000, 31999),),
                {"zone": self.name[-1]},
                self._sequence,
                facts,
            )
        )
        self._beat(self._line)

    def _beat(self, line: SimulatedLine) -> None:
        if line is self._line:
            line.say(Heartbeat(self.clock.now(), len(self.processes)))
            self._loop.call_later(HEARTBEAT, self._beat, line)

    # ---- faults of the machine ---------------------------------------------------------------------------------

    def crash_agent(self) -> None:
        """Kill the agent; its journal and the processes stay, and it is started again."""
        self._drop_agent()
        self._loop.call_later(0.2 + self.source.random(), self._restart_agent)

    def crash_keeper_and_agent(self) -> None:
        """Kill both: what ran is lost, and what is left of it is killed at the next start."""
        self._drop_agent()
        for run in list(self.processes):
            self._kill_silently(run)
        for entry in self.journal.values():
            if entry.outcome is None:
                entry.outcome = Outcome(EndCause.LOST, message="keeper and agent were killed together")
        self._loop.call_later(0.5 + self.source.random(), self._restart_agent)

    def reboot(self) -> None:
        """Lose power."""
        self.boots += 1
        self.crash_keeper_and_agent()

    def _drop_agent(self) -> None:
        self._alive = False
        self._welcomed = False
        self._unacknowledged.clear()
        if self._line is not None:
            self._line.hang_up()
            self._line = None

    def _restart_agent(self) -> None:
        if self._alive:
            return  # it was killed again while it was down, and has been started for the first time's sake
        self._alive = True
        self._incarnation += 1
        self._sequence = 0
        for run, entry in self.journal.items():
            if not entry.started and entry.outcome is None and run not in self.processes:
                entry.outcome = Outcome(EndCause.LOST, message="an intent without a process")
        self._connect()

    def _kill_silently(self, run: str) -> None:
        process = self.processes.pop(run)
        if process.ending is not None:
            process.ending.cancel()
        self.behaviour.on_end(self, run)

    # ---- frames ------------------------------------------------------------------------------------------------

    def heard(self, frame: Frame) -> None:
        """Take a frame from control."""
        if not self._alive:
            return
        match frame:
            case Welcome():
                if not self._welcomed:
                    self._welcomed = True
                    self._report_again()
            case Launch():
                for order in frame.orders:
                    self._launch(order)
            case Stop():
                self._stop(frame)
            case Ack():
                self._acknowledge(frame.sequence)
            case Refused() | Forget() | Shutdown():
                return

    def _report_again(self) -> None:
        self._unacknowledged.clear()
        for run, entry in list(self.journal.items()):
            if entry.started or entry.outcome is not None:
                self._observe(
                    Observation(run, entry.token, self.clock.now(), started=entry.started, outcome=entry.outcome)
                )

    def _launch(self, order: LaunchOrder) -> None:
        entry = self.journal.get(order.run)
        if entry is not None and entry.token >= order.token:
            return
        self.journal[order.run] = Entry(order.token)
        self.processes[order.run] = process = Process(order, self.behaviour.code(order))
        length = self.behaviour.length(order)
        process.ending = self._loop.call_later(length, self._exited, order.run, process)
        self.behaviour.on_start(self, order)
        if self.source.random() < PREPARED:
            self._observe(Observation(order.run, order.token, self.clock.now(), preparing=True))
        self._loop.call_later(self.source.random() * 0.01, self._handled, order)

    def _handled(self, order: LaunchOrder) -> None:
        entry = self.journal.get(order.run)
        if entry is None or entry.token != order.token or entry.started or entry.outcome is not None:
            return
        entry.started = True
        if self._alive:
            self._observe(Observation(order.run, order.token, self.clock.now(), started=True))

    def exit(self, run: str, code: int) -> None:
        """Let a program end by itself."""
        process = self.processes.get(run)
        if process is not None:
            process.code = code
            self._exited(run, process)

    def _exited(self, run: str, process: Process) -> None:
        if self.processes.get(run) is not process:
            return
        self._kill_silently(run)
        entry = self.journal[run]
        if process.stopping:
            outcome = Outcome(EndCause.SIGNALLED, signal=15, message="Command terminated with signal SIGTERM")
        else:
            outcome = Outcome(
                EndCause.EXITED, exit_code=process.code, message=f"Command exited with status {process.code}"
            )
        entry.started = True
        entry.outcome = outcome
        if self._alive:
            self._observe(Observation(run, entry.token, self.clock.now(), started=True, outcome=outcome))

    def _stop(self, stop: Stop) -> None:
        entry = self.journal.get(stop.run)
        if entry is None or entry.token != stop.token:
            outcome = Outcome(EndCause.LOST, message="this node does not have it")
            self._observe(Observation(stop.run, stop.token, self.clock.now(), outcome=outcome))
            return
        process = self.processes.get(stop.run)
        if process is None or process.stopping:
            return
        process.stopping = True
        if process.ending is not None:
            process.ending.cancel()
        grace = stop.order.grace / 1_000_000
        process.ending = self._loop.call_later(self.source.random() * grace, self._exited, stop.run, process)

    def _observe(self, seen: Observation) -> None:
        if self._line is None or not self._welcomed:
            return
        self._sequence += 1
        self._unacknowledged[self._sequence] = (seen,)
        self._line.say(Report(self._sequence, (seen,)))

    def _acknowledge(self, sequence: int) -> None:
        for number in [number for number in self._unacknowledged if number <= sequence]:
            for seen in self._unacknowledged.pop(number):
                entry = self.journal.get(seen.run)
                if entry is not None and entry.token == seen.token and seen.outcome is not None:
                    del self.journal[seen.run]
                    self.behaviour.on_forget(seen.run, seen.token)
