"""What is refused of operators' calls: by the rules for every call, and by those for some."""

import asyncio
import json
from base64 import b64encode

import pytest
from doors.mesos.extension.stage import task
from doors.mesos.extension.test_offer_use import launch, reserved, user, volume
from doors.mesos.operator.desk import JSON, story
from doors.mesos.operator.test_maintenance import N1, schedule

from portico.domain.frames import Answer, FileFact, Inquiry
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.operator.calls import REALM
from portico.doors.mesos.serving.authentication import BasicAuthentication
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import master_pb2

GUARANTEE = {"role": "ads", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}
AGENT = {"agent_id": {"value": "nobody"}}

# kind → the part that it must bring; None where there is none
PARTS = {
    "GET_HEALTH": None,
    "GET_FLAGS": None,
    "GET_VERSION": None,
    "GET_METRICS": {},
    "GET_LOGGING_LEVEL": None,
    "SET_LOGGING_LEVEL": {"level": 1, "duration": {"nanoseconds": 1}},
    "LIST_FILES": {"path": "/master/log"},
    "READ_FILE": {"path": "/master/log", "offset": 0},
    "GET_STATE": None,
    "GET_AGENTS": None,
    "GET_FRAMEWORKS": None,
    "GET_EXECUTORS": None,
    "GET_TASKS": None,
    "GET_ROLES": None,
    "GET_WEIGHTS": None,
    "UPDATE_WEIGHTS": {"weight_infos": [{"role": "ads", "weight": 2.0}]},
    "GET_MASTER": None,
    "SUBSCRIBE": None,
    "RESERVE_RESOURCES": AGENT,
    "UNRESERVE_RESOURCES": AGENT,
    "CREATE_VOLUMES": AGENT,
    "DESTROY_VOLUMES": AGENT,
    "GET_MAINTENANCE_STATUS": None,
    "GET_MAINTENANCE_SCHEDULE": None,
    "UPDATE_MAINTENANCE_SCHEDULE": schedule(N1),
    "START_MAINTENANCE": {"machines": [N1]},
    "STOP_MAINTENANCE": {"machines": [N1]},
    "GET_QUOTA": None,
    "SET_QUOTA": {"quota_request": GUARANTEE},
    "REMOVE_QUOTA": {"role": "ads"},
}
SECRET = {"authorization": "Basic " + b64encode(b"me:secret").decode()}


def test_there_is_a_case_for_every_call():
    assert {*PARTS, "UNKNOWN"} == set(master_pb2.Call.Type.keys())


def closed(desk):
    """Let nobody in but `me`."""
    proof = BasicAuthentication({"me": "secret"}, frozenset({REALM}))
    desk.app = Routing(desk.service.endpoints(), error_reply, proof)


async def ask(desk, call, method="POST", **headers):
    """Make a call with these headers beside the usual ones; gives what was answered, with its text."""
    body = call if isinstance(call, bytes) else json.dumps(call).encode()
    head = {name: value for name, value in ({"content-type": JSON, **headers}).items() if value is not None}
    made = await desk.send(method=method, path="/api/v1", headers=head, pieces=(body,))
    return made.status, made.body.decode(), made.headers


@pytest.mark.parametrize("kind", PARTS)
def test_what_every_call_must_bring(kind):
    async def play(desk):
        await desk.stage.node()
        closed(desk)
        before = desk.stage.plane.committer.revision
        part = PARTS[kind]
        call = {"type": kind} | ({} if part is None else {kind.lower(): part})
        status, _, headers = await ask(desk, call)
        assert (status, headers["www-authenticate"]) == (401, f'Basic realm="{REALM}"')
        wrong = "Basic " + b64encode(b"me:guessed").decode()
        assert (await ask(desk, call, authorization=wrong))[0] == 401
        status, _, headers = await ask(desk, call, "GET", **SECRET)
        assert (status, headers["allow"]) == (405, "POST")
        status, text, _ = await ask(desk, call, **SECRET, **{"content-type": None})
        assert (status, text[:38]) == (400, "Expecting 'Content-Type' to be present")
        assert (await ask(desk, call, **SECRET, **{"content-type": "text/plain"}))[0] == 415
        assert (await ask(desk, call, **SECRET, accept="text/html"))[0] == 406
        if part is not None:
            text = f"Failed to validate master::Call: Expecting '{kind.lower()}' to be present"
            assert (await ask(desk, {"type": kind}, **SECRET))[:2] == (400, text)
        assert desk.stage.plane.committer.revision == before
        assert desk.service.level.level == 0

    story(play)


def test_whoever_has_to_prove_a_name_reserves_under_it():
    async def play(desk):
        await desk.stage.node(disk=1000)
        closed(desk)
        agent = {"agent_id": {"value": desk.stage.standing.agent_of("n1")}}

        async def change(kind, status, name, *wanted):
            plain = [jsonpb.to_plain(resource) for resource in wanted]
            call = {"type": kind, kind.lower(): {**agent, name: plain}}
            told, text, _ = await ask(desk, call, **SECRET)
            assert told == status, text
            return text

        mine, other = reserved(disk=100), reserved(disk=100)
        other[0].reservation.principal = "you"
        assert "'me'" in await change("RESERVE_RESOURCES", 400, "resources", *other)
        await change("RESERVE_RESOURCES", 202, "resources", *mine)
        foreign = volume(60)
        foreign.disk.persistence.principal = "you"
        assert "'me'" in await change("CREATE_VOLUMES", 400, "volumes", foreign)
        await change("CREATE_VOLUMES", 202, "volumes", volume(60))

    story(play)


def plain(*wanted):
    return [jsonpb.to_plain(resource) for resource in wanted]


RESERVING = {
    "RESERVE_RESOURCES": "resources",
    "UNRESERVE_RESOURCES": "resources",
    "CREATE_VOLUMES": "volumes",
    "DESTROY_VOLUMES": "volumes",
}


@pytest.mark.parametrize("kind", RESERVING)
def test_reservations_and_volumes_are_on_an_agent_that_there_is(kind):
    async def play(desk):
        await desk.stage.node(disk=1000)
        known = {"value": desk.stage.standing.agent_of("n1")}
        name = RESERVING[kind]
        wanted = [volume(60)] if name == "volumes" else reserved(cpus=1)
        part = {"agent_id": {"value": "nobody"}, name: plain(*wanted)}
        assert "No agent found" in await desk.done(kind, 400, **{kind.lower(): part})
        await desk.done(kind, 400, **{kind.lower(): {"agent_id": known}})
        allocated = wanted[0]
        allocated.allocation_info.role = "ads"
        part = {"agent_id": known, name: plain(allocated)}
        assert "allocation_info" in await desk.done(kind, 400, **{kind.lower(): part})
        assert all(piece.label.reservation == "*" for piece in desk.stage.plane.state.nodes["n1"].capacity)

    story(play)


def no_persistence(made):
    made.disk.ClearField("persistence")


def read_only(made):
    made.disk.volume.mode = 2


def of_the_host(made):
    made.disk.volume.host_path = "/etc"


def outside(made):
    made.disk.volume.container_path = "../up"


def no_volume(made):
    made.disk.ClearField("volume")


def revocable(made):
    made.revocable.SetInParent()


def unreserved(made):
    made.role = "*"
    made.ClearField("reservation")


def badly_named(made):
    made.disk.persistence.id = "a/b"


def no_disk(made):
    made.name = "mem"


@pytest.mark.parametrize(
    "change",
    [no_persistence, read_only, of_the_host, outside, no_volume, revocable, unreserved, badly_named, no_disk],
)
def test_volumes_that_cannot_be(change):
    async def play(desk):
        await desk.stage.node(disk=1000)
        agent = {"agent_id": {"value": desk.stage.standing.agent_of("n1")}}
        await desk.done("RESERVE_RESOURCES", 202, reserve_resources={**agent, "resources": plain(*reserved(disk=100))})
        wrong = volume(60)
        change(wrong)
        await desk.done("CREATE_VOLUMES", 400, create_volumes={**agent, "volumes": plain(wrong)})
        assert not desk.stage.plane.state.records["volumes"]

    story(play)


def test_what_is_used_is_not_given_back():
    async def play(desk):
        node = await desk.stage.node(disk=1000)
        agent = desk.stage.standing.agent_of("n1")
        named = {"agent_id": {"value": agent}}
        room, kept = plain(*reserved(cpus=0.5, mem=64, disk=100)), plain(volume(60))
        await desk.done("RESERVE_RESOURCES", 202, reserve_resources={**named, "resources": room})
        await desk.done("CREATE_VOLUMES", 202, create_volumes={**named, "volumes": kept})
        unreserve = {**named, "resources": kept}
        text = await desk.done("UNRESERVE_RESOURCES", 400, unreserve_resources=unreserve)
        assert "destroy the persistent volume first" in text
        await desk.done("UNRESERVE_RESOURCES", 409, unreserve_resources={**named, "resources": room})
        framework = await desk.stage.framework(roles=["ads"])
        await framework.accept(launch(user(agent)))
        assert [order.spec.container is not None for order in node.orders] == [True]
        part = plain(*reserved(cpus=0.5))
        await desk.done("UNRESERVE_RESOURCES", 409, unreserve_resources={**named, "resources": part})
        assert "in use" in await desk.done("DESTROY_VOLUMES", 400, destroy_volumes={**named, "volumes": kept})
        node.started(node.orders[0])
        node.ended(node.orders[0])
        await desk.settle()
        await desk.done("DESTROY_VOLUMES", 202, destroy_volumes={**named, "volumes": kept})
        await desk.done("UNRESERVE_RESOURCES", 202, unreserve_resources={**named, "resources": room})

    story(play)


@pytest.mark.parametrize("kind", ["START_MAINTENANCE", "STOP_MAINTENANCE"])
@pytest.mark.parametrize("machines", [[], [N1, N1], [{"hostname": "other"}], [{}], [{"ip": "nonsense"}]])
def test_machines_that_cannot_go_down_or_come_up(kind, machines):
    async def play(desk):
        await desk.stage.node()
        await desk.done("UPDATE_MAINTENANCE_SCHEDULE", update_maintenance_schedule=schedule(N1))
        if kind == "STOP_MAINTENANCE":
            await desk.done("STOP_MAINTENANCE", 400, stop_maintenance={"machines": [N1]})
            await desk.done("START_MAINTENANCE", start_maintenance={"machines": [N1]})
        before = await desk.call("GET_MAINTENANCE_STATUS")
        await desk.done(kind, 400, **{kind.lower(): {"machines": machines}})
        assert await desk.call("GET_MAINTENANCE_STATUS") == before

    story(play)


def test_the_master_tells_who_it_is_and_that_it_is_well():
    async def play(desk):
        assert await desk.call("GET_HEALTH") == {"healthy": True}
        told = (await desk.call("GET_MASTER"))["master_info"]
        place = desk.stage.standing.place
        assert (told["hostname"], told["port"]) == (place.hostname, place.port)
        assert (told["address"]["ip"], told["address"]["port"]) == (place.address, place.port)
        framework = await desk.stage.framework()
        assert framework.id.startswith(told["id"])

    story(play)


@pytest.mark.parametrize(
    "wanted", [{"level": 9, "duration": {"nanoseconds": 1}}, {"level": 1, "duration": {"nanoseconds": -1}}]
)
def test_a_logging_level_that_there_is_not(wanted):
    levels = []

    async def play(desk):
        await desk.done("SET_LOGGING_LEVEL", 400, set_logging_level=wanted)
        assert await desk.call("GET_LOGGING_LEVEL") == {"level": 0}
        assert levels == []

    story(play, apply_level=levels.append)


# ---- files -----------------------------------------------------------------------------------------------------


async def asked(desk, node, call, answers):
    """Make a call while a node answers what it is asked, by what it is; gives what was answered to the call."""
    asking = asyncio.ensure_future(desk.post(call))
    before = len(node.line.of(Inquiry))
    while not asking.done():
        await desk.stage.settle(2)
        for inquiry in node.line.of(Inquiry)[before:]:
            before += 1
            node.session.receive(Answer(inquiry.request, **answers[inquiry.what]))
    return asking.result()


async def with_sandbox(desk):
    """A node with a running task, and the virtual path of its sandbox."""
    node = await desk.stage.node()
    framework = await desk.stage.framework()
    agent = framework.offers[0].agent
    await framework.launch(task("t", agent))
    node.started(node.orders[0])
    await desk.stage.settle()
    return node, f"/slaves/{agent}/frameworks/{framework.id}/executors/t/runs/{node.orders[0].run}"


def reading(path, **more):
    return {"type": "READ_FILE", "read_file": {"path": path, "offset": 0, **more}}


@pytest.mark.parametrize("length", [None, 1 << 30])
def test_one_reading_gives_sixteen_pages_at_most(length):
    async def play(desk):
        node, root = await with_sandbox(desk)
        more = {} if length is None else {"length": length}
        made = await asked(desk, node, reading(f"{root}/f", **more), {"read": {"data": b"xy", "size": 1 << 20}})
        assert json.loads(made.body)["read_file"] == {"size": 1 << 20, "data": "eHk="}
        assert node.line.of(Inquiry)[-1].length == 16 * 4096
        log = await desk.call("READ_FILE", read_file={"path": "/master/log", "offset": 1 << 40})
        (entry,) = (await desk.call("LIST_FILES", list_files={"path": "/master/log"}))["file_infos"]
        assert log == {"size": entry["size"], "data": ""}

    story(play)


def test_what_cannot_be_read():
    async def play(desk):
        node, root = await with_sandbox(desk)
        for path, status in (("", 400), ("/etc/passwd", 404), (f"{root}/../x", 400), (f"{root}nobody", 404)):
            await desk.done("READ_FILE", status, read_file={"path": path, "offset": 0})
        directory = {"read": {"error": "no plain file"}, "list": {"files": (FileFact("sub/a", 1, 0o644, 1),)}}
        made = await asked(desk, node, reading(f"{root}/sub"), directory)
        assert (made.status, "no file that can be read" in made.body.decode()) == (400, True)
        nothing = {"read": {"error": "nothing there"}, "list": {"error": "nothing there"}}
        assert (await asked(desk, node, reading(f"{root}/none"), nothing)).status == 404
        listing = {"type": "LIST_FILES", "list_files": {"path": f"{root}/none"}}
        assert (await asked(desk, node, listing, nothing)).status == 404
        node.session.lost()
        await desk.stage.settle()
        assert (await desk.post(reading(f"{root}/f"))).status == 503

    story(play)
