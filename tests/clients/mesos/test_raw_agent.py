"""What no library does towards an agent: executors in protobuf, streams that go both ways, the old GETs."""

import contextlib
import uuid
from contextlib import closing

import pytest
from clients.mesos.raw import JSON, PROTOBUF, RECORDS, Framework, Records, command, frame, get, post, resources
from live.server import until

from portico.wire.mesos import agent_pb2, executor_pb2, mesos_pb2, scheduler_pb2  # noqa: TID251 — bytes as the wire has them

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


@pytest.fixture
def one(master):
    with closing(Framework(master)) as framework:
        yield framework


def test_an_executor_in_protobuf(one, agent):
    """The process that the agent starts only sleeps; the executor is the test."""
    offer = one.offer()
    info = mesos_pb2.TaskInfo(name="played", agent_id=offer.agent_id, resources=resources(), data=b"play")
    info.task_id.value = "played"
    info.executor.executor_id.value = "player"
    info.executor.command.value = "exec sleep 100"
    one.launch(offer, info)
    identity = {"framework_id": one.id, "executor_id": info.executor.executor_id}
    call = executor_pb2.Call(type="SUBSCRIBE", **identity)
    call.subscribe.SetInParent()
    path = "/api/v1/executor"
    with closing(_executor(agent, path, call)) as stream:
        subscribed = stream.next().subscribed
        assert subscribed.executor_info.executor_id == info.executor.executor_id
        assert subscribed.agent_info.id == offer.agent_id
        launched = stream.until(lambda event: event.type == event.LAUNCH).launch.task
        assert (launched.task_id, launched.data) == (info.task_id, b"play")
        update = executor_pb2.Call(type="UPDATE", **identity)
        status = update.update.status
        status.task_id.value = "played"
        status.state = mesos_pb2.TASK_FINISHED
        status.source = mesos_pb2.TaskStatus.SOURCE_EXECUTOR
        assert post(agent, path, update)[0] == 400
        status.uuid = uuid.uuid4().bytes
        assert post(agent, path, update)[0] == 202
        told = stream.until(lambda event: event.type == event.ACKNOWLEDGED).acknowledged
        assert (told.uuid, told.task_id) == (status.uuid, info.task_id)
        assert one.update("played").state == mesos_pb2.TASK_FINISHED
        shutdown = scheduler_pb2.Call.Shutdown(executor_id=info.executor.executor_id, agent_id=offer.agent_id)
        one.call("SHUTDOWN", shutdown=shutdown)
        stream.until(lambda event: event.type == event.SHUTDOWN)
    one.stream.until(lambda event: event.type == event.FAILURE)


def _executor(agent, path, call):
    """Subscribe as an executor; the agent refuses those whose process it has not started yet."""

    def attempt():
        with contextlib.suppress(AssertionError):
            return Records(agent, path, call, executor_pb2.Event)

    return until(attempt, "a place for the executor")


def test_a_session_with_input_and_output(one, agent):
    offer = one.offer()
    one.launch(offer, command("home", offer, "exec sleep 100"))
    parent = one.update("home").container_status.container_id
    session = agent_pb2.Call(type="LAUNCH_NESTED_CONTAINER_SESSION")
    session.launch_nested_container_session.container_id.value = "cat"
    session.launch_nested_container_session.container_id.parent.CopyFrom(parent)
    session.launch_nested_container_session.command.value = "cat; echo over >&2"
    container = session.launch_nested_container_session.container_id
    with closing(
        Records(agent, "/api/v1", session, agent_pb2.ProcessIO, accept=RECORDS, Message_Accept=PROTOBUF)
    ) as output:
        attach = agent_pb2.Call(type="ATTACH_CONTAINER_INPUT")
        attach.attach_container_input.type = agent_pb2.Call.AttachContainerInput.CONTAINER_ID
        attach.attach_container_input.container_id.CopyFrom(container)
        body = frame(attach) + frame(_typed(b"hello\n")) + frame(_typed(b""))
        status, _, text = post(agent, "/api/v1", body, RECORDS, JSON, Message_Content_Type=PROTOBUF)
        assert (status, text) == (200, b"")
        said = {agent_pb2.ProcessIO.Data.STDOUT: b"", agent_pb2.ProcessIO.Data.STDERR: b""}
        while (event := output.next()) is not None:
            if event.type == event.DATA:
                said[event.data.type] += event.data.data
    assert list(said.values()) == [b"hello\n", b"over\n"]
    wait = agent_pb2.Call(type="WAIT_NESTED_CONTAINER")
    wait.wait_nested_container.container_id.CopyFrom(container)
    answer = agent_pb2.Response.FromString(post(agent, "/api/v1", wait)[2])
    assert answer.wait_nested_container.exit_status == 0


def _typed(data):
    call = agent_pb2.Call(type="ATTACH_CONTAINER_INPUT")
    call.attach_container_input.type = agent_pb2.Call.AttachContainerInput.PROCESS_IO
    call.attach_container_input.process_io.type = agent_pb2.ProcessIO.DATA
    call.attach_container_input.process_io.data.type = agent_pb2.ProcessIO.Data.STDIN
    call.attach_container_input.process_io.data.data = data
    return call


def test_the_exit_status_of_a_nested_container(one, agent):
    offer = one.offer()
    one.launch(offer, command("home", offer, "exec sleep 100"))
    parent = one.update("home").container_status.container_id
    launch = agent_pb2.Call(type="LAUNCH_NESTED_CONTAINER")
    launch.launch_nested_container.container_id.value = "three"
    launch.launch_nested_container.container_id.parent.CopyFrom(parent)
    launch.launch_nested_container.command.value = "exit 3"
    assert post(agent, "/slave(1)/api/v1", launch)[0] == 200
    wait = agent_pb2.Call(type="WAIT_NESTED_CONTAINER")
    wait.wait_nested_container.container_id.CopyFrom(launch.launch_nested_container.container_id)
    status, _, body = post(agent, "/slave(1)/api/v1", wait)
    assert (status, agent_pb2.Response.FromString(body).wait_nested_container.exit_status) == (200, 3 << 8)


def test_the_old_style_gets(one, master, agent):
    offer = one.offer()
    one.launch(offer, command("old", offer, "echo old; exec sleep 100"))
    one.update("old")
    assert get(master, "/version")["version"] == get(agent, "/version")["version"]
    for path in ("/state", "/master/state", "/master/state.json"):
        state = get(master, path)
        (framework,) = [each for each in state["frameworks"] if each["id"] == one.id.value]
        assert [(each["id"], each["state"]) for each in framework["tasks"]] == [("old", "TASK_RUNNING")]
        assert [each["id"] for each in state["slaves"]] == [offer.agent_id.value]
    assert "slaves" in get(master, "/master/state-summary")
    assert [each["id"] for each in get(master, "/slaves")["slaves"]] == [offer.agent_id.value]
    assert [each["id"] for each in get(master, "/tasks?limit=1&order=desc")["tasks"]] == ["old"]
    assert one.id.value in [each["id"] for each in get(master, "/master/frameworks")["frameworks"]]
    assert get(master, "/metrics/snapshot")["master/tasks_running"] == 1
    state = get(agent, "/slave(1)/state")
    (framework,) = [each for each in state["frameworks"] if each["id"] == one.id.value]
    (executor,) = framework["executors"]
    (output,) = [
        each for each in get(agent, f"/files/browse?path={executor['directory']}") if each["path"].endswith("/stdout")
    ]
    assert get(agent, f"/files/read?path={output['path']}&offset=0&length=4")["data"] == "old\n"
    assert [each["executor_id"] for each in get(agent, "/containers")] == ["old"]
    assert [each["executor_id"] for each in get(agent, "/monitor/statistics")] == ["old"]
    assert any(executor["directory"] == path for path in get(agent, "/files/debug"))
