"""What the handlers of the door share: the plane, the records in memory with their indexes, and who listens.

Owns the soft state (event streams, what is under way). Promises: nothing here survives a restart that is not rebuilt
from rows.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from typing import TYPE_CHECKING

import msgspec

from portico.control.state import Grouped
from portico.domain.identity import MINUTE, SECOND, Instant, Micros
from portico.domain.nodes import Node
from portico.doors.mesos.extension.happenings import Happening, Outlet
from portico.doors.mesos.extension.records import MASTER, Agent, Executor, Framework, Machine, Master, Task
from portico.doors.mesos.extension.stepping import Stepping
from portico.doors.mesos.inbound.operations import Asked
from portico.doors.mesos.outbound import statuses
from portico.doors.mesos.outbound.statuses import Where

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

DOOR = "mesos"


class Periods(msgspec.Struct, frozen=True):
    """The door's timers, in microseconds; the defaults are upstream's. Those of offers are the core's."""

    heartbeat: Micros = Micros(15 * SECOND)
    agent_ping: Micros = Micros(15 * SECOND)
    agent_return: Micros = Micros(10 * MINUTE)
    status_retry: Micros = Micros(10 * SECOND)
    status_retry_longest: Micros = Micros(10 * MINUTE)
    executor_registration: Micros = Micros(MINUTE)
    executor_shutdown: Micros = Micros(5 * SECOND)

    @property
    def agent_lost(self) -> Micros:
        """How long an agent may be silent: five pings."""
        return Micros(5 * self.agent_ping)


class Place(msgspec.Struct, frozen=True):
    """Where this master is reached, once it is: the host told to clients, its ip, its port.

    `nodes` is the folder in which each node of this machine has one of its own.
    """

    hostname: str = "localhost"
    address: str = "127.0.0.1"
    port: int = 5050
    version: str = "1.3.0"
    nodes: str = ""


class Standing:
    """The door's view of one plane."""

    def __init__(
        self, plane: Plane, pool_root: str, periods: Periods, *, hierarchical: bool = False, limit_disk: bool = False
    ) -> None:
        self.plane = plane
        self.pool_root = pool_root
        self.hierarchical = hierarchical
        self.limit_disk = limit_disk
        self.periods = periods
        self.place = Place()
        records = plane.state.records
        self.frameworks: dict[str, Framework] = records["mesos_frameworks"]
        self.tasks: dict[str, Task] = records["mesos_tasks"]
        self.executors: dict[str, Executor] = records["mesos_executors"]
        self.agents: dict[str, Agent] = records["mesos_agents"]
        self.machines: dict[str, Machine] = records["mesos_machines"]
        self.masters: dict[str, Master] = records["mesos_master"]
        self.framework_tasks = Grouped(lambda task: "" if task.over else task.framework)
        self.framework_executors = Grouped(lambda executor: "" if executor.ended else executor.framework)
        self.executor_tasks = Grouped(lambda task: "" if task.terminal else task.executor)
        self.named_executors = Grouped(_executor_name)
        self.placed_executors = Grouped(_executor_place)
        self.stepping = Stepping(plane)
        self.outlets: dict[str, Outlet] = {}
        self.kept_offers: set[str] = set()
        """Entries of the book of offers that nobody was told of."""
        self._named_tasks: dict[str, dict[str, str]] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._uuid_start = uuid.UUID(plane.ids.fresh()).bytes[8:]
        self._uuid_count = itertools.count()
        self.nodes_by_agent: dict[str, str] = {}
        for table, index in (
            ("mesos_tasks", self.framework_tasks),
            ("mesos_tasks", self.executor_tasks),
            ("mesos_tasks", self._on_task),
            ("mesos_executors", self.framework_executors),
            ("mesos_executors", self.named_executors),
            ("mesos_executors", self.placed_executors),
            ("mesos_frameworks", self._on_framework),
            ("mesos_agents", self._on_agent),
        ):
            plane.state.index(table, index)

    @property
    def master(self) -> Master:
        """Who this master is."""
        return self.masters[MASTER]

    def begin(self, tx: Transaction) -> None:
        """Make the master's identity when the data directory is new."""
        if MASTER not in self.masters:
            tx.put(Master(MASTER, str(uuid.UUID(self.plane.ids.fresh()))))

    def _on_agent(self, old: Agent | None, new: Agent | None) -> None:
        if old is not None:
            self.nodes_by_agent.pop(old.agent, None)
        if new is not None:
            self.nodes_by_agent[new.agent] = new.id

    def _on_task(self, old: Task | None, new: Task | None) -> None:
        before = old is not None and not old.over
        after = new is not None and not new.over
        if after and not before:
            assert new is not None
            self._named_tasks.setdefault(new.framework, {})[new.task] = new.id
        elif before and not after:
            assert old is not None
            named = self._named_tasks[old.framework]
            del named[old.task]
            if not named:
                del self._named_tasks[old.framework]

    def _on_framework(self, _old: Framework | None, new: Framework | None) -> None:
        if new is not None and new.removed:
            self._turns.pop(new.id, None)

    def turn(self, framework: str) -> asyncio.Lock:
        """Give what a call holds that takes several steps, or that must not see another one half done."""
        return self._turns.setdefault(framework, asyncio.Lock())

    def number_framework(self, tx: Transaction) -> str:
        """Give the next framework id; one that came with its id from elsewhere may have it already."""
        master = self.master
        number = master.frameworks
        while (identity := f"{master.master}-{number:04d}") in self.frameworks:
            number += 1
        tx.put(msgspec.structs.replace(master, frameworks=number + 1))
        return identity

    def number_agent(self, tx: Transaction, node: Node) -> Agent:
        """Give a node its agent id."""
        master = self.master
        tx.put(msgspec.structs.replace(master, agents=master.agents + 1))
        agent = Agent(node.id, f"{master.master}-S{master.agents}", node.registered_at)
        tx.put(agent)
        return agent

    def agent_of(self, node: str) -> str:
        """Give the agent id of a node, empty for one that never registered."""
        agent = self.agents.get(node)
        return agent.agent if agent is not None else ""

    def asked(self, framework: Framework, node: str, role: str) -> Asked:
        """Say who accepts offers, and where."""
        return Asked(
            framework,
            node,
            self.agent_of(node),
            role,
            principal=framework.principal,
            endpoint=self._address(node),
            volumes=f"{self.place.nodes}/{node}/volumes",
            limit_disk=self.limit_disk,
            shutdown_grace=self.periods.executor_shutdown,
        )

    def hostname_of(self, node: str) -> str:
        """Name the host that a node's agent is reached at; several nodes may share it."""
        return self._address(node).rpartition(":")[0] or self.place.hostname

    def port_of(self, node: str) -> int:
        """Give the port of a node's agent, 0 while it is not known."""
        port = self._address(node).rpartition(":")[2]
        return int(port) if port else 0

    def _address(self, node: str) -> str:
        """Give host:port of a node's agent, empty while its outpost is away."""
        session = self.plane.outposts.sessions.get((DOOR, node))
        return session.address if session is not None else ""

    def pool_of(self, role: str) -> str:
        """Name the pool that a role's work is charged to."""
        return f"{self.pool_root}/{role}"

    def find_framework(self, framework: str) -> Framework | None:
        """Find a framework that was not removed."""
        found = self.frameworks.get(framework)
        return None if found is None or found.removed else found

    def find_task(self, framework: str, task: str) -> Task | None:
        """Find a task by its framework's name for it, among those that are not over."""
        found = self._named_tasks.get(framework, {}).get(task)
        return self.tasks[found] if found is not None else None

    def where(self, task: Task) -> Where:
        """Say where a task is, as its statuses tell it."""
        executor = self.executors.get(task.executor) if task.executor else None
        run = self.plane.state.runs.get(task.id)
        address = run.address if run is not None and run.address else self.place.address
        return statuses.where(task, self.agent_of(task.node), executor, address)

    def executors_on(self, framework: str, node: str) -> tuple[str, ...]:
        """Name a framework's live executors on a node."""
        found = self.placed_executors[_key(framework, node)]
        return tuple(self.executors[identity].executor for identity in found)

    def find_executor(self, framework: str, executor: str, node: str) -> Executor | None:
        """Find a live executor by its framework's name for it."""
        found = self.named_executors[_key(framework, executor, node)]
        return self.executors[found[-1]] if found else None

    def fresh_uuid(self) -> bytes:
        """Make the uuid of a status update: eight bytes that no other start of a server has, and a count."""
        return self._uuid_start + next(self._uuid_count).to_bytes(8)

    def tell(self, framework: str, happening: Happening) -> None:
        """Say something to a framework, if it listens."""
        outlet = self.outlets.get(framework)
        if outlet is not None:
            outlet.send(happening)


def _key(*names: str) -> str:
    """Join names; ids may have spaces in them, but no ends of lines."""
    return "\n".join(names)


def _executor_name(executor: Executor) -> str:
    return "" if executor.ended else _key(executor.framework, executor.executor, executor.node)


def _executor_place(executor: Executor) -> str:
    return "" if executor.ended else _key(executor.framework, executor.node)


NEVER = Instant(0)
