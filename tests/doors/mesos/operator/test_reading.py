"""What the calls that read give."""

import pytest
from doors.mesos.extension.stage import executor, task
from doors.mesos.operator.desk import PROTOBUF, response, story

from portico.control.cluster.offers import OfferSettings
from portico.domain.identity import SECOND, Micros
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension.happenings import Offered
from portico.doors.mesos.operator.facts import Facts
from portico.doors.mesos.outbound import events
from portico.wire.mesos import master_pb2
from portico.wire.mesos import mesos_pb2 as pb

EMPTY_READS = (
    "GET_HEALTH",
    "GET_FLAGS",
    "GET_VERSION",
    "GET_LOGGING_LEVEL",
    "GET_STATE",
    "GET_AGENTS",
    "GET_FRAMEWORKS",
    "GET_EXECUTORS",
    "GET_TASKS",
    "GET_ROLES",
    "GET_WEIGHTS",
    "GET_MASTER",
    "GET_MAINTENANCE_STATUS",
    "GET_MAINTENANCE_SCHEDULE",
    "GET_QUOTA",
)


async def busy(desk):
    """A framework with one running task, and a Run of another door."""
    node = await desk.stage.node()
    framework = await desk.stage.framework()
    await framework.launch(task("t", framework.offers[0].agent))
    (order,) = node.orders
    node.started(order)
    await desk.stage.settle()
    desk.place_run("r1")
    await desk.stage.settle()
    return node, framework


@pytest.mark.parametrize("path", ["/api/v1", "/master/api/v1", "/api/v1/operator"])
def test_an_empty_master_answers_every_reading_call_in_both_encodings(path):
    async def play(desk):
        for kind in EMPTY_READS:
            made = await desk.post({"type": kind}, path=path)
            assert made.status == 200, (kind, made.body)
            call = master_pb2.Call(type=kind).SerializeToString()
            again = await desk.post(call, path=path, accept=PROTOBUF, content=PROTOBUF)
            reply = response(again.body)
            assert master_pb2.Response.Type.Name(reply.type) == kind
            assert reply.HasField(kind.lower()), kind
            assert jsonpb.decode(master_pb2.Response, made.body) == reply

    story(play)


def test_the_flags_say_how_offers_are_made():
    async def play(desk):
        desk.stage.plane.offers.settings = OfferSettings(interval=Micros(2 * SECOND), timeout=Micros(SECOND))
        desk.service.facts = Facts(flags={"port": "5050"})
        told = (await desk.call("GET_FLAGS"))["flags"]
        assert told == [
            {"name": "allocation_interval", "value": "2secs"},
            {"name": "offer_timeout", "value": "1secs"},
            {"name": "port", "value": "5050"},
        ]

    story(play)


def test_every_type_of_call_has_a_handler():
    async def play(desk):
        assert set(desk.service._calls) == set(master_pb2.Call.Type.values()) - {0}

    story(play)


def test_state_tells_frameworks_tasks_and_agents_of_this_door_and_of_others():
    async def play(desk):
        _, framework = await busy(desk)
        state = await desk.call("GET_STATE")
        tasks = {one["task_id"]["value"]: one for one in state["get_tasks"]["tasks"]}
        assert set(tasks) == {"t", "r1"}
        assert tasks["t"]["state"] == "TASK_RUNNING"
        assert tasks["t"]["framework_id"]["value"] == framework.id
        assert [status["state"] for status in tasks["t"]["statuses"]] == ["TASK_RUNNING"]
        assert tasks["r1"]["framework_id"]["value"] == "portico-jobv1"
        assert tasks["r1"]["state"] == "TASK_STAGING"
        assert tasks["r1"]["agent_id"] == tasks["t"]["agent_id"]
        named = {one["framework_info"]["id"]["value"]: one for one in state["get_frameworks"]["frameworks"]}
        assert set(named) == {framework.id, "portico-jobv1"}
        assert named["portico-jobv1"]["framework_info"]["role"] == "/jobv1"
        (agent,) = state["get_agents"]["agents"]
        assert agent["active"] is True
        assert agent["agent_info"]["id"]["value"].endswith("-S0")
        total = {one["name"]: one for one in agent["total_resources"]}
        assert total["cpus"]["scalar"]["value"] == 4.0
        used = {one["name"]: one["scalar"]["value"] for one in agent["allocated_resources"]}
        assert used == {"cpus": 1.0, "mem": 64.0}

    story(play)


def test_the_parts_tell_what_state_tells():
    async def play(desk):
        await busy(desk)
        made = await desk.post(b'{"type":"GET_STATE"}', accept=PROTOBUF)
        state = response(made.body).get_state
        for part in ("GET_TASKS", "GET_EXECUTORS", "GET_FRAMEWORKS", "GET_AGENTS"):
            other = await desk.post({"type": part}, accept=PROTOBUF)
            assert getattr(response(other.body), part.lower()) == getattr(state, part.lower())

    story(play)


@pytest.mark.parametrize("kind", ["GET_STATE", "GET_TASKS"])
def test_both_encodings_tell_the_same(kind):
    async def play(desk):
        node, _ = await busy(desk)
        node.ended(node.orders[-1])
        desk.place_run("r2")
        await desk.stage.settle()
        text = await desk.post({"type": kind})
        data = await desk.post({"type": kind}, accept=PROTOBUF)
        assert jsonpb.parse(text.body) == jsonpb.to_plain(response(data.body))

    story(play)


def test_an_ended_task_is_completed_and_one_of_a_lost_agent_unreachable():
    async def play(desk):
        node, framework = await busy(desk)
        (order,) = [order for order in node.orders if order.spec.argv != ("true",)]
        node.ended(order)
        await desk.stage.settle()
        tasks = await desk.call("GET_TASKS")
        assert "t" in {one["task_id"]["value"] for one in tasks["tasks"]}, "its framework has not acknowledged yet"
        await framework.acknowledge_all()
        tasks = await desk.call("GET_TASKS")
        (over,) = tasks["completed_tasks"]
        assert (over["task_id"]["value"], over["state"]) == ("t", "TASK_FINISHED")
        assert [one["state"] for one in over["statuses"]] == ["TASK_RUNNING", "TASK_FINISHED"]
        assert "t" not in {one["task_id"]["value"] for one in tasks["tasks"]}

    story(play)


def test_an_ended_run_of_another_door_is_a_completed_task():
    async def play(desk):
        node = await desk.stage.node()
        desk.place_run("r1")
        await desk.stage.settle()
        node.started(node.orders[0])
        node.ended(node.orders[0], code=3)
        await desk.stage.settle()
        tasks = await desk.call("GET_TASKS")
        (over,) = tasks["completed_tasks"]
        assert (over["task_id"]["value"], over["state"]) == ("r1", "TASK_FAILED")
        assert "tasks" not in tasks

    story(play)


def test_executors_are_told_with_their_agents():
    async def play(desk):
        await desk.stage.node()
        framework = await desk.stage.framework()
        agent = framework.offers[0].agent
        info = task("t", agent, None)
        info.executor.CopyFrom(executor("e", framework=framework.id))
        await framework.launch(info)
        told = await desk.call("GET_EXECUTORS")
        (one,) = told["executors"]
        assert one["executor_info"]["executor_id"]["value"] == "e"
        assert one["agent_id"]["value"] == agent
        (living,) = (await desk.call("GET_TASKS"))["tasks"]
        assert living["executor_id"]["value"] == "e"

    story(play)


def test_a_removed_framework_is_completed():
    async def play(desk):
        await desk.stage.node()
        framework = await desk.stage.framework(name="gone")
        made = await desk.send(method="POST", path="/master/teardown", pieces=(f"frameworkId={framework.id}".encode(),))
        assert made.status == 200, made.body
        told = await desk.call("GET_FRAMEWORKS")
        (one,) = told["completed_frameworks"]
        assert one["framework_info"]["name"] == "gone"
        assert one["framework_info"]["id"]["value"] == framework.id
        assert "unregistered_time" in one
        again = await desk.send(method="POST", path="/teardown", pieces=(f"frameworkId={framework.id}".encode(),))
        assert again.status == 400

    story(play)


def test_the_version_is_the_one_that_clients_compare():
    async def play(desk):
        told = await desk.call("GET_VERSION")
        assert told["version_info"]["version"] == "1.3.0"
        flags = await desk.call("GET_FLAGS")
        assert {"name": "quorum", "value": "1"} in flags["flags"]

    story(play, told=Facts(flags={"quorum": "1"}))


def test_metrics_count_what_there_is():
    async def play(desk):
        await busy(desk)
        made = await desk.post({"type": "GET_METRICS"})
        assert (made.status, b"get_metrics" in made.body) == (400, True)
        told = await desk.call("GET_METRICS", get_metrics={})
        figures = {one["name"]: one["value"] for one in told["metrics"]}
        assert figures["master/tasks_running"] == 1
        assert figures["master/tasks_staging"] == 1
        assert figures["master/slaves_active"] == 1
        assert figures["master/frameworks_active"] == 2
        assert figures["master/cpus_total"] == 4
        assert figures["master/cpus_used"] == 1
        assert figures["system/cpus_total"] > 0

    story(play)


@pytest.mark.parametrize(
    ("call", "word"),
    [("TEARDOWN", "/master/teardown"), ("UPDATE_QUOTA", "SET_QUOTA"), ("DRAIN_AGENT", "START_MAINTENANCE")],
)
def test_later_calls_are_not_implemented_and_say_why(call, word):
    async def play(desk):
        made = await desk.post({"type": call})
        assert (made.status, word in made.body.decode()) == (501, True)
        number = {"TEARDOWN": 31, "UPDATE_QUOTA": 36, "DRAIN_AGENT": 37}[call]
        made = await desk.post(bytes((0x08, number)), content=PROTOBUF)
        assert (made.status, word in made.body.decode()) == (501, True)

    story(play)


def test_an_unknown_call_is_not_implemented():
    async def play(desk):
        assert (await desk.post({"type": "UNKNOWN"})).status == 501
        assert (await desk.post({"type": "NONSENSE"})).status == 400
        assert (await desk.post({})).status == 400
        assert (await desk.post(b"\x08\x7f", content=PROTOBUF)).status == 501

    story(play)


def test_the_logging_level_goes_back_by_itself():
    levels = []

    async def play(desk):
        wanted = {"level": 1, "duration": {"nanoseconds": 1}}
        assert await desk.done("SET_LOGGING_LEVEL", set_logging_level=wanted) == ""
        while levels != [1, 0]:
            await desk.stage.settle(2)
        assert (await desk.call("GET_LOGGING_LEVEL"))["level"] == 0
        wanted["level"] = 9
        await desk.done("SET_LOGGING_LEVEL", 400, set_logging_level=wanted)

    story(play, apply_level=levels.append)


def test_task_info_becomes_task_with_everything_that_both_have():
    async def play(desk):
        await desk.stage.node()
        framework = await desk.stage.framework()
        info = task("t", framework.offers[0].agent)
        info.name = "pretty"
        info.labels.labels.add(key="a", value="b")
        info.discovery.visibility = pb.DiscoveryInfo.CLUSTER
        info.discovery.name = "d"
        info.command.user = "root"
        info.command.environment.variables.add(name="X", value="y" * 300, type=pb.Environment.Variable.VALUE)
        await framework.launch(info)
        (one,) = (await desk.call("GET_TASKS"))["tasks"]
        assert one["name"] == "pretty"
        assert one["labels"] == {"labels": [{"key": "a", "value": "b"}]}
        assert one["discovery"]["name"] == "d"
        assert one["user"] == "root"
        assert {each["name"] for each in one["resources"]} == {"cpus", "mem"}
        assert {each["allocation_info"]["role"] for each in one["resources"]} == {"*"}

    story(play)


def test_frameworks_are_told_with_the_very_offers_that_they_were_made():
    async def play(desk):
        await desk.stage.node("n1")
        await desk.stage.node("n2")
        framework = await desk.stage.framework()
        agent = framework.offers[0].agent
        info = task("t", agent, command=None)
        info.executor.MergeFrom(executor("e"))
        await framework.launch(info, offers=[framework.offers[0].offer.id], refuse=0)
        await desk.stage.tick()
        (told,) = (await desk.call("GET_FRAMEWORKS"))["frameworks"]
        views = {
            view.offer.id: view for view in framework.offers if view.offer.id in desk.stage.plane.offers.book.offers
        }
        event = events.event_of(desk.stage.standing, framework.id, Offered(tuple(views.values())))
        made = {one["id"]["value"]: one for one in jsonpb.to_plain(event.offers)["offers"]}
        assert len(made) == 2
        assert {one["id"]["value"]: one for one in told["offers"]} == made
        assert [one["executor_ids"] for one in told["offers"] if "executor_ids" in one] == [[{"value": "e"}]]

    story(play)
