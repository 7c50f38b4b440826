"""The executor API against a real node with a real outpost."""

from __future__ import annotations

import base64

from doors.mesos.outpost.scene import place
from node.control import play

from portico.domain.runs import EndCause
from portico.doors.mesos.outpost.words import GROUP_LABEL, ShutDownExecutor, TellExecutor
from portico.wire.mesos import mesos_pb2 as pb


def test_a_task_is_delivered_runs_and_finishes() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            here.launch("t1")
            assert await executor.subscribe() is None
            hello = await executor.event("SUBSCRIBED")
            assert hello["subscribed"]["container_id"] == {"value": "host"}  # type: ignore[index]
            launch = await executor.event("LAUNCH")
            assert launch["launch"]["task"]["task_id"] == {"value": "t1"}  # type: ignore[index]
            running = await executor.update("t1", "TASK_RUNNING")
            await executor.acknowledged(running)
            finished = await executor.update("t1", "TASK_FINISHED", message="done", data="aGk=")
            await executor.acknowledged(finished)
            outcome = await here.control.outcome("t1")
            assert (outcome.cause, outcome.exit_code, outcome.message) == (EndCause.EXITED, 0, "done")
            notes = await here.noted("t1", 2)
            assert [note.state for note in notes] == [pb.TASK_RUNNING, pb.TASK_FINISHED]
            assert notes[1].data == b"hi"
            assert (notes[0].agent_id.value, notes[0].executor_id.value) == ("A", "E")
            assert notes[0].timestamp > 0
            assert pb.TaskStatus.FromString(outcome.output) == notes[1]
            assert [said.started for said in here.control.said if said.run == "t1"] == [True, False, False, False]

    play(story())


def test_a_task_group_comes_as_a_whole() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            here.launch("first")
            assert await executor.subscribe() is None
            await executor.event("SUBSCRIBED")
            await executor.event("LAUNCH")
            here.launch("a", **{GROUP_LABEL: "g/2"})
            here.launch("single")
            assert (await executor.event("LAUNCH"))["launch"]["task"]["name"] == "single"  # type: ignore[index]
            here.launch("b", **{GROUP_LABEL: "g/2"})
            group = await executor.event("LAUNCH_GROUP")
            tasks = group["launch_group"]["task_group"]["tasks"]  # type: ignore[index]
            assert [task["name"] for task in tasks] == ["a", "b"]

    play(story())


def test_kills() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            here.launch("t1")
            await executor.subscribe()
            await executor.event("SUBSCRIBED")
            await executor.event("LAUNCH")
            here.control.stop("t1", grace=7)
            kill = await executor.event("KILL")
            assert kill["kill"] == {
                "task_id": {"value": "t1"},
                "kill_policy": {"grace_period": {"nanoseconds": 7_000_000_000}},
            }
            killed = await executor.update("t1", "TASK_KILLED")
            await executor.acknowledged(killed)
            assert (await here.control.outcome("t1")).cause is EndCause.STOPPED
            # A group of which a member is killed before all of it is there is killed as a whole.
            here.launch("a", **{GROUP_LABEL: "g/3"})
            here.launch("b", **{GROUP_LABEL: "g/3"})
            here.control.stop("a")
            for name in ("a", "b"):
                (note,) = await here.noted(name)
                assert (note.state, note.reason) == (pb.TASK_KILLED, pb.TaskStatus.REASON_EXECUTOR_UNREGISTERED)
                assert note.source == pb.TaskStatus.SOURCE_AGENT
                assert len(note.uuid) == 16

    play(story())


def test_messages_and_shutdown() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            here.launch("t1")
            await executor.subscribe()
            await executor.event("SUBSCRIBED")
            await executor.event("LAUNCH")
            await here.door.ask(TellExecutor("host", b"hear"))
            assert (await executor.event("MESSAGE"))["message"] == {"data": base64.b64encode(b"hear").decode()}
            answer = await executor.call({"type": "MESSAGE", "message": {"data": "c2F5"}})
            assert (answer.status, answer.text) == (202, "")
            await here.door.until(lambda: [said.data for said in here.door.messages] == [b"say"])
            await here.door.ask(ShutDownExecutor("host"))
            await executor.event("SHUTDOWN")
            # Whoever leaves is told so again and again, but its updates are still taken.
            failed = await executor.update("t1", "TASK_FAILED")
            await executor.acknowledged(failed)
            again = await here.speaker()
            await again.subscribe()
            await again.event("SHUTDOWN")
            await again.gone()

    play(story())


def test_nothing_to_run_is_a_reason_to_shut_down() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            await executor.subscribe()
            await executor.event("SUBSCRIBED")
            await executor.event("SHUTDOWN")
            leaving = await here.executor("other", "L", leaving=True)
            await leaving.subscribe()
            await leaving.event("SHUTDOWN")
            await leaving.gone()

    play(story())


def test_the_newest_connection_is_the_one() -> None:
    async def story() -> None:
        async with place() as here:
            first = await here.executor()
            here.launch("t1")
            await first.subscribe()
            await first.event("SUBSCRIBED")
            await first.event("LAUNCH")
            second = await here.speaker()
            await second.subscribe(("t1",))
            await second.event("SUBSCRIBED")
            await first.gone()
            running = await second.update("t1", "TASK_RUNNING")
            await second.acknowledged(running)

    play(story())


def test_updates_said_twice_are_passed_on_once() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            here.launch("t1")
            await executor.subscribe()
            await executor.event("SUBSCRIBED")
            await executor.event("LAUNCH")
            here.control.acknowledging = False
            running = await executor.update("t1", "TASK_RUNNING", b"1" * 16)
            await executor.update("t1", "TASK_RUNNING", b"1" * 16)
            await here.control.until(
                lambda: any(one.note for said in here.control.reports for one in said.observations)
            )
            assert executor.events.empty()
            await executor.subscribe(("t1",), (running,))
            await executor.event("SUBSCRIBED")
            here.control.acknowledging = True
            here.control.acknowledge()
            await executor.acknowledged(running)
            await executor.update("t1", "TASK_RUNNING", b"1" * 16)
            await executor.acknowledged(running)
            finished = await executor.update("t1", "TASK_FINISHED", b"2" * 16)
            late = await executor.update("t1", "TASK_FAILED", b"3" * 16)
            events = [await executor.event("ACKNOWLEDGED") for _ in range(2)]
            assert {event["acknowledged"]["uuid"] for event in events} == {finished["uuid"], late["uuid"]}  # type: ignore[index]
            await here.control.outcome("t1")
            assert [note.state for note in here.notes("t1")] == [pb.TASK_RUNNING, pb.TASK_FINISHED]

    play(story())


def test_wrong_calls_cost_only_themselves() -> None:
    async def story() -> None:
        async with place() as here:
            executor = await here.executor()
            here.launch("t1")
            status = executor.status("t1", "TASK_RUNNING")
            update = {"type": "UPDATE", "update": {"status": status}}
            answer = await executor.call(update)
            assert (answer.status, answer.text) == (403, "Executor is not subscribed")
            stranger = await here.speaker("nobody")
            for call in (update, {"type": "SUBSCRIBE", "subscribe": {}}):
                answer = await stranger.call(call)
                assert (answer.status, answer.text) == (400, "Executor cannot be found")
            await executor.subscribe()
            await executor.event("SUBSCRIBED")
            await executor.event("LAUNCH")
            for change, text in (
                ({"uuid": None}, "Expecting 'uuid' to be present"),
                ({"uuid": "YWI="}, "Not a valid UUID"),
                ({"source": None}, "invalid source"),
                ({"source": "SOURCE_AGENT"}, "invalid source"),
                ({"state": "TASK_STAGING"}, "TASK_STAGING"),
                ({"state": "TASK_DANCING"}, "Failed to convert JSON into Call protobuf"),
                ({"executor_id": {"value": "other"}}, "does not match"),
                ({"check_status": {}}, "must specify 'type'"),
                ({"check_status": {"type": "COMMAND"}}, "Expecting 'command' to be set"),
                ({"check_status": {"type": "UNKNOWN"}}, "not a valid check's status type"),
            ):
                answer = await executor.call({"type": "UPDATE", "update": {"status": status | change}})
                assert answer.status == 400, change
                assert text in answer.text
            for call, text in (
                ({"type": "UPDATE"}, "Failed to validate Executor::Call: Expecting 'update' to be present"),
                ({"type": "MESSAGE"}, "Failed to validate Executor::Call: Expecting 'message' to be present"),
                ({}, "Failed to validate Executor::Call: Expecting 'type' to be present"),
                ({"type": "UPDATE", "framework_id": None}, "Missing required fields"),
            ):
                answer = await executor.call(call)  # type: ignore[arg-type]
                assert answer.status == 400, call
                assert text in answer.text
            assert (await executor.call({"type": "UNKNOWN"})).status == 501
            await executor.acknowledged(await executor.update("t1", "TASK_RUNNING"))

    play(story())
