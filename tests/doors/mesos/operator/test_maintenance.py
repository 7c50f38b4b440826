"""Machines that go down and come up again."""

from doors.mesos.extension.stage import task
from doors.mesos.operator.desk import story

from portico.control.commands import DrainNode
from portico.domain.identity import Micros
from portico.domain.runs import StopReason
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension import commands
from portico.doors.mesos.extension.happenings import InverseOffered
from portico.doors.mesos.outbound import events

START = 1_900_000_000_000_000_000
N1 = {"hostname": "n1"}


def schedule(*machines, **more):
    return {"schedule": {"windows": [{"machine_ids": list(machines), "unavailability": window(**more)}]}}


def window(hours=1):
    return {"start": {"nanoseconds": START}, "duration": {"nanoseconds": hours * 3_600_000_000_000}}


def test_a_schedule_is_told_and_replaced():
    async def play(desk):
        await desk.stage.node()
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1, {"ip": "10.0.0.1"}))
        told = (await desk.call("GET_MAINTENANCE_SCHEDULE"))["schedule"]
        (one,) = told["windows"]
        assert one["machine_ids"] == [{"hostname": "n1"}, {"ip": "10.0.0.1"}]
        assert one["unavailability"] == window()
        status = (await desk.call("GET_MAINTENANCE_STATUS"))["status"]
        assert [machine["id"] for machine in status["draining_machines"]] == [{"hostname": "n1"}, {"ip": "10.0.0.1"}]
        assert desk.stage.plane.state.nodes["n1"].unavailability is not None
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule={"schedule": {}})
        assert (await desk.call("GET_MAINTENANCE_STATUS"))["status"] == {}
        assert desk.stage.plane.state.nodes["n1"].unavailability is None

    story(play)


def test_wrong_schedules_change_nothing():
    async def play(desk):
        for wrong in (
            schedule(),
            schedule(N1, N1),
            schedule({}),
            schedule({"hostname": "n1", "ip": "nonsense"}),
            schedule(N1, hours=-1),
        ):
            await desk.done("UPDATE_MAINTENANCE_SCHEDULE", 400, update_maintenance_schedule=wrong)
        assert (await desk.call("GET_MAINTENANCE_SCHEDULE"))["schedule"] == {}

    story(play)


def test_frameworks_are_asked_to_leave_and_their_answers_told():
    async def play(desk):
        node = await desk.stage.node()
        framework = await desk.stage.framework()
        await framework.launch(task("t", framework.offers[0].agent))
        node.started(node.orders[0])
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1))
        await desk.stage.tick()
        assert framework.of(InverseOffered)
        (told,) = (await desk.call("GET_FRAMEWORKS"))["frameworks"]
        event = events.event_of(desk.stage.standing, framework.id, framework.of(InverseOffered)[-1])
        assert told["inverse_offers"] == jsonpb.to_plain(event.inverse_offers)["inverse_offers"]
        (machine,) = (await desk.call("GET_MAINTENANCE_STATUS"))["status"]["draining_machines"]
        (answer,) = machine["statuses"]
        assert (answer["framework_id"]["value"], answer["status"]) == (framework.id, "UNKNOWN")
        (asked,) = framework.of(InverseOffered)[-1].offers
        await framework.do(commands.AnswerInverse(framework.id, (asked[0].id,), accepted=False, refuse=Micros(0)))
        (machine,) = (await desk.call("GET_MAINTENANCE_STATUS"))["status"]["draining_machines"]
        assert [one["status"] for one in machine["statuses"]] == ["DECLINE"]
        await framework.do(commands.Teardown(framework.id))
        (machine,) = (await desk.call("GET_MAINTENANCE_STATUS"))["status"]["draining_machines"]
        assert "statuses" not in machine

    story(play)


async def downed(desk):
    node = await desk.stage.node()
    framework = await desk.stage.framework()
    await framework.launch(task("t", framework.offers[0].agent))
    node.started(node.orders[0])
    desk.place_run("r1")
    await desk.stage.settle()
    await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1))
    await desk.done("START_MAINTENANCE", start_maintenance={"machines": [N1]})
    await desk.stage.settle()
    return node, framework


def test_what_runs_on_a_machine_that_goes_down_is_stopped_and_nothing_new_comes():
    async def play(desk):
        node, framework = await downed(desk)
        assert {stop.order.reason for stop in node.stops} == {StopReason.DRAINED}
        assert len(node.stops) == 2
        assert [failure.agent for failure in framework.failures] == [desk.stage.standing.agent_of("n1")]
        assert (await desk.call("GET_AGENTS")).get("agents", []) == []
        assert (await desk.call("GET_MAINTENANCE_STATUS"))["status"]["down_machines"] == [N1]
        await desk.stage.tick(10)
        assert desk.stage.plane.offers.outstanding(framework.id) == []
        desk.place_run("r2")
        await desk.stage.settle()
        assert desk.stage.plane.state.runs["r2"].node == ""

    story(play)


def test_a_machine_that_is_down_stays_in_the_schedule_until_it_is_up():
    async def play(desk):
        _, framework = await downed(desk)
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", 400, update_maintenance_schedule={"schedule": {}})
        await desk.done("START_MAINTENANCE", 400, start_maintenance={"machines": [N1]})
        await desk.done("STOP_MAINTENANCE", 400, stop_maintenance={"machines": [{"hostname": "other"}]})
        await desk.done("STOP_MAINTENANCE", stop_maintenance={"machines": [N1]})
        assert (await desk.call("GET_MAINTENANCE_STATUS"))["status"] == {}
        assert len((await desk.call("GET_AGENTS"))["agents"]) == 1
        await desk.stage.tick(10)
        assert desk.stage.plane.offers.outstanding(framework.id)

    story(play)


def test_a_node_that_an_operator_had_closed_stays_closed():
    async def play(desk):
        await desk.stage.node()
        await desk.stage.plane.submit(DrainNode("n1"))
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1))
        await desk.done("START_MAINTENANCE", start_maintenance={"machines": [N1]})
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1, hours=2))
        await desk.done("STOP_MAINTENANCE", stop_maintenance={"machines": [N1]})
        assert desk.stage.plane.state.nodes["n1"].drain
        assert len((await desk.call("GET_AGENTS"))["agents"]) == 1

    story(play)


def test_a_node_that_was_opened_while_its_machine_was_down_comes_up_with_it():
    async def play(desk):
        await desk.stage.node()
        await desk.stage.plane.submit(DrainNode("n1"))
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1))
        await desk.done("START_MAINTENANCE", start_maintenance={"machines": [N1]})
        await desk.stage.plane.submit(DrainNode("n1", drain=False))
        await desk.stage.tick()
        assert desk.stage.plane.state.nodes["n1"].drain
        await desk.done("STOP_MAINTENANCE", stop_maintenance={"machines": [N1]})
        assert not desk.stage.plane.state.nodes["n1"].drain

    story(play)


def test_a_node_that_registers_while_its_machine_is_down_is_refused_offers():
    async def play(desk):
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1))
        await desk.done("START_MAINTENANCE", start_maintenance={"machines": [N1]})
        await desk.stage.node()
        framework = await desk.stage.framework()
        await desk.stage.tick()
        assert framework.offers == []
        assert (await desk.call("GET_AGENTS")).get("agents", []) == []

    story(play)


def test_a_machine_is_still_down_after_a_restart():
    async def play(desk):
        await downed(desk)
        again = desk.stage.restart()
        await again.node()
        framework = await again.framework()
        await again.tick()
        assert framework.offers == []
        assert again.plane.state.nodes["n1"].drain

    story(play)
