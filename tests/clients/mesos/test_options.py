"""What `[doors.mesos]` and `[[nodes]] disks` switch on, at a real server: who gets in, disks, limits, the whitelist."""

import contextlib
import json
import uuid
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest
from clients.mesos.raw import SCHEDULER, Framework, Records, command, post, subscribe
from live.server import LiveServer, until

from portico.wire.mesos import executor_pb2, master_pb2, mesos_pb2, scheduler_pb2  # noqa: TID251 — bytes as the wire has them

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(90)]

TOKEN, SECRET = "t0ken-of-the-server", "s3cret-of-alice"
CONFIG = f"""
[auth]
token = "{TOKEN}"
[doors.mesos]
credentials = {{ alice = "{SECRET}", bob = "b" }}
limit_disk = true
whitelist = ["one"]
[timers]
"mesos.allocation" = "100ms"
"mesos.status_retry" = "500ms"
[[nodes]]
name = "two"
cpus = 1
mem = 256
disk = 512
[[nodes]]
name = "one"
cpus = 2
mem = 512
disk = 512
disks = [{{ type = "path", root = "{{path}}", size = 64 }}, {{ type = "mount", root = "{{mount}}", size = 32 }}]
"""
GROUP_LIMIT = 30 << 20
SIZE = 3 << 18


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


ALICE, BEARER = basic(f"alice:{SECRET}"), f"Bearer {TOKEN}"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = [tmp_path_factory.mktemp(name) for name in ("path", "mount")]
    return {folder.name.rstrip("0123456789"): folder for folder in made}


@pytest.fixture(scope="module")
def server(folders):
    config = CONFIG.replace("{path}", str(folders["path"])).replace("{mount}", str(folders["mount"]))
    server = LiveServer(config, doors=("mesos",))
    server.headers["Authorization"] = BEARER
    try:
        yield server.start()
    finally:
        server.clean()


class Alice(Framework):
    """A framework that shows who it is with each call."""

    def __init__(self, address, principal="alice", authorization=ALICE):
        info = mesos_pb2.FrameworkInfo(user="root", name="f", role="ads", principal=principal)
        self.address, self.path, self.authorization = address, SCHEDULER, authorization
        self.stream = Records(address, SCHEDULER, subscribe(info), scheduler_pb2.Event, Authorization=authorization)
        self.first = self.stream.next()
        self.id = self.first.subscribed.framework_id
        self.stream_id = self.stream.headers["Mesos-Stream-Id"]

    def call(self, kind, authorization=None, **body):
        told = self.said(kind, authorization, **body)
        assert (told[0], told[2]) == (202, b""), told

    def said(self, kind, authorization=None, **body):
        call = scheduler_pb2.Call(type=kind, framework_id=self.id, **body)
        headers = {"Mesos_Stream_Id": self.stream_id, "Authorization": authorization or self.authorization}
        return post(self.address, self.path, call, **headers)

    def offer(self):
        """Await an offer with all disks; others go back."""
        while True:
            offer = super().offer()
            if len([part for part in offer.resources if part.name == "disk"]) == 3:
                return offer
            self.call("DECLINE", decline={"offer_ids": [offer.id], "filters": {"refuse_seconds": 0}})

    def ended(self, name):
        while True:
            status = self.update(name)
            if status.state != mesos_pb2.TASK_RUNNING:
                return status

    def ends(self, names):
        """Await the ends of tasks, whichever comes first; gives the states."""
        states = {}
        while len(states) < len(names):
            status = self.stream.until(lambda event: event.type == event.UPDATE).update.status
            if status.uuid:
                fields = {"agent_id": status.agent_id, "task_id": status.task_id, "uuid": status.uuid}
                self.call("ACKNOWLEDGE", acknowledge=scheduler_pb2.Call.Acknowledge(**fields))
            if status.state != mesos_pb2.TASK_RUNNING:
                states[status.task_id.value] = status.state
        return set(states.values())


def amounts(**wanted):
    return [
        mesos_pb2.Resource(name=name, type="SCALAR", scalar=mesos_pb2.Value.Scalar(value=amount))
        for name, amount in wanted.items()
    ]


READS = ("/state", "/containers", "/monitor/statistics", "/files/debug", "/version", "/health", "/metrics/snapshot")


@pytest.mark.parametrize("place", ["mesos_master", "mesos_agents"])
def test_only_who_shows_token_or_secret_gets_in(server, place):
    found = server.endpoints[place]
    for address in [found] if isinstance(found, str) else found:
        calls = [("/api/v1", b'{"type":"GET_HEALTH"}', "POST")]
        calls += [(path, b"", "GET") for path in READS if place == "mesos_agents" or path in ("/state", "/version")]
        for path, body, method in calls:
            for said in (None, "Bearer wrong", basic("alice:wrong"), basic("carol:")):
                status, headers, text = post(
                    address, path, body, content_type="application/json", method=method, Authorization=said
                )
                assert (status, headers["Content-Type"]) == (401, "text/plain; charset=utf-8"), (path, said)
                challenges = headers.get_all("WWW-Authenticate")
                assert challenges[0] == "Bearer"
                assert challenges[1].startswith('Basic realm="mesos-')
                assert SECRET not in text.decode()
            for said in (ALICE, BEARER):
                told = post(address, path, body, content_type="application/json", method=method, Authorization=said)
                assert told[0] == 200, (path, told)


def test_a_nested_command_wants_the_token_and_an_executor_does_not(server):
    agent = server.endpoints["mesos_agents"][0]
    call = {"type": "LAUNCH_NESTED_CONTAINER", "launch_nested_container": {"container_id": {"value": "x"}}}
    assert post(agent, "/api/v1", call, content_type="application/json")[0] == 401
    assert post(agent, "/slave(1)/api/v1", call, content_type="application/json")[0] == 401
    subscription = executor_pb2.Call(type="SUBSCRIBE")
    subscription.executor_id.value = subscription.framework_id.value = "nobody"
    subscription.subscribe.SetInParent()
    assert post(agent, "/api/v1/executor", subscription)[0] == 400


def test_what_opens_the_door_is_in_no_command_line(server):
    seen = 0
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if str(server.data).encode() in words or b"portico.doors.mesos.outpost" in words:
            seen += 1
            assert TOKEN.encode() not in words
            assert SECRET.encode() not in words
    assert seen


def test_a_framework_is_whom_it_shows_to_be(server):
    master = server.endpoints["mesos_master"]
    refused = Alice(master, "bob")
    assert refused.first.type == scheduler_pb2.Event.ERROR
    assert refused.first.error.message == "Framework principal 'bob' does not match authenticated principal 'alice'"
    assert refused.stream.next() is None
    refused.stream.close()
    framework = Alice(master)
    with closing(framework.stream):
        told = framework.said("REVIVE", basic("bob:b"))
        assert (told[0], told[2]) == (400, b"Authenticated principal 'bob' is not that of the framework")
        assert framework.said("REVIVE", "Basic x")[0] == 401
        framework.call("REVIVE")
        framework.call("REVIVE", BEARER)
    assert post(master, SCHEDULER, subscribe())[0] == 401


def test_only_the_whitelist_is_offered_with_its_disks(server, folders):
    framework = Alice(server.endpoints["mesos_master"])
    with closing(framework.stream):
        offer = framework.offer()
        found = {}
        for part in offer.resources:
            if part.name == "disk":
                source = part.disk.source if part.disk.HasField("source") else None
                found[source.path.root or source.mount.root if source else ""] = part.scalar.value
        assert found == {"": 512, str(folders["path"]): 64, str(folders["mount"]): 32}
        state = master_pb2.Call(type="GET_AGENTS")
        told = post(framework.address, "/api/v1", state, Authorization=ALICE)
        (agent,) = (
            one.agent_info
            for one in master_pb2.Response.FromString(told[2]).get_agents.agents
            if one.agent_info.id == offer.agent_id
        )
        assert {part.disk.source.mount.root for part in agent.resources if part.disk.HasField("source")} >= {
            str(folders["mount"])
        }


def mounted(folder, amount, **said):
    part = mesos_pb2.Resource(name="disk", type="SCALAR", scalar={"value": amount}, role="ads", **said)
    part.disk.source.type = part.disk.source.MOUNT
    part.disk.source.mount.root = str(folder)
    part.reservation.principal = "alice"
    return part


def accept(framework, offer, *operations):
    said = scheduler_pb2.Call.Accept(offer_ids=[offer.id], operations=operations)
    said.filters.refuse_seconds = 0
    framework.call("ACCEPT", accept=said)


def test_a_volume_on_a_mount_is_the_whole_of_it(server, folders):
    framework = Alice(server.endpoints["mesos_master"])
    with closing(framework.stream):
        offer = framework.offer()
        operation = mesos_pb2.Offer.Operation
        part, whole = mounted(folders["mount"], 16), mounted(folders["mount"], 32)
        volume = mesos_pb2.Resource()
        volume.CopyFrom(whole)
        volume.disk.persistence.id, volume.disk.persistence.principal = "data", "alice"
        volume.disk.volume.container_path, volume.disk.volume.mode = "data", mesos_pb2.Volume.RW
        task = command("writes", offer, "echo kept > data/file")
        task.resources.append(volume)
        accept(
            framework,
            offer,
            operation(type="RESERVE", reserve={"resources": [part]}),
            operation(type="RESERVE", reserve={"resources": [whole]}),
            operation(type="CREATE", create={"volumes": [volume]}),
            operation(type="LAUNCH", launch={"task_infos": [task]}),
        )
        status = framework.ended("writes")
        assert status.state == mesos_pb2.TASK_FINISHED, status
        assert (folders["mount"] / "roles/ads/data/file").read_text() == "kept\n"
        offer = framework.offer()
        accept(
            framework,
            offer,
            operation(type="DESTROY", destroy={"volumes": [volume]}),
            operation(type="UNRESERVE", unreserve={"resources": [whole]}),
        )
        until(lambda: not (folders["mount"] / "roles/ads/data").exists(), "the volume is removed")


def test_a_directory_cannot_be_read_and_no_path_climbs(server):
    framework = Alice(server.endpoints["mesos_master"])
    with closing(framework.stream):
        offer = framework.offer()
        framework.launch(offer, command("stays", offer, "exec sleep 60"))
        framework.update("stays")
        sandbox = f"/slaves/{offer.agent_id.value}/frameworks/{framework.id.value}/executors/stays/runs/latest"
        agent = next(one for one in server.endpoints["mesos_agents"] if one.endswith(f":{offer.url.address.port}"))
        for address in (framework.address, agent):
            for path, expected in ((sandbox, 400), (f"{sandbox}/..", 400), (f"{sandbox}/no", 404)):
                asked = f"/files/read?offset=0&path={path}"
                said = {"type": "READ_FILE", "read_file": {"path": path, "offset": 0}}
                old = post(address, asked, b"", method="GET", Authorization=ALICE)
                new = post(address, "/api/v1", said, content_type="application/json", Authorization=ALICE)
                assert (old[0], new[0]) == (expected, expected), (address, path, old, new)
            assert (
                post(address, f"/files/read?offset=0&path={sandbox}/stdout", b"", method="GET", Authorization=ALICE)[0]
                == 200
            )


def test_a_task_that_writes_more_than_it_has_is_ended(server):
    framework = Alice(server.endpoints["mesos_master"])
    with closing(framework.stream):
        offer = framework.offer()
        task = command("large", offer, "head -c 8000000 /dev/zero > file; exec sleep 60")
        task.resources.extend(amounts(disk=2))
        framework.launch(offer, task)
        status = framework.ended("large")
        assert status.state == mesos_pb2.TASK_FAILED
        assert status.reason == mesos_pb2.TaskStatus.REASON_CONTAINER_LIMITATION_DISK, status


def test_a_group_of_tasks_above_what_travels_at_once_runs(server):
    framework = Alice(server.endpoints["mesos_master"])
    with closing(framework.stream):
        offer = framework.offer()
        operation = mesos_pb2.Offer.Operation(type="LAUNCH_GROUP")
        executor = operation.launch_group.executor
        executor.type = mesos_pb2.ExecutorInfo.DEFAULT
        executor.executor_id.value = f"e{uuid.uuid4()}"
        executor.framework_id.CopyFrom(framework.id)
        executor.resources.extend(amounts(cpus=0.1, mem=32, disk=1))
        names = [f"t{number}" for number in range(16)]
        for name in names:
            task = operation.launch_group.task_group.tasks.add(name=name, agent_id=offer.agent_id)
            task.task_id.value = name
            task.command.value = "exec true"
            for number in range(SIZE // 65_536):
                task.command.environment.variables.add(name=f"V{number}", value="x" * 65_536)
            task.resources.extend(amounts(cpus=0.01, mem=8))
        assert 8 << 20 < operation.ByteSize() < GROUP_LIMIT
        accept(framework, offer, operation)
        assert framework.ends(names) == {mesos_pb2.TASK_FINISHED}


def test_a_wrong_host_is_told_in_plain_text(server):
    master = server.endpoints["mesos_master"]
    status, headers, text = post(master, "/state", b"", method="GET", Host="evil.example", Authorization=BEARER)
    assert (status, headers["Content-Type"]) == (403, "text/plain; charset=utf-8")
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(text)


def test_a_token_that_is_set_later_guards_agents_that_run_already():
    config = '[[nodes]]\nname = "n1"\ncpus = 1\nmem = 256\ndisk = 512\n'
    server = LiveServer(config, doors=("mesos",))
    try:
        agent = server.start().endpoints["mesos_agents"][0]
        assert post(agent, "/version", b"", method="GET")[0] == 200
        server.stop()
        server.configure(config + f'[auth]\ntoken = "{TOKEN}"\n', doors=("mesos",))
        server.headers["Authorization"] = BEARER
        assert server.start().endpoints["mesos_agents"] == [agent]
        until(lambda: _status(agent) == 401, "the agent asks for the token")
        assert _status(agent, Authorization=BEARER) == 200
    finally:
        server.clean()


def _status(address, **headers):
    """Ask an agent; none answers while its outpost begins anew."""
    with contextlib.suppress(OSError):
        return post(address, "/version", b"", method="GET", **headers)[0]
