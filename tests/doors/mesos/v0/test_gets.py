"""The older GETs of the master: what each has to tell, and what is refused of all of them and of some."""

import asyncio
from base64 import b64encode

import pytest
from doors.mesos.extension.stage import Stage
from doors.mesos.operator.desk import story
from doors.mesos.v0.test_documents import answered, busy

from portico.domain.frames import Answer, Inquiry
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.operator.calls import OperatorService
from portico.doors.mesos.operator.facts import Facts
from portico.doors.mesos.serving.authentication import BasicAuthentication
from portico.doors.mesos.serving.routing import Routing
from portico.doors.mesos.v0.endpoints import READ_REALM, WRITE_REALM, OldEndpoints


def gets():
    """Give the methods of each path that can be read."""

    async def read():
        stage = Stage()
        endpoints = OldEndpoints(OperatorService(stage.plane, stage.standing)).endpoints()
        return {endpoint.path: endpoint.methods for endpoint in endpoints if "GET" in endpoint.methods}

    return asyncio.run(read())


GETS = gets()


@pytest.mark.parametrize("path", sorted(GETS))
def test_what_every_path_asks_of_who_reads_it(path):
    async def play(desk):
        realms = frozenset({READ_REALM, WRITE_REALM})
        endpoints = OldEndpoints(desk.service).endpoints()
        desk.app = Routing(endpoints, error_reply, BasicAuthentication({"me": "secret"}, realms))
        for proof in ({}, {"authorization": "Basic " + b64encode(b"me:guessed").decode()}):
            made = await desk.send(method="GET", path=path, headers=proof)
            assert made.status == 401
            assert made.headers["www-authenticate"].startswith("Basic realm=")
        proof = {"authorization": "Basic " + b64encode(b"me:secret").decode()}
        made = await desk.send(method="PATCH", path=path, headers=proof)
        assert (made.status, made.headers["allow"]) == (405, ", ".join(sorted(GETS[path])))
        made = await desk.send(method="GET", path=path, headers=proof)
        needs_path = path.startswith("/files/") and "debug" not in path
        assert made.status == (307 if path.endswith("redirect") else 400 if needs_path else 200)

    story(play)


def test_the_figures_are_those_of_the_call():
    async def play(desk):
        await busy(desk)
        told = await desk.call("GET_METRICS", get_metrics={})
        figures = {one["name"]: one["value"] for one in told["metrics"] if not one["name"].startswith("system/")}
        older = await desk.get("/metrics/snapshot")
        assert {name: value for name, value in older.items() if not name.startswith("system/")} == figures
        assert figures["master/tasks_running"] == 1
        assert (await desk.get("/metrics/snapshot", "timeout=5secs")).keys() == older.keys()
        for timeout in ("5", "soon", "-1secs"):
            await desk.get("/metrics/snapshot", f"timeout={timeout}", status=400)

    story(play)


@pytest.mark.parametrize("path", ["/flags", "/master/flags"])
def test_flags_are_told_by_name(path):
    async def play(desk):
        told = await desk.get(path)
        assert told["flags"]["quorum"] == "1"

    story(play, told=Facts(flags={"quorum": "1"}))


@pytest.mark.parametrize("root", ["", "/master"])
def test_agents_are_told_alone_and_by_id(root):
    async def play(desk):
        await busy(desk)
        (slave,) = (await desk.get(f"{root}/slaves"))["slaves"]
        assert slave["id"] == desk.stage.standing.agent_of("n1")
        assert slave["used_resources"]["cpus"] == 1.0
        assert (await desk.get(f"{root}/slaves", f"slave_id={slave['id']}"))["slaves"] == [slave]
        assert (await desk.get(f"{root}/frameworks", "framework_id=nobody"))["frameworks"] == []

    story(play)


async def sandbox(desk):
    """Give a node with a running task, and the virtual path of that one's sandbox."""
    node, framework = await busy(desk)
    agent = desk.stage.standing.agent_of("n1")
    return node, f"/slaves/{agent}/frameworks/{framework.id}/executors/t/runs/latest"


@pytest.mark.parametrize("end", ["", ".json"])
def test_a_file_of_a_sandbox_is_downloaded_whole(end):
    async def play(desk):
        node, root = await sandbox(desk)
        content = bytes(range(256)) * 1000
        query = f"path={root}/file".encode()
        loading = asyncio.ensure_future(desk.send(method="GET", path=f"/files/download{end}", query=query))
        answers = 0
        while not loading.done():
            await desk.stage.settle(2)
            for one in node.line.of(Inquiry)[answers:]:
                answers += 1
                part = content[one.offset : one.offset + one.length]
                node.session.receive(Answer(one.request, data=part, size=len(content)))
        made = loading.result()
        assert (made.status, made.body == content, answers) == (200, True, 5)
        assert made.headers["content-disposition"] == "attachment; filename*=UTF-8''file"

    story(play)


@pytest.mark.parametrize("name", ["browse", "read", "download"])
def test_what_is_not_in_a_sandbox_is_not_found(name):
    async def play(desk):
        node, root = await sandbox(desk)
        query = f"path={root}/none&offset=0".encode()
        reading = desk.send(method="GET", path=f"/files/{name}", query=query)
        assert (await answered(desk, node, reading, error="nothing there")).status == 404

    story(play)


@pytest.mark.parametrize("name", ["browse", "read", "download"])
@pytest.mark.parametrize(("path", "status"), [("", 400), ("/etc/passwd", 404), ("/slaves/../x", 400), ("/", 404)])
def test_files_that_nobody_may_read(name, path, status):
    async def play(desk):
        await busy(desk)
        for end in ("", ".json"):
            await desk.get(f"/files/{name}{end}", f"path={path}&offset=0", status=status)

    story(play)


@pytest.mark.parametrize("query", ["offset=x", "offset=-2", "length=x", "length=-2", f"length={1 << 63}"])
def test_parts_of_a_file_that_cannot_be(query):
    async def play(desk):
        await desk.get("/files/read", f"path=/master/log&{query}", status=400)

    story(play)
