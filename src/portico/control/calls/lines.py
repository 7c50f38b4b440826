"""Lines of call agents: what each frame that comes over one leads to.

Owns one connection. Promises: a frame that comes over an outdated line changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.calls.errands import Errands
from portico.domain.calls.frames import (
    AgentHello,
    AgentReport,
    FetchData,
    FromCallAgent,
    NeedNumbers,
    Numbers,
    StoreData,
)
from portico.domain.calls.naming import Kind
from portico.domain.errors import Invalid

if TYPE_CHECKING:
    import asyncio

    from portico.control.calls.holding import Agent
    from portico.control.cluster.gateway import Line
    from portico.control.plane import Plane

MOST_NUMBERS = 100_000


class CallAgentSession:
    """One registered connection of one agent."""

    def __init__(self, plane: Plane, agent: Agent, line: Line) -> None:
        self._plane = plane
        self.agent = agent
        self.line = line
        self._errands: Errands | None = None
        self._running: asyncio.Task[None] | None = None

    def receive(self, frame: FromCallAgent) -> None:
        """Take a frame; raises PorticoError for one that costs the agent its line."""
        if self.agent.line is not self.line:
            self.line.close()
            return
        match frame:
            case AgentReport():
                self._plane.calls.agents.rounds.report(self.agent, frame)
            case NeedNumbers():
                self._give_numbers(frame)
            case FetchData() | StoreData():
                self._ask(frame)
            case AgentHello():
                self.line.close()

    def _give_numbers(self, need: NeedNumbers) -> None:
        if need.kind is Kind.SESSION or not 0 < need.count <= MOST_NUMBERS:
            raise Invalid(f"{need.count} numbers of kind {need.kind.name} are not given out")
        calls = self._plane.calls
        first = calls.book.draw(need.kind, need.count)
        calls.agents.reach[need.kind] = first + need.count
        with self._plane.begin() as tx:
            tx.after(lambda: self.line.send(Numbers(need.kind, first, need.count)))

    def _ask(self, question: FetchData | StoreData) -> None:
        if self._errands is None:
            errands = Errands(self._plane, self.agent, self.line)
            self._running = self._plane.calls.agents.spawn(errands.run())
            self._errands = errands
        self._errands.ask(question)

    def lost(self) -> None:
        """Hear that the connection is gone."""
        if self._running is not None:
            self._running.cancel()
        self._plane.calls.agents.line_lost(self.agent, self.line)
