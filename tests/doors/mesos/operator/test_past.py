"""History within its bounds."""

import pytest
from doors.mesos.extension.stage import task
from doors.mesos.operator.desk import story

from portico.doors.mesos.extension import past


async def finished(desk, node, framework, name):
    """Run a task to its end, acknowledged."""
    await desk.stage.tick(10)
    agent = desk.stage.standing.agent_of("n1")
    offers = desk.stage.plane.offers.outstanding(framework.id)
    await framework.launch(task(name, agent, cpus=0.1), offers=[offers[-1].id])
    node.started(node.orders[-1])
    node.ended(node.orders[-1])
    await desk.stage.settle()
    await framework.acknowledge_all()
    await desk.stage.settle()


async def completed(desk):
    tasks = (await desk.call("GET_TASKS")).get("completed_tasks", [])
    return sorted(one["task_id"]["value"] for one in tasks)


def test_of_each_framework_the_newest_completed_tasks_stay(monkeypatch):
    monkeypatch.setattr(past, "MOST_TASKS", 2)

    async def play(desk):
        node = await desk.stage.node()
        first = await desk.stage.framework(name="a")
        for number in range(4):
            await finished(desk, node, first, f"a{number}")
        desk.stage.plane.offers.suppress(first.id)
        desk.stage.plane.offers.rescind_everything()
        second = await desk.stage.framework(name="b")
        await finished(desk, node, second, "b0")
        assert await completed(desk) == ["a2", "a3", "b0"]
        await desk.stage.door.retention.pass_over()
        rows = desk.stage.plane.history.now(lambda reader: list(reader.select(past.Select("mesos_tasks"))))
        assert len(rows) == 3
        assert await completed(desk) == ["a2", "a3", "b0"]

    story(play)


def test_removed_frameworks_are_forgotten_with_their_tasks(monkeypatch):
    monkeypatch.setattr(past, "MOST_FRAMEWORKS", 1)

    async def play(desk):
        node = await desk.stage.node()
        names = []
        for name in ("a", "b"):
            framework = await desk.stage.framework(name=name)
            await finished(desk, node, framework, f"{name}0")
            desk.stage.clock.advance(1)
            made = await desk.send(method="POST", path="/teardown", pieces=(f"frameworkId={framework.id}".encode(),))
            assert made.status == 200
            names.append(framework.id)
            await desk.stage.settle()
        await desk.stage.door.retention.pass_over()
        await desk.stage.settle()
        told = (await desk.call("GET_FRAMEWORKS"))["completed_frameworks"]
        assert [one["framework_info"]["id"]["value"] for one in told] == names[1:]
        await desk.stage.door.retention.pass_over()
        assert await completed(desk) == ["b0"]

    story(play)


@pytest.mark.parametrize("ended", [True, False])
def test_a_framework_whose_tasks_still_run_is_not_forgotten(monkeypatch, ended):
    monkeypatch.setattr(past, "MOST_FRAMEWORKS", 0)

    async def play(desk):
        node = await desk.stage.node()
        framework = await desk.stage.framework()
        info = task("t", framework.offers[0].agent)
        await framework.launch(info)
        node.started(node.orders[0])
        await desk.stage.settle()
        if ended:
            await desk.send(method="POST", path="/teardown", pieces=(f"frameworkId={framework.id}".encode(),))
            await desk.stage.settle()
        await desk.stage.door.retention.pass_over()
        await desk.stage.settle()
        assert (framework.id in desk.stage.standing.frameworks) is not ended

    story(play)
