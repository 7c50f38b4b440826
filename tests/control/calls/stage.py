"""A plane with Sessions, Calls and call agents that do as they are told."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

from harness import FakeLine, FakeNode, make_plane

from portico.control.calls import results, submission
from portico.control.calls.commands import CancelCalls, ChangeSession, CreateSession
from portico.control.calls.sheets import CALLS, RESULTS
from portico.domain.calls.frames import (
    AgentHello,
    AgentReport,
    Assign,
    Begun,
    CallEnding,
    GiveBack,
    Lease,
    Retire,
    Verdict,
    Withdraw,
)
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import CallDraft, CallOptions, Content, OptionsPatch, Partition, ResultDraft
from portico.domain.frames import Ack
from portico.domain.identity import SECOND
from portico.domain.jobs import Job, JobMode, Retry, Template
from portico.domain.runs import RunSpec

PARTITIONS = {
    name: Partition(name, parents)
    for name, parents in {"default": (), "second": (), "child": ("middle",), "middle": ("second",)}.items()
}
OPTIONS = CallOptions(max_duration=60 * SECOND, max_retries=2, priority=1, partition="default")


def leases_of(*given):
    """Give the Leases under which Calls were given."""
    return tuple(Lease(one.call, one.lease) for one in given)


class FakeAgent:
    _pods = itertools.count(1)

    def __init__(self, plane, partition="default", pod="", **said):
        self.plane = plane
        self.pod = pod or f"pod-{next(self._pods)}"
        self.line = FakeLine()
        self.sequence = said.pop("made", 0)
        said = {"secret": plane.secret, "host": "h", "sequence": self.sequence, **said}
        hello = AgentHello(partition=partition, pod=self.pod, **said)
        self.session = plane.calls.agents.welcome(hello, self.line)

    @property
    def record(self):
        return self.plane.calls.agents.find(self.pod)

    @property
    def given(self):
        return [call for frame in self.line.of(Assign) for call in frame.calls]

    @property
    def numbers(self):
        return [call.call for call in self.given]

    @property
    def acked(self):
        return [frame.sequence for frame in self.line.of(Ack)]

    @property
    def withdrawn(self):
        return [lease.call for frame in self.line.of(Withdraw) for lease in frame.leases]

    @property
    def asked_back(self):
        return [lease.call for frame in self.line.of(GiveBack) for lease in frame.leases]

    @property
    def retired(self):
        return bool(self.line.of(Retire))

    def report(self, **said):
        self.sequence += 1
        self.session.receive(AgentReport(self.sequence, **said))

    def ending(self, given, verdict=Verdict.OK, micros=1000, **said):
        now = self.plane.clock.now()
        return CallEnding(given.call, given.lease, verdict, now, now - micros, now - micros, now, **said)

    def end(self, given, verdict=Verdict.OK, **said):
        self.report(ended=(self.ending(given, verdict, **said),))

    def begin(self, given):
        now = self.plane.clock.now()
        self.report(begun=(Begun(given.call, given.lease, now, now),))

    def give(self, *given):
        self.report(returned=leases_of(*given))

    def lose(self):
        self.session.lost()


class Stage:
    def __init__(self, plane):
        self.plane = plane
        self.calls = plane.calls
        self.book = plane.calls.book

    async def settle(self, turns=20):
        for _ in range(turns):
            self.plane.timers.fire_due()
            await asyncio.sleep(0)

    async def session(self, *partitions, **options):
        partitions = partitions or ("default",)
        values = {"max_duration": 60 * SECOND, "max_retries": 2, "priority": 1, "partition": partitions[0], **options}
        return (await self.plane.submit(CreateSession(partitions, CallOptions(**values)))).number

    def results(self, session, *datas):
        """Make Results: with these data, or only promised for None."""
        first = self.book.draw(Kind.RESULT, len(datas))
        numbers = list(range(first, first + len(datas)))
        drafts = [
            ResultDraft(str(place), None if data is None else Content(len(data), data))
            for place, data in enumerate(datas)
        ]
        with self.plane.begin() as tx:
            results.create(self.plane, tx, session, numbers, drafts)
        return numbers

    def submit(self, session, count=1, payload=b"p", outputs=0, dependencies=(), **patch):
        """Submit Calls with a payload and outputs of their own; gives their numbers."""
        made = self.results(session, *([payload] + [None] * outputs) * count)
        first = self.book.draw(Kind.CALL, count)
        options = OptionsPatch(**{"priority": 1, **patch}) if patch else None
        drafts = []
        for place in range(count):
            mine = made[place * (1 + outputs) : (place + 1) * (1 + outputs)]
            drafts.append((first + place, CallDraft(mine[0], tuple(mine[1:]), tuple(dependencies), options)))
        with self.plane.begin() as tx:
            submission.add(
                self.plane, tx, session, drafts, by=0, parents=(self.calls.session_text(session),), now=tx.now
            )
        return [number for number, _ in drafts]

    async def change(self, session, change):
        await self.plane.submit(ChangeSession(self.calls.session_text(session), change))
        await self.settle()

    async def cancel(self, *calls):
        await self.plane.submit(CancelCalls(tuple(self.book.text(call) for call in calls)))
        await self.settle()

    def state(self, call):
        """The state of a Call as its row has it."""
        return CallState(self.cells(call, "state")[0])

    def cells(self, call, *columns):
        """Columns of a Call's row."""
        return self._row(CALLS, call, columns)

    def result(self, number, *columns):
        return self._row(RESULTS, number, columns)

    def result_state(self, number):
        return ResultState(self.result(number, "state")[0])

    def _row(self, sheet, number, columns):
        (row,) = self.plane.history.now(lambda reader: reader.rows_by_number(sheet.name, (number,), columns))
        return row[1:]

    def retry_of(self, call, number=1):
        """The number of a Call's next try."""
        return self.book.find(f"{self.calls.naming.text(Kind.CALL, call)}###{number}")


@asynccontextmanager
async def opened(store=None, clock=None, partitions=PARTITIONS):
    """Open a plane with its loops running."""
    plane = make_plane(store, clock)
    plane.calls.partitions = dict(partitions)
    plane.start([], [])
    loops = [asyncio.create_task(loop) for loop in (plane.calls.agents.run(), plane.calls.clearing.run())]
    stage = Stage(plane)
    await stage.settle()
    try:
        yield stage
    finally:
        for loop in loops:
            loop.cancel()
        for ended in await asyncio.gather(*loops, return_exceptions=True):
            if ended is not None and not isinstance(ended, asyncio.CancelledError):
                raise ended


async def fleet(stage, size=1):
    """Start the Runs of a partition's agents; gives the node that has them."""
    job = Job(
        id="armonik/default",
        door="armonik",
        pool="/armonik",
        mode=JobMode.SERVICE,
        created_at=0,
        size=size,
        template=Template(
            spec=RunSpec(argv=("agent",)), amounts={"cpus": 100}, labels={"portico.partition": "default"}
        ),
        retry=Retry(0),
    )
    with stage.plane.begin() as tx:
        tx.put(job)
    stage.plane.goals.want(job.id)
    node = FakeNode(stage.plane)
    await passes(stage)
    for order in node.orders:
        node.started(order)
    await passes(stage)
    return node


async def passes(stage):
    for _ in range(20):
        stage.plane.timers.fire_due()
        stage.plane.scheduling.make_pass()
        await asyncio.sleep(0)
