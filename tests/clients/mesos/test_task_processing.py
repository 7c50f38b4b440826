"""Work given to task_processing, bare and in its wrappings that retry, limit the time and fetch the output."""

import pytest

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]

PLAIN = {"containerizer": "MESOS"}


@pytest.fixture
def processor(start, master):
    programs = []

    def started(*around, **config):
        one = start("task_processing", "task_processor", master, {"config": config, "around": around})
        programs.append(one)
        assert one.hear("control") == ["registered"]
        return one

    yield started
    for one in programs:
        one.call("stop")


def told(one, name, platform_type):
    """Await a certain event of a task, which may not end otherwise; gives it and what Mesos said."""

    def fits(task_id, event, _):
        return task_id == name and (event["terminal"] or event["platform_type"] == platform_type)

    _, event, raw = one.hear("task", fits)
    assert event["platform_type"] == platform_type, raw
    return event, raw


def test_the_course_of_a_task(processor):
    one = processor()
    name = one.call("run", cmd="exit 0", **PLAIN)
    _, raw = told(one, name, "staging")
    assert raw["offer"]["url"]["address"]["port"] > 0
    told(one, name, "running")
    event, raw = told(one, name, "finished")
    assert (event["success"], event["terminal"], raw["state"]) == (True, True, "TASK_FINISHED")


def test_a_task_that_fails(processor):
    one = processor()
    event, raw = told(one, one.call("run", cmd="exit 3", **PLAIN), "failed")
    assert (event["success"], raw["message"]) == (False, "Command exited with status 3")


def test_a_task_that_is_killed(processor):
    one = processor()
    name = one.call("run", cmd="exec sleep 100", **PLAIN)
    told(one, name, "running")
    assert one.call("kill", name) is True
    assert told(one, name, "killed")[0]["success"] is False


def test_a_task_that_is_asked_after(processor):
    one = processor()
    name = one.call("run", cmd="exec sleep 100", **PLAIN)
    told(one, name, "running")
    one.call("reconcile", name)
    assert told(one, name, "running")[1]["reason"] == "REASON_RECONCILIATION"
    assert one.call("kill", name) is True
    told(one, name, "killed")


def test_work_after_a_pause_revives_the_offers(processor):
    one = processor()
    for _ in range(2):
        told(one, one.call("run", cmd="exit 0", **PLAIN), "finished")


def test_constraints_on_attributes(processor):
    one = processor()
    told(one, one.call("run", cmd="exit 0", constraints=[["rack", "==", "a"]], **PLAIN), "finished")


def test_the_hosts_own_image(processor):
    one = processor()
    told(one, one.call("run", cmd="exit 0", image="portico/host", containerizer="MESOS"), "finished")


def test_docker_comes_with_mapped_ports_which_the_hosts_own_root_has_not(processor):
    one = processor()
    _, raw = told(one, one.call("run", cmd="exit 0", image="portico/host", containerizer="DOCKER"), "failed")
    assert raw["reason"] == "REASON_CONTAINER_LAUNCH_FAILED"
    assert "mapped ports" in raw["message"]


def test_an_image_that_cannot_be_had(processor):
    one = processor()
    _, raw = told(one, one.call("run", cmd="exit 0", image="nowhere/nothing:1", containerizer="MESOS"), "failed")
    assert raw["reason"] == "REASON_CONTAINER_LAUNCH_FAILED"


def test_what_fails_is_tried_again(processor, tmp_path):
    one = processor(["retrying", {"retries": 2}])
    name = one.call("run", cmd=f"mkdir {tmp_path}/once && exit 1; exit 0", **PLAIN)
    _, event, _ = one.hear("task", lambda _, event, __: event["terminal"])
    assert (event["platform_type"], event["success"]) == ("finished", True)
    assert name
    assert (tmp_path / "once").is_dir()


def test_what_takes_too_long_is_killed(processor):
    one = processor(["timeout", {}])
    name = one.call("run", cmd="exec sleep 100", timeout=1.0, **PLAIN)
    told(one, name, "killed")


def test_output_is_fetched_from_the_agent(processor):
    one = processor(["logging", {"format_string": "{line}"}])
    name = one.call("run", cmd="echo said; echo again; sleep 3", **PLAIN)
    assert one.hear("log", patience=40) == [name, "said", "stdout"]
    assert one.hear("log", patience=40) == [name, "again", "stdout"]
    told(one, name, "finished")
