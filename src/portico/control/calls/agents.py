"""Call agents: who drives a worker, and what becomes of what it holds when it is gone.

Owns the connections. Promises: only somebody who knows the secret, and the token of the Run that it claims to be, is an
agent; of one pod only the newest line is listened to; an agent that is away keeps what it holds for `Patience.crashed`,
or until its Run ends; then what it had begun is tried again, and that counts, and the rest goes back to the front of
the queue, and does not.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from portico.control.calls import endings
from portico.control.calls.assigning import Assigning
from portico.control.calls.data import DataCache
from portico.control.calls.holding import Agent, Held, Holdings
from portico.control.calls.kinship import Kinship
from portico.control.calls.leases import Leases
from portico.control.calls.lines import CallAgentSession
from portico.control.calls.pods import PARTITION
from portico.control.calls.returning import give_back, lose
from portico.control.calls.rounds import Rounds
from portico.control.calls.sheets import CALLS
from portico.control.cluster import runs
from portico.domain.calls.frames import AgentHello, AgentReady, Retire, Withdraw
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState
from portico.domain.errors import Forbidden, Unavailable
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.runs import Run, RunState, StopOrder, StopReason
from portico.store.sheets import Field, SheetQuery, Test

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from portico.control.cluster.gateway import Line
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

_ALIVE = frozenset({RunState.LAUNCHING, RunState.RUNNING, RunState.UNREACHABLE})
_LEASED = (CallState.DISPATCHED, CallState.PROCESSING, CallState.CANCELLING)
_LEASED_ROWS = SheetQuery(CALLS.name, always=(Test(Field("state"), any_of=tuple(int(state) for state in _LEASED)),))
_CRASHED_TIMER = "armonik.crashed_delay"
_CANCEL_TIMER = "armonik.cancel"


class Patience(msgspec.Struct, frozen=True):
    """How long control waits: for an agent to come back, for a cancelled Call to end, for a Call in an agent's hands to
    begin."""

    crashed: Micros = Micros(10 * SECOND)
    cancel: Micros = Micros(30 * SECOND)
    unbegun: Micros = Micros(10 * SECOND)


class CallAgents:
    """All call agents of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.patience = Patience()
        self.data = DataCache()
        self.holdings = Holdings()
        self.kinship = Kinship(plane)
        self.leases = Leases(plane, self)
        self.assigning = Assigning(plane, self)
        self.rounds = Rounds(plane, self)
        self.reach: dict[Kind, int] = {}
        """By kind, the first number that no agent can have been given."""
        self.began: dict[Kind, int] = {}
        """By kind, the first number that this server can have given out."""
        self._pods: dict[str, Agent] = {}
        self._partitions: dict[str, dict[str, Agent]] = {}
        self._runs: dict[str, Agent] = {}
        self._group: asyncio.TaskGroup | None = None
        plane.timers.handle(_CRASHED_TIMER, self._on_crashed)
        plane.timers.handle(_CANCEL_TIMER, self._on_cancel)
        plane.run_listeners.append(self._on_run)

    # ---- start and loops ---------------------------------------------------------------------------------------

    def start(self, tx: Transaction) -> None:
        """Wait for the agents that rows say hold Calls."""
        book = self._plane.calls.book
        self.reach = {kind: book.draw(kind, 1) for kind in (Kind.CALL, Kind.RESULT)}
        self.began = self.reach.copy()
        fields = tuple(Field(name) for name in ("lease", "number", "pod", "host", "acquired_at"))
        leased = self._plane.history.now(lambda reader: reader.rows(_LEASED_ROWS, fields))
        for lease, call, pod, host, acquired_at in sorted(cast("list[tuple[int, int, str, str, int]]", leased)):
            agent = self._pods.get(pod)
            if agent is None:
                agent = self._pods[pod] = Agent(pod, host)
                self._wait_for(agent, tx.now)
            self.holdings.add(tx, agent, [Held(call, lease, Instant(acquired_at), sent=True)])
            if book.state[call] == CallState.CANCELLING:
                self._time_cancel(tx.now, call)

    async def run(self) -> None:
        """Send Calls and data until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await self.assigning.run()
            finally:
                self._group = None

    def spawn(self, errand: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Let something be done beside all else; raises Unavailable while the server is not running."""
        if self._group is None:
            errand.close()
            raise Unavailable("the server is starting")
        return self._group.create_task(errand)

    # ---- who is there ------------------------------------------------------------------------------------------

    def of(self, partition: str) -> list[Agent]:
        """Give the connected agents of a partition."""
        return list(self._partitions.get(partition, {}).values())

    def find(self, pod: str) -> Agent | None:
        """Give an agent that is connected, or is waited for."""
        return self._pods.get(pod)

    def welcome(self, hello: AgentHello, line: Line) -> CallAgentSession:
        """Take an agent's line; raises Forbidden when it is not one of ours."""
        run = self._check(hello)
        if hello.trial:
            line.send(AgentReady(self._plane.calls.naming.salt, 0))
            return CallAgentSession(self._plane, Agent(hello.pod, hello.host), line)
        agent = self._known(hello)
        if agent.line is not None:
            agent.line.close()
        agent.partition, agent.run, agent.line = hello.partition, hello.run, line
        if run is not None:
            self._replace_former(agent)
            agent.retiring = agent.retiring or run.stop is not None
        self._partitions.setdefault(hello.partition, {})[agent.pod] = agent
        with self._plane.begin() as tx:
            tx.after(lambda: line.send(AgentReady(self._plane.calls.naming.salt, agent.sequence)))
            self._adopt(tx, agent, hello)
            if agent.retiring:
                tx.after(lambda: line.send(Retire()))
        self.rounds.want(agent.partition)
        return CallAgentSession(self._plane, agent, line)

    def _check(self, hello: AgentHello) -> Run | None:
        """Give the Run that an agent is, None for one started by hand; raises Forbidden."""
        plane = self._plane
        if not hmac.compare_digest(hello.secret.encode(), plane.secret.encode()):
            raise Forbidden("wrong secret")
        if hello.partition not in plane.calls.partitions:
            known = ", ".join(sorted(plane.calls.partitions))
            raise Forbidden(f"there is no partition {hello.partition!r}; there are {known}")
        if not hello.pod:
            raise Forbidden("an agent has a name for its pod")
        if not hello.run:
            return None
        run = plane.state.runs.get(hello.run)
        if run is None or run.state not in _ALIVE or run.token != hello.token:
            raise Forbidden(f"no live Run {hello.run} with that token")
        if run.labels.get(PARTITION) != hello.partition:
            raise Forbidden(f"Run {hello.run} is not an agent of partition {hello.partition}")
        return run

    def _known(self, hello: AgentHello) -> Agent:
        """Give the record of an agent, which is new unless it held something lately."""
        agent = self._pods.get(hello.pod)
        if agent is None:
            agent = self._pods[hello.pod] = Agent(hello.pod, hello.host)
        elif agent.partition and (agent.partition, agent.run) != (hello.partition, hello.run):
            raise Forbidden(f"pod {hello.pod} is another agent's")
        agent.host = hello.host
        agent.sequence = min(agent.sequence, hello.sequence)
        return agent

    def _replace_former(self, agent: Agent) -> None:
        """Give up the incarnation that the same Run had before."""
        former = self._runs.get(agent.run)
        if former is not None and former is not agent:
            with self._plane.begin() as tx:
                self._give_up(tx, former)
        self._runs[agent.run] = agent

    def _adopt(self, tx: Transaction, agent: Agent, hello: AgentHello) -> None:
        """Compare what an agent says it holds with what it was given.

        What it does not show may have ended in a report that is still to come: it has until the last one it has made.
        """
        shown = {key.call: key.lease for key in hello.holding}
        foreign = tuple(key for key in hello.holding if not _fits(agent, key.call, key.lease))
        cancelled = [held for held in agent.held.values() if self._is_cancelling(held.call)]
        for held in agent.held.values():
            held.asked = False
            held.sent = held.sent or held.call in shown
        if hello.begun in agent.held and agent.begun != hello.begun:
            self.holdings.begin(tx, agent, hello.begun)
        agent.missing = frozenset(agent.held) - shown.keys()
        agent.awaited = hello.sequence
        if hello.sequence <= agent.sequence:
            self.settle_missing(tx, agent)
        elif agent.missing:
            self._plane.timers.set(Instant(tx.now + self.patience.crashed), _CRASHED_TIMER, agent.pod)
        stop = (*foreign, *(held.key for held in cancelled if held.call in shown))
        line = agent.line
        if stop and line is not None:
            tx.after(lambda: line.send(Withdraw(stop)))

    def settle_missing(self, tx: Transaction, agent: Agent) -> None:
        """Take from an agent what it has neither shown nor reported since it came back."""
        missing, agent.missing = agent.missing, frozenset()
        tx.on_undo(lambda: setattr(agent, "missing", missing))
        for call in [call for call in agent.held if call in missing]:
            begun = agent.begun == call
            self.holdings.release(tx, agent, call)
            self._lose(tx, call, begun=begun)

    def _is_cancelling(self, call: int) -> bool:
        return self._plane.calls.book.state[call] == CallState.CANCELLING

    # ---- who goes ----------------------------------------------------------------------------------------------

    def line_lost(self, agent: Agent, line: Line) -> None:
        """Hear that a connection is gone: what its agent holds waits for it."""
        if agent.line is not line:
            return
        agent.line = None
        self._partitions[agent.partition].pop(agent.pod, None)
        self._wait_for(agent, self._plane.clock.now())

    def _wait_for(self, agent: Agent, now: Instant) -> None:
        agent.lost_at = now
        self._plane.timers.set(Instant(now + self.patience.crashed), _CRASHED_TIMER, agent.pod)

    def _on_crashed(self, pod: str) -> None:
        """Give up an agent that has been away for too long, or what it did not show when it came back."""
        agent, now = self._pods.get(pod), self._plane.clock.now()
        if agent is None:
            return
        if agent.line is not None:
            if agent.missing:
                with self._plane.begin() as tx:
                    self.settle_missing(tx, agent)
                self.rounds.want(agent.partition)
        elif agent.lost_at + self.patience.crashed <= now:
            with self._plane.begin() as tx:
                self._give_up(tx, agent)

    def _on_run(self, tx: Transaction, _old: Run, run: Run) -> None:
        """Hear of a change of a Run: one that is being stopped is given nothing more; one that has ended is gone."""
        agent = self._runs.get(run.id)
        if agent is None:
            return
        if run.stop is not None:
            agent.retiring = True
        if run.ended:
            self._give_up(tx, agent)

    def _give_up(self, tx: Transaction, agent: Agent) -> None:
        """Take everything from an agent that is gone, and forget it.

        Agents tell of lasting Calls only, so of one that died by itself the first that it held counts as begun: else a
        Call that kills its worker at once would be tried for ever.
        """
        first = next((call for call, held in agent.held.items() if held.sent), 0)
        blamed = agent.begun or (0 if agent.retiring else first)
        self._forget(tx, agent)
        for call in list(agent.held):
            self.holdings.release(tx, agent, call)
            self._lose(tx, call, begun=call == blamed)

    def _forget(self, tx: Transaction, agent: Agent) -> None:
        line, agent.line = agent.line, None
        if line is not None:
            tx.after(line.close)
            tx.on_undo(lambda: setattr(agent, "line", line))
        keys = (
            (self._pods, agent.pod),
            (self._partitions.get(agent.partition, {}), agent.pod),
            (self._runs, agent.run),
        )
        for places, key in keys:
            if places.get(key) is agent:
                del places[key]
                tx.on_undo(partial(places.__setitem__, key, agent))

    def _lose(self, tx: Transaction, call: int, *, begun: bool) -> None:
        if self._plane.calls.book.state[call] in _LEASED:
            lose(self._plane, tx, call, begun=begun)

    def retire(self, pod: str) -> None:
        """Tell an agent to take nothing more, give everything back, and end."""
        agent = self._pods.get(pod)
        if agent is not None:
            agent.retiring = True
            if agent.line is not None:
                agent.line.send(Retire())

    # ---- single Calls ------------------------------------------------------------------------------------------

    def withdraw(self, tx: Transaction, call: int) -> None:
        """Have the agent of a Call that is CANCELLING stop it; without an agent it is cancelled at once."""
        agent = self.holdings.holders.get(call)
        if agent is None:
            endings.fail(self._plane, tx, call, CallState.CANCELLED, "")
            return
        tx.after(lambda: self._say_withdraw(agent, call))
        self._time_cancel(tx.now, call)

    @staticmethod
    def _say_withdraw(agent: Agent, call: int) -> None:
        held = agent.held.get(call)
        if held is not None and held.sent and agent.line is not None:
            agent.line.send(Withdraw((held.key,)))

    def _time_cancel(self, now: Instant, call: int) -> None:
        self._plane.timers.set(Instant(now + self.patience.cancel), _CANCEL_TIMER, str(call))

    def _on_cancel(self, identity: str) -> None:
        """End a Call that its agent should have stopped long ago, and that agent too."""
        call = int(identity)
        agent = self.holdings.holders.get(call)
        if agent is None or not self._is_cancelling(call):
            return
        with self._plane.begin() as tx:
            self.holdings.release(tx, agent, call)
            endings.fail(self._plane, tx, call, CallState.CANCELLED, "")
            run = self._plane.state.runs.get(agent.run)
            if run is not None:
                order = StopOrder(StopReason.HUNG, tx.now, run.grace, "a Call that was cancelled does not end")
                runs.order_stop(self._plane, tx, run, order)
        self.retire(agent.pod)

    def end_unsent(self, lost: Iterable[tuple[Held, str]]) -> None:
        """End Calls that cannot be sent to their agents: their data are gone, or they were cancelled just now."""
        with self._plane.begin() as tx:
            for held, reason in lost:
                if self._take_back(tx, held):
                    endings.fail(self._plane, tx, held.call, CallState.ERROR, reason)

    def return_unsent(self, helds: Iterable[Held]) -> None:
        """Set aside Calls that have not been sent to their agents: their Sessions have been paused."""
        with self._plane.begin() as tx:
            for held in helds:
                if self._take_back(tx, held):
                    give_back(self._plane, tx, held.call)

    def _take_back(self, tx: Transaction, held: Held) -> bool:
        """Take a Call from the agent that it was leased to; False when that does not have it under this lease."""
        agent = self.holdings.holders.get(held.call)
        if agent is None or agent.held.get(held.call) is not held:
            return False
        self.holdings.release(tx, agent, held.call)
        self.rounds.want(agent.partition)
        return True


def _fits(agent: Agent, call: int, lease: int) -> bool:
    held = agent.held.get(call)
    return held is not None and held.lease == lease
