"""Rounds: once in a turn of the loop, what agents have reported is taken and what waits is leased, in one transaction.

Owns what has come and is not taken yet. Promises: many reports cost one transaction, and one round of leases; a report
that cannot be taken costs nobody else theirs: then each piece of the round is taken by itself, and the one that is at
fault ends its own Call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import structlog

from portico.control.calls import reports
from portico.control.calls.endings import Unbrought
from portico.control.calls.holding import Agent
from portico.control.calls.leases import MOST_BRIEF
from portico.control.calls.reports import Piece
from portico.domain.calls.frames import AgentReport, CallEnding
from portico.domain.errors import PorticoError

if TYPE_CHECKING:
    from portico.control.calls.agents import CallAgents
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)

_Taken = tuple[Agent, AgentReport]

MOST_PIECES = 60
"""Pieces of reports, and effects in them, that one round takes, about; each costs some tens of microseconds."""

PAUSE = 0.006
"""Seconds after a round within which a report that lets its agent have nothing more yet does not begin another: a round
and its transaction cost as much as some of the Calls in it."""


class Rounds:
    """One per server."""

    def __init__(self, plane: Plane, agents: CallAgents) -> None:
        self._plane = plane
        self._agents = agents
        self._reports: deque[tuple[Agent, AgentReport]] = deque()
        self._wanted: dict[str, None] = {}
        self._scheduled = False
        self.unbrought = Unbrought()
        self._paused: asyncio.TimerHandle | None = None
        self._ended_at = 0.0

    def report(self, agent: Agent, report: AgentReport) -> None:
        """Take a report with the next round."""
        self._reports.append((agent, report))
        if self._scheduled:
            return
        if self._may_wait(agent, report):
            self._soon_enough()
        else:
            self._soon()

    def want(self, partition: str) -> None:
        """Look with the next round whether something of a partition can be leased, or its agents be lent."""
        self._wanted[partition] = None
        self._soon()

    def _may_wait(self, agent: Agent, report: AgentReport) -> bool:
        """Tell whether nobody's work depends on this report for now: its agent has enough ahead of it."""
        if report.begun or report.returned or agent.missing or len(self._reports) >= MOST_PIECES:
            return False
        ended = sum(len(other.ended) for sender, other in self._reports if sender is agent)
        return len(agent.held) - ended > MOST_BRIEF // 2

    def _soon_enough(self) -> None:
        """Have a round when the last one was `PAUSE` ago, unless something else calls for one before."""
        if self._paused is None:
            loop = asyncio.get_running_loop()
            rest = self._ended_at + PAUSE - loop.time()
            if rest > 0:
                self._paused = loop.call_later(rest, self._soon)
            else:
                self._soon()

    def rest(self) -> None:
        """Have no round that was put off: the server stops."""
        if self._paused is not None:
            self._paused.cancel()
            self._paused = None

    def _soon(self) -> None:
        self.rest()
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        taken = self._next_reports()
        wanted, self._wanted = self._wanted, {}
        left: set[str] = set()
        try:
            with self._plane.begin() as tx:
                for agent, report in taken:
                    for piece in _pieces(report):
                        reports.take(self._plane, tx, agent, piece)
                    self._conclude(tx, agent, report)
                left = self._lease(tx, wanted)
        except Exception as error:  # noqa: BLE001 — whatever it is, only the piece at fault may suffer
            self._one_by_one(taken, error)
            with self._plane.begin() as tx:
                left = self._lease(tx, wanted)
        finally:
            self._scheduled = False
            self._ended_at = asyncio.get_running_loop().time()
            self._wanted.update(dict.fromkeys(left))
            if self._reports or self._wanted:
                self._soon()

    def _next_reports(self) -> list[_Taken]:
        """Give the next reports as (agent, report); of one that was told before the pieces are not taken again."""
        taken: list[_Taken] = []
        weight = 0
        while self._reports and weight < MOST_PIECES:
            agent, report = self._reports.popleft()
            if report.sequence <= agent.sequence:
                report = AgentReport(report.sequence)
            agent.sequence = max(agent.sequence, report.sequence)
            weight += _weigh(report)
            taken.append((agent, report))
        return taken

    def _lease(self, tx: Transaction, wanted: dict[str, None]) -> set[str]:
        wanted.update(self._wanted)
        self._wanted = {}
        return self._agents.leases.dispatch(tx, wanted)

    def _conclude(self, tx: Transaction, agent: Agent, report: AgentReport) -> None:
        """Do what follows from a report as a whole."""
        if report.leaving:
            agent.retiring = True
        if agent.missing and report.sequence >= agent.awaited:
            self._agents.settle_missing(tx, agent)
        if report.ended or report.returned:
            self._wanted[agent.partition] = None
        tx.after(partial(self._agents.assigning.owe, agent, report.sequence))

    # ---- when a round fails ------------------------------------------------------------------------------------

    def _one_by_one(self, taken: list[_Taken], error: Exception) -> None:
        """Take each piece by itself, after a round of them has failed."""
        faults = 0
        for agent, report in taken:
            for piece in _pieces(report):
                faults += not self._take_alone(agent, piece)
            with self._plane.begin() as tx:
                self._conclude(tx, agent, report)
        if not faults:
            _log.error("a round failed, and nothing in it did", error=repr(error))

    def _take_alone(self, agent: Agent, piece: Piece) -> bool:
        try:
            with self._plane.begin() as tx:
                reports.take(self._plane, tx, agent, piece)
        except Exception as error:
            if self._plane.committer.failed.is_set():
                raise
            known = isinstance(error, PorticoError)
            if not known:
                _log.exception("what an agent reported could not be taken", call=piece.call)
            if isinstance(piece, CallEnding):
                with self._plane.begin() as tx:
                    reports.refuse(self._plane, tx, agent, piece, str(error) if known else "internal error")
            return False
        return True


def _pieces(report: AgentReport) -> Iterator[Piece]:
    yield from report.begun
    yield from report.ended
    yield from report.returned


def _weigh(report: AgentReport) -> int:
    weight = 1 + len(report.begun) + len(report.ended) + len(report.returned)
    for ending in report.ended:
        if ending.effects is not None:
            weight += len(ending.effects.results) + len(ending.effects.data) + len(ending.effects.calls)
    return weight
