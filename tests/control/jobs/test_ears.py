import asyncio

import msgspec
import pytest
from ears import create, listen, live, make_job
from harness import FakeNode, make_plane, settle

from portico.control.cluster import runs
from portico.control.jobs.goals import create_job, stop_attempt
from portico.control.jobs.instances import Verdict
from portico.domain.errors import Invalid
from portico.domain.frames import Observation, RunFact
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, JobMode, JobState, Retry
from portico.domain.runs import AbsencePolicy, EndCause, Outcome, RunState, StopReason


async def started(job, **changes):
    plane = make_plane()
    plane.start([], [])
    node = FakeNode(plane)
    ear = listen(plane)
    for name, value in changes.items():
        setattr(ear, name, value)
    create(plane, job)
    await settle(plane)
    ear.take()
    return plane, node, ear


def uncounted(ending):
    return msgspec.structs.replace(ending, counted=False, system=True)


def test_failures_that_a_door_forgives_are_tried_for_ever_and_leave_the_limit_alone():
    async def story():
        retry = Retry(1, Micros(5 * SECOND))
        plane, node, ear = await started(make_job(retry=retry), judging=uncounted)
        for pause in (1, 2, 4):
            node.started(node.orders[-1])
            node.ended(node.orders[-1], code=1)
            await settle(plane)
            assert ("pause", pause * SECOND) in ear.take()
            plane.clock.advance(pause)
            await settle(plane)
        (instance,) = live(plane, "j1")
        assert (instance.tries, instance.forgiven, instance.system_failures) == (3, 3, 3)
        ear.judging = lambda ending: ending
        node.ended(node.orders[-1], code=1)
        await settle(plane)
        assert ("pause", 5 * SECOND) in ear.take()
        assert live(plane, "j1")[0].system_failures == 0
        plane.clock.advance(5)
        await settle(plane)
        node.ended(node.orders[-1], code=1)
        await settle(plane)
        assert plane.instance(instance.id).state is InstanceState.FAILED

    asyncio.run(story())


def test_a_door_may_say_what_an_end_means():
    async def story():
        for changes, state in (
            ({"verdict": Verdict.SUCCESS}, InstanceState.SUCCEEDED),
            ({"permanent": True}, InstanceState.FAILED),
        ):
            plane, node, _ = await started(
                make_job(retry=Retry(9)),
                judging=lambda ending, changes=changes: msgspec.structs.replace(ending, **changes),
            )
            (instance,) = live(plane, "j1")
            node.ended(node.orders[0], code=1)
            await settle(plane)
            assert plane.instance(instance.id).state is state

    asyncio.run(story())


def test_an_attempt_that_ran_too_long_is_tried_again_only_if_the_policy_says_so():
    async def story():
        for wanted, state in ((True, InstanceState.WAITING), (False, InstanceState.TIMED_OUT)):
            template = msgspec.structs.replace(make_job().template, timeout=Micros(3 * SECOND))
            retry = Retry(1, Micros(SECOND), on_timeout=wanted)
            plane, node, _ = await started(make_job(retry=retry, template=template))
            (instance,) = live(plane, "j1")
            node.started(node.orders[0])
            plane.clock.advance(3)
            await settle(plane)
            node.ended(node.orders[0], code=143)
            await settle(plane)
            assert plane.instance(instance.id).state is state

    asyncio.run(story())


def test_children_start_with_their_attempt_end_with_it_and_are_not_told_of():
    async def story():
        plane, node, ear = await started(make_job(), children=("a", "b"))
        assert sorted(order.parent != "" for order in node.orders) == [False, True, True]
        root, *children = node.orders
        for order in node.orders:
            node.started(order)
        await settle(plane)
        assert ear.take() == [("run", "running")]
        node.ended(root)
        await settle(plane)
        assert {stop.run for stop in node.stops} == {child.run for child in children}
        assert plane.job("j1").state is JobState.FINISHED

    asyncio.run(story())


@pytest.mark.parametrize("mode", [JobMode.BATCH, JobMode.SERVICE])
def test_an_attempt_that_cannot_be_prepared_fails_or_is_tried_later(mode):
    async def story():
        plane = make_plane()
        plane.start([], [])
        node = FakeNode(plane)
        ear = listen(plane)
        prepare, ear.prepare = ear.prepare, refuse
        create(plane, make_job(mode, size=3))
        await settle(plane)
        if mode is JobMode.BATCH:
            assert plane.job("j1").state is JobState.FINISHED
            assert [said for said in ear.take() if said[0] == "instance"] == [("instance", "failed")] * 3
            return
        assert [instance.error for instance in live(plane, "j1")] == ["no address is free"] * 3
        assert node.orders == []
        ear.prepare = prepare
        plane.clock.advance(1)
        await settle(plane)
        assert len(node.orders) == 3

    asyncio.run(story())


def refuse(tx, job, instance, run):
    raise Invalid("no address is free", "address")


def test_the_ear_hears_of_absence_return_health_and_stop_orders():
    async def story():
        absence = AbsencePolicy(Micros(20 * SECOND))
        template = msgspec.structs.replace(make_job().template, absence=absence)
        plane, node, ear = await started(make_job(JobMode.SERVICE, template=template))
        (order,) = node.orders
        node.started(order)
        node.report(Observation(order.run, order.token, plane.clock.now(), healthy=True))
        node.session.lost()
        plane.clock.advance(20)
        await settle(plane)
        FakeNode(plane, runs=(RunFact(order.run, order.token, running=True),))
        await settle(plane)
        with plane.begin() as tx:
            stop_attempt(plane, tx, live(plane, "j1")[0], StopReason.EVICTED, "away with it")
        said = [said for _, said in ear.take()]
        assert said == ["running", "health", "unreachable", "running", "stop"]

    asyncio.run(story())


def test_a_run_that_does_not_stop_may_be_given_up_and_its_late_end_changes_nothing():
    async def story():
        plane, node, ear = await started(make_job(JobMode.SERVICE))
        (order,) = node.orders
        node.started(order)
        await settle(plane)
        with plane.begin() as tx:
            stop_attempt(plane, tx, live(plane, "j1")[0], StopReason.KILLED, "die")
        with plane.begin() as tx:
            run = plane.state.runs[order.run]
            runs.end_run(plane, tx, run, RunState.LOST, Outcome(EndCause.LOST, message="it does not stop"))
        await settle(plane)
        plane.clock.advance(0.001)
        await settle(plane)
        assert len(node.orders) == 2
        ear.take()
        node.ended(order, code=143)
        await settle(plane)
        assert ear.take() == []
        assert live(plane, "j1")[0].attempt == node.orders[1].run

    asyncio.run(story())


def test_an_undone_transaction_leaves_nothing_behind():
    async def story():
        plane, _, _ = await started(make_job(JobMode.SERVICE, size=0))
        with pytest.raises(ZeroDivisionError), plane.begin() as tx:
            create_and_fail(plane, tx)
        await settle(plane)
        assert list(plane.state.jobs) == ["j1"]
        assert plane.state.instances == plane.state.runs == {}
        assert plane.queues["j2"].active == 0

    asyncio.run(story())


def create_and_fail(plane, tx):
    create_job(plane, tx, make_job(size=3, identity="j2"))
    raise ZeroDivisionError
