"""Outposts: parts of a door that live beside a node's agent, one connection each.

Owns who is connected. Promises: only a peer that knows the server's secret may speak as an outpost; only the newest
connection of a door and node is listened to; a question that cannot be answered fails, it never hangs for ever.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
from typing import TYPE_CHECKING

import structlog

from portico.domain.errors import Forbidden, PorticoError, Unavailable
from portico.domain.frames import FromOutpost, OutpostHello, OutpostReady, Question, Reply

if TYPE_CHECKING:
    from portico.control.cluster.gateway import Line
    from portico.control.plane import Plane

_log = structlog.get_logger(__name__)

PATIENCE = 30.0
"""Seconds after which a question to an outpost is given up."""


class OutpostSession:
    """One registered connection of one door's outpost."""

    def __init__(self, plane: Plane, line: Line, hello: OutpostHello) -> None:
        self._plane = plane
        self.line = line
        self.door = hello.door
        self.node = hello.node
        self.address = hello.address
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, frame: FromOutpost) -> None:
        """Take one frame from the outpost."""
        match frame:
            case Question():
                task = asyncio.get_running_loop().create_task(self._answer(frame))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Reply():
                self._plane.outposts.replied(frame)
            case OutpostHello():
                self.line.close()

    async def _answer(self, question: Question) -> None:
        try:
            payload = await self._plane.extensions[self.door].asked(self.node, question.payload)
            self.line.send(Reply(question.number, payload))
        except PorticoError as error:
            self.line.send(Reply(question.number, error=f"{type(error).__name__}: {error}"))
        except Exception:  # noqa: BLE001 — a defect met by one question must not end the line
            _log.exception("outpost question failed", door=self.door, node=self.node)
            self.line.send(Reply(question.number, error="internal error"))

    def lost(self) -> None:
        """Hear that the connection is gone."""
        self._plane.outposts.lost(self)


class Outposts:
    """All outpost sessions of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.sessions: dict[tuple[str, str], OutpostSession] = {}
        self._questions: dict[int, tuple[OutpostSession, asyncio.Future[bytes]]] = {}
        self._numbers = itertools.count(1)
        self.changed = asyncio.Event()

    def welcome(self, hello: OutpostHello, line: Line) -> OutpostSession:
        """Take an outpost's connection; raises Forbidden when it is not one of ours."""
        if not hmac.compare_digest(hello.secret, self._plane.secret):
            raise Forbidden(f"outpost of {hello.door} on {hello.node}: wrong secret")
        if hello.door not in self._plane.extensions:
            raise Forbidden(f"the door {hello.door} has no outposts here")
        former = self.sessions.pop((hello.door, hello.node), None)
        if former is not None:
            former.line.close()
            self._give_up(former)
        session = self.sessions[hello.door, hello.node] = OutpostSession(self._plane, line, hello)
        line.send(OutpostReady())
        self.changed.set()
        return session

    def lost(self, session: OutpostSession) -> None:
        """Hear that a session is gone."""
        if self.sessions.get((session.door, session.node)) is session:
            del self.sessions[session.door, session.node]
            self._give_up(session)

    def _give_up(self, session: OutpostSession) -> None:
        """Fail what a session was asked and can no longer answer."""
        for asked, future in list(self._questions.values()):
            if asked is session and not future.done():
                future.set_exception(Unavailable(f"the {session.door} outpost of node {session.node} is gone"))

    async def ask(self, door: str, node: str, payload: bytes) -> bytes:
        """Ask a door's outpost on a node; raises Unavailable when it is away, silent or unwilling."""
        session = self.sessions.get((door, node))
        if session is None:
            raise Unavailable(f"the {door} outpost of node {node} is not connected")
        number = next(self._numbers)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._questions[number] = session, future
        try:
            session.line.send(Question(number, payload))
            async with asyncio.timeout(PATIENCE):
                return await future
        except TimeoutError as error:
            raise Unavailable(f"the {door} outpost of node {node} did not answer in {PATIENCE:g} s") from error
        finally:
            del self._questions[number]

    def say(self, door: str, node: str, payload: bytes) -> None:
        """Say something to a door's outpost on a node, if it is there; nobody waits for its reply."""
        session = self.sessions.get((door, node))
        if session is not None:
            session.line.send(Question(next(self._numbers), payload))

    def replied(self, reply: Reply) -> None:
        """Hand a reply to whoever asked."""
        _, future = self._questions.get(reply.number, (None, None))
        if future is None or future.done():
            return
        if reply.error:
            future.set_exception(Unavailable(reply.error))
        else:
            future.set_result(reply.payload)
