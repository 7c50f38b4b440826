"""Assigning: leased Calls go out to their agents, with the small data they need.

Owns what is leased and not yet sent. Promises: a Call leaves only when its lease is durable, and only to the agent that
still holds it; one whose Session has been paused meanwhile is set aside instead, uncounted; all data that one turn of
the loop needs are read in one go, off the loop, and not at all where they have just been written; acknowledgements go
along with the next Calls where there are any soon.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from portico.control.calls.data import MOST_INLINE, Need, read
from portico.control.calls.holding import Agent, Held
from portico.domain.calls.frames import Assign, Assignment, Datum, SessionFacts
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.errors import PorticoError

if TYPE_CHECKING:
    from portico.control.calls.agents import CallAgents
    from portico.control.plane import Plane
    from portico.domain.calls.values import Session

ACK_PAUSE = 0.02
"""Seconds for which an acknowledgement waits for the next Calls, which take it along: to hear of it by itself costs an
agent, and the server, as much as a whole report. An agent keeps what it has told until then."""

MOST_AT_ONCE = 150
"""Calls that are sent in one turn of the loop; each costs some tens of microseconds."""

MOST_IN_FRAME = 4 << 20
"""Bytes of data in one Assign, about."""

_Due = tuple[Agent, list[Held]]


_UNSENT = frozenset({int(CallState.DISPATCHED), int(CallState.CANCELLING)})


class Gone(PorticoError):
    """Data that a Call needs are not there any more."""


class Unread(PorticoError):
    """Data that a Call needs are there, but were not found where they were sought: they came, or went, meanwhile."""


class Assigning:
    """What is on its way to agents; one per server."""

    def __init__(self, plane: Plane, agents: CallAgents) -> None:
        self._plane = plane
        self._agents = agents
        self._due: deque[_Due] = deque()
        self._again: list[_Due] = []
        self._wake = asyncio.Event()
        self._reading = False
        self._scheduled = False
        self._owing: list[Agent] = []
        self._facts: dict[int, tuple[Session, SessionFacts]] = {}

    # ---- acknowledgements --------------------------------------------------------------------------------------

    def owe(self, agent: Agent, sequence: int) -> None:
        """Acknowledge a report that is durable, soon."""
        agent.owed = max(agent.owed, sequence)
        if not self._owing:
            asyncio.get_running_loop().call_later(ACK_PAUSE, self._acknowledge)
        self._owing.append(agent)

    def _acknowledge(self) -> None:
        owing, self._owing = self._owing, []
        for agent in owing:
            agent.acknowledge()

    # ---- what is due -------------------------------------------------------------------------------------------

    def want(self, agent: Agent, helds: list[Held]) -> None:
        """Send Calls, whose leases are durable, to the agent that has them."""
        self._due.append((agent, helds))
        self._soon()

    def _soon(self) -> None:
        if not self._reading and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Send what needs no reading; from the first that does on, all else waits its turn with it."""
        self._scheduled = False
        due = self._next()
        if self._needs(due):
            self._due.extendleft(reversed(due))
            self._reading = True
            self._wake.set()
            return
        self._send(due, {})
        if self._again:
            self._reading = True
            self._wake.set()
        elif self._due:
            self._soon()

    def _next(self) -> list[_Due]:
        """Take as much of what is due as one turn of the loop has time for."""
        taken: list[_Due] = []
        calls = 0
        while self._due and calls < MOST_AT_ONCE:
            taken.append(self._due.popleft())
            calls += len(taken[-1][1])
        return taken

    async def run(self) -> None:
        """Read what is needed and send what needs it, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due or self._again:
                if self._again:
                    await self._plane.committer.settled(self._plane.committer.revision)
                due, self._again = [*self._again, *self._next()], []
                needs = self._needs(due)
                self._send(due, await self._plane.history.later(partial(read, needs=needs)) if needs else {})
                await asyncio.sleep(0)
            self._reading = False

    def _needs(self, due: list[_Due]) -> list[Need]:
        """Say what must be read for these Calls; nothing for those whose data are here."""
        data, needs = self._agents.data, []
        for _, helds in due:
            for held in helds:
                if not self._still(held):
                    continue
                numbers = self._inputs(held.call)
                lacking = tuple(number for number in numbers if number not in data)
                if lacking:
                    here = sum(len(data.get(number) or b"") for number in numbers)
                    needs.append(Need(lacking, MOST_INLINE - here))
        return needs

    def _still(self, held: Held) -> bool:
        agent = self._agents.holdings.holders.get(held.call)
        if agent is None or agent.held.get(held.call) is not held:
            return False
        return self._plane.calls.book.state[held.call] in _UNSENT

    def _inputs(self, call: int) -> tuple[int, ...]:
        book = self._plane.calls.book
        return (book.payload[call], *book.links_of(call).dependencies)

    # ---- sending -----------------------------------------------------------------------------------------------

    def _send(self, due: list[_Due], found: dict[int, Datum]) -> None:
        lost: list[tuple[Held, str]] = []
        paused: list[Held] = []
        for agent, helds in due:
            made: list[Assignment] = []
            size = 0
            for held in helds:
                if not self._still(held) or agent.line is None:
                    continue
                if self._is_paused(held):
                    paused.append(held)
                    continue
                try:
                    made.append(self._assignment(held, found))
                except Gone as error:
                    lost.append((held, str(error)))
                    continue
                except Unread:
                    self._again.append((agent, [held]))
                    continue
                held.sent = True
                size += _weight(made[-1])
                if size > MOST_IN_FRAME:
                    lost += self._say(agent, made)
                    made, size = [], 0
            lost += self._say(agent, made)
            agent.acknowledge()
        if lost:
            self._agents.end_unsent(lost)
        if paused:
            self._agents.return_unsent(paused)

    def _is_paused(self, held: Held) -> bool:
        return self._plane.calls.book.session_of(held.call).state is SessionState.PAUSED

    def _say(self, agent: Agent, made: list[Assignment]) -> list[tuple[Held, str]]:
        """Send Calls; gives those that cannot be said."""
        if not made or agent.line is None:
            return []
        sessions = {assignment.session: self._session_facts(assignment.session) for assignment in made}
        try:
            agent.line.send(Assign(tuple(made), tuple(sessions.values())))
        except PorticoError as error:
            return [(agent.held[assignment.call], str(error)) for assignment in made]
        return []

    def _assignment(self, held: Held, found: dict[int, Datum]) -> Assignment:
        """Put a Call together; raises Gone when it lacks data, or was cancelled before it left."""
        book, call = self._plane.calls.book, held.call
        if book.state[call] == CallState.CANCELLING:
            raise Gone("cancelled before it was sent")
        links = book.links_of(call)
        inputs = self._data((book.payload[call], *links.dependencies), found)
        return Assignment(
            call,
            held.lease,
            book.text(call),
            book.session[call],
            book.options_of(call),
            inputs[0],
            links.outputs,
            inputs[1:],
        )

    def _data(self, numbers: tuple[int, ...], found: dict[int, Datum]) -> tuple[Datum, ...]:
        """Give what a Call needs, of small data as much as may go along; raises Gone, Unread."""
        states, cached, room = self._plane.calls.book.result_state, self._agents.data, MOST_INLINE
        inputs: list[Datum] = []
        for number in numbers:
            if states[number] != ResultState.COMPLETED:
                raise Gone(f"Result data was not found: {self._plane.calls.result_text(number)}")
            data = cached.get(number)
            datum = found.get(number) if data is None else Datum(number, len(data), data)
            if datum is None:
                raise Unread
            if datum.data is not None:
                room -= datum.size
                if room < 0:
                    datum = Datum(number, datum.size)
            inputs.append(datum)
        return tuple(inputs)

    def _session_facts(self, number: int) -> SessionFacts:
        session = self._plane.calls.book.sessions[number]
        known = self._facts.get(number)
        if known is not None and known[0] is session:
            return known[1]
        facts = SessionFacts(number, session.worker_submission, session.partitions, session.defaults)
        if len(self._facts) >= 1_000:
            self._facts.clear()
        self._facts[number] = (session, facts)
        return facts


def _weight(assignment: Assignment) -> int:
    return sum(len(datum.data) for datum in (assignment.payload, *assignment.dependencies) if datum.data is not None)
