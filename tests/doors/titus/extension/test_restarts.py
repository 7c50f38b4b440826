"""A restart from rows, at any moment of any story, changes no answer."""

import asyncio
import contextlib

import msgspec
from doors.titus.extension.stage import ALICE, Stage, batch, service, trail
from harness import FakeNode
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.frames import RunFact
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.wire.titus import jobs_pb2

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["batch", "service", "start", "start", "end", "fail", "kill", "shrink", "resize", "stop", "tick", "move"]
        ),
        st.integers(0, 7),
    ),
    max_size=25,
)


class Story:
    """A stage on which steps are drawn."""

    def __init__(self):
        self.stage = Stage()
        self.jobs = []

    async def begin(self):
        await self.stage.node(cpus=5)

    async def step(self, name, number):
        stage = self.stage
        tasks = [task for task in sorted(stage.standing.tasks.values(), key=lambda task: task.id) if not task.finished]
        jobs = sorted(stage.standing.jobs)
        task = tasks[number % len(tasks)].id if tasks else ""
        job = jobs[number % len(jobs)] if jobs else ""
        with contextlib.suppress(TitusError):  # a step that is refused changes nothing
            await self.take(name, number, task, job)

    async def take(self, name, number, task, job):
        stage = self.stage
        match name:
            case "batch":
                self.jobs.append(await stage.create(batch(1 + number % 3, retries=number % 2)))
            case "service":
                group = jobs_pb2.JobGroupInfo(sequence=str(number))
                self.jobs.append(await stage.create(service(number % 3, retries=1, jobGroupInfo=group)))
            case "start" if self.is_placed(task):
                await stage.started(task)
            case "end" | "fail" if self.is_placed(task):
                await stage.ended(task, code=int(name == "fail"))
            case "tick":
                await stage.tick([0.001, 1, 30, 301, 601][number % 5])
            case _:
                await self.command(name, number, task, job)

    async def command(self, name, number, task, job):
        stage = self.stage
        match name:
            case "kill" | "shrink":
                await stage.kill(task, shrink=name == "shrink")
            case "resize":
                await stage.capacity(job, desired=number)
            case "stop":
                await stage.do(commands.KillJob(job, ALICE))
            case "move":
                source = stage.standing.tasks[task].job if task else ""
                await stage.do(commands.MoveTask(source, job, task, ALICE))

    def is_placed(self, task):
        run = self.stage.plane.state.runs.get(task)
        return run is not None and bool(run.node)


def answers(stage):
    """All that the door knows, as plain data."""
    standing = stage.standing
    return msgspec.to_builtins(
        {
            "jobs": standing.jobs,
            "tasks": standing.tasks,
            "views": standing.views,
            "sequences": standing.sequences,
            "slots": standing.slot_tasks,
            "groups": {job: sorted(tasks) for job, tasks in standing.job_tasks.groups.items()},
            "stuck": {name: line.since for name, line in stage.door.stuck._lines.items()},
        }
    )


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_a_restart_changes_no_answer(steps):
    async def play():
        story = Story()
        await story.begin()
        for name, number in steps:
            await story.step(name, number)
        await story.stage.settle(60)
        before = answers(story.stage)
        after = answers(story.stage.restart())
        assert after == before
        for name, line in after["stuck"].items():
            assert list(line.values()) == sorted(line.values()), name

    asyncio.run(play())


@settings(max_examples=25, deadline=None)
@given(STEPS, st.integers(0, 25))
def test_work_goes_on_after_a_restart_and_comes_to_its_end(steps, cut):
    async def play():
        story = Story()
        await story.begin()
        for number, (name, value) in enumerate(steps):
            if number == cut:
                story.stage = await restarted(story.stage)
            await story.step(name, value)
        story.stage = await restarted(story.stage)
        await finish(story)

    asyncio.run(play())


async def restarted(stage):
    """Restart the server while its node goes on."""
    orders = {order.run: order for node in stage.nodes for order in node.orders}
    again = stage.restart()
    runs = [run for run in again.plane.state.runs.values() if run.node]
    facts = [RunFact(run.id, run.token, running=bool(run.started_at)) for run in runs if run.id in orders]
    node = FakeNode(again.plane, "n1", 5, 64_000, facts, disk=10**7, network=10**6)
    again.nodes = [*stage.nodes, node]
    for old in stage.nodes:
        old.report = node.report
        old.plane = again.plane
    await again.settle()
    return again


async def finish(story):
    """Kill every job, and every task as soon as it is told to end."""
    stage = story.stage
    for job in list(stage.standing.jobs):
        if stage.standing.jobs[job].accepted:
            await stage.do(commands.KillJob(job, ALICE))
    for _ in range(8):
        for task in list(stage.standing.tasks.values()):
            if not task.finished and story.is_placed(task.id):
                await stage.ended(task.id, code=143)
        await stage.tick(700)
    assert not stage.standing.jobs
    assert not stage.standing.tasks
    assert not stage.standing.views
    assert not stage.standing.sequences
    assert not stage.standing.slot_tasks
    assert not any(line.since for line in stage.door.stuck._lines.values())
    for job in story.jobs:
        found = stage.job(job)
        assert found.status.state == "Finished"
        assert found.finished_at
        states = [state for state, _ in trail(found)]
        assert states in (["Accepted", "Finished"], ["Accepted", "KillInitiated", "Finished"])
    for row in stage.store.reader().active("titus_tasks"):
        raise AssertionError(row)


def test_a_finished_task_waits_for_its_successor_over_a_restart():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(batch(1, retries=1, delay_ms=60_000))
        (task,) = stage.tasks(job)
        await stage.ended(task.id, code=1)
        stage = await restarted(stage)
        assert stage.states(job) == [("Finished", "failed")]
        await stage.tick(61)
        (second,) = stage.tasks(job)
        assert (second.resubmit_of, second.resubmits, second.index) == (task.id, 1, 0)
        assert stage.task(task.id).archived

    asyncio.run(play())


def test_what_was_to_be_archived_is_archived_after_a_restart():
    async def play():
        stage = Stage()
        await stage.node(cpus=16)
        job = await stage.create(batch(2))
        tasks = [task.id for task in stage.tasks(job)]
        stage.plane.timers.handle("titus_archive", lambda _: None)
        for task in tasks:
            await stage.ended(task, code=0)
        assert job not in stage.standing.jobs
        assert len(stage.standing.tasks) == 2
        stage = stage.restart()
        await stage.settle()
        assert not stage.standing.tasks
        assert all(stage.task(task).archived for task in tasks)

    asyncio.run(play())


def test_versions_go_on_above_those_of_before_even_of_what_is_archived():
    async def play():
        stage = Stage()
        await stage.node(cpus=400, mem=10**6)
        job = await stage.create(batch(300))
        await stage.ended(*(task.id for task in stage.tasks(job)))
        assert not stage.standing.tasks
        newest = max(record.version for record in await stage.events())
        assert newest > stage.clock.now() // 1_000 + 300
        assert stage.restart().standing.next_version() > newest

    asyncio.run(play())


def test_further_containers_are_known_after_a_restart():
    async def play():
        stage = Stage()
        await stage.node()
        descriptor = service(1)
        extra = descriptor.extraContainers.add(name="side", entryPoint=["sleep", "1"])
        extra.image.name, extra.image.tag = "portico/host", "latest"
        job = await stage.create(descriptor)
        (task,) = stage.tasks(job)
        before = stage.order(task.id)[0].orders[-1]
        await stage.started(task.id)
        stage = await restarted(stage)
        await stage.ended(task.id, code=1)
        await stage.tick(0.001)
        (second,) = stage.tasks(job)
        children = [order for node in stage.nodes for order in node.orders if order.parent == second.id]
        assert [child.spec.argv for child in children] == [before.spec.argv]

    asyncio.run(play())


def test_a_task_that_was_followed_at_once_is_archived_after_a_restart():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1))
        (task,) = stage.tasks(job)
        await stage.started(task.id)
        await stage.tick(400)
        stage.plane.timers.handle("titus_archive", lambda _: None)
        await stage.ended(task.id, code=1)
        stage = await restarted(stage)
        await stage.tick(1)
        (second,) = stage.tasks(job)
        assert second.resubmit_of == task.id
        assert stage.task(task.id).archived

    asyncio.run(play())
