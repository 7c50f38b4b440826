"""What a new agent makes of its predecessor's journal: every Run is known again, or known to be lost and gone.

A Run whose process lives, with the same start time and as a child of our keeper, is taken over. One that the keeper
reaped meanwhile has its outcome. An intent without a handle is looked for by the environment it was started with. All
else is LOST, and whatever is left of it, or of Runs that the journal cannot name, is killed. Nothing is started again.
"""

from __future__ import annotations

import logging
import os
import signal

from portico.domain.runs import Form
from portico.node import processes
from portico.node.charges import Charge, Stage, kept, replay
from portico.node.ending import Endings
from portico.node.journal import Handle, Kept, Opened, Record
from portico.node.outcomes import lost
from portico.node.remains import kill_members
from portico.node.site import Site, now

log = logging.getLogger("portico.node")


def recover(site: Site, endings: Endings, keeper: int, records: list[Record]) -> tuple[Charge, ...]:
    """Rebuild the charges, bring to an end what cannot go on, and give the Runs that do; `keeper` is its pid, or 0.

    The outcomes found are reported together with everything that the last agent left unacknowledged.
    """
    charges, boot = replay(records)
    for charge in charges:
        site.charges.add(charge)
        if charge.stage is Stage.ENDED and charge.outcome is not None:
            site.report_outcome(charge.run, charge.token, charge.ended_at, charge.outcome)
    _keep_strangers(site)
    endings.keeper_rang()
    if boot and boot != processes.boot_id():
        endings.finish([(charge, lost("the machine was restarted")) for charge in site.charges.live()])
        return ()
    _lose(site, endings, _take_over_all(site, endings, keeper))
    _kill_unclaimed(site, endings, keeper)
    return tuple(charge for charge in site.charges.live() if charge.stage is Stage.RUNNING)


def _keep_strangers(site: Site) -> None:
    """Count sandboxes that the journal does not know as those of Runs that ended just now, so that they go in time."""
    for run in site.sandboxes.runs():
        if site.charges.get(run) is None:
            site.charges.add(kept(Kept(run, 0, now())))


def _take_over_all(site: Site, endings: Endings, keeper: int) -> list[tuple[Charge, str]]:
    """Make the live charges ours again; gives those that cannot be, with the reason."""
    adoptable = _leaders_by_run(keeper)
    endings.keeper_rang()  # whoever led a session before and is gone is on record by now
    doomed: list[tuple[Charge, str]] = []
    for charge in site.charges.live():
        reason = _take_over(site, endings, charge, keeper, adoptable)
        if reason:
            doomed.append((charge, reason))
    return doomed


def _lose(site: Site, endings: Endings, doomed: list[tuple[Charge, str]]) -> None:
    for charge, reason in doomed:
        log.warning("run %s is lost: %s", charge.run, reason)
        kill_remains(site, charge)
    if doomed:
        endings.finish([(charge, lost(reason)) for charge, reason in doomed])


def open_journal(site: Site) -> list[Record]:
    """Read the journal, say what is damaged, and give its records."""
    records, damaged = site.journal.read()
    if damaged:
        log.error("the journal is damaged in %d places; Runs named only there are lost", damaged)
    return records


def compact(site: Site) -> None:
    """Write the journal anew from the charges."""
    records: list[Record] = [Opened(processes.boot_id())]
    for charge in site.charges:
        records.extend(charge.records())
    site.journal.compact(records)


def _take_over(
    site: Site, endings: Endings, charge: Charge, keeper: int, adoptable: dict[tuple[str, str], tuple[int, int]]
) -> str:
    """Make a charge ours again; gives the reason when it cannot be."""
    match charge.order.spec.form:
        case Form.HOSTED:
            return ""
        case Form.SCOPE:
            return "" if charge.stage is Stage.RUNNING else "it was not open yet when the agent ended"
        case Form.PROCESS:
            pass
    if charge.stage is Stage.PREPARING:
        start, pid = adoptable.get((charge.run, str(charge.token)), (0, 0))
        strange = charge.order.spec.container is None and endings.stranger_died(charge.intended_at, start)
        if not pid or strange:
            return "the agent ended while it was being started"
        charge.pid, charge.start, charge.started_at, charge.stage = pid, start, now(), Stage.RUNNING
        site.journal.append((Handle(charge.run, charge.token, pid, start, charge.started_at),))
    charge.adopted = True
    stat = processes.read_stat(charge.pid)
    if stat is not None and stat.start == charge.start:
        return "" if keeper and stat.parent == keeper else "its keeper ended, and with it its exit status"
    endings.keeper_rang()
    return "" if endings.was_reaped(charge) else "its process was gone and nobody saw it end"


def _leaders_by_run(keeper: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Find who leads a session below the keeper, by run id and token of the environment: start and pid of the eldest.

    The eldest is the Run's own process, unless that is dead and what it left behind has a session of its own.
    """
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for pid in processes.children(keeper) if keeper else ():
        stat = processes.read_stat(pid)
        if stat is None or stat.session != pid:
            continue
        names = processes.environment(pid)
        run, token = names.get(b"PORTICO_RUN_ID"), names.get(b"PORTICO_RUN_TOKEN")
        if run and token:
            key = os.fsdecode(run), os.fsdecode(token)
            found[key] = min(found.get(key, (stat.start, pid)), (stat.start, pid))
    return found


def kill_remains(site: Site, charge: Charge) -> None:
    """Kill what may be left of a Run that is given up: its group, if that is still its own, and its cgroup."""
    if charge.pid:
        stat = processes.read_stat(charge.pid)
        if stat is not None and stat.start == charge.start:
            processes.signal_group(charge.pid, signal.SIGKILL)
    if charge.cgroup:
        kill_members(site.cgroups, charge.cgroup)


def _kill_unclaimed(site: Site, endings: Endings, keeper: int) -> None:
    """Kill what nobody answers for: cgroups without a live Run, and the keeper's children that belong to none."""
    live = site.charges.live()
    claimed = {charge.cgroup for charge in live if charge.cgroup}
    claimed |= {name.rpartition("/")[0] for name in claimed}
    for name in site.cgroups.existing():
        if name not in claimed and not any(name.startswith(f"{owner}/") for owner in claimed):
            endings.remains.clear(name)
    sessions = {charge.pid for charge in live if charge.pid}
    for pid in processes.children(keeper) if keeper else ():
        stat = processes.read_stat(pid)
        if pid == os.getpid() or stat is None or stat.parent != keeper or stat.session in sessions:
            continue
        run = os.fsdecode(processes.environment(pid).get(b"PORTICO_RUN_ID", b""))
        charge = site.charges.get(run) if run else None
        if charge is None or not charge.live:
            log.warning("process %d below the keeper belongs to no live run: killed", pid)
            os.kill(pid, signal.SIGKILL)
