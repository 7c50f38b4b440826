"""An agent as operators on pymesos see and use it."""

import pytest
from clients.mesos.messages import scalar, small, task
from clients.mesos.sandboxes import read, sandbox_of
from clients.program import ClientError
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


@pytest.fixture
def runs(framework):
    """A framework with one task that runs, in its default executor's container; gives it and the status."""
    one = framework({"name": "holder"})
    one.register()
    offer = one.offer(cpus=1)
    executor = {
        "type": "DEFAULT",
        "executor_id": {"value": "pod"},
        "framework_id": {"value": one.id},
        "resources": [*small(), scalar("disk", 16)],
    }
    group = {"executor": executor, "task_group": {"tasks": [task("held", offer, "exec sleep 100")]}}
    one.call("acceptOffers", offer["id"], [{"type": "LAUNCH_GROUP", "launch_group": group}])
    return one, one.update("held", "TASK_RUNNING")


@pytest.fixture
def pod(runs):
    """The container that nested ones go into: the parent of the task's own."""
    return runs[1]["container_status"]["container_id"]["parent"]["value"]


def nested(name, parent, shell):
    return {
        "container_id": {"value": name, "parent": {"value": parent}},
        "command": {"shell": True, "value": shell},
    }


def refused(status):
    return pytest.raises(ClientError, match=rf"code={status}\b")


def test_what_the_agent_says_of_itself(agent_operator, operator):
    assert agent_operator.call("getHealth")["get_health"] == {"healthy": True}
    version = agent_operator.call("getVersion")["get_version"]["version_info"]["version"]
    assert version == operator.call("getVersion")["get_version"]["version_info"]["version"]
    assert "work_dir" in [each["name"] for each in agent_operator.call("getFlags")["get_flags"]["flags"]]
    assert agent_operator.call("getMetrics", 5_000_000_000)["get_metrics"]["metrics"]
    agent_operator.call("setLoggingLevel", 1, 60_000_000_000)
    assert agent_operator.call("getLoggingLevel")["get_logging_level"] == {"level": 1}
    agent_operator.call("setLoggingLevel", 0, 60_000_000_000)
    assert agent_operator.call("readFile", "/slave/log", 10, 0)["read_file"]["size"] > 0


def test_what_runs_on_the_agent(agent_operator, framework):
    one = framework({"name": "seen"})
    one.register()
    offer = one.offer()
    one.launch(offer, task("shown", offer, "echo here; exec sleep 100"))
    container = one.update("shown", "TASK_RUNNING")["container_status"]["container_id"]
    state = agent_operator.call("getState")["get_state"]
    (framework_told,) = agent_operator.call("getFrameworks")["get_frameworks"]["frameworks"]
    assert framework_told["framework_info"]["id"]["value"] == one.id
    (shown,) = state["get_tasks"]["launched_tasks"]
    assert (shown["task_id"]["value"], shown["state"]) == ("shown", "TASK_RUNNING")
    (told,) = agent_operator.call("getContainers")["get_containers"]["containers"]
    assert (told["container_id"], told["executor_id"]) == (container, {"value": "shown"})
    assert told["resource_statistics"]["mem_rss_bytes"] > 0
    one.call("killTask", {"value": "shown"})
    one.update("shown", "TASK_KILLED")
    until(lambda: not agent_operator.call("getContainers")["get_containers"].get("containers"), "no containers")
    told = agent_operator.call("getTasks")["get_tasks"]
    ended = [*told.get("completed_tasks", []), *told.get("terminated_tasks", [])]
    assert "shown" in [each["task_id"]["value"] for each in ended]


def test_the_files_of_a_task(agent_operator, agent, framework):
    one = framework()
    one.register()
    offer = one.offer()
    one.launch(offer, task("writes", offer, "echo out; echo err >&2; mkdir made; exec sleep 100"))
    one.update("writes", "TASK_RUNNING")
    sandbox = sandbox_of(agent, one.id, "writes")
    until(lambda: "out\n" in read(agent_operator, f"{sandbox}/stdout"), "the task's output")
    until(lambda: "err\n" in read(agent_operator, f"{sandbox}/stderr"), "the task's complaints")
    listed = agent_operator.call("listFiles", sandbox)["list_files"]["file_infos"]
    found = {each["path"].removeprefix(f"{sandbox}/"): each["mode"] for each in listed}
    assert {"stdout", "stderr", "made"} <= set(found)
    assert found["made"] & 0o170000 == 0o040000
    size = agent_operator.call("readFile", f"{sandbox}/stdout", 10, 0)["read_file"]["size"]
    assert agent_operator.call("readFile", f"{sandbox}/stdout", 10, size + 5)["read_file"] == {"size": size, "data": ""}
    with refused(404):
        agent_operator.call("readFile", f"{sandbox}/nothing", 10, 0)
    with refused("40[034]"):
        agent_operator.call("readFile", f"{sandbox}/../../../../../../../../etc/passwd", 10, 0)
    one.call("killTask", {"value": "writes"})
    one.update("writes", "TASK_KILLED")


def test_a_nested_container_from_launch_to_end(agent_operator, start, agent, pod):
    agent_operator.call("launchNestedContainer", nested("debug", pod, "exec sleep 100"))
    waits = start("pymesos", "pymesos_operator", "agent", agent)
    waits.send("waitNestedContainer", "debug", pod)
    agent_operator.call("killNestedContainer", "debug", pod)
    waits.answer("the end of the container")
    agent_operator.call("launchNestedContainer", nested("short", pod, "exit 3"))
    waits.call("waitNestedContainer", "short", pod)
    with refused(404):
        agent_operator.call("waitNestedContainer", "nobody", pod)
    with refused(404):
        agent_operator.call("killNestedContainer", "nobody", pod)


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a/b"])
def test_names_that_no_container_may_have(agent_operator, pod, name):
    with refused(400):
        agent_operator.call("launchNestedContainer", nested(name, pod, "exit 0"))


def test_nested_containers_need_a_parent_that_runs(agent_operator, pod):
    with refused(404):
        agent_operator.call("launchNestedContainer", nested("orphan", "nobody", "exit 0"))
    with refused(400):
        orphan = {"container_id": {"value": "orphan"}, "command": {"value": "exit 0"}}
        agent_operator.call("launchNestedContainer", orphan)


def test_a_session_lasts_as_long_as_its_container(agent_operator, pod):
    """The driver reads the whole answer, and gives nothing of it: that it returns is the point."""
    agent_operator.call("launchNestedContainerSession", nested("session", pod, "echo said; exit 0"))


def test_output_can_be_attached_to(agent_operator, framework):
    """The driver names no parents, so that only a task with a terminal of its own can be followed."""
    one = framework({"name": "terminal"})
    one.register()
    offer = one.offer()
    terminal = {"type": "MESOS", "tty_info": {"window_size": {"rows": 24, "columns": 80}}}
    one.launch(offer, task("terminal", offer, "test -t 1 && sleep 2", container=terminal))
    container = one.update("terminal", "TASK_RUNNING")["container_status"]["container_id"]["value"]
    agent_operator.call("attachContainerOutput", container)
    one.update("terminal", "TASK_FINISHED")
    with refused(404):
        agent_operator.call("attachContainerOutput", "nobody")


def test_input_in_one_body_is_not_a_stream(agent_operator, pod):
    with refused("4(00|15)"):
        agent_operator.call("attachContainerInput", pod, [])
