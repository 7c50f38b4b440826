"""How many pods each partition has, and which of them go: by what is queued, and by who may take room from whom.

A pod is a slot of a partition's fleet: a call agent with its worker. Promises: a fleet is never decided below its
reserve, nor above its maximum but for pods that are busy; a busy pod goes only to a partition of higher priority, and
never while an idle one of its fleet could go; a plan that has been carried out, and is decided on again, is empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum

import msgspec

from portico.domain.calls.values import Partition
from portico.domain.identity import SECOND, Instant, Micros

NEVER = Instant(1 << 62)
_WHOLE = 100


class Phase(IntEnum):
    """How much of a worker a pod is: where fewer are wanted, lower ones go first."""

    HELD = 0
    """It cannot be placed: it pauses after a failure, is being replaced, or its pool or the nodes never have room."""
    WAITING = 1
    """It waits for room."""
    STARTING = 2
    IDLE = 3
    BUSY = 4


class Pod(msgspec.Struct, frozen=True, gc=False):
    """One slot that is to stay. `since` is when it came into its phase, or began its Call; an `outdated` one was made
    of another configuration."""

    id: str
    phase: Phase
    since: Instant
    outdated: bool = False


class Fleet(msgspec.Struct, frozen=True):
    """A partition's slots. `queued` Calls have no pod, `held` ones are with its pods; `leaving` pods still have their
    room; `yielded` ones were given to partitions of higher priority and have not been had again."""

    partition: Partition
    pods: tuple[Pod, ...] = ()
    queued: int = 0
    held: int = 0
    leaving: int = 0
    yielded: int = 0

    @property
    def reserve(self) -> int:
        """Give how many pods it keeps whatever happens."""
        return min(self.partition.pod_reserved, self.partition.pod_max)

    def count(self, *phases: Phase) -> int:
        """Count the pods in some phases."""
        found = [pod.phase for pod in self.pods]
        return sum(map(found.count, phases))

    @property
    def placed(self) -> int:
        """Count the pods that have their room."""
        return self.count(Phase.STARTING, Phase.IDLE, Phase.BUSY)


class Pace(msgspec.Struct, frozen=True):
    """How soon things are done. A pod that is not needed goes after `cool_down`. A pod has to wait for `patience`, from
    `calm_since` on at the earliest, before others yield to it: room that has just become free is not placed yet."""

    cool_down: Micros = Micros(60 * SECOND)
    patience: Micros = Micros(SECOND)
    calm_since: Instant = Instant(0)


class Change(msgspec.Struct, frozen=True):
    """What becomes of one fleet: its size, the pods that end with their slots, one that is made anew in its slot."""

    partition: str
    size: int
    gone: tuple[str, ...] = ()
    yielding: tuple[str, ...] = ()
    replaced: str = ""
    yielded: int = 0


class Plan(msgspec.Struct, frozen=True):
    """A change for each fleet, in their order; decide again at `again_at` if nothing happens before."""

    changes: tuple[Change, ...]
    again_at: Instant = NEVER


def decide(fleets: Sequence[Fleet], now: Instant, pace: Pace) -> Plan:
    """Say what each fleet is to become."""
    yielding = _yielding(fleets, now, pace)
    lent, lenders = _lend(fleets, yielding)
    lenders |= _needed_by_children(fleets)
    changes: dict[str, Change] = {}
    again_at = min((_ripe_at(fleet, now, pace) for fleet in fleets), default=NEVER)
    urgent = 0
    for fleet in sorted(fleets, key=_taking_order):
        name = fleet.partition.id
        bounds = _Bounds(
            wanted=_wanted(fleet, lent.get(name, 0)),
            contended=fleet.partition.preemption_percentage > 0 and fleet.partition.priority < urgent,
            lends=name in lenders,
        )
        changes[name], wait = _change(fleet, bounds, yielding.get(name, ()), now, pace)
        again_at = min(again_at, wait)
        if _will_wait(fleet, changes[name]):
            urgent = max(urgent, fleet.partition.priority)
    return Plan(tuple(changes[fleet.partition.id] for fleet in fleets), again_at)


class _Bounds(msgspec.Struct, frozen=True):
    """What one fleet's change keeps to. It is `contended` when it yields to others and one of them still waits, and
    `lends` when its idle pods are to stay for children."""

    wanted: int
    contended: bool
    lends: bool


# ---- how many ------------------------------------------------------------------------------------------------------


def _wanted(fleet: Fleet, lent: int) -> int:
    """Give the number of pods by what there is to do, less what idle pods of parents take over."""
    return min(max(fleet.queued + fleet.held - lent, fleet.reserve), fleet.partition.pod_max)


def _lend(fleets: Sequence[Fleet], yielding: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, int], set[str]]:
    """Give how many idle pods of its parents each partition may count on, and whose they are; each counts once."""
    by_name = {fleet.partition.id: fleet for fleet in fleets}
    free = {name: _to_lend(fleet, len(yielding.get(name, ()))) for name, fleet in by_name.items()}
    lent: dict[str, int] = {}
    lenders: set[str] = set()
    for fleet in sorted(fleets, key=_taking_order):
        missing = fleet.queued - fleet.count(Phase.IDLE)
        for parent in ancestors(fleet.partition.id, by_name):
            taken = max(0, min(missing, free[parent]))
            free[parent] -= taken
            missing -= taken
            lent[fleet.partition.id] = lent.get(fleet.partition.id, 0) + taken
            if taken:
                lenders.add(parent)
    return lent, lenders


def _to_lend(fleet: Fleet, yielding: int) -> int:
    """Count the idle pods that a partition has no use for, and keeps."""
    serving = fleet.count(Phase.IDLE, Phase.BUSY) - yielding
    over = max(0, serving - fleet.partition.pod_max)
    return max(0, fleet.count(Phase.IDLE) - fleet.queued - yielding - over)


def ancestors(name: str, fleets: Mapping[str, Fleet]) -> list[str]:
    """Name the parents of a partition, their parents and so on, nearest first; unknown ones are left out."""
    found: dict[str, None] = {}
    pending = list(fleets[name].partition.parents)
    while pending:
        parent = pending.pop(0)
        if parent in fleets and parent != name and parent not in found:
            found[parent] = None
            pending.extend(fleets[parent].partition.parents)
    return list(found)


def _needed_by_children(fleets: Sequence[Fleet]) -> set[str]:
    """Name the partitions whose idle pods are to stay, for children that have queued Calls and no free pod."""
    by_name = {fleet.partition.id: fleet for fleet in fleets}
    return {
        parent
        for name, fleet in by_name.items()
        if fleet.queued and not fleet.count(Phase.IDLE)
        for parent in ancestors(name, by_name)
    }


# ---- who yields ----------------------------------------------------------------------------------------------------


def _short(fleet: Fleet) -> int:
    """Count the pods that wait for room while there are Calls for them."""
    most = min(fleet.queued - fleet.count(Phase.IDLE), fleet.partition.pod_max - fleet.placed)
    return max(0, min(fleet.count(Phase.WAITING), most))


def _will_wait(fleet: Fleet, change: Change) -> bool:
    """Tell whether pods will wait for room, with Calls for them, once a change is carried out."""
    useful = fleet.count(Phase.HELD, Phase.STARTING, Phase.IDLE, Phase.BUSY)
    held_up = sum(pod.phase is not Phase.WAITING for pod in fleet.pods if pod.id in {*change.gone, *change.yielding})
    return change.size > useful - held_up and fleet.queued > fleet.count(Phase.IDLE)


def _ripe(fleet: Fleet, now: Instant, pace: Pace) -> int:
    """Count those of them that have waited long enough for others to yield."""
    if now < pace.calm_since + pace.patience:
        return 0
    waited = sum(pod.phase is Phase.WAITING and pod.since + pace.patience <= now for pod in fleet.pods)
    return min(_short(fleet), waited)


def _ripe_at(fleet: Fleet, now: Instant, pace: Pace) -> Instant:
    """Give when the next of them will have waited long enough."""
    if not _short(fleet):
        return NEVER
    ripe = (max(pod.since, pace.calm_since) + pace.patience for pod in fleet.pods if pod.phase is Phase.WAITING)
    return Instant(min((at for at in ripe if at > now), default=NEVER))


def _yielding(fleets: Sequence[Fleet], now: Instant, pace: Pace) -> dict[str, tuple[str, ...]]:
    """Choose the pods that give their room away; room that is becoming free already is not asked for again."""
    coming = sum(fleet.leaving for fleet in fleets)
    chosen: dict[str, tuple[str, ...]] = {}
    for taker in sorted(fleets, key=_taking_order):
        missing = _ripe(taker, now, pace)
        expected = min(coming, missing)
        coming -= expected
        missing -= expected
        for giver in sorted(fleets, key=_giving_order) if missing else ():
            if missing and giver.partition.priority < taker.partition.priority:
                name = giver.partition.id
                before = chosen.get(name, ())
                count = min(missing, _most_to_yield(giver) - len(before))
                if count > 0:
                    chosen[name] = tuple(_by_use(giver)[: len(before) + count])
                    missing -= count
    return chosen


def _taking_order(fleet: Fleet) -> tuple[int, str]:
    return (-fleet.partition.priority, fleet.partition.id)


def _giving_order(fleet: Fleet) -> tuple[int, int, str]:
    return (fleet.partition.priority, fleet.reserve - fleet.placed, fleet.partition.id)


def _most_to_yield(fleet: Fleet) -> int:
    """Give how many pods may yet go, of the part above the reserve as it was before the first of them went."""
    above = max(0, fleet.placed - fleet.reserve)
    bound = (above + fleet.yielded) * min(fleet.partition.preemption_percentage, _WHOLE) // _WHOLE
    return min(above, max(0, bound - fleet.yielded))


def _by_use(fleet: Fleet) -> list[str]:
    """List placed pods, those first that yield first: idle ones, starting ones, then whose Call began last."""
    rank = {Phase.IDLE: 0, Phase.STARTING: 1, Phase.BUSY: 2}
    placed = [pod for pod in fleet.pods if pod.phase in rank]
    return [pod.id for pod in sorted(placed, key=lambda pod: (rank[pod.phase], -pod.since, pod.id))]


# ---- what changes --------------------------------------------------------------------------------------------------


def _change(
    fleet: Fleet, bounds: _Bounds, yielding: tuple[str, ...], now: Instant, pace: Pace
) -> tuple[Change, Instant]:
    """Put one fleet's change together, and say when it may change further by itself."""
    room = max(fleet.reserve, fleet.placed - len(yielding))
    allowed = min(bounds.wanted, room) if bounds.contended else bounds.wanted
    staying = [pod for pod in fleet.pods if pod.id not in yielding] if yielding else list(fleet.pods)
    due = _due(fleet, staying, len(staying) - allowed, bounds, pace)
    gone = tuple(pod for pod, at in due if at <= now)
    change = Change(
        partition=fleet.partition.id,
        size=max(len(staying) - len(gone), allowed),
        gone=gone,
        yielding=yielding,
        replaced=_replaced(fleet, {*gone, *yielding}),
        yielded=_still_yielded(fleet, bounds) + len(yielding),
    )
    return change, min((at for _, at in due if at > now), default=NEVER)


def _due(fleet: Fleet, staying: list[Pod], surplus: int, bounds: _Bounds, pace: Pace) -> list[tuple[str, Instant]]:
    """Name the pods that are too many, with when each goes: busy ones never, those above the maximum at once."""
    if surplus <= 0:
        return []
    useless = sorted((pod for pod in staying if pod.phase is not Phase.BUSY), key=lambda pod: (pod.phase, pod.since))
    over = len(staying) - fleet.partition.pod_max
    due: list[tuple[str, Instant]] = []
    for pod in useless[:surplus]:
        if len(due) < over or (bounds.contended and pod.phase is Phase.WAITING):
            due.append((pod.id, Instant(0)))
        elif not (bounds.lends and pod.phase in (Phase.STARTING, Phase.IDLE)):
            due.append((pod.id, Instant(pod.since + pace.cool_down)))
    return due


def _still_yielded(fleet: Fleet, bounds: _Bounds) -> int:
    """Give how many pods it has not had again; those it does not want any more do not count once nobody waits."""
    return fleet.yielded if bounds.contended else min(fleet.yielded, max(0, bounds.wanted - fleet.placed))


def _replaced(fleet: Fleet, going: Collection[str]) -> str:
    """Choose the next pod to be made anew, once all that were are at work: idle ones first, busy ones begun last."""
    outdated = [pod for pod in fleet.pods if pod.outdated and pod.id not in going]
    if not outdated:
        return ""
    coming = any(pod.phase < Phase.IDLE and not pod.outdated for pod in fleet.pods if pod.id not in going)
    freeing = fleet.leaving or any(pod.phase >= Phase.STARTING for pod in fleet.pods if pod.id in going)
    if coming or freeing or len(fleet.pods) - len(going) > fleet.partition.pod_max:
        return ""
    return min(outdated, key=lambda pod: (pod.phase, -pod.since, pod.id)).id
