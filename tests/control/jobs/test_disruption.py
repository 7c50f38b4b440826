"""The count of what is up follows every Run, and Runs change pools without anything being charged twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest
from harness import FakeNode, make_plane, settle
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.control.jobs.disruption import Disruptions, change_pool, check_zone, returned_at
from portico.control.jobs.goals import create_job, stop_attempt
from portico.control.jobs.slots import move_instance
from portico.domain.disruption import HEALTH_CHECKS, NOTHING_SPENT, AvailabilityLimit, Bucket, Budget, CountRate, Tokens
from portico.domain.errors import Invalid
from portico.domain.frames import Observation
from portico.domain.identity import HOUR
from portico.domain.jobs import Job, JobMode, Retry, Template
from portico.domain.runs import CheckKind, HealthCheck, RunSpec, RunState, StopReason

SPEC = RunSpec(argv=("serve",), check=HealthCheck(CheckKind.COMMAND, ("true",)))


class Scene:
    """Two service Jobs whose Attempts do as they are told."""

    def __init__(self):
        self.plane = make_plane()
        self.plane.start([], [])
        self.disruptions = Disruptions(self.plane, "titus")
        self.node = FakeNode(self.plane, cpus=8)

    async def make(self, identity, size=3):
        job = Job(
            id=identity,
            door="titus",
            pool="/titus/a",
            mode=JobMode.SERVICE,
            created_at=self.plane.clock.now(),
            size=size,
            template=Template(spec=SPEC, amounts={"cpus": 1000}),
            retry=Retry(limit=-1),
        )
        with self.plane.begin() as tx:
            create_job(self.plane, tx, job)
        await settle(self.plane)

    @property
    def attempts(self):
        return [run for run in self.plane.state.runs.values() if not run.ended]

    def instance(self, run):
        return self.plane.state.instances[run.instance]

    def order(self, run):
        return next(order for order in reversed(self.node.orders) if order.run == run.id)

    async def act(self, what, number):
        runs = self.attempts
        if not runs:
            return
        run = runs[number % len(runs)]
        placed = bool(run.node)
        if what == "start" and placed and run.state is RunState.LAUNCHING:
            self.node.started(self.order(run))
        elif what in ("well", "ill") and run.state is RunState.RUNNING:
            at = self.plane.clock.now()
            self.node.report(Observation(run.id, run.token, at, healthy=what == "well"))
        elif what == "end" and placed:
            self.node.ended(self.order(run), number % 2)
        elif what == "evict":
            with self.plane.begin() as tx:
                self.disruptions.evict(tx, self.instance(run), "away")
        elif what == "stop":
            with self.plane.begin() as tx:
                stop_attempt(self.plane, tx, self.instance(run), StopReason.KILLED, "stop")
        elif what == "move":
            with self.plane.begin() as tx:
                target = self.plane.state.jobs["two" if run.job == "one" else "one"]
                if not self.instance(run).cancel:
                    move_instance(self.plane, tx, self.instance(run), target)
        elif what == "pool":
            with self.plane.begin() as tx:
                change_pool(self.plane, tx, run, f"/titus/{'abc'[number % 3]}")
        await settle(self.plane, 4)

    def check(self):
        up = [run for run in self.attempts if run.state is RunState.RUNNING and run.stop is None]
        for job in ("one", "two"):
            assert self.disruptions.up(job) == sum(run.job == job for run in up)
            healthy = sum(run.job == job and run.healthy is True for run in up)
            assert self.disruptions.up(job, (HEALTH_CHECKS,)) == healthy
        charged, waiting = Counter(), Counter()
        for run in self.attempts:
            if run.claim is not None:
                charged[run.pool] += run.amounts["cpus"]
            elif run.state is RunState.WAITING:
                waiting[run.pool] += run.amounts["cpus"]
        capacity = self.plane.capacity
        for pool in ("/titus/a", "/titus/b", "/titus/c"):
            assert capacity.allocation.get(pool, {}).get("cpus", 0) == charged[pool]
            assert capacity.demand.get(pool, {}).get("cpus", 0) == waiting[pool]
        row = capacity.matrix.row("n1")
        assert capacity.matrix.free[row, capacity.matrix.kinds["cpus"]] == 8000 - sum(charged.values())


steps = st.lists(
    st.tuples(
        st.sampled_from(["start", "start", "well", "ill", "end", "evict", "stop", "move", "pool"]), st.integers(0, 99)
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(steps)
def test_counts_and_charges_are_those_of_the_runs(todo):
    async def scene():
        scene = Scene()
        await scene.make("one", 6)
        await scene.make("two", 4)
        for what, number in todo:
            await scene.act(what, number)
            scene.check()

    asyncio.run(scene())


def test_what_was_taken_a_moment_ago_is_missing_already():
    async def scene():
        scene = Scene()
        await scene.make("one", 4)
        for run in scene.attempts:
            await scene.act("start", scene.attempts.index(run))
        budget = Budget(AvailabilityLimit(50_000_000), CountRate(HOUR, 3))
        assert scene.disruptions.quota("one", budget, NOTHING_SPENT).amount == 2
        with scene.plane.begin() as tx:
            scene.disruptions.evict(tx, scene.instance(scene.attempts[0]), "away")
            spent = scene.disruptions.spend(budget, NOTHING_SPENT)
            assert scene.disruptions.quota("one", budget, spent).amount == 1
        assert scene.plane.clock.now() < returned_at(spent) <= scene.plane.clock.now() + HOUR
        assert scene.attempts[0].stop.reason is StopReason.EVICTED

    asyncio.run(scene())


def test_a_job_that_is_not_there_has_nothing_to_lose():
    async def scene():
        scene = Scene()
        assert (
            scene.disruptions.quota("none", Budget(AvailabilityLimit(0), CountRate(HOUR, 3)), NOTHING_SPENT).amount == 3
        )
        assert scene.disruptions.up("none") == 0

    asyncio.run(scene())


def test_the_shared_bucket():
    async def scene():
        scene = Scene()
        bucket = Bucket(capacity=3, refill=1)
        tokens = scene.disruptions.fill(bucket, Tokens())
        assert scene.disruptions.shared_quota(bucket, tokens).amount == 0
        scene.plane.clock.advance(2)
        assert scene.disruptions.shared_quota(bucket, tokens).amount == 2
        assert scene.disruptions.shared_quota(bucket, scene.disruptions.take_token(bucket, tokens)).amount == 1

    asyncio.run(scene())


def test_zones_are_checked():
    check_zone("Europe/Berlin")
    with pytest.raises(Invalid):
        check_zone("Nowhere")


def test_members_of_another_door_are_not_counted():
    async def scene():
        scene = Scene()
        await scene.make("one", 1)
        await scene.act("start", 0)
        run = scene.attempts[0]
        with scene.plane.begin() as tx:
            tx.put(msgspec.structs.replace(run, id="other", door="peloton", claim=None))
        assert scene.disruptions.up("one") == 1
        assert Disruptions(scene.plane, "peloton").up("one") == 1

    asyncio.run(scene())
