"""What an agent tells of itself: state, containers, files, metrics; by calls and by the older endpoints."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from doors.mesos.outpost_operator.agent import AGENT, FRAMEWORK, Agent, agent, executor_info, play, task

from portico.domain.errors import Invalid, Unavailable
from portico.domain.frames import Usage
from portico.doors.mesos.outpost.operator.logging_level import LoggingLevel
from portico.doors.mesos.outpost.words import ExecutorEntry, TaskEntry
from portico.wire.mesos import agent_pb2

EXECUTOR_PATH = f"/slaves/{AGENT}/frameworks/{FRAMEWORK}/executors"


def furnish(site: Agent) -> None:
    """Put an executor with a nested task, a command task and ended things on the agent."""
    control = site.control
    control.containers.clear()
    control.add("e1", executor="group", info=executor_info("group", cpus=1, mem=32))
    control.add("t1", executor="group", parent="e1", task="one", info=executor_info("one", cpus=0.5, mem=64))
    control.add("c1", executor="alone", task="alone", info=executor_info("alone", cpus=2, mem=256))
    control.executors = (
        ExecutorEntry("e1", FRAMEWORK, executor_info("group", cpus=1, mem=32)),
        ExecutorEntry("c1", FRAMEWORK, executor_info("alone", cpus=2, mem=256)),
        ExecutorEntry("e0", FRAMEWORK, executor_info("old"), ended=True),
    )
    control.tasks = (
        TaskEntry("queued", task("later", "TASK_STAGING", "group")),
        TaskEntry("launched", task("one", executor="group")),
        TaskEntry("launched", task("alone", container="c1")),
        TaskEntry("terminated", task("ended", "TASK_FAILED", "group")),
        TaskEntry("completed", task("past", "TASK_FINISHED", container="c0")),
    )
    control.usages = (Usage("c1", 2_500_000, 4096, 8192, 12_288, 3), Usage("e1", 1_000_000, 100, 100, 200, 1))


def test_the_agent_tells_of_itself() -> None:
    async def story() -> None:
        async with agent() as site:
            assert await site.told("GET_HEALTH") == {"healthy": True}
            assert await site.told("GET_VERSION") == {"version_info": {"version": "1.3.0"}}
            flags = (await site.told("GET_FLAGS"))["flags"]
            assert flags == [{"name": "work_dir", "value": str(site.site.directory)}]
            metrics = {one["name"]: one["value"] for one in (await site.told("GET_METRICS", get_metrics={}))["metrics"]}
            assert metrics["slave/cpus_total"] == 4
            assert (await site.call("GET_METRICS")).status_code == 400
            assert (await site.client.get("/health")).status_code == 200
            assert (await site.client.get("/version")).json() == {"version": "1.3.0"}
            assert (await site.client.get("/flags")).json() == {"flags": site.site.flags}
            assert (await site.client.get("/metrics/snapshot")).json().keys() == metrics.keys()
            call = agent_pb2.Call(type=agent_pb2.Call.GET_HEALTH)
            response = await site.in_protobuf(call)
            assert agent_pb2.Response.FromString(response.content).get_health.healthy

    play(story())


def test_what_is_on_it_is_told_by_kind() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            tasks = await site.told("GET_TASKS")
            names = {kind: [one["name"] for one in found] for kind, found in tasks.items()}
            assert names == {
                "queued_tasks": ["later"],
                "launched_tasks": ["one", "alone"],
                "terminated_tasks": ["ended"],
                "completed_tasks": ["past"],
            }
            executors = await site.told("GET_EXECUTORS")
            assert [one["executor_info"]["name"] for one in executors["executors"]] == ["the group", "the alone"]
            assert [one["executor_info"]["name"] for one in executors["completed_executors"]] == ["the old"]
            frameworks = await site.told("GET_FRAMEWORKS")
            assert [one["framework_info"]["id"]["value"] for one in frameworks["frameworks"]] == [FRAMEWORK]
            state = await site.told("GET_STATE")
            assert state == {"get_tasks": tasks, "get_executors": executors, "get_frameworks": frameworks}

    play(story())


def test_containers_are_told_with_what_they_use() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            await site.control.start("c1", "", "/bin/sleep", "100")
            containers = (await site.told("GET_CONTAINERS"))["containers"]
            assert [one["container_id"]["value"] for one in containers] == ["e1", "c1"]
            group, alone = (one["resource_statistics"] for one in containers)
            assert (group["cpus_limit"], group["mem_limit_bytes"]) == (2.0, 160 << 20)
            assert (alone["cpus_limit"], alone["mem_limit_bytes"]) == (2.0, 256 << 20)
            used = alone["cpus_user_time_secs"] + alone["cpus_system_time_secs"]
            assert (used, alone["disk_used_bytes"], alone["processes"]) == (2.5, 12_288, 3)
            assert alone["mem_total_bytes"] == 4096
            assert containers[1]["container_status"]["executor_pid"] == site.control.processes["c1"].pid
            again = (await site.told("GET_CONTAINERS"))["containers"][1]["resource_statistics"]
            assert again["perf"]["duration"] > 0
            every = (await site.told("GET_CONTAINERS", get_containers={"show_nested": True}))["containers"]
            assert every[1]["container_id"] == {"value": "t1", "parent": {"value": "e1"}}
            for path in ("/containers", "/slave(1)/containers.json"):
                older = (await site.client.get(path)).json()
                assert [one["container_id"] for one in older] == ["e1", "c1"]
                assert older[1]["statistics"]["disk_used_bytes"] == 12_288
            for path in ("/monitor/statistics", "/slave(1)/monitor/statistics.json"):
                older = (await site.client.get(path)).json()
                assert [one["executor_id"] for one in older] == ["group", "alone"]
                assert older[1]["statistics"]["mem_limit_bytes"] == 256 << 20

    play(story())


def test_a_container_is_told_with_its_address() -> None:
    async def story() -> None:
        async with agent() as site:
            site.control.add("own", address="10.0.0.9")
            told = (await site.told("GET_CONTAINERS"))["containers"]
            status = {one["container_id"]["value"]: one["container_status"] for one in told}["own"]
            (network,) = status["network_infos"]
            assert [one["ip_address"] for one in network["ip_addresses"]] == ["10.0.0.9"]

    play(story())


@pytest.mark.parametrize("path", ["/state", "/state.json", "/slave(1)/state", "/slave(1)/state.json"])
def test_the_whole_state_in_the_older_form(path: str) -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            state = (await site.client.get(path)).json()
            assert (state["id"], state["hostname"], state["pid"]) == (AGENT, "host.test", "slave(1)@127.0.0.1:1")
            assert state["attributes"] == {"rack": "r1"}
            assert state["resources"]["ports"] == "[31000-31009]"
            assert state["unreserved_resources"]["cpus"] == 4
            (framework,) = state["frameworks"]
            group, alone = framework["executors"]
            assert (group["id"], group["container"]) == ("group", "e1")
            assert group["directory"] == f"{site.site.directory}{EXECUTOR_PATH}/group/runs/e1"
            assert [one["id"] for one in group["tasks"]] == ["one", "ended"]
            assert [one["id"] for one in group["queued_tasks"]] == ["later"]
            assert alone["tasks"][0]["statuses"][0]["container_status"]["container_id"]["value"] == "c1"
            assert [one["id"] for one in framework["completed_executors"]] == ["old"]

    play(story())


def test_metrics_count_tasks_and_what_they_use() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            metrics = (await site.client.get("/metrics/snapshot")).json()
            assert (metrics["slave/tasks_running"], metrics["slave/tasks_failed"]) == (2, 1)
            assert (metrics["slave/cpus_used"], metrics["slave/mem_used"]) == (2.5, 224)
            assert metrics["slave/cpus_percent"] == 2.5 / 4
            assert metrics["slave/executors_running"] == 2
            assert metrics["slave/registered"] == 1
            site.control.error = Unavailable("control is away")
            assert (await site.client.get("/metrics/snapshot")).json()["slave/registered"] == 0
            assert (await site.call("GET_STATE")).status_code == 503

    play(story())


def test_an_agent_that_control_never_spoke_to_is_recovering() -> None:
    async def story() -> None:
        async with agent(recovered=False) as site:
            assert (await site.call("GET_HEALTH")).status_code == 503

    play(story())


# ---- files ---------------------------------------------------------------------------------------------------------


def places(site: Agent) -> list[str]:
    """Give all the names that the sandbox of the command task has."""
    own = f"{EXECUTOR_PATH}/alone/runs"
    work = site.site.directory
    return [f"{own}/c1", f"{own}/latest", f"{work}{own}/c1", f"{work}/sandboxes/c1", f"{own}/latest/", f"/{own}//c1/."]


def test_files_are_listed_and_read_by_every_name() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            sandbox = site.control.sandbox("c1")
            (sandbox / "stdout").write_text("0123456789")
            (sandbox / "folder").mkdir()
            (sandbox / "folder" / "inner").write_text("x")
            for place in places(site):
                infos = (await site.told("LIST_FILES", list_files={"path": place}))["file_infos"]
                assert [one["path"] for one in infos] == [
                    f"{place.rstrip('/')}/{name}" for name in ("folder", "stdout")
                ]
                assert (infos[1]["size"], infos[1]["mtime"]) == (10, {"nanoseconds": 1_000_000_000})
                read = await site.told("READ_FILE", read_file={"path": f"{place}/stdout", "offset": 2, "length": 3})
                assert read == {"size": 10, "data": "MjM0"}
                older = await site.client.get("/files/browse.json", params={"path": place})
                first = older.json()[0]
                assert (first["path"], first["nlink"]) == (f"{place.rstrip('/')}/folder", 2)
            inner = (await site.told("LIST_FILES", list_files={"path": f"{places(site)[0]}/folder"}))["file_infos"]
            assert [one["path"] for one in inner] == [f"{places(site)[0]}/folder/inner"]

    play(story())


def test_a_file_is_read_in_pages() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            (site.control.sandbox("c1") / "large").write_bytes(bytes(200_000))
            path = f"{places(site)[0]}/large"
            read = await site.told("READ_FILE", read_file={"path": path, "offset": 0})
            assert (read["size"], len(read["data"])) == (200_000, 87_384)  # 64 KiB in base64
            beyond = await site.told("READ_FILE", read_file={"path": path, "offset": (1 << 64) - 1})
            assert beyond == {"size": 200_000, "data": ""}
            assert (await read_older(site, path)).json() == {"data": "", "offset": 200_000}
            older = (await read_older(site, path, offset=199_999, length=10)).json()
            assert older == {"data": "\0", "offset": 199_999}
            whole = await site.client.get("/files/download", params={"path": path})
            assert (whole.status_code, len(whole.content)) == (200, 200_000)
            assert "large" in whole.headers["content-disposition"]

    play(story())


def test_a_long_file_is_downloaded_whole() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            (site.control.sandbox("c1") / "long").write_bytes(b"x" * 5_000_000)
            whole = await site.client.get("/files/download.json", params={"path": f"{places(site)[0]}/long"})
            assert whole.content == b"x" * 5_000_000

    play(story())


async def read_older(site: Agent, path: str, **parameters: Any) -> Any:
    return await site.client.get("/files/read", params={"path": path, **parameters})


def test_the_log_is_a_file() -> None:
    async def story() -> None:
        async with agent() as site:
            read = await site.told("READ_FILE", read_file={"path": "/slave/log", "offset": 2})
            assert read == {"size": 7, "data": "bGluZQo="}
            infos = (await site.told("LIST_FILES", list_files={"path": "/slave/log"}))["file_infos"]
            assert [(one["path"], one["size"]) for one in infos] == [("/slave/log", 7)]
            site.site.log.unlink()
            missing = await site.call("READ_FILE", read_file={"path": "/slave/log", "offset": 0})
            assert missing.status_code == 404

    play(story())


def test_files_that_are_not_there_or_not_to_be_read() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            own = places(site)[0]
            for path, status in (
                (f"{own}/nothing", 404),
                (f"{own}/../../x", 400),
                ("/etc/passwd", 404),
                (f"{site.site.directory}/agent.log", 404),
                ("", 400),
                ("/", 404),
                (f"{EXECUTOR_PATH}/alone/runs/e1", 404),
                (f"{EXECUTOR_PATH}/nobody/runs/latest", 404),
                ("/slaves/other/frameworks/f/executors/e/runs/r", 404),
                ("a\0b", 400),
            ):
                read = await site.call("READ_FILE", read_file={"path": path, "offset": 0})
                listed = await site.call("LIST_FILES", list_files={"path": path})
                assert (read.status_code, listed.status_code) == (status, status), path
            for query in ({}, {"path": own, "offset": "x"}, {"path": own, "length": "9" * 30}):
                assert (await site.client.get("/files/read", params=query)).status_code == 400

    play(story())


def test_a_directory_cannot_be_read() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            own = places(site)[0]
            read = await site.call("READ_FILE", read_file={"path": own, "offset": 0})
            assert (read.status_code, read.text) == (400, f"'{own}' is no file that can be read")
            assert (await read_older(site, own)).status_code == 400
            assert (await site.client.get("/files/download", params={"path": own})).status_code == 400
            assert (await read_older(site, f"{own}/none")).status_code == 404

    play(story())


def test_what_is_nested_has_its_files_below_its_parent() -> None:
    async def story() -> None:
        async with agent() as site:
            furnish(site)
            (site.control.sandbox("t1") / "stdout").write_text("of a task")
            path = f"{EXECUTOR_PATH}/group/runs/latest/containers/t1/stdout"
            read = await site.told("READ_FILE", read_file={"path": path, "offset": 0, "length": 2})
            assert read["size"] == 9

    play(story())


# ---- logging, errors -----------------------------------------------------------------------------------------------


def test_the_logging_level_goes_back_by_itself() -> None:
    async def story() -> None:
        logger = logging.getLogger("of a test")
        logger.setLevel(logging.WARNING)
        level = LoggingLevel(logger)
        level.change(2, 0.01)
        assert (level.level, logger.level) == (2, logging.DEBUG)
        level.change(1, 100)
        level.change(3, 0.01)
        while level.level:
            await asyncio.sleep(0)
        assert logger.level == logging.WARNING
        for wrong in ((4, 1.0), (-1, 1.0), (1, -1.0), (1, float("inf"))):
            with pytest.raises(Invalid):
                level.change(*wrong)

    play(story())


def test_the_logging_level_is_set_by_call_and_by_the_older_endpoint() -> None:
    async def story() -> None:
        async with agent() as site:
            assert await site.told("GET_LOGGING_LEVEL") == {"level": 0}
            wanted = {"level": 1, "duration": {"nanoseconds": 60_000_000_000}}
            assert (await site.call("SET_LOGGING_LEVEL", set_logging_level=wanted)).status_code == 200
            assert await site.told("GET_LOGGING_LEVEL") == {"level": 1}
            toggled = await site.client.get("/logging/toggle", params={"level": "0", "duration": "1mins"})
            assert (toggled.status_code, toggled.text) == (200, "0")
            for query in ({"level": "1"}, {"level": "1", "duration": "soon"}, {"level": "x", "duration": "1secs"}):
                assert (await site.client.get("/logging/toggle", params=query)).status_code == 400
            wrong = {"level": 9, "duration": {"nanoseconds": 1}}
            assert (await site.call("SET_LOGGING_LEVEL", set_logging_level=wrong)).status_code == 400

    play(story())


def test_requests_that_are_wrong_say_so() -> None:
    async def story() -> None:
        async with agent() as site:
            for body, status, text in (
                (b"{", 400, "Failed to parse body into JSON: "),
                (b'{"type":"NO_SUCH"}', 400, "Failed to convert JSON into Call protobuf: "),
                (b"{}", 400, "Failed to validate agent::Call: Expecting 'type' to be present"),
                (b'{"type":"READ_FILE"}', 400, "Failed to validate agent::Call: Expecting 'read_file' to be present"),
                (b'{"type":"UNKNOWN"}', 501, ""),
                (b'{"type":"WAIT_CONTAINER","wait_container":[1]}', 400, "Failed to convert JSON"),
                (b'{"type":["WAIT_CONTAINER"]}', 400, "Failed to convert JSON"),
                (b'["WAIT_CONTAINER"]', 400, "Failed to convert JSON"),
            ):
                response = await site.client.post("/api/v1", content=body, headers={"content-type": "application/json"})
                assert (response.status_code, response.text[: len(text)]) == (status, text), body
            assert (await site.client.get("/api/v1")).status_code == 405
            unknown = await site.in_protobuf(agent_pb2.Call.FromString(b"\x08\x17"))
            assert unknown.status_code == 501
            deep: dict[str, Any] = {"value": "x"}
            for _ in range(20):
                deep = {"value": "x", "parent": deep}
            response = await site.call("WAIT_NESTED_CONTAINER", wait_nested_container={"container_id": deep})
            assert response.status_code == 400

    play(story())


def test_a_script_may_be_asked_for() -> None:
    async def story() -> None:
        async with agent() as site:
            script = (await site.client.get("/version", params={"jsonp": "angular.callback_1"})).text
            assert json.loads(script.removeprefix("angular.callback_1(").removesuffix(");")) == {"version": "1.3.0"}
            assert (await site.client.get("/version", params={"jsonp": "alert(1)//"})).status_code == 400

    play(story())
