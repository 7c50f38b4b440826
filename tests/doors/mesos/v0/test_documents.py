"""The older JSON endpoints."""

import asyncio
import json

import pytest
from doors.mesos.extension.stage import Stage, task
from doors.mesos.operator.desk import Desk, story

from portico.domain.frames import Answer, FileFact, Inquiry
from portico.doors.mesos.operator.facts import Facts
from portico.doors.mesos.operator.log_tail import LogTail


async def busy(desk):
    node = await desk.stage.node()
    framework = await desk.stage.framework(name="first")
    await framework.launch(task("t", framework.offers[0].agent))
    node.started(node.orders[0])
    desk.place_run("r1")
    await desk.stage.settle()
    return node, framework


@pytest.mark.parametrize("path", ["/version", "/version/", "/master/flags", "/flags", "/metrics/snapshot"])
def test_small_documents_are_objects(path):
    async def play(desk):
        assert isinstance(await desk.get(path), dict)

    story(play)


def test_the_version_is_numbers_and_dots():
    async def play(desk):
        told = await desk.get("/version")
        assert [part.isdigit() for part in told["version"].split(".")] == [True] * 3

    story(play)


def test_health_and_redirect():
    async def play(desk):
        for root in ("", "/master"):
            assert (await desk.get(f"{root}/health")).body == b""
            made = await desk.get(f"{root}/redirect", status=307)
            assert made.headers["location"] == "//localhost:5050"
        made = await desk.send(method="POST", path="/state")
        assert made.status == 405

    story(play)


@pytest.mark.parametrize("path", ["/state", "/state.json", "/master/state", "/master/state.json"])
def test_state_tells_everything(path):
    async def play(desk):
        _, framework = await busy(desk)
        told = await desk.get(path)
        assert told["version"] == "1.3.0"
        assert told["pid"] == told["leader"] == "master@127.0.0.1:5050"
        assert told["flags"] == {"a": "b", "allocation_interval": "1secs"}
        (slave,) = told["slaves"]
        assert slave["resources"] == {"cpus": 4.0, "disk": 0.0, "gpus": 0.0, "mem": 4096.0, "ports": "[31000-31009]"}
        assert slave["used_resources"]["cpus"] == 1.0
        assert slave["active"] is True
        named = {one["id"]: one for one in told["frameworks"]}
        assert set(named) == {framework.id, "portico-jobv1"}
        (mine,) = named[framework.id]["tasks"]
        assert (mine["id"], mine["state"], mine["slave_id"]) == ("t", "TASK_RUNNING", slave["id"])
        assert mine["resources"]["cpus"] == 0.5
        assert mine["statuses"][0]["state"] == "TASK_RUNNING"
        assert mine["statuses"][0]["container_status"]["container_id"]["value"]
        (other,) = named["portico-jobv1"]["tasks"]
        assert (other["id"], other["state"]) == ("r1", "TASK_STAGING")
        assert told["completed_frameworks"] == told["orphan_tasks"] == []

    story(play, told=Facts(flags={"a": "b"}))


def test_the_summary_counts():
    async def play(desk):
        _, framework = await busy(desk)
        told = await desk.get("/master/state-summary")
        (slave,) = told["slaves"]
        assert (slave["TASK_RUNNING"], slave["TASK_STAGING"], slave["TASK_FAILED"]) == (1, 1, 0)
        assert slave["framework_ids"] == sorted([framework.id, "portico-jobv1"])
        named = {one["id"]: one for one in told["frameworks"]}
        assert named[framework.id]["TASK_RUNNING"] == 1
        assert named[framework.id]["slave_ids"] == [slave["id"]]

    story(play)


def test_tasks_are_ordered_and_cut():
    async def play(desk):
        node = await desk.stage.node()
        framework = await desk.stage.framework()
        for number in range(4):
            await framework.launch(task(f"t{number}", framework.offers[-1].agent, cpus=0.1))
            node.started(node.orders[-1])
            await desk.stage.tick(10)

        async def names(query=""):
            return [one["id"] for one in (await desk.get("/master/tasks", query))["tasks"]]

        assert await names() == ["t3", "t2", "t1", "t0"]
        assert await names("order=asc") == ["t0", "t1", "t2", "t3"]
        assert await names("limit=2&offset=1") == ["t2", "t1"]
        assert await names("task_id=t2") == ["t2"]
        assert await names(f"framework_id={framework.id}&limit=1") == ["t3"]
        assert await names("framework_id=nobody") == []
        await desk.get("/tasks", "limit=many", status=400)
        await desk.get("/tasks", "offset=-1", status=400)
        await desk.get("/tasks", f"offset={1 << 63}", status=400)

    story(play)


def test_offers_have_the_ids_that_their_frameworks_know():
    async def play(desk):
        await desk.stage.node()
        framework = await desk.stage.framework()
        (told,) = (await desk.get("/state"))["frameworks"]
        assert [one["id"] for one in told["offers"]] == [view.offer.id for view in framework.offers]
        assert told["offers"][0]["framework_id"] == framework.id
        assert told["offers"][0]["slave_id"] == framework.offers[0].agent

    story(play)


def test_agents_that_have_not_come_back_since_a_restart_are_recovered_ones():
    async def play():
        stage = Stage()
        await stage.node("n1")
        await stage.node("n2")
        stage.clock.advance(5.0)
        desk = Desk(stage.restart())
        try:
            await desk.stage.node("n2")
            desk.stage.clock.advance(1.0)
            known = {node: desk.stage.standing.agent_of(node) for node in ("n1", "n2")}
            told = await desk.call("GET_AGENTS")
            assert [one["agent_info"]["id"]["value"] for one in told["agents"]] == [known["n2"]]
            assert [one["id"]["value"] for one in told["recovered_agents"]] == [known["n1"]]
            for path in ("/state", "/slaves"):
                old = await desk.get(path)
                assert [one["id"] for one in old["slaves"]] == [known["n2"]]
                assert [one["id"] for one in old["recovered_slaves"]] == [known["n1"]]
        finally:
            desk.following.cancel()

    asyncio.run(play())


def test_frameworks_and_roles_and_slaves_of_one():
    async def play(desk):
        _, framework = await busy(desk)
        told = await desk.get("/master/frameworks/")
        assert {one["name"] for one in told["frameworks"]} == {"first", "Portico jobv1"}
        told = await desk.get("/frameworks", f"framework_id={framework.id}")
        assert [one["id"] for one in told["frameworks"]] == [framework.id]
        roles = {one["name"]: one for one in (await desk.get("/roles"))["roles"]}
        assert roles["*"]["resources"]["cpus"] == 0.5
        assert roles["/jobv1"]["frameworks"] == ["portico-jobv1"]
        assert (await desk.get("/slaves", "slave_id=none"))["slaves"] == []

    story(play)


def test_quota_weights_and_maintenance_are_told_and_changed():
    async def play(desk):
        await desk.stage.node()

        async def send(method, path, body, status=200):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            made = await desk.send(method=method, path=path, pieces=(data,))
            assert made.status == status, made.body

        guarantee = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]
        await send("POST", "/quota", {"role": "ads", "guarantee": guarantee})
        assert [info["role"] for info in (await desk.get("/master/quota"))["infos"]] == ["ads"]
        await send("DELETE", "/master/quota/ads", b"")
        await send("DELETE", "/master/quota/ads", b"", 400)
        assert await desk.get("/quota") == {}
        await send("PUT", "/weights", [{"role": "ads", "weight": 3}])
        assert await desk.get("/master/weights") == [{"weight": 3.0, "role": "ads"}]
        await send("PUT", "/weights", {"role": "ads"}, 400)
        window = {"machine_ids": [{"hostname": "n1"}], "unavailability": {"start": {"nanoseconds": 1}}}
        await send("POST", "/maintenance/schedule", {"windows": [window]})
        assert (await desk.get("/master/maintenance/schedule"))["windows"] == [window]
        await send("POST", "/machine/down", [{"hostname": "n1"}])
        assert (await desk.get("/maintenance/status"))["down_machines"] == [{"hostname": "n1"}]
        await send("POST", "/machine/up", [{"hostname": "n1"}])
        assert await desk.get("/maintenance/status") == {}
        await send("POST", "/machine/up", b"{", 400)

    story(play)


async def answered(desk, node, coroutine, **facts):
    """Let a question to a node be answered with these facts."""
    import asyncio

    asking = asyncio.ensure_future(coroutine)
    before = len(node.line.of(Inquiry))
    while not asking.done():
        await desk.stage.settle(2)
        for inquiry in node.line.of(Inquiry)[before:]:
            before += 1
            node.session.receive(Answer(inquiry.request, **facts))
    return asking.result()


def test_files_of_a_sandbox():
    async def play(desk):
        node, framework = await busy(desk)
        agent = desk.stage.standing.agent_of("n1")
        run = node.orders[0].run
        root = f"/slaves/{agent}/frameworks/{framework.id}/executors/t/runs/{run}"
        files = (FileFact("stdout", 5, 0o644, 1_000_000), FileFact("sub", 0, 0o755, 2_000_000, directory=True))
        listed = await answered(desk, node, desk.get("/files/browse", f"path={root}"), files=files)
        assert [(one["path"], one["mode"], one["mtime"]) for one in listed] == [
            (f"{root}/stdout", "-rw-r--r--", 1.0),
            (f"{root}/sub", "drwxr-xr-x", 2.0),
        ]
        latest = root.replace(run, "latest")
        read = await answered(
            desk, node, desk.get("/files/read.json", f"path={latest}/stdout&offset=1&length=3"), data=b"ell", size=5
        )
        assert read == {"data": "ell", "offset": 1}
        inquiry = node.line.of(Inquiry)[-1]
        assert (inquiry.run, inquiry.path, inquiry.offset, inquiry.length) == (run, "stdout", 1, 3)
        told = await answered(desk, node, desk.call("LIST_FILES", list_files={"path": root}), files=files[:1])
        assert told["file_infos"][0]["path"] == f"{root}/stdout"
        told = await answered(
            desk, node, desk.call("READ_FILE", read_file={"path": f"{root}/stdout", "offset": (1 << 64) - 1}), size=5
        )
        assert told["size"] == 5
        assert node.line.of(Inquiry)[-1].offset == (1 << 63) - 1
        resident = f"/slaves/{agent}/frameworks/portico-jobv1/executors/r1/runs/r1"
        assert await answered(desk, node, desk.get("/files/browse", f"path={resident}"), files=()) == []

    story(play)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 400),
        ("/etc/passwd", 404),
        ("/slaves/A/frameworks/F/executors/t/runs/RUN", 404),
        ("/slaves/AGENT/frameworks/other/executors/t/runs/RUN", 404),
        ("/slaves/AGENT/frameworks/FRAMEWORK/executors/t/runs/nothing", 404),
        ("/slaves/AGENT/frameworks/FRAMEWORK/executors/t/runs/RUN/../../x", 400),
    ],
)
def test_paths_that_lead_nowhere(path, status):
    async def play(desk):
        node, framework = await busy(desk)
        agent = desk.stage.standing.agent_of("n1")
        named = path.replace("AGENT", agent).replace("FRAMEWORK", framework.id).replace("RUN", node.orders[0].run)
        await desk.get("/files/browse", f"path={named}", status=status)
        await desk.done("LIST_FILES", status, list_files={"path": named})

    story(play)


def test_the_log_of_the_master_is_read_and_rotated():
    tail = LogTail(200)

    async def play(desk):
        import logging

        for number in range(40):
            tail.handle(logging.LogRecord("x", logging.INFO, "", 0, "line %d", (number,), None))
        assert await desk.get("/files/debug") == {"/master/log": "/master/log"}
        (entry,) = await desk.get("/files/browse", "path=/master/log")
        assert entry["path"] == "/master/log"
        assert 0 < entry["size"] <= 200
        whole = (await desk.get("/files/read", "path=/master/log&offset=0"))["data"]
        assert whole.endswith("line 39\n")
        assert whole.startswith("line ")
        assert len(whole) == entry["size"]
        made = await desk.send(method="GET", path="/files/download", query=b"path=/master/log")
        assert made.body.decode() == whole
        assert await desk.get("/files/read", "path=/master/log") == {"data": "", "offset": entry["size"]}
        await desk.get("/files/read", f"path=/master/log&offset={1 << 63}", status=400)

    story(play, log=tail)
