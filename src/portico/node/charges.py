"""Charges: the Runs an agent answers for, from the order to the removal of the sandbox.

Owns the table and its indexes. A charge is the one mutable record of the agent; everything about it that must outlive
the agent is in the journal as well. Promises: a charge that ended stays ended; one charge per run id.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Iterator
from enum import Enum, auto

from portico.domain.frames import LaunchOrder, RunFact
from portico.domain.identity import Instant, Micros
from portico.domain.runs import CheckResult, EndCause, Form, Outcome, RunSpec, StopOrder
from portico.node.journal import Ended, Gone, Handle, Intent, Kept, Opened, Record, StopTold


class Stage(Enum):
    """Where a charge stands."""

    PREPARING = auto()
    RUNNING = auto()
    ENDED = auto()
    KEPT = auto()


_NO_ORDER = LaunchOrder(run="", token=0, spec=RunSpec(form=Form.SCOPE), grace=Micros(0))


class Charge:
    """One Run in the agent's charge; `launched` is its order as the spawner gets it, in most cases as it came."""

    __slots__ = (
        "address",
        "adopted",
        "blame",
        "cgroup",
        "checked",
        "ended_at",
        "healthy",
        "intended",
        "intended_at",
        "kill_timer",
        "launched",
        "order",
        "outcome",
        "pid",
        "pidfd",
        "run",
        "stage",
        "start",
        "started_at",
        "stop",
        "stop_signal",
        "tasks",
        "token",
    )

    def __init__(self, order: LaunchOrder, cgroup: str, intended_at: Instant) -> None:
        self.order = order
        self.launched = order
        self.run = order.run
        self.token = order.token
        self.cgroup = cgroup
        self.intended_at = intended_at
        self.intended = False
        self.stage = Stage.PREPARING
        self.pid = 0
        self.start = 0
        self.pidfd = -1
        self.adopted = False
        self.started_at = Instant(0)
        self.ended_at = Instant(0)
        self.stop: StopOrder | None = None
        self.stop_signal = int(signal.SIGTERM)
        self.address = ""
        self.blame: tuple[EndCause, str] | None = None
        self.kill_timer: asyncio.TimerHandle | None = None
        self.healthy: bool | None = None
        self.checked: CheckResult | None = None
        self.outcome: Outcome | None = None
        self.tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def live(self) -> bool:
        """Tell whether the end is still to come."""
        return self.stage in (Stage.PREPARING, Stage.RUNNING)

    @property
    def is_process(self) -> bool:
        """Tell whether a process of ours stands behind the Run."""
        return self.order.spec.form is Form.PROCESS

    def keep(self) -> None:
        """Let go of all that only a Run to be reported needs."""
        self.stage = Stage.KEPT
        self.outcome = None
        self.order = self.launched = _NO_ORDER
        self.stop = None

    def records(self) -> Iterator[Record]:
        """Give the journal records that say all this again."""
        if self.stage is Stage.KEPT:
            yield Kept(self.run, self.token, self.ended_at)
            return
        if not self.intended:
            return  # nothing was begun: whoever knows of it will say it again
        yield Intent(self.order, self.cgroup, self.intended_at)
        if self.started_at:
            yield Handle(self.run, self.token, self.pid, self.start, self.started_at)
        if self.stop is not None:
            yield StopTold(self.run, self.token, self.stop)
        if self.outcome is not None:
            yield Ended(self.run, self.token, self.ended_at, self.outcome)


class Charges:
    """All charges of an agent, by run id, and the live ones by what hangs on them."""

    __slots__ = ("_by_pid", "_by_pidfd", "_by_run", "_children", "_hosted", "_live")

    def __init__(self) -> None:
        self._by_run: dict[str, Charge] = {}
        self._live: dict[str, Charge] = {}
        self._by_pidfd: dict[int, Charge] = {}
        self._by_pid: dict[int, Charge] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._hosted: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._by_run)

    def __iter__(self) -> Iterator[Charge]:
        return iter(self._by_run.values())

    def get(self, run: str) -> Charge | None:
        """Give the charge of a run id."""
        return self._by_run.get(run)

    def add(self, charge: Charge) -> None:
        """Take a charge in, in place of an ended one of the same id."""
        self._by_run.pop(charge.run, None)  # a new try takes its place in the order of arrival too
        self._by_run[charge.run] = charge
        if charge.live:
            self._live[charge.run] = charge
            if charge.order.parent:
                self._children.setdefault(charge.order.parent, {})[charge.run] = None
            if charge.order.host:
                self._hosted.setdefault(charge.order.host, {})[charge.run] = None

    def end(self, charge: Charge) -> None:
        """Take a charge off the live ones."""
        self._live.pop(charge.run, None)
        for index, key in ((self._children, charge.order.parent), (self._hosted, charge.order.host)):
            members = index.get(key)
            if members is not None:
                members.pop(charge.run, None)
                if not members:
                    del index[key]

    def remove(self, run: str) -> None:
        """Forget an ended charge."""
        self._by_run.pop(run, None)

    def bind(self, charge: Charge, pidfd: int) -> None:
        """Remember by which pidfd the end of a charge will show."""
        charge.pidfd = pidfd
        self._by_pidfd[pidfd] = charge
        self._by_pid[charge.pid] = charge

    def unbind(self, charge: Charge) -> int:
        """Forget the pidfd of a charge and give it, or -1, for closing."""
        pidfd, charge.pidfd = charge.pidfd, -1
        self._by_pidfd.pop(pidfd, None)
        if self._by_pid.get(charge.pid) is charge:
            del self._by_pid[charge.pid]
        return pidfd

    def by_pid(self, pid: int) -> Charge | None:
        """Give the live charge whose process has this pid."""
        return self._by_pid.get(pid)

    def by_pidfd(self, pidfd: int) -> Charge | None:
        """Give the charge whose process this is."""
        return self._by_pidfd.get(pidfd)

    def live(self) -> list[Charge]:
        """Give those whose end is still to come."""
        return list(self._live.values())

    @property
    def live_count(self) -> int:
        """Count those whose end is still to come."""
        return len(self._live)

    def children(self, run: str) -> list[Charge]:
        """Give the live charges whose parent this is."""
        return self._pick(self._children.get(run, ()))

    def hosted(self, run: str) -> list[Charge]:
        """Give the live charges that this one hosts, in the order of arrival."""
        return self._pick(self._hosted.get(run, ()))

    def _pick(self, runs: Iterable[str]) -> list[Charge]:
        return [charge for run in runs if (charge := self._live.get(run)) is not None]

    def facts(self) -> tuple[RunFact, ...]:
        """Say what control must know at registration."""
        return tuple(
            RunFact(charge.run, charge.token, charge.stage is Stage.RUNNING, charge.stage is Stage.ENDED)
            for charge in self._by_run.values()
            if charge.stage is not Stage.KEPT
        )


def replay(records: Iterable[Record]) -> tuple[list[Charge], str]:
    """Rebuild charges from a journal: gives them and the boot that the last agent saw.

    Records of Runs whose intent is unreadable are dropped: there is nothing to say about them but that they are gone,
    and their cgroups are killed as unclaimed ones.
    """
    charges: dict[str, Charge] = {}
    boot = ""
    for record in records:
        match record:
            case Intent():
                begun = charges[record.order.run] = Charge(record.order, record.cgroup, record.at)
                begun.intended = True
            case Opened():
                boot = record.boot
            case Kept():
                charges[record.run] = kept(record)
            case Gone():
                charges.pop(record.run, None)
            case Ended() | Handle() | StopTold():
                charge = charges.get(record.run)
                if charge is not None and charge.token == record.token and charge.live:
                    _apply(charge, record)
    return list(charges.values()), boot


def kept(record: Kept) -> Charge:
    """Give the charge of a Run of which only the sandbox is left."""
    charge = Charge(_NO_ORDER, "", record.at)
    charge.run, charge.token, charge.ended_at = record.run, record.token, record.at
    charge.stage = Stage.KEPT
    return charge


def _apply(charge: Charge, record: Ended | Handle | StopTold) -> None:
    match record:
        case Handle():
            charge.pid, charge.start, charge.started_at = record.pid, record.start, record.at
            charge.stage = Stage.RUNNING
        case StopTold():
            charge.stop = record.order
        case Ended():
            charge.outcome, charge.ended_at, charge.stage = record.outcome, record.at, Stage.ENDED
