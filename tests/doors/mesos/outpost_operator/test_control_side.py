"""Questions about containers, as control answers them."""

from __future__ import annotations

import asyncio

import pytest
from doors.mesos.extension.stage import Stage, acting, executor, task

from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.frames import Answer, FileFact, Inquiry, Observation, Usage
from portico.domain.runs import EndCause, Outcome, RunState
from portico.doors.mesos.extension import containers
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator.naming import nested_run
from portico.wire.mesos import mesos_pb2 as pb


class Scene:
    """A stage with a running command task, and the questions of its node's outpost."""

    async def open(self, *tasks):
        self.stage = Stage()
        self.node = await self.stage.node()
        self.framework = await self.stage.framework()
        self.agent = self.framework.offers[0].agent
        await self.framework.launch(*(tasks or [task("t", self.agent)]))
        for order in self.node.orders:
            self.node.started(order)
        await self.stage.settle()
        return self

    @property
    def root(self):
        return self.node.orders[0].run

    async def ask(self, word, node="n1"):
        """Ask over the same bytes as the outpost would."""
        standing = self.stage.standing
        answering = asyncio.ensure_future(containers.answer(standing, node, words.question(words.encode(word))))
        while not answering.done():
            await self.stage.settle(2)
        return words.answer(words.encode(answering.result()))

    def begin(self, word):
        return asyncio.ensure_future(containers.answer(self.stage.standing, "n1", word))

    async def nest(self, name="x", *, attach=False, parent="", container=None, **command):
        info = pb.CommandInfo(value="echo hi", **command)
        word = words.Nest(
            parent or self.root,
            name,
            info.SerializeToString(),
            container.SerializeToString() if container is not None else b"",
            attach,
        )
        asked = self.begin(word)
        count = len(self.node.orders)
        for _ in range(20):
            await self.stage.settle(2)
            if asked.done():
                return asked.result()
            if len(self.node.orders) > count:
                break
        self.node.started(self.node.orders[-1])
        return await asked


def story(play):
    asyncio.run(play())


def test_a_nested_container_is_a_run_of_its_parent_s():
    async def play():
        scene = await Scene().open()
        nested = await scene.nest()
        order = scene.node.orders[-1]
        assert nested == words.Nested(nested_run(scene.root, "x"))
        assert (order.run, order.parent) == (nested.run, scene.root)
        assert order.spec.argv == ("/bin/sh", "-c", "echo hi")
        assert (order.spec.attach, order.spec.working_directory) == ("", "")
        run = scene.stage.plane.state.runs[nested.run]
        assert order.spec.limits == scene.node.orders[0].spec.limits
        assert order.spec.limits.memory > 0
        assert (run.claim.slices, run.claim.ports, run.amounts) == ((), (), {})
        with pytest.raises(Conflict):
            await scene.nest()

    story(play)


def test_a_session_looks_into_its_parent():
    async def play():
        scene = await Scene().open()
        terminal = pb.ContainerInfo(type=pb.ContainerInfo.MESOS)
        terminal.tty_info.SetInParent()
        environment = {"variables": [{"name": "MINE", "value": "1"}, {"name": "MESOS_EXECUTOR_ID", "value": "me"}]}
        await scene.nest("a", attach=True, environment=environment)
        plain = scene.node.orders[-1].spec
        assert (plain.attach, plain.working_directory) == ("pipes+session", f"../{scene.root}")
        assert plain.environment["MINE"] == "1"
        assert plain.environment["MESOS_EXECUTOR_ID"] == "me"
        assert plain.environment["MESOS_FRAMEWORK_ID"] == scene.framework.id
        await scene.nest("b", attach=True, container=terminal)
        assert scene.node.orders[-1].spec.attach == "tty+session"
        assert scene.node.orders[-1].spec.container is None
        terminal.tty_info.window_size.rows, terminal.tty_info.window_size.columns = 10, 1 << 20
        await scene.nest("c", container=terminal)
        assert scene.node.orders[-1].spec.attach == "tty"
        assert scene.node.orders[-1].spec.window == (10, 65_535)

    story(play)


def test_a_session_joins_its_parent_s_container():
    async def play():
        info = pb.ContainerInfo(type=pb.ContainerInfo.MESOS)
        info.mesos.image.type = pb.Image.DOCKER
        info.mesos.image.docker.name = "acme/tool:1"
        scene = Scene()
        scene.stage = Stage()
        scene.node = await scene.stage.node()
        scene.framework = await scene.stage.framework()
        agent = scene.framework.offers[0].agent
        await scene.framework.launch(task("t", agent, container=info))
        order = scene.node.orders[0]
        seen = Observation(order.run, order.token, scene.stage.clock.now(), pid=1, started=True, address="10.1.1.1")
        scene.node.report(seen)
        await scene.stage.settle()
        await scene.nest(attach=True)
        spec = scene.node.orders[-1].spec
        assert (spec.join_parent, spec.working_directory, spec.container) == (True, "", None)
        told = await scene.ask(words.TellState())
        assert [one.address for one in told.containers] == ["10.1.1.1", "10.1.1.1"]

    story(play)


def test_what_cannot_be_nested():
    async def play():
        scene = await Scene().open()
        docker = pb.ContainerInfo(type=pb.ContainerInfo.DOCKER)
        docker.docker.image = "x"
        command = pb.CommandInfo(value="true").SerializeToString()
        for word, error in (
            (words.Nest(scene.root, "a", command, docker.SerializeToString()), Invalid),
            (words.Nest(scene.root, "a"), Invalid),
            (words.Nest(scene.root, "a", pb.CommandInfo(value="x" * (1 << 20)).SerializeToString()), Invalid),
            (words.Nest(scene.root, "a/b", command), Invalid),
            (words.Nest("nobody", "a", command), NotFound),
        ):
            with pytest.raises(error):
                await scene.ask(word)
        with pytest.raises(NotFound):
            await scene.ask(words.Nest(scene.root, "a", command), node="n2")
        scene.node.ended(scene.node.orders[0])
        await scene.stage.settle()
        with pytest.raises(NotFound):
            await scene.ask(words.Nest(scene.root, "a", command))

    story(play)


def test_one_that_does_not_start_says_why():
    async def play():
        scene = await Scene().open()
        asked = scene.begin(words.Nest(scene.root, "x", pb.CommandInfo(value="true").SerializeToString()))
        while len(scene.node.orders) < 2:
            await scene.stage.settle(1)
        scene.node.ended(scene.node.orders[-1], code=None, cause=EndCause.LAUNCH_FAILED)
        assert (await asked).problem == "Command exited with status None"
        ended = await scene.ask(words.AwaitEnd(nested_run(scene.root, "x")))
        assert ended == words.Ended(over=True, status=None)

    story(play)


def test_the_end_is_awaited_and_remembered():
    async def play():
        scene = await Scene().open()
        nested = await scene.nest()
        order = scene.node.orders[-1]
        assert not (await scene.ask(words.AwaitEnd(nested.run, 0.0))).over
        asked = [scene.begin(words.AwaitEnd(nested.run)) for _ in range(3)]
        await scene.stage.settle()
        assert not any(one.done() for one in asked)
        scene.node.ended(order, code=7)
        assert [await one for one in asked] == [words.Ended(over=True, status=7 << 8)] * 3
        await scene.stage.settle()
        assert nested.run not in scene.stage.plane.state.runs
        assert await scene.ask(words.AwaitEnd(nested.run)) == words.Ended(over=True, status=7 << 8)
        with pytest.raises(NotFound):
            await scene.ask(words.Kill(nested.run))
        with pytest.raises(NotFound):
            await scene.ask(words.AwaitEnd("nobody"))
        restarted = scene.stage.restart()
        ended = await containers.answer(restarted.standing, "n1", words.AwaitEnd(nested.run))
        assert ended == words.Ended(over=True, status=7 << 8)

    story(play)


def test_a_container_is_killed_at_once_and_with_its_parent():
    async def play():
        scene = await Scene().open()
        nested = await scene.nest("a")
        inner = await scene.nest("b", parent=nested.run)
        assert await scene.ask(words.Kill(nested.run)) == words.Done()
        (stop,) = scene.node.stops
        assert (stop.run, stop.order.grace) == (nested.run, 0)
        scene.node.report()
        scene.node.ended(scene.node.orders[-2], code=None, signal=9)
        await scene.stage.settle()
        assert [stop.run for stop in scene.node.stops] == [nested.run, inner.run]

    story(play)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(EndCause.EXITED, exit_code=3), 768),
        (Outcome(EndCause.SIGNALLED, signal=9), 9),
        (Outcome(EndCause.LOST), None),
    ],
)
def test_wait_statuses_are_as_the_kernel_has_them(outcome, status):
    assert containers.wait_status(outcome) == status


def test_everything_on_a_node_is_told():
    async def play():
        scene = await Scene().open()
        nested = await scene.nest("debug")
        state = await scene.ask(words.TellState())
        assert state.agent == scene.agent
        root, inner = state.containers
        assert (root.run, root.executor, root.task, root.parent) == (scene.root, "t", "t", "")
        assert (inner.run, inner.name, inner.parent, inner.executor) == (nested.run, "debug", scene.root, "t")
        assert (root.address, inner.address) == ("127.0.0.1", "127.0.0.1")
        info = pb.ExecutorInfo.FromString(state.executors[0].info)
        assert info.name == "Command Executor (Task: t) (Command: sh -c 'sleep 1')"
        (entry,) = state.tasks
        message = pb.Task.FromString(entry.task)
        assert (entry.kind, message.task_id.value, message.state) == ("launched", "t", pb.TASK_RUNNING)
        scene.node.ended(scene.node.orders[0])
        await scene.stage.settle()
        assert [one.kind for one in (await scene.ask(words.TellState())).tasks] == ["terminated"]
        await scene.framework.acknowledge_all()
        state = await scene.ask(words.TellState())
        assert [one.kind for one in state.tasks] == ["completed"]
        (info,) = (*state.frameworks, *state.completed_frameworks)
        assert pb.FrameworkInfo.FromString(info).id.value == scene.framework.id
        with pytest.raises(NotFound):
            await scene.ask(words.TellState(), node="n2")

    story(play)


def test_executors_are_told_with_their_tasks():
    async def play():
        scene = Scene()
        scene.stage = Stage()
        scene.node = await scene.stage.node()
        scene.framework = await scene.stage.framework()
        agent = scene.framework.offers[0].agent
        await scene.framework.launch(task("h", agent, command=None, executor=executor("e")))
        scene.node.started(scene.node.orders[0])
        await scene.stage.settle()
        state = await scene.ask(words.TellState())
        (fact,) = state.containers
        assert (fact.executor, fact.task) == ("e", "")
        assert [pb.ExecutorInfo.FromString(one.info).executor_id.value for one in state.executors] == ["e"]
        (entry,) = state.tasks
        assert pb.Task.FromString(entry.task).executor_id.value == "e"
        assert entry.kind == "queued"

    story(play)


def test_use_and_files_are_asked_of_the_agent():
    async def play():
        scene = await Scene().open()
        answers = {
            "usage": {"usage": (Usage(scene.root, 5),)},
            "list": {"files": (FileFact("a", 1, 0o100644, 2),)},
            "read": {"data": b"xy", "size": 9},
        }

        async def inquire(word):
            asked = scene.begin(word)
            await scene.stage.settle()
            inquiry = scene.node.line.of(Inquiry)[-1]
            scene.node.session.receive(Answer(inquiry.request, **answers[inquiry.what]))
            return await asked, inquiry

        assert (await inquire(words.TellUsage()))[0] == words.Usages((Usage(scene.root, 5),))
        assert (await inquire(words.BrowseFiles(scene.root)))[0] == words.Files((FileFact("a", 1, 0o100644, 2),))
        found, inquiry = await inquire(words.ReadFiles(scene.root, "a", 3, 4))
        assert found == words.Bytes(b"xy", 9)
        assert (inquiry.path, inquiry.offset, inquiry.length) == ("a", 3, 4)
        answers["read"] = {"error": "there is no b"}
        with pytest.raises(NotFound, match="there is no b"):
            await inquire(words.ReadFiles(scene.root, "b"))
        with pytest.raises(NotFound):
            await scene.ask(words.ReadFiles("nobody", "b"))
        with pytest.raises(Invalid):
            await containers.answer(scene.stage.standing, "n1", words.TellExecutor("r", b""))

    story(play)


def test_a_framework_that_goes_takes_nested_containers_along():
    async def play():
        scene = await Scene().open()
        nested = await scene.nest()
        await acting(scene.stage, _teardown(scene.framework.id))
        for order in scene.node.orders:
            if scene.stage.plane.state.runs.get(order.run) is not None:
                scene.node.ended(order, code=None, signal=15)
        await scene.stage.settle()
        run = scene.stage.plane.history.now(lambda reader: reader.get("runs", nested.run))
        state = scene.stage.plane.state.tables["runs"].load(run).state
        assert state in (RunState.KILLED, RunState.FAILED)

    story(play)


def _teardown(framework):
    from portico.doors.mesos.extension import commands

    return commands.Teardown(framework)
