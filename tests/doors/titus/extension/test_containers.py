"""Further containers of tasks: named when the task is made, followed while it goes on."""

import asyncio

from doors.titus.extension.stage import Stage, batch, service

from portico.domain.frames import Observation
from portico.doors.titus.extension.records import ContainerFact
from portico.doors.titus.inbound.limits import Limits, Sidecar

LIMITS = Limits(sidecars={"proxy": Sidecar("acme/proxy:{channel}")})


def with_further(descriptor):
    extra = descriptor.extraContainers.add(name="side", entryPoint=["sleep", "1"])
    extra.image.name, extra.image.tag = "acme/side", "2"
    descriptor.platformSidecars.add(name="proxy", channel="stable")
    descriptor.platformSidecars.add(name="unknown", channel="stable")
    return descriptor


class Scene:
    """One task with an extra container and a sidecar, all of them launched."""

    async def begin(self, *, started=True):
        stage = self.stage = Stage(limits=LIMITS)
        self.node = await stage.node()
        self.job = await stage.create(with_further(service(1)))
        (task,) = stage.tasks(self.job)
        self.id = task.id
        self.side, self.proxy = [order.run for order in self.node.orders if order.parent == task.id]
        if started:
            await stage.started(task.id, self.side, self.proxy)
        return self

    @property
    def task(self):
        return self.stage.task(self.id)

    async def health(self, run, *, healthy):
        _, order = self.stage.order(run)
        self.node.report(Observation(order.run, order.token, self.stage.clock.now(), healthy=healthy))
        await self.stage.settle()

    def found(self):
        return {fact.name: fact.healthy for fact in self.task.containers}


def story(play):
    asyncio.run(play())


def test_a_task_names_its_further_containers_from_the_start():
    async def play():
        scene = await Scene().begin(started=False)
        assert scene.task.image == "portico/host"
        assert scene.task.containers == (
            ContainerFact("side", scene.side, "acme/side:2"),
            ContainerFact("proxy", scene.proxy, "acme/proxy:stable", sidecar=True),
        )
        version = scene.task.version
        await scene.stage.started(scene.side, scene.proxy)
        assert scene.task.version == version

    story(play)


def test_a_task_of_one_container_keeps_nothing_of_them():
    async def play():
        stage = Stage(limits=LIMITS)
        (task,) = stage.tasks(await stage.create(batch()))
        assert (task.image, task.containers) == ("", ())

    story(play)


def test_the_health_of_each_is_noted_with_a_new_version_and_told():
    async def play():
        scene = await Scene().begin()
        await scene.stage.events()
        before = scene.task.version
        await scene.health(scene.side, healthy=True)
        assert scene.found() == {"side": True, "proxy": None}
        await scene.health(scene.id, healthy=False)
        await scene.health(scene.side, healthy=False)
        told = await scene.stage.events()
        assert [(task.healthy, task.containers[0].healthy) for task in told] == [
            (None, True),
            (False, True),
            (False, False),
        ]
        versions = [before, *(task.version for task in told)]
        assert versions == sorted(set(versions))

    story(play)


def test_one_that_fails_while_its_task_goes_on_is_not_well():
    async def play():
        scene = await Scene().begin()
        await scene.stage.ended(scene.side, code=3)
        await scene.stage.ended(scene.proxy)
        assert scene.found() == {"side": False, "proxy": None}
        assert scene.task.status.state == "Started"

    story(play)


def test_one_that_ends_because_its_task_does_is_none_the_worse():
    async def play():
        scene = await Scene().begin()
        await scene.stage.kill(scene.id)
        await scene.stage.ended(scene.proxy, code=143)
        assert scene.found() == {"side": None, "proxy": None}
        await scene.stage.ended(scene.id, code=143)
        await scene.stage.ended(scene.side, code=1)
        assert scene.found() == {"side": None, "proxy": None}
        assert scene.task.finished

    story(play)


def test_the_next_task_of_the_slot_has_containers_of_its_own_and_a_restart_forgets_none():
    async def play():
        scene = await Scene().begin()
        await scene.health(scene.side, healthy=False)
        stage = scene.stage = scene.stage.restart()
        assert scene.found() == {"side": False, "proxy": None}
        order = next(order for order in scene.node.orders if order.run == scene.id)
        scene.node = await stage.node(runs=())
        await stage.tick(2)
        (second,) = [task for task in stage.tasks(scene.job) if not task.finished]
        assert second.resubmit_of == order.run
        assert [(fact.name, fact.healthy) for fact in second.containers] == [("side", None), ("proxy", None)]
        assert not {fact.run for fact in second.containers} & {scene.side, scene.proxy}

    story(play)
