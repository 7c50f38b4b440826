"""A plane over the in-memory store, a writer on the loop, a settable clock, and a node that does as it is told."""

from __future__ import annotations

import asyncio
import itertools

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.domain.frames import Ack, Frame, Launch, Observation, Register, Report, Stop, Welcome
from portico.domain.identity import Instant, uuid7
from portico.domain.runs import EndCause, Outcome
from portico.store.memory import MemoryStore
from portico.store.port import Batch

START = Instant(1_800_000_000_000_000)


class ManualClock:
    """Stands still until moved."""

    def __init__(self):
        self.time = START

    def now(self):
        return Instant(self.time)

    def advance(self, seconds):
        self.time += round(seconds * 1_000_000)


class CountingIds:
    def __init__(self):
        self._count = itertools.count(1)

    def fresh(self):
        return uuid7(1_800_000_000_000, next(self._count))


class LoopWriter:
    """Writes on the next turn of the loop; `hold` keeps everything unwritten."""

    def __init__(self, store, plane):
        self.store = store
        self.plane = plane
        self.waiting = []
        self.hold = False
        self.full = False

    def submit(self, changes):
        self.waiting.append(list(changes))
        if not self.hold:
            asyncio.get_running_loop().call_soon(self.flush)

    def submit_prune(self, prune):
        self.store.write(Batch((), (prune,)))

    def flush(self):
        waiting, self.waiting = self.waiting, []
        changes = [change for group in waiting for change in group]
        if changes:
            self.store.write(Batch(changes))
            self.plane.on_durable(changes[-1].revision)


class FakeLine:
    def __init__(self):
        self.sent = []
        self.closed = False

    def send(self, frame: Frame):
        self.sent.append(frame)

    def close(self):
        self.closed = True

    def of(self, kind):
        return [frame for frame in self.sent if isinstance(frame, kind)]


class FakeNode:
    """An agent's side of a line, by hand."""

    def __init__(self, plane, name="n1", cpus=4, mem=4096, runs=(), **more):
        self.plane = plane
        self.name = name
        self.line = FakeLine()
        self.sequence = 0
        amounts = {kind: amount * 1000 for kind, amount in {"cpus": cpus, "mem": mem, **more}.items()}
        register = Register(name, plane.secret, "i", "b", amounts, ((31000, 31009),), {"zone": "a"}, 0, tuple(runs))
        self.session = plane.connect(register, self.line)

    @property
    def orders(self):
        return [order for frame in self.line.of(Launch) for order in frame.orders]

    @property
    def stops(self):
        return self.line.of(Stop)

    @property
    def acked(self):
        return [frame.sequence for frame in self.line.of(Ack)]

    @property
    def welcomed(self):
        return bool(self.line.of(Welcome))

    def report(self, *observations):
        self.sequence += 1
        self.session.receive(Report(self.sequence, observations))

    def started(self, order):
        self.report(Observation(order.run, order.token, self.plane.clock.now(), pid=1, started=True))

    def ended(self, order, code=0, output=b"", cause=EndCause.EXITED, **facts):
        outcome = Outcome(cause, exit_code=code, output=output, message=f"Command exited with status {code}", **facts)
        self.report(Observation(order.run, order.token, self.plane.clock.now(), outcome=outcome))


def make_plane(store=None, clock=None):
    store = store or MemoryStore([table.table for table in CORE_TABLES], CALL_SHEETS)
    plane = Plane(store, clock or ManualClock(), CountingIds(), secret="s", reading_threads=0)
    plane.load()
    writer = LoopWriter(store, plane)
    plane.attach(writer)
    plane.writer = writer
    plane.store = store
    return plane


async def settle(plane, turns=20):
    """Let everything that can happen now happen: passes, writes, effects."""
    for _ in range(turns):
        plane.timers.fire_due()
        plane.scheduling.make_pass()
        for _ in plane.offers.round():
            pass
        await asyncio.sleep(0)
