"""Ends of Runs: seen, judged, put on file, reaped, told.

Promises: the outcome is in the journal before the process is reaped; what is left of its group and cgroup is killed;
each end is told once per (run, token) and incarnation. Processes of an earlier agent belong to the keeper by now, whose
record is their only witness.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterable

import msgspec

from portico.domain.identity import Instant
from portico.domain.runs import EndCause, Outcome
from portico.node import processes
from portico.node.cgroup_contract import CgroupFacts
from portico.node.charges import Charge, Stage
from portico.node.journal import Ended
from portico.node.outcomes import judge, lost
from portico.node.processes import Death
from portico.node.reaped import Reaped, ReapedReader
from portico.node.remains import Remains
from portico.node.site import Site, now
from portico.node.switchboard_lines import SOCKET

RECORD_PATIENCE = 2.0
_SESSION = "+session"
_NO_FACTS = CgroupFacts()


class Endings:
    """Brings charges to their end; `listeners` hear of each one afterwards."""

    def __init__(self, site: Site, reaped: ReapedReader) -> None:
        self._site = site
        self._reader = reaped
        self._records: dict[tuple[int, int], Reaped] = {}
        self._awaited: dict[tuple[int, int], tuple[Charge, float]] = {}
        self._own_peak = 0
        self.remains = Remains(site.cgroups, site.loop)
        self.listeners: list[Callable[[Charge], None]] = []

    def look(self) -> None:
        """Bring those to their end whose process has died."""
        charges = self._site.charges
        dead = [charge for fd in self._site.watch.dead() if (charge := charges.by_pidfd(fd)) is not None]
        self.died(dead)

    def died(self, dead: Iterable[Charge]) -> None:
        """Judge dead processes; those of the keeper wait for its record."""
        ends: list[tuple[Charge, Outcome]] = []
        for charge in dead:
            death = self._keepers_word(charge) if charge.adopted else processes.peek(charge.pid)
            if death is not None:
                ends.append((charge, self._judge(charge, death)))
            elif charge.adopted:
                self._awaited[charge.pid, charge.start] = (charge, time.monotonic() + RECORD_PATIENCE)
            else:
                ends.append((charge, lost("its exit status was taken by somebody else")))
        if ends:
            self.finish(ends)

    def keeper_rang(self) -> None:
        """Read the keeper's new records and end those Runs that waited for them."""
        for record in self._reader.read():
            self._records[record.pid, record.start] = record
        known = [charge for key, (charge, _) in self._awaited.items() if key in self._records]
        if known:
            for charge in known:
                del self._awaited[charge.pid, charge.start]
            self.died(known)
        if len(self._records) > len(self._site.charges) + 10_000:
            self._records.clear()  # deaths of strangers; those of our Runs were matched above

    def give_up_waiting(self) -> None:
        """End those whose keeper has left no record in time: it is dead, and their exit status with it."""
        if not self._awaited:
            return
        self.keeper_rang()
        late = [charge for charge, until in self._awaited.values() if time.monotonic() > until]
        late = [charge for charge in late if processes.start_time(charge.pid) != charge.start]
        for charge in late:
            del self._awaited[charge.pid, charge.start]
        if late:
            self.finish((charge, lost("its exit status was lost with the keeper")) for charge in late)

    def was_reaped(self, charge: Charge) -> bool:
        """Tell whether the keeper has recorded the end of this process."""
        return (charge.pid, charge.start) in self._records

    def stranger_died(self, since: Instant, start: int) -> bool:
        """Tell whether the keeper has recorded, since an instant, the end of a process that no charge names.

        Only those count that began no later than `start`: one of them may have been what a leftover is taken for.
        """
        known = {(charge.pid, charge.start) for charge in self._site.charges if charge.pid}
        return any(
            record.at >= since and record.start <= start and key not in known for key, record in self._records.items()
        )

    def finish(self, ends: Iterable[tuple[Charge, Outcome]]) -> None:
        """Put outcomes on file and tell them; then clean up behind them."""
        at = now()
        ended: list[Charge] = []
        for charge, outcome in ends:
            charge.outcome, charge.ended_at, charge.stage = outcome, at, Stage.ENDED
            ended.append(charge)
        self._site.journal.append(
            Ended(charge.run, charge.token, at, charge.outcome) for charge in ended if charge.outcome
        )
        for charge in ended:
            self._let_go(charge)
            assert charge.outcome is not None
            self._site.report_outcome(charge.run, charge.token, at, charge.outcome)
            for listener in self.listeners:
                listener(charge)

    def _keepers_word(self, charge: Charge) -> Death | None:
        key = (charge.pid, charge.start)
        if key not in self._records:
            for record in self._reader.read():
                self._records[record.pid, record.start] = record
        if key not in self._records:
            return None
        record = self._records.pop(key)
        return Death(record.pid, record.code, record.cpu_micros, record.peak_memory)

    def _judge(self, charge: Charge, death: Death) -> Outcome:
        kill_group(charge)
        site = self._site
        capture = charge.order.spec.capture
        output = site.sandboxes.head(charge.run, "stdout", capture) if capture else b""
        facts = site.cgroups.spent(charge.cgroup) if charge.cgroup else _NO_FACTS
        if charge.order.spec.container is not None and charge.cgroup and not facts.oom_kills:
            facts = msgspec.structs.replace(facts, oom_kills=site.cgroups.boxed_oom_kills(charge.cgroup))
        if not facts.peak_memory and self._is_ours(death.peak_memory):
            death = death._replace(peak_memory=0)  # a spawned child starts with our own peak: it says nothing
        return judge(death, facts, charge.stop, charge.blame or self._blame(charge, death, facts), output)

    def _blame(self, charge: Charge, death: Death, facts: CgroupFacts) -> tuple[EndCause, str] | None:
        """Blame a switchboard that failed without taking its socket away: it was not its program that ended first.

        A session's is left out, which goes the same way as the program that it kills.
        """
        spec = charge.order.spec
        if not death.code or not spec.attach or spec.attach.endswith(_SESSION) or spec.container is not None:
            return None
        if self._is_being_ended(charge) or facts.oom_kills or not self._site.sandboxes.holds(charge.run, SOCKET):
            return None
        return EndCause.SWITCHBOARD, "its switchboard ended before it"

    def _is_being_ended(self, charge: Charge) -> bool:
        """Tell whether a Run was told to stop, or the one around it, whose group is killed as a whole."""
        parent = self._site.charges.get(charge.order.parent) if charge.order.parent else None
        return charge.stop is not None or (parent is not None and (parent.stop is not None or not parent.live))

    def _is_ours(self, peak: int) -> bool:
        """Tell whether a peak of memory use may be the one that this process had itself."""
        if peak > self._own_peak:
            self._own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        return peak <= self._own_peak

    def _let_go(self, charge: Charge) -> None:
        """Release what the kernel and the loop hold for an ended Run."""
        site = self._site
        if charge.pid and not charge.adopted:
            processes.reap(charge.pid)
        pidfd = site.charges.unbind(charge)
        if pidfd >= 0:
            os.close(pidfd)
        if charge.kill_timer is not None:
            charge.kill_timer.cancel()
            charge.kill_timer = None
        for task in charge.tasks:
            task.cancel()
        charge.tasks = ()
        site.charges.end(charge)
        if charge.cgroup and not site.charges.children(charge.run):
            self.remains.clear(charge.cgroup)
        self._clear_parent(charge)

    def _clear_parent(self, charge: Charge) -> None:
        """Remove the cgroup of a parent that ended before its last child."""
        parent = self._site.charges.get(charge.order.parent) if charge.order.parent else None
        if parent is not None and not parent.live and parent.cgroup and not self._site.charges.children(parent.run):
            self.remains.clear(parent.cgroup)


def kill_group(charge: Charge) -> None:
    """Kill what is left of a process group whose leader is dead."""
    if charge.adopted:
        stat = processes.read_stat(charge.pid)
        if stat is not None and stat.start != charge.start:
            return  # reaped by the keeper, and the number is somebody else's now
    processes.signal_group(charge.pid, signal.SIGKILL)
