"""Partitions with workers on a real server: pods come with Calls and go without, and yield to the more urgent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from live.server import LiveServer, until
from node.containers.images import make_layout

from portico.wire.armonik import (
    objects_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    task_status_pb2,
    tasks_pb2,
    tasks_pb2_grpc,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

WORKER = '''
import asyncio, pathlib
from portico.armonik_worker import serve

async def process(task):
    """Say that it has begun, and wait until there is leave to end."""
    gate = pathlib.Path(task.payload.decode())
    gate.with_suffix(".begun").touch()
    while not gate.exists():
        await asyncio.sleep(0.01)
    await task.send_result(task.expected_outputs[0], b"done")

serve(process)
'''
TIMERS = """
[timers]
"armonik.scale_down" = "1s"
"armonik.preemption" = "500ms"
"""


class Fleets(LiveServer):
    """A server with the ArmoniK door alone; `config` is of its partitions."""

    def configure(self, config, doors):
        keys = {"host": "127.0.0.1", **self.ports}
        head = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        self.script = self.home / "work.py"
        self.script.write_text(WORKER)
        worker = json.dumps([sys.executable, str(self.script)])
        self.config.write_text(
            f"{head}[doors]\nenabled = {json.dumps(doors)}\n{config.replace('WORKER', worker)}\n{TIMERS}"
        )

    def __enter__(self):
        self.start()
        self.connect()
        return self

    def connect(self):
        self.channel = grpc.insecure_channel(self.endpoints["armonik"])
        self.sessions = sessions_pb2_grpc.SessionsStub(self.channel)
        self.results = results_pb2_grpc.ResultsStub(self.channel)
        self.tasks = tasks_pb2_grpc.TasksStub(self.channel)

    def __exit__(self, *_):
        self.channel.close()
        self.clean()

    def agents(self, partition):
        """Count the agents of a partition that live."""
        found = [env for env in self.run_processes().values() if b"PORTICO_ARMONIK_PARTITION" in env]
        return sum(env[b"PORTICO_ARMONIK_PARTITION"] == partition.encode() for env in found)

    def pids(self):
        """Give the processes of agents that live."""
        return {pid for pid, env in self.run_processes().items() if b"PORTICO_ARMONIK_PARTITION" in env}

    def session(self, *partitions):
        options = objects_pb2.TaskOptions(
            max_duration=Duration(seconds=60), max_retries=1, priority=1, partition_id=partitions[0]
        )
        request = sessions_pb2.CreateSessionRequest(default_task_option=options, partition_ids=partitions)
        return self.sessions.CreateSession(request).session_id

    def submit(self, session, name):
        """Submit a task that ends when its gate is opened."""
        gate = Gate(self.home / name)
        create = results_pb2.CreateResultsRequest.ResultCreate
        payload = self.results.CreateResults(
            results_pb2.CreateResultsRequest(
                session_id=session, results=[create(name="payload", data=str(gate.path).encode())]
            )
        ).results[0]
        describe = results_pb2.CreateResultsMetaDataRequest.ResultCreate
        output = self.results.CreateResultsMetaData(
            results_pb2.CreateResultsMetaDataRequest(session_id=session, results=[describe(name="output")])
        ).results[0]
        task = tasks_pb2.SubmitTasksRequest.TaskCreation(
            payload_id=payload.result_id, expected_output_keys=[output.result_id]
        )
        answer = self.tasks.SubmitTasks(tasks_pb2.SubmitTasksRequest(session_id=session, task_creations=[task]))
        gate.task = answer.task_infos[0].task_id
        return gate

    def task(self, gate):
        return self.tasks.GetTask(tasks_pb2.GetTaskRequest(task_id=gate.task)).task

    def completed(self, *gates):
        return all(self.task(gate).status == task_status_pb2.TASK_STATUS_COMPLETED for gate in gates)


class Gate:
    """Where a task says that it has begun, and waits."""

    def __init__(self, path):
        self.path = Path(path)
        self.task = ""

    @property
    def begun(self):
        return self.path.with_suffix(".begun").exists()

    def open(self):
        self.path.touch()


def test_a_partition_grows_with_its_calls_and_shrinks_to_its_reserve():
    config = """
[[nodes]]
name = "n1"
cpus = 4
mem = 4096

[doors.armonik.partitions.default]
worker = WORKER
pod_reserved = 1
pod_max = 3
"""
    with Fleets(config, ["armonik"]) as server:
        until(lambda: server.agents("default") == 1, "the reserved pod")
        session = server.session("default")
        gates = [server.submit(session, f"g{number}") for number in range(4)]
        until(lambda: sum(gate.begun for gate in gates) == 3, "three tasks at the same time")
        assert server.agents("default") == 3
        for gate in gates:
            gate.open()
        until(lambda: server.completed(*gates), "all done")
        until(lambda: server.agents("default") == 1, "only the reserve is left")


def test_pods_yield_to_a_partition_of_higher_priority_and_their_calls_run_later():
    config = """
[[nodes]]
name = "n1"
cpus = 2
mem = 4096

[doors.armonik.partitions.low]
worker = WORKER
pod_reserved = 0
pod_max = 2
priority = 1
preemption_percentage = 50
resources = { cpus = 1 }

[doors.armonik.partitions.high]
worker = WORKER
pod_reserved = 0
pod_max = 2
priority = 2
resources = { cpus = 1 }
"""
    with Fleets(config, ["armonik"]) as server:
        session = server.session("low")
        first = server.submit(session, "first")
        until(lambda: first.begun, "the first task")
        last = server.submit(session, "last")
        until(lambda: last.begun, "the last task")
        urgent = [server.submit(server.session("high"), f"urgent{number}") for number in range(2)]
        until(lambda: any(gate.begun for gate in urgent), "room for the urgent")
        assert server.agents("low") == 1
        assert server.task(last).status in {
            task_status_pb2.TASK_STATUS_SUBMITTED,
            task_status_pb2.TASK_STATUS_DISPATCHED,
        }
        assert server.task(first).status == task_status_pb2.TASK_STATUS_PROCESSING
        for gate in (*urgent, first, last):
            gate.open()
        until(lambda: server.completed(first, last, *urgent), "everything is done")
        assert not server.task(last).retry_of_ids


def test_a_worker_with_the_image_of_the_host_works():
    config = """
[[nodes]]
name = "n1"
cpus = 2
mem = 4096

[doors.armonik.partitions.default]
worker = WORKER
image = "portico/host"
"""
    with Fleets(config, ["armonik"]) as server:
        gate = server.submit(server.session("default"), "g")
        gate.open()
        until(lambda: server.completed(gate), "the task is done")


def test_pods_outlive_the_server_and_are_replaced_when_their_worker_changes():
    config = """
[[nodes]]
name = "n1"
cpus = 2
mem = 4096

[doors.armonik.partitions.default]
worker = WORKER
pod_reserved = 0
pod_max = 2
"""
    with Fleets(config, ["armonik"]) as server:
        gate = server.submit(server.session("default"), "g")
        until(lambda: gate.begun, "the task has begun")
        before = server.pids()
        server.restart()
        server.connect()
        gate.open()
        until(lambda: server.completed(gate), "the task that outlived the server")
        assert server.pids() == before
        server.stop()
        server.configure(config + 'environment = { COLOUR = "blue" }\n', ["armonik"])
        server.start()
        server.connect()
        later = server.submit(server.session("default"), "later")
        until(lambda: later.begun and not before & server.pids(), "a pod of the new kind")
        later.open()
        until(lambda: server.completed(later), "the later task")


@pytest.mark.containers
def test_a_container_shares_a_folder_with_its_agent_and_ends_the_pair(tmp_path):
    make_layout(tmp_path, {"1": {"Cmd": ["sh"], "Env": ["PATH=/bin"]}})
    wait = "while [ ! -S /cache/armonik_agent.sock ]; do sleep 0.1; done; echo $PORTICO_RUN_ID > /cache/seen; sleep 60"
    config = f"""
[[nodes]]
name = "n1"
cpus = 2
mem = 4096

[images]
"acme/worker:1" = "oci:{tmp_path}:1"

[doors.armonik.partitions.default]
image = "acme/worker:1"
worker = ["sh", "-c", "{wait}"]
grace = "100ms"
"""
    with Fleets(config, ["armonik"]) as server:

        def seen():
            return [place.read_text() for place in server.data.glob("nodes/*/sandboxes/*/cache/seen")]

        (worker,) = until(lambda: [text for text in seen() if text], "the container sees the agent's socket")
        server.post(f"/runs/{worker.strip()}/stop", {})
        until(lambda: len([text for text in seen() if text]) == 2, "another pair")
