"""What executors and their updates live through: the death of control, agent, outpost and executor."""

from __future__ import annotations

import os
import signal

import msgspec
from doors.mesos.outpost.scene import AWARE, Executor, Place, place
from node.control import gone, play, until

from portico.domain.runs import EndCause
from portico.node.config import write_config
from portico.node.processes import children
from portico.wire.mesos import mesos_pb2 as pb


def outpost_of(here: Place) -> int:
    """Give the pid of the outpost: the agent's child in its own session."""
    agent = here.site.agent
    assert agent is not None
    (pid,) = [child for child in children(agent) if os.getsid(child) == os.getsid(agent)]
    return pid


async def running(here: Place, task: str = "t1", **facts: object) -> Executor:
    """Bring an executor up with one task that runs."""
    executor = await here.executor(**facts)
    here.launch(task)
    await executor.subscribe()
    await executor.event("SUBSCRIBED")
    await executor.event("LAUNCH")
    await executor.acknowledged(await executor.update(task, "TASK_RUNNING"))
    return executor


def test_control_may_be_away() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await running(here)
            await here.control.close()
            await here.door.close()
            finished = await executor.update("t1", "TASK_FINISHED")
            stranger = await here.speaker("nobody")
            answer = await stranger.subscribe()
            assert answer is not None
            assert answer.status == 503
            # An executor that was let in before may even subscribe anew.
            await executor.subscribe((), (finished,))
            await executor.event("SUBSCRIBED")
            assert (await executor.event("SHUTDOWN")) == {"type": "SHUTDOWN"}
            await here.door.open()
            await here.control.open()
            await executor.acknowledged(finished)
            assert (await here.control.outcome("t1")).exit_code == 0
            assert [note.state for note in here.notes("t1")] == [pb.TASK_RUNNING, pb.TASK_FINISHED]

    play(story())


def test_the_agent_is_killed_before_a_note_is_told() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await running(here)
            here.door.know("host", registered=True)
            here.control.acknowledging = False
            finished = await executor.update("t1", "TASK_FINISHED", message="well")
            await here.control.until(
                lambda: any(said.outcome for report in here.control.reports for said in report.observations)
            )
            here.control.reports.clear()
            address = await here.address()
            await here.site.kill_agent()
            here.control.acknowledging = True
            here.control.acknowledge()
            again = await here.speaker(count=2)
            assert again.address == address
            await again.subscribe((), (finished,))
            await again.event("SUBSCRIBED")
            await again.acknowledged(finished)
            outcome = await here.control.outcome("t1")
            last = pb.TaskStatus.FromString(outcome.output)
            assert (last.state, last.message) == (pb.TASK_FINISHED, "well")
            # With its agent an executor comes back: it is not shut down for having nothing to run.
            here.launch("t2")
            await again.event("LAUNCH")

    play(story())


def test_the_outpost_is_killed_with_an_update_under_way() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await running(here)
            here.door.know("host", registered=True)
            here.control.acknowledging = False
            finished = await executor.update("t1", "TASK_FINISHED")
            await here.control.until(
                lambda: any(said.outcome for report in here.control.reports for said in report.observations)
            )
            address = await here.address()
            os.kill(outpost_of(here), signal.SIGKILL)
            again = await here.speaker(count=2)
            assert again.address == address
            early = await again.call({"type": "UPDATE", "update": {"status": finished}})
            assert early.status == 503, early.text
            await again.subscribe((), (finished,))
            await again.event("SUBSCRIBED")
            here.control.acknowledging = True
            here.control.acknowledge()
            await again.acknowledged(finished)
            states = [note.state for note in here.notes("t1")]
            assert states == [pb.TASK_RUNNING, pb.TASK_FINISHED]

    play(story())


def test_deliveries_that_were_cut_off_are_lost_and_queued_ones_are_not() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor(framework=AWARE)
            here.launch("cut", "held", "heard", "runs")
            await executor.subscribe()
            await executor.event("SUBSCRIBED")
            for _ in range(4):
                await executor.event("LAUNCH")
            await executor.acknowledged(await executor.update("heard", "TASK_STARTING"))
            await executor.acknowledged(await executor.update("runs", "TASK_RUNNING"))
            here.door.know("host", framework=AWARE, registered=True)
            os.kill(outpost_of(here), signal.SIGKILL)
            await executor.close()
            here.launch("late")
            again = await here.speaker(count=2)
            await again.subscribe(("held",))
            await again.event("SUBSCRIBED")
            launch = await again.event("LAUNCH")
            assert launch["launch"]["task"]["name"] == "late"  # type: ignore[index]
            (note,) = await here.noted("cut")
            assert (note.state, note.reason) == (pb.TASK_DROPPED, pb.TaskStatus.REASON_AGENT_RESTARTED)
            assert (await here.control.outcome("cut")).cause is EndCause.LOST
            for task in ("held", "heard", "runs", "late"):
                await again.acknowledged(await again.update(task, "TASK_FINISHED"))
            assert [note.state for note in here.notes("heard")] == [pb.TASK_STARTING, pb.TASK_FINISHED]

    play(story())


def test_the_executor_is_killed() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await running(here)
            finished = await executor.update("t1", "TASK_FINISHED")
            here.launch("t2")
            os.kill(here.control.started["host"].pid, signal.SIGKILL)
            assert (await here.control.outcome("t1")).exit_code == 0
            assert (await here.control.outcome("t2")).cause is EndCause.LOST
            kinds = [await executor.events.get() for _ in range(3)]
            assert {str(event["type"]) for event in kinds} == {"ACKNOWLEDGED", "LAUNCH", "SHUTDOWN"}
            assert any(event.get("acknowledged", {}).get("uuid") == finished["uuid"] for event in kinds)  # type: ignore[attr-defined]
            await executor.gone()

    play(story())


def test_the_outpost_ends_with_the_node() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await running(here)
            pid = outpost_of(here)
            await here.site.end()
            await gone(pid)
            await executor.close()
            assert here.site.agent is None

    play(story())


def test_a_new_configuration_is_heeded() -> None:
    async def story() -> None:
        async with place() as here:
            first = outpost_of(here)
            config = here.site.config
            moved = msgspec.structs.replace(
                config.outposts[0], argv=(*config.outposts[0].argv, "--advertise", "elsewhere")
            )
            write_config(here.site.directory, msgspec.structs.replace(config, outposts=(moved,)))
            assert (await here.address(2)).startswith("elsewhere:")
            await gone(first)
            second = outpost_of(here)
            write_config(here.site.directory, msgspec.structs.replace(config, outposts=()))
            await gone(second)
            await until(lambda: children(here.site.agent or 0) == [])

    play(story())
