"""What call agents hold: one record for each agent, and who has which Call.

Owns the leases as memory has them. Promises: a Call is held by one agent at most, in the order in which it was given;
a transaction that is given up leaves all of it as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.domain.calls.frames import Lease
from portico.domain.frames import Ack
from portico.domain.identity import Instant

if TYPE_CHECKING:
    from portico.control.cluster.gateway import Line
    from portico.control.transaction import Transaction


class Held:
    """One leased Call: `sent` once the agent was told of it, `asked` once it was asked to give it back."""

    __slots__ = ("asked", "at", "call", "lease", "sent")

    def __init__(self, call: int, lease: int, at: Instant, *, sent: bool = False) -> None:
        self.call = call
        self.lease = lease
        self.at = at
        self.sent = sent
        self.asked = False

    @property
    def key(self) -> Lease:
        """Give it as frames name it."""
        return Lease(self.call, self.lease)


class Agent:
    """One incarnation of a call agent. `begun` is the Call that it has told to have begun, at `begun_at`; 0 for none.
    `missing` are Calls that it did not show when it came back and may yet report: it has until report `awaited`."""

    __slots__ = (
        "_guarded",
        "awaited",
        "begun",
        "begun_at",
        "held",
        "host",
        "line",
        "lost_at",
        "missing",
        "owed",
        "partition",
        "pod",
        "retiring",
        "run",
        "sequence",
        "timed",
    )

    def __init__(self, pod: str, host: str, partition: str = "", run: str = "") -> None:
        self.pod = pod
        self.host = host
        self.partition = partition
        self.run = run
        self.line: Line | None = None
        self.held: dict[int, Held] = {}
        self.begun = 0
        self.begun_at = Instant(0)
        self.sequence = 0
        self.owed = 0
        self.lost_at = Instant(0)
        self.missing: frozenset[int] = frozenset()
        self.awaited = 0
        self.retiring = False
        self.timed = False
        self._guarded: Transaction | None = None

    @property
    def open(self) -> bool:
        """Tell whether it may be given Calls."""
        return self.line is not None and not self.retiring

    @property
    def idle(self) -> bool:
        """Tell whether it holds nothing."""
        return not self.held

    @property
    def running(self) -> int:
        """Give the Call it is at, as far as is known: agents tell only of lasting ones; 0 when it is idle."""
        return self.begun or next(iter(self.held), 0)

    def acknowledge(self) -> None:
        """Say up to which report everything is durable, unless it has been said."""
        if self.owed and self.line is not None:
            self.line.send(Ack(self.owed))
        self.owed = 0


class Holdings:
    """Who has which Call."""

    def __init__(self) -> None:
        self.holders: dict[int, Agent] = {}

    def add(self, tx: Transaction, agent: Agent, helds: list[Held]) -> None:
        """Give Calls to an agent."""
        self.guard(tx, agent)
        for held in helds:
            agent.held[held.call] = held
            self.holders[held.call] = agent

    def release(self, tx: Transaction, agent: Agent, call: int) -> Held | None:
        """Take a Call from an agent; None when it does not have it."""
        held = agent.held.get(call)
        if held is None:
            return None
        self.guard(tx, agent)
        del agent.held[call]
        del self.holders[call]
        if agent.begun == call:
            agent.begun, agent.begun_at = 0, Instant(0)
        return held

    def begin(self, tx: Transaction, agent: Agent, call: int) -> None:
        """Note that an agent is at a Call that lasts."""
        self.guard(tx, agent)
        agent.begun, agent.begun_at = call, tx.now

    def guard(self, tx: Transaction, agent: Agent) -> None:
        """Keep what an agent has, once for each transaction, in case that is given up."""
        if agent._guarded is tx:  # noqa: SLF001 — the two classes are one
            return
        agent._guarded = tx  # noqa: SLF001 — as above
        before = (dict(agent.held), agent.begun, agent.begun_at)
        tx.on_undo(lambda: self._restore(agent, *before))

    def _restore(self, agent: Agent, held: dict[int, Held], begun: int, at: Instant) -> None:
        for call in agent.held:
            del self.holders[call]
        agent.held, agent.begun, agent.begun_at = held, begun, at
        agent._guarded = None  # noqa: SLF001 — as above
        for call in held:
            self.holders[call] = agent
