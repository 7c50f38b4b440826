"""The gateway: sessions with node agents, and what is said over them.

Owns who is connected. Promises: only the newest session of a node is listened to; a report is acknowledged when it is
durable, never before; what cannot be sent because a node is away is sent again when it registers; a Run that no frame
can carry fails.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Protocol

from portico.control.cluster import launches, nodes, runs, slack
from portico.control.cluster.scheduling import launch_frame
from portico.domain.errors import Unavailable
from portico.domain.frames import (
    Ack,
    Answer,
    Frame,
    FromAgent,
    Heartbeat,
    Inquiry,
    LaunchOrder,
    Observation,
    Register,
    Report,
)
from portico.domain.runs import EndCause, Fault, Outcome, Run, RunState

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.domain.identity import Instant

INQUIRY_PATIENCE = 10.0


class Line(Protocol):
    """A connection to a peer that speaks frames."""

    def send(self, frame: Frame) -> None:
        """Queue a frame; a broken or overfull connection is closed instead."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class AgentSession:
    """One registered connection of one node's agent."""

    def __init__(self, plane: Plane, line: Line, node: str, epoch: int) -> None:
        self._plane = plane
        self.line = line
        self.node = node
        self.epoch = epoch
        self.heard_at: Instant = plane.clock.now()
        self.disk_free = 0

    def receive(self, frame: FromAgent) -> None:
        """Take one frame from the agent."""
        plane = self._plane
        if plane.gateway.sessions.get(self.node) is not self:
            self.line.close()
            return
        self.heard_at = plane.clock.now()
        match frame:
            case Report():
                self._take_report(frame)
            case Heartbeat():
                self.disk_free = frame.disk_free
                slack.heard(plane, self.node, frame.slack)
            case Answer():
                plane.gateway.answered(frame)
            case Register():
                self.line.close()

    def _take_report(self, report: Report) -> None:
        with self._plane.begin() as tx:
            for seen in report.observations:
                runs.observe(self._plane, tx, self.node, seen)
            tx.after(lambda: self.line.send(Ack(report.sequence)))

    def lost(self) -> None:
        """Hear that the connection is gone."""
        gateway = self._plane.gateway
        if gateway.sessions.get(self.node) is self:
            del gateway.sessions[self.node]
            nodes.disconnected(self._plane, self.node)


class Gateway:
    """All agent sessions of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.sessions: dict[str, AgentSession] = {}
        self._inquiries: dict[int, asyncio.Future[Answer]] = {}
        self._numbers = itertools.count(1)
        self.changed = asyncio.Event()

    def register(self, frame: Register, line: Line) -> AgentSession:
        """Take an agent's registration; raises PorticoError when it is refused."""
        node = nodes.admit(self._plane, frame)
        former = self.sessions.pop(frame.node, None)
        if former is not None:
            former.line.close()
        session = AgentSession(self._plane, line, frame.node, node.epoch)
        self.sessions[frame.node] = session
        self.changed.set()
        nodes.welcome(self._plane, session, frame)
        return session

    def send(self, node: str, frame: Frame) -> None:
        """Say something to a node, if it is there."""
        session = self.sessions.get(node)
        if session is not None:
            session.line.send(frame)

    def launch(self, node: str, launched: list[Run]) -> None:
        """Send those Runs that are still to be launched, parents before their children; none to a node that is away."""
        current = [run for run in launched if self._still_to_be_launched(run)]
        if not current or node not in self.sessions:
            return
        frames, too_large = launches.cut(launch_frame(current))
        for frame in frames:
            self.send(node, frame)
        if too_large:
            self._fail(node, too_large)

    def _fail(self, node: str, orders: list[LaunchOrder]) -> None:
        """End Runs as if their node had said that it cannot start them."""
        message = f"its launch order has more than {launches.LARGEST_ORDER} bytes"
        outcome = Outcome(EndCause.LAUNCH_FAILED, message=message, fault=Fault.REQUEST)
        with self._plane.begin() as tx:
            for order in orders:
                runs.observe(self._plane, tx, node, Observation(order.run, order.token, tx.now, outcome=outcome))

    def _still_to_be_launched(self, run: Run) -> bool:
        now = self._plane.state.runs.get(run.id)
        return now is not None and now.state is RunState.LAUNCHING and now.token == run.token

    async def inquire(
        self, node: str, what: str, run: str = "", path: str = "", offset: int = 0, length: int = 0
    ) -> Answer:
        """Ask a node about sandboxes or use; raises Unavailable when it does not answer."""
        if node not in self.sessions:
            raise Unavailable(f"node {node} is not connected")
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._inquiries[number] = future
        try:
            self.send(node, Inquiry(number, what, run, path, offset, length))
            async with asyncio.timeout(INQUIRY_PATIENCE):
                return await future
        except TimeoutError as error:
            raise Unavailable(f"node {node} did not answer in {INQUIRY_PATIENCE:g} s") from error
        finally:
            del self._inquiries[number]

    def answered(self, answer: Answer) -> None:
        """Hand an answer to whoever asked."""
        future = self._inquiries.get(answer.request)
        if future is not None and not future.done():
            future.set_result(answer)
