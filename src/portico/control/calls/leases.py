"""Leases: which agent gets which of the Calls that wait.

Owns the choice alone. Promises: a lease's number is higher than any before it and is durable before its Call leaves;
an agent is given one Call to run and one ahead, more ahead only where Calls are over in no time; a partition's own
agents come first, then idle ones of its parents; Calls of a Session that takes no more work are not leased but ended.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from portico.control.calls import endings
from portico.control.calls.holding import Agent, Held
from portico.domain.calls.frames import GiveBack
from portico.domain.calls.states import CallState, SessionState

if TYPE_CHECKING:
    from portico.control.calls.agents import CallAgents
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction
    from portico.domain.identity import Instant

BRIEF = 20_000
"""Calls that take less than this many microseconds on average are sent ahead of their turn."""

MOST_BRIEF = 9
MOST_LASTING = 2

MOST_AT_ONCE = 40
"""Calls that are leased in one turn of the loop; each costs some tens of microseconds."""

_WEIGHT = 0.2
_UNBEGUN_TIMER = "armonik.unbegun"


class Leases:
    """The choice of agents for all queues of one server."""

    def __init__(self, plane: Plane, agents: CallAgents) -> None:
        self._plane = plane
        self._agents = agents
        self._pace: dict[str, float] = {}
        plane.timers.handle(_UNBEGUN_TIMER, self._on_unbegun)

    # ---- pace --------------------------------------------------------------------------------------------------

    def note_pace(self, partition: str, micros: int) -> None:
        """Remember how long the Calls of a partition take, as a moving average."""
        before = self._pace.get(partition)
        self._pace[partition] = micros if before is None else before + _WEIGHT * (micros - before)

    def most(self, partition: str) -> int:
        """Give how many Calls of a partition one agent may hold."""
        return MOST_BRIEF if self._pace.get(partition, BRIEF) < BRIEF else MOST_LASTING

    # ---- giving ------------------------------------------------------------------------------------------------

    def dispatch(self, tx: Transaction, partitions: Iterable[str]) -> set[str]:
        """Lease what waits in these partitions, and in those their idle agents are lent to; names the partitions for
        which there is more to do than one turn may."""
        queues, kinship = self._plane.calls.queues, self._agents.kinship
        room, left = MOST_AT_ONCE, set()
        for partition in partitions:
            room -= self._fill(tx, partition, room)
            if queues.depth(partition):
                if room <= 0:
                    left.add(partition)
                continue
            for child in kinship.children(partition):
                room -= self._fill(tx, child, room)
                if room <= 0 and queues.depth(child):
                    left.add(child)
            self._ask_back(partition)
        return left

    def _fill(self, tx: Transaction, partition: str, room: int) -> int:
        """Lease Calls of one partition; gives how many left the queue, or `room` when another turn must go on."""
        queues = self._plane.calls.queues
        if room <= 0 or not queues.depth(partition):
            return 0
        most = self.most(partition)
        given: dict[Agent, list[int]] = {}
        done = 0
        own = self._in_need(tx.now, partition, most)
        done += self._level(tx, partition, own, most, room, given)
        if done < room and queues.depth(partition):
            lent = self._lenders(partition)
            done += self._level(tx, partition, lent, most if most == MOST_BRIEF else 1, room - done, given)
        lease = self._plane.committer.revision + 1
        for agent, numbers in given.items():
            self._give(tx, agent, numbers, lease)
        return done

    def _in_need(self, now: Instant, partition: str, most: int) -> list[Agent]:
        """Give the agents of a partition that may have more: once one is down to a half, also those that soon will be,
        for each by itself would take a round, and a transaction, of its own."""
        agents = [agent for agent in self._agents.of(partition) if self._has_credit(now, agent, most * 3 // 4)]
        return agents if any(len(agent.held) <= most // 2 for agent in agents) else []

    def _has_credit(self, now: Instant, agent: Agent, enough: int) -> bool:
        held = len(agent.held)
        if held == 0 or not agent.open:
            return agent.open
        if agent.begun and now - agent.begun_at >= self._agents.patience.unbegun:
            return False
        return held <= enough

    def _lenders(self, partition: str) -> list[Agent]:
        queues = self._plane.calls.queues
        return [
            agent
            for parent in self._agents.kinship.ancestors(partition)
            if not queues.depth(parent)
            for agent in self._agents.of(parent)
            if agent.idle and agent.open
        ]

    def _level(
        self,
        tx: Transaction,
        partition: str,
        agents: list[Agent],
        most: int,
        room: int,
        given: dict[Agent, list[int]],
    ) -> int:
        """Hand out Calls one by one, each to the agent that has least; gives how many left the queue."""
        heap = [(len(agent.held), position) for position, agent in enumerate(agents)]
        heapq.heapify(heap)
        queues, done = self._plane.calls.queues, 0
        while heap and done < room:
            number = queues.take(tx, partition)
            if not number:
                break
            done += 1
            if not self._may_run(tx, number):
                continue
            held, position = heap[0]
            given.setdefault(agents[position], []).append(number)
            if held + 1 < most:
                heapq.heapreplace(heap, (held + 1, position))
            else:
                heapq.heappop(heap)
        if not done and heap and queues.depth(partition) and queues[partition].size:
            return room  # nothing but stale entries so far: another turn goes on
        return done

    def _may_run(self, tx: Transaction, number: int) -> bool:
        """Look at the Session of a Call whose turn has come: it may have been paused or closed since."""
        book = self._plane.calls.book
        session = book.session_of(number)
        if session.state is SessionState.RUNNING:
            return True
        if session.state is SessionState.PAUSED:
            book.move(tx, number, CallState.PAUSED)
        else:
            endings.fail(self._plane, tx, number, CallState.CANCELLED, f"Session is {session.state}", ended_at=tx.now)
        return False

    def _give(self, tx: Transaction, agent: Agent, numbers: list[int], lease: int) -> None:
        now = tx.now
        self._plane.calls.book.move_many(
            tx,
            numbers,
            CallState.DISPATCHED,
            pod=agent.pod,
            host=agent.host,
            lease=lease,
            received_at=now,
            acquired_at=now,
        )
        helds = [Held(number, lease, now) for number in numbers]
        self._agents.holdings.add(tx, agent, helds)
        tx.after(partial(self._agents.assigning.want, agent, helds))
        self._time(agent, now)

    # ---- asking back -------------------------------------------------------------------------------------------

    def _ask_back(self, partition: str) -> None:
        """Where agents idle and nothing is queued, ask those at a lasting Call for what they hold ahead."""
        agents = self._agents.of(partition)
        idle = sum(agent.idle and agent.open for agent in agents)
        if not idle:
            return
        busy = [agent for agent in agents if agent.begun and len(agent.held) > 1]
        wanted = idle - sum(held.asked for agent in busy for held in agent.held.values())
        for agent in busy:
            ahead = [held for call, held in agent.held.items() if call != agent.begun and held.sent and not held.asked]
            asked = ahead[: -wanted - 1 : -1] if wanted > 0 else []
            self._ask(agent, asked)
            wanted -= len(asked)

    def recall(self, session: int) -> None:
        """Ask for the Calls of a Session that have not begun: it has been paused."""
        mine = self._plane.calls.book.session
        for agent in {id(agent): agent for agent in self._agents.holdings.holders.values()}.values():
            ahead = [held for call, held in agent.held.items() if call != agent.begun and held.sent and not held.asked]
            self._ask(agent, [held for held in ahead if mine[held.call] == session])

    @staticmethod
    def _ask(agent: Agent, helds: list[Held]) -> None:
        if helds and agent.line is not None:
            for held in helds:
                held.asked = True
            agent.line.send(GiveBack(tuple(held.key for held in helds)))

    def _time(self, agent: Agent, now: Instant) -> None:
        """See to it that somebody looks at what this agent holds when it has been unbegun for too long."""
        if not agent.timed:
            agent.timed = True
            self._plane.timers.set(now + self._agents.patience.unbegun, _UNBEGUN_TIMER, agent.pod)  # type: ignore[arg-type]

    def _on_unbegun(self, pod: str) -> None:
        """Ask for Calls that have waited for too long in an agent's hands."""
        agent = self._agents.find(pod)
        if agent is None:
            return
        agent.timed = False
        patience = self._agents.patience.unbegun
        waiting = [held for call, held in agent.held.items() if call != agent.begun and not held.asked]
        due = self._plane.clock.now() - patience
        self._ask(agent, [held for held in waiting if held.at <= due and held.sent])
        rest = [held.at for held in waiting if held.at > due]
        if rest:
            self._time(agent, min(rest))
