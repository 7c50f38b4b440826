"""GET_STATE with a hundred thousand Mesos tasks, in both encodings, and what a scheduler feels of it meanwhile."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

from harness.figures import Figure, Scale, at_most
from harness.machine import resident_bytes
from harness.mesos import Event, Framework
from harness.server import Server, fleeting

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.records import CORE_TABLES, NODES, RUNS, RecordTable
from portico.domain.identity import DAY, Instant, Micros, Revision, uuid7
from portico.domain.nodes import Node, NodeState
from portico.domain.runs import AbsencePolicy, Claim, Run, RunSpec, RunState
from portico.domain.slices import Slice, plain
from portico.doors.mesos.extension.records import (
    AGENTS,
    FRAMEWORKS,
    MASTERS,
    TABLES,
    TASKS,
    Agent,
    Master,
    Task,
)
from portico.doors.mesos.extension.records import (
    Framework as FrameworkRecord,
)
from portico.store.directory import open_directory
from portico.store.port import Batch, Change
from portico.store.sqlite import SqliteStore
from portico.wire.mesos import master_pb2  # noqa: TID251 — a client knows the wire, not the server
from portico.wire.mesos import mesos_pb2 as pb  # noqa: TID251 — a client knows the wire, not the server

COUNT = 100_000
TASKS_PER_NODE = 1_000
CHUNK = 10_000
MASTER = "5c1d3f64-9a1e-4b57-8d3a-0d5f6b1c2e3f"
OTHER = f"{MASTER}-0000"
BEAT = 0.1
LONGEST_BEAT = 0.5
CONFIG = f"""
[[nodes]]
name = "idle"
cpus = 1
mem = 64

[timers]
"mesos.heartbeat" = "{round(BEAT * 1000)}ms"
"""
PROTOBUF, JSON = "application/x-protobuf", "application/json"
SECONDS = {PROTOBUF: 1.0, JSON: 3.0}
CALL = master_pb2.Call(type=master_pb2.Call.GET_STATE).SerializeToString()


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config, data = folder / "state.toml", folder / "state"
    config.write_text(CONFIG)
    count = scale.of(COUNT)
    _load(data, count)
    with fleeting(config, data, doors="mesos") as server:
        before = resident_bytes(server.pid)
        found = asyncio.run(_measure(server, scale.rounds, count))
        grown = (resident_bytes(server.pid) - before) >> 20
    figures = []
    for accept, (seconds, lateness, size) in found.items():
        what = f"GET_STATE of {count:,} tasks, {accept.removeprefix('application/')}"
        notes = f"{size >> 20} MiB"
        figures.append(Figure(name=what, unit="s", portico=seconds, goal=at_most(SECONDS[accept]), notes=notes))
        figures.append(Figure(name=f"{what}: latest heartbeat", unit="s", portico=lateness, goal=at_most(LONGEST_BEAT)))
    return [*figures, Figure(name="server memory after reading state", unit="MiB", portico=(float(grown),))]


Found = dict[str, tuple[tuple[float, ...], tuple[float, ...], int]]


async def _measure(server: Server, rounds: int, count: int) -> Found:
    """Ask for the state while a scheduler listens; gives seconds, how late the latest heartbeat was, and bytes."""
    address = str(server.endpoints["mesos_master"])
    framework = Framework(address)
    await framework.subscribe()
    beats = Beats(framework)
    listening = asyncio.create_task(beats.listen())
    found: Found = {}
    for accept in (PROTOBUF, JSON):
        seconds, late, size = [], [], 0
        for _ in range(rounds):
            await beats.next()
            begun = time.monotonic()
            body = await asyncio.to_thread(_ask, address, accept)
            seconds.append(time.monotonic() - begun)
            await beats.next()
            late.append(beats.latest(begun))
            size = len(body)
            _check(body, accept, count)
        found[accept] = (tuple(seconds), tuple(late), size)
    listening.cancel()
    await framework.close()
    return found


class Beats:
    """When the heartbeats of a framework came."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self._times: list[float] = []
        self._came = asyncio.Event()

    async def listen(self) -> None:
        """Note them until cancelled."""
        async for event in self._framework.events():
            if event.type == Event.HEARTBEAT:
                self._note()

    def _note(self) -> None:
        self._times.append(time.monotonic())
        self._came.set()

    async def next(self) -> None:
        """Wait for one more."""
        self._came.clear()
        await self._came.wait()

    def latest(self, since: float) -> float:
        """Give by how much the latest one missed its time; the first counts from `since` on."""
        times = [since, *(at for at in self._times if at > since)]
        return max(0.0, max(later - earlier for earlier, later in pairwise(times)) - BEAT)


def _ask(address: str, accept: str) -> bytes:
    with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        connection.request("POST", "/api/v1", CALL, {"Content-Type": PROTOBUF, "Accept": accept})
        response = connection.getresponse()
        assert response.status == 200
        return response.read()


def _check(body: bytes, accept: str, count: int) -> None:
    """Make sure that what was measured is the whole state."""
    if accept == PROTOBUF:
        response = master_pb2.Response.FromString(body)
        assert len(response.get_state.get_tasks.tasks) == count
    else:
        assert body.count(b'"state":"TASK_RUNNING"') == 2 * count


# ---- what the server finds ---------------------------------------------------------------------------------------


def _load(data: Path, count: int) -> None:
    """Fill a fresh data directory with running tasks, in the server's own records."""
    with open_directory(data) as directory:
        store = SqliteStore(directory.database, [table.table for table in (*CORE_TABLES, *TABLES)], sheets=CALL_SHEETS)
        with closing(store):
            revision = 0
            records = _records(count)
            while chunk := list(islice(records, CHUNK)):
                changes = []
                for table, record in chunk:
                    revision += 1
                    changes.append(_change(table, record, Revision(revision)))
                store.write(Batch(changes))


def _change(table: RecordTable[Agent], record: Agent, revision: Revision) -> Change:
    at = Instant(time.time_ns() // 1000)
    return Change(
        revision,
        at,
        table.name,
        record.id,
        table.columns(record),
        table.encode(record),
        table.scope(record),
        logged=False,
    )


def _records(count: int) -> Iterator[tuple[RecordTable, object]]:  # type: ignore[type-arg]
    now = Instant(time.time_ns() // 1000)
    hosts = -(-count // TASKS_PER_NODE)
    yield MASTERS, Master("master", MASTER, frameworks=1, agents=hosts)
    info = pb.FrameworkInfo(user="root", name="loaded", failover_timeout=1e6)
    yield (
        FRAMEWORKS,
        FrameworkRecord(
            id=OTHER,
            info=info.SerializeToString(),
            name="loaded",
            user="root",
            roles=("*",),
            registered_at=now,
            failover_timeout=Micros(DAY),
        ),
    )
    for number in range(hosts):
        capacity = plain({"cpus": TASKS_PER_NODE * 100, "mem": TASKS_PER_NODE * 32_000})
        yield NODES, Node(id=f"h{number}", capacity=capacity, state=NodeState.ABSENT, absent_at=now, registered_at=now)
        yield AGENTS, Agent(f"h{number}", f"{MASTER}-S{number}", now)
    for number in range(count):
        identity = uuid7(now // 1000, number)
        host = number % hosts
        yield TASKS, _task(identity, number, host, now)
        yield RUNS, _run(identity, number, host, now)


def _task(identity: str, number: int, host: int, now: Instant) -> Task:
    name, agent = f"task-{number}", f"{MASTER}-S{host}"
    info = pb.TaskInfo(name=name)
    info.task_id.value, info.agent_id.value, info.command.value = name, agent, "sleep 1000"
    for kind, amount in (("cpus", 0.1), ("mem", 32)):
        resource = info.resources.add(name=kind, type=pb.Value.SCALAR, role="*")
        resource.scalar.value, resource.allocation_info.role = amount, "*"
    status = pb.TaskStatus(state=pb.TASK_RUNNING, source=pb.TaskStatus.SOURCE_EXECUTOR, timestamp=now / 1e6)
    status.task_id.value, status.agent_id.value, status.executor_id.value = name, agent, name
    status.uuid = number.to_bytes(16)
    status.container_status.container_id.value = identity
    status.container_status.network_infos.add().ip_addresses.add().ip_address = "127.0.0.1"
    return Task(
        id=identity,
        framework=OTHER,
        task=name,
        name=name,
        node=f"h{host}",
        info=info.SerializeToString(),
        command=True,
        state="TASK_RUNNING",
        statuses=(status.SerializeToString(),),
        created_at=now,
    )


def _run(identity: str, number: int, host: int, now: Instant) -> Run:
    amounts = {"cpus": 100, "mem": 32_000}
    return Run(
        id=identity,
        door="mesos",
        pool="/mesos/*",
        spec=RunSpec(argv=("sleep", "1000")),
        amounts=amounts,
        created_at=now,
        state=RunState.RUNNING,
        job=OTHER,
        instance=f"task-{number}",
        token=1,
        fixed=True,
        claim=Claim(f"h{host}", tuple(Slice(kind, amount) for kind, amount in amounts.items())),
        absence=AbsencePolicy(patience=Micros(DAY)),
        placed_at=now,
        started_at=now,
    )
