"""Offers to a thousand bidders over ten thousand nodes: the decision alone, and whole rounds inside the plane.

`cold` is the first round, in which everything is free; in the `steady` rounds half of the bidders have refused what
they were shown and the others hold their offers, until all of it has come round again. The plane's longest step is what
everybody else on the loop had to wait for. All in processor time: on a shared machine wall time measures neighbours.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from harness.figures import Figure, Scale, at_most

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.deciding.fairness import PoolStanding, Seat
from portico.deciding.offers import Market, Space, allocate
from portico.domain.identity import SECOND, Instant, Micros, uuid7
from portico.domain.nodes import Node, NodeState
from portico.domain.offers import Bidder
from portico.domain.slices import plain
from portico.main import COLLECT_AFTER
from portico.store.memory import MemoryStore

NODES = 10_000
BIDDERS = 1_000
ROLES = 100
SIZE = {"cpus": 32_000, "mem": 128_000_000, "disk": 1_000_000_000}
ROUND_SECONDS = 0.5
STEP_SECONDS = 0.01
CYCLES = 5


def run(scale: Scale) -> list[Figure]:
    """Measure everything `rounds` times."""
    nodes, bidders = scale.of(NODES), scale.of(BIDDERS)
    alone = [_decide(nodes, bidders) for _ in range(scale.rounds)]
    lives = [_live(nodes, bidders) for _ in range(scale.rounds)]
    size = f"{nodes:,} nodes {bidders:,} bidders"
    return [
        _figure(f"decision {size}", alone, ROUND_SECONDS),
        _figure(f"cold round {size}", [life["cold"] for life in lives]),
        _figure(f"cold round longest step {size}", [life["cold step"] for life in lives], STEP_SECONDS),
        _figure(f"refusals by half of {size}", [life["refusing"] for life in lives]),
        _figure(f"steady round {size}", [life["steady"] for life in lives], ROUND_SECONDS),
        _figure(f"steady round longest step {size}", [life["steady step"] for life in lives], STEP_SECONDS),
    ]


def _figure(name: str, seconds: list[float], goal: float | None = None) -> Figure:
    return Figure(name=name, unit="s", portico=tuple(seconds), goal=None if goal is None else at_most(goal))


def _decide(nodes: int, bidders: int) -> float:
    seats = [
        Seat(slot=number, bidder=f"f{number}", role=f"r{number % ROLES}", pool=f"/mesos/r{number % ROLES}")
        for number in range(bidders)
    ]
    total = {kind: amount * nodes for kind, amount in SIZE.items()}
    spaces = [Space(f"n{number}", SIZE) for number in range(nodes)]
    begin = time.thread_time()
    market = Market(seats, {seat.pool: PoolStanding() for seat in seats}, total, available=total)
    grants = allocate(market, spaces)
    spent = time.thread_time() - begin
    assert len(grants) == nodes
    return spent


class _Clock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.time = 1_800_000_000_000_000

    def now(self) -> Instant:
        return Instant(self.time)


class _Ids:
    def __init__(self) -> None:
        self._count = 0

    def fresh(self) -> str:
        self._count += 1
        return uuid7(1_800_000_000_000, self._count)


class _Nowhere:
    """Takes changes and keeps none."""

    full = False

    def submit(self, changes: object) -> None:
        """Forget them."""

    def submit_prune(self, prune: object) -> None:
        """Forget it."""


def _live(nodes: int, bidders: int) -> dict[str, float]:
    """One plane from its first round to the one after everything was refused or held."""
    plane, thresholds = _plane(nodes), gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)  # as the server does, which freezes what it has loaded as well
    for number in range(bidders):
        plane.offers.enlist(Bidder(id=f"f{number:05}", pools={f"r{number % ROLES}": f"/mesos/r{number % ROLES}"}))
    found: dict[str, float] = {}
    found["cold"], found["cold step"] = _round(plane)
    assert len(plane.offers.book.offers) == nodes
    begin = time.thread_time()
    _refuse(plane)
    found["refusing"] = time.thread_time() - begin
    steady = []
    for _ in range(CYCLES):
        plane.clock.time += SECOND  # type: ignore[attr-defined] — the benchmark's own clock
        begin = time.thread_time()
        plane.offers.tick()
        ticking = time.thread_time() - begin
        spent, step = _round(plane)
        steady.append((ticking + spent, max(ticking, step)))
        _refuse(plane)
    found["steady"], found["steady step"] = max(spent for spent, _ in steady), max(step for _, step in steady)
    plane.close()
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    return found


def _refuse(plane: Plane) -> None:
    """Every second bidder refuses for a minute."""
    for offer in list(plane.offers.book.offers.values()):
        if sum(divmod(int(offer.bidder[1:]), ROLES)) % 2:
            plane.offers.decline(offer.bidder, [offer.id], Micros(60 * SECOND))


def _round(plane: Plane) -> tuple[float, float]:
    """Make one round; gives its whole time and its longest step."""
    steps = []
    rounds = plane.offers.round()
    while True:
        spent, over = _timed(lambda: next(rounds, "over"))
        steps.append(spent)
        if over == "over":
            return sum(steps), max(steps)


def _timed(act: Callable[[], object]) -> tuple[float, object]:
    begin = time.thread_time()
    answer = act()
    return time.thread_time() - begin, answer


def _plane(nodes: int) -> Plane:
    plane = Plane(
        MemoryStore([table.table for table in CORE_TABLES], CALL_SHEETS),
        _Clock(),
        _Ids(),
        secret="s",
        reading_threads=0,
    )
    plane.load()
    plane.attach(_Nowhere())
    plane.start([], [])
    with plane.begin() as tx:
        for number in range(nodes):
            tx.put(Node(id=f"n{number}", capacity=plain(SIZE), ports=((31000, 32000),), state=NodeState.READY))
    for node in plane.state.nodes.values():
        plane.capacity.connect(node, connected=True)
    while plane.capacity.touched:
        plane.offers.settle()
    return plane
