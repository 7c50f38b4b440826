import asyncio

import pytest
from harness import FakeLine, FakeNode, make_plane, settle

from portico.control import timers
from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import kind_id
from portico.control.queries import GetInstance
from portico.domain.errors import Forbidden
from portico.domain.frames import Ack, CallEnd, CallKey, Calls, CallsReport, Recall, WorkerHello, WorkerReady
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, Job, JobMode, Retry, Template
from portico.domain.runs import EndCause, RunSpec

FLEET = "python"


def jobs(timeout=0, retries=0, workers=1, functions=("work",)):
    made = [
        Job(
            id=kind_id(name),
            door="jobv1",
            pool="/jobv1",
            mode=JobMode.DEMAND,
            created_at=0,
            template=Template(function=name, fleet=FLEET, priority=5, timeout=Micros(timeout * SECOND)),
            retry=Retry(retries),
        )
        for name in functions
    ]
    fleet = Job(
        id="fleet/python",
        door="jobv1",
        pool="/jobv1",
        mode=JobMode.SERVICE,
        created_at=0,
        size=workers,
        template=Template(
            spec=RunSpec(argv=("worker",)), amounts={"cpus": 100}, labels={"portico.fleet": FLEET}, grace=Micros(0)
        ),
        retry=Retry(0, Micros(SECOND), 2),
    )
    return [*made, fleet]


class FakeWorker:
    def __init__(self, plane, order, holding=(), running=""):
        self.plane = plane
        self.order = order
        self.line = FakeLine()
        self.sequence = 0
        hello = WorkerHello(order.run, order.token, FLEET, plane.secret, tuple(holding), running)
        self.session = plane.connect(hello, self.line)

    @property
    def calls(self):
        return [call for frame in self.line.of(Calls) for call in frame.calls]

    @property
    def recalled(self):
        return [call for frame in self.line.of(Recall) for call in frame.calls]

    def report(self, **said):
        self.sequence += 1
        self.session.receive(CallsReport(self.sequence, **said))

    def begin(self, call):
        self.report(begun=(CallKey(call.call, call.lease),), begun_at=self.plane.clock.now())

    def end(self, call, *results, error=None, permanent=False, micros=1000):
        now = self.plane.clock.now()
        end = CallEnd(call.call, call.lease, now - micros, now, results, error, permanent)
        self.report(ended=(end,))


async def started(**said):
    plane = make_plane()
    plane.start(jobs(**said), [])
    node = FakeNode(plane)
    await settle(plane)
    workers = []
    for order in node.orders:
        node.started(order)
        await settle(plane)
        workers.append(FakeWorker(plane, order))
    await settle(plane)
    return plane, node, workers


async def get(plane, instance):
    return await plane.ask(GetInstance(instance.id))


def test_a_function_is_called_and_its_results_kept(monkeypatch):
    monkeypatch.setattr("portico.control.calls.workers.ACK_PAUSE", 0.0)

    async def story():
        plane, _, (worker,) = await started()
        assert worker.line.of(WorkerReady)
        instance = await plane.submit(ScheduleKind("work", ("1", "2")))
        await settle(plane)
        (call,) = worker.calls
        assert (call.function, call.arguments, call.lease) == ("work", ("1", "2"), 1)
        worker.end(call, "3")
        await settle(plane)
        ended = await get(plane, instance)
        assert (ended.state, ended.results, ended.attempts) == (InstanceState.SUCCEEDED, ("3",), 1)
        assert [frame.sequence for frame in worker.line.of(Ack)] == [1]

    asyncio.run(story())


def test_the_next_call_takes_the_acknowledgement_along(monkeypatch):
    monkeypatch.setattr("portico.control.calls.workers.ACK_PAUSE", 20.0)

    async def story():
        plane, _, (worker,) = await started()
        await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.end(worker.calls[0])
        await settle(plane)
        assert not worker.line.of(Ack)
        await plane.submit(ScheduleKind("work"))
        await settle(plane)
        assert [frame.acknowledged for frame in worker.line.of(Calls)] == [0, 1]
        assert worker.line.of(Ack) == []

    asyncio.run(story())


def test_a_worker_gets_one_call_until_the_function_is_known_to_be_brief():
    async def story():
        plane, _, (worker,) = await started()
        for _ in range(4):
            await plane.submit(ScheduleKind("work"))
        await settle(plane)
        assert len(worker.calls) == 1
        worker.end(worker.calls[0], micros=100)
        await settle(plane)
        assert len(worker.calls) == 4

    asyncio.run(story())


def test_when_a_worker_dies_begun_calls_are_lost_and_others_go_back_uncounted():
    async def story():
        plane, node, (worker,) = await started()
        first = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.end(worker.calls[0], micros=100)
        begun = await plane.submit(ScheduleKind("work"))
        queued = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.begin(worker.calls[1])
        await settle(plane)
        node.ended(worker.order, code=1)
        await settle(plane)
        assert (await get(plane, first)).state is InstanceState.SUCCEEDED
        lost = await get(plane, begun)
        assert lost.state is InstanceState.FAILED
        assert lost.error.startswith("lost: its worker ended")
        again = await get(plane, queued)
        assert (again.state, again.attempts, again.worker) == (InstanceState.PENDING, 0, "")
        await replaced(plane)
        replacement = FakeWorker(plane, node.orders[-1])
        await settle(plane)
        assert [(call.call, call.lease) for call in replacement.calls] == [(queued.id, 2)]

    asyncio.run(story())


def test_answers_under_an_old_lease_change_nothing():
    async def story():
        plane, node, (worker,) = await started(retries=1)
        instance = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        old = worker.calls[0]
        worker.begin(old)
        await settle(plane)
        node.ended(worker.order, code=1)
        await settle(plane)
        await replaced(plane)
        replacement = FakeWorker(plane, node.orders[-1])
        await settle(plane)
        replacement.report(ended=(CallEnd(old.call, old.lease, 0, 0, ("stale",)),))
        await settle(plane)
        assert (await get(plane, instance)).state is InstanceState.PENDING
        replacement.end(replacement.calls[0], "fresh")
        await settle(plane)
        assert (await get(plane, instance)).results == ("fresh",)

    asyncio.run(story())


async def replaced(plane):
    """Let the pause before a worker's next Attempt pass."""
    plane.clock.advance(1)
    await settle(plane)


def test_a_call_over_its_timeout_ends_with_its_worker():
    async def story():
        plane, node, (worker,) = await started(timeout=5)
        instance = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.begin(worker.calls[0])
        await settle(plane)
        plane.clock.advance(5)
        await settle(plane)
        ended = await get(plane, instance)
        assert ended.state is InstanceState.TIMED_OUT
        assert [(stop.run, stop.order.grace) for stop in node.stops] == [(worker.order.run, 0)]  # its fleet's grace
        node.ended(worker.order, cause=EndCause.SIGNALLED)
        await settle(plane)
        await replaced(plane)
        assert len(node.orders) == 2

    asyncio.run(story())


def test_deadlines_of_calls_that_have_ended_are_not_kept(monkeypatch):
    monkeypatch.setattr(timers, "MOST_FORGOTTEN", 1)

    async def story():
        plane, _, (worker,) = await started(timeout=3600)
        before = plane.timers.size
        for number in range(10):
            await plane.submit(ScheduleKind("work"))
            await settle(plane)
            worker.begin(worker.calls[number])
            await settle(plane)
            worker.end(worker.calls[number])
            await settle(plane)
        assert plane.timers.size <= before + 2

    asyncio.run(story())


def test_permanent_failures_are_not_tried_again():
    async def story():
        plane, _, (worker,) = await started(retries=5)
        instance = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.end(worker.calls[0], error="argument 1 (n: int): 'x' is not an integer", permanent=True)
        await settle(plane)
        assert (await get(plane, instance)).state is InstanceState.FAILED

    asyncio.run(story())


def test_cancelling_recalls_a_call_that_has_not_begun_and_ends_the_worker_of_one_that_has():
    async def story():
        plane, node, (worker,) = await started()
        begun = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.end(worker.calls[0], micros=100)
        begun = await plane.submit(ScheduleKind("work"))
        ahead = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.begin(worker.calls[1])
        await settle(plane)
        await plane.submit(CancelInstances(id=ahead.id))
        await settle(plane)
        assert worker.recalled == [ahead.id]
        worker.report(returned=(CallKey(ahead.id, 1),))
        await settle(plane)
        assert (await get(plane, ahead)).state is InstanceState.CANCELLED
        await plane.submit(CancelInstances(id=begun.id))
        await settle(plane)
        assert [stop.run for stop in node.stops] == [worker.order.run]
        node.ended(worker.order, cause=EndCause.SIGNALLED)
        await settle(plane)
        assert (await get(plane, begun)).state is InstanceState.CANCELLED

    asyncio.run(story())


def test_a_worker_that_reconnects_keeps_what_it_holds_and_loses_what_it_does_not():
    async def story():
        plane, _, (worker,) = await started()
        await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.end(worker.calls[0], micros=100)
        kept = await plane.submit(ScheduleKind("work"))
        gone = await plane.submit(ScheduleKind("work"))
        await settle(plane)
        worker.session.lost()
        again = FakeWorker(plane, worker.order, holding=(CallKey(kept.id, 1), CallKey("unheard-of", 7)))
        await settle(plane)
        assert again.recalled == ["unheard-of"]
        assert [call.call for call in again.calls] == [gone.id]
        again.report(ended=(CallEnd(kept.id, 1, 0, 0, ("ok",)),))
        await settle(plane)
        assert (await get(plane, kept)).results == ("ok",)

    asyncio.run(story())


@pytest.mark.parametrize("wrong", ["token", "run", "fleet", "secret"])
def test_strangers_are_refused(wrong):
    async def story():
        plane, node, _ = await started()
        order = node.orders[0]
        said = {"run": order.run, "token": order.token, "fleet": FLEET, "secret": plane.secret}
        said[wrong] = 99 if wrong == "token" else "wrong"
        with pytest.raises(Forbidden):
            plane.connect(WorkerHello(**said), FakeLine())

    asyncio.run(story())


def test_the_deadlines_of_tries_that_are_over_are_let_go_and_the_last_one_still_counts(monkeypatch):
    monkeypatch.setattr("portico.control.timers.MOST_FORGOTTEN", 4)

    async def story():
        plane, _, (worker,) = await started(functions=("work",), retries=-1, timeout=3600)
        instance = await plane.submit(ScheduleKind("work"))
        for number in range(20):
            await settle(plane)
            worker.begin(worker.calls[number])
            plane.clock.advance(0.001)
            worker.end(worker.calls[number], error="not yet")
        await settle(plane)
        assert plane.timers.size < 12
        worker.begin(worker.calls[20])
        plane.clock.advance(3601)
        await settle(plane)
        assert "ran longer than its timeout" in (await get(plane, instance)).error

    asyncio.run(story())
