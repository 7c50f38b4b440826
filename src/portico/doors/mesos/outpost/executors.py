"""The executors of this node that have made themselves known, with their sessions and connections to the agent.

Promises: one session per executor's Run; an executor that control knows is let in while control is away only if it was
let in before; the end of its Run ends its session.
"""

from __future__ import annotations

import asyncio

import structlog

from portico.domain.errors import Forbidden, Invalid, NotFound, PorticoError, Unavailable
from portico.doors.mesos.outpost.hosting import FromAgent, HostLine, Refused
from portico.doors.mesos.outpost.ledger import Ledger
from portico.doors.mesos.outpost.line import ControlLine
from portico.doors.mesos.outpost.session import Session
from portico.doors.mesos.outpost.words import (
    Done,
    ExecutorFacts,
    FindExecutor,
    SaidToScheduler,
    ShutDownExecutor,
    TellExecutor,
    Word,
)

WELCOME_PATIENCE = 10.0
"""Seconds for which a subscribing executor waits for the agent's word on what it hosts."""

_log = structlog.get_logger(__name__)


class Executors:
    """All sessions of one outpost; `control` is wired after construction, since each knows of the other."""

    control: ControlLine

    def __init__(self, host_socket: str, ledger: Ledger, group: asyncio.TaskGroup) -> None:
        self._host_socket = host_socket
        self._ledger = ledger
        self._group = group
        self._sessions: dict[tuple[str, str], Session] = {}
        self._by_run: dict[str, Session] = {}
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._messages: set[asyncio.Task[None]] = set()

    async def admit(self, framework: str, executor: str) -> Session:
        """Let a subscribing executor in: its session, with all its tasks known.

        Raises Invalid when there is no such executor here, Unavailable when control or agent cannot be asked.
        """
        facts = await self._find(framework, executor, subscribing=True)
        session = self._by_run.get(facts.run)
        if session is None:
            session = self._open(framework, executor, facts)
        session.facts = facts
        session.leaving = session.leaving or facts.leaving
        try:
            async with asyncio.timeout(WELCOME_PATIENCE):
                await session.welcomed.wait()
        except TimeoutError as error:
            raise Unavailable("the agent has not said yet what this executor is to run") from error
        return session

    async def find(self, framework: str, executor: str) -> Session:
        """Give the session of a subscribed executor.

        Raises Invalid when there is no such executor, Forbidden when it has never subscribed, Unavailable when it has
        still to do so after a restart.
        """
        session = self._sessions.get((framework, executor))
        if session is not None and session.subscribed:
            return session
        facts = await self._find(framework, executor, subscribing=False)
        if facts.registered:
            raise Unavailable("Agent has not finished recovery: the executor is to subscribe again")
        raise Forbidden("Executor is not subscribed")

    async def _find(self, framework: str, executor: str, *, subscribing: bool) -> ExecutorFacts:
        try:
            facts = await self.control.ask(FindExecutor(framework, executor, subscribing))
        except NotFound as error:
            raise Invalid(str(error) or "Executor cannot be found") from error
        except Unavailable:
            known = self._sessions.get((framework, executor))
            if known is None:
                raise
            return known.facts
        if not isinstance(facts, ExecutorFacts):
            raise Unavailable("control did not say who the executor is")
        return facts

    def _open(self, framework: str, executor: str, facts: ExecutorFacts) -> Session:
        former = self._sessions.get((framework, executor))
        if former is not None:
            self._close(former)

        def hear(word: FromAgent) -> None:
            if isinstance(word, Refused):
                _log.info("executor_over", run=facts.run, reason=word.message)
                self._close(session)
            else:
                session.hear(word)

        line = HostLine(self._host_socket, facts.run, facts.token, hear)
        session = Session(facts, framework, executor, self._ledger, line.say)
        self._sessions[framework, executor] = self._by_run[facts.run] = session
        self._lines[facts.run] = self._group.create_task(line.run())
        return session

    def _close(self, session: Session) -> None:
        run = session.facts.run
        if self._by_run.pop(run, None) is None:
            return
        key = session.framework, session.executor
        if self._sessions.get(key) is session:
            del self._sessions[key]
        line = self._lines.pop(run)
        if line is not asyncio.current_task():
            line.cancel()
        session.end()

    def pass_to_scheduler(self, session: Session, data: bytes) -> None:
        """Give control a message for the scheduler, best effort."""
        task = self._group.create_task(self._tell_scheduler(SaidToScheduler(session.facts.run, data)))
        self._messages.add(task)
        task.add_done_callback(self._messages.discard)

    async def _tell_scheduler(self, word: SaidToScheduler) -> None:
        try:
            await self.control.ask(word)
        except PorticoError as error:
            _log.info("message_dropped", run=word.run, reason=str(error))

    async def heard(self, word: Word) -> Word:
        """Answer what control asks; Invalid for what is not ours to answer."""
        match word:
            case TellExecutor(run=run, data=data):
                if (session := self._by_run.get(run)) is not None:
                    session.message(data)
            case ShutDownExecutor(run=run):
                if (session := self._by_run.get(run)) is not None:
                    session.shut_down()
            case _:
                raise Invalid(f"control does not ask {type(word).__name__}")
        return Done()
