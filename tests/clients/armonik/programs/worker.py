"""A worker on the genuine package: what a task does is written in its payload, as JSON.

`log` names a file that gets a line when a task begins; every other word is an action below. The task that is none of
them copies its data to each of its outputs.
"""

import json
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import grpc
from armonik.common import Output, TaskDefinition, TaskOptions
from armonik.protogen.common import agent_common_pb2 as agent
from armonik.protogen.common import objects_pb2 as objects
from armonik.worker import TaskHandler, armonik_worker

kept = {}
"""What one task left for later ones of this process."""


def begin(task, order):
    if "log" in order:
        with Path(order["log"]).open("a") as log:
            log.write(f"{task.task_id} {os.getpid()}\n")


def runs(order):
    """Give the lines of a task's log: one for each time it began."""
    return Path(order["log"]).read_text().splitlines()


def copy(task, order):
    data = order.get("data", "").encode("latin-1")
    task.send_results(dict.fromkeys(task.expected_results, data))


def join(task, order):
    """Send the data of all that it depends on, in the order of their ids, and the partition's own word before."""
    parts = [task.data_dependencies[name] for name in sorted(task.data_dependencies)]
    task.send_results({task.expected_results[0]: order.get("data", "").encode() + b"".join(parts)})


def add(task, order):
    total = sum(int(data) for _, data in task.data_dependencies.items())
    task.send_results({task.expected_results[0]: str(total).encode()})


def tell(task, order):
    """Send what a task knows of itself."""
    found = {
        "session": task.session_id,
        "task": task.task_id,
        "payload": task.payload_id,
        "outputs": task.expected_results,
        "needs": sorted(task.data_dependencies),
        "files": sorted(one.name for one in Path(task.data_folder).iterdir()),
        "chunk": task.configuration.data_chunk_max_size,
        "partition": task.task_options.partition_id,
        "priority": task.task_options.priority,
        "options": dict(task.task_options.options),
        "word": os.environ.get("WORD", ""),
    }
    task.send_results({task.expected_results[0]: json.dumps(found).encode()})


def error(task, order):
    return Output(order["text"])


def drop(task, order):
    """Make results and tasks and then say that it went wrong: none of it may ever be."""
    copy(task, order)
    split(task, {"numbers": [1, 2]})
    return Output("dropped")


def fail(task, order):
    raise ValueError(order.get("text", "as told"))


def flaky(task, order):
    """Fail so many times, counted by the log."""
    if len(runs(order)) <= order["times"]:
        raise ValueError("not yet")
    copy(task, order)


def die(task, order):
    if len(runs(order)) <= order.get("times", 1_000):
        os._exit(3)
    copy(task, order)


def stop(task, order):
    """Hang the whole process: no thread of it answers any more."""
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1_000)  # until the signal has reached every thread


def wait(task, order):
    """Go on when a file is there."""
    while not Path(order["for"]).exists():
        time.sleep(0.005)
    copy(task, order)


def sleep(task, order):
    time.sleep(order["seconds"])
    copy(task, order)


def silent(task, order):
    """Produce nothing."""


def split(task, order):
    """Have each number doubled by a task of its own, and the sum made by one that waits for them all."""
    numbers = order["numbers"]
    payloads = task.create_results(
        {f"in-{number}": json.dumps({"do": "double", "number": number}).encode() for number in numbers}
    )
    doubled = task.create_results_metadata([f"out-{number}" for number in numbers])
    whole = task.create_results({"sum": b'{"do": "add"}'})["sum"]
    inner = [
        TaskDefinition(payloads[f"in-{number}"].result_id, [doubled[f"out-{number}"].result_id]) for number in numbers
    ]
    task.submit_tasks(inner, TaskOptions(timedelta(seconds=30), 2, 2, partition_id=task.task_options.partition_id))
    last = TaskDefinition(whole.result_id, task.expected_results[:1], [one.result_id for one in doubled.values()])
    task.submit_tasks([last])


def double(task, order):
    task.send_results({task.expected_results[0]: str(2 * order["number"]).encode()})


def stray(task, order):
    """Submit a task as no worker may, and send the status it got."""
    try:
        payload = task.create_results({"p": b"{}"})["p"].result_id
        out = task.create_results_metadata(["o"])["o"].result_id
        given = {name: order[name] for name in ("partition_id", "priority") if name in order}
        chosen = TaskOptions(timedelta(seconds=5), given.get("priority", 1), 1, partition_id=given.get("partition_id"))
        task.submit_tasks([TaskDefinition(payload, [out], order.get("needs", []))], chosen)
    except grpc.RpcError as refusal:
        text = f"{refusal.code().name}: {refusal.details()}"
    else:
        text = "OK"
    task.send_results({task.expected_results[0]: text.encode()})


def keep(task, order):
    kept["task"] = task
    copy(task, order)


def reuse(task, order):
    """Speak with the token of a task that is over, and send the statuses it got."""
    old, said = kept["task"], []
    for ask in (
        lambda: old.create_results({"late": b"x"}),
        lambda: old.create_results_metadata(["late"]),
        lambda: old.submit_tasks([TaskDefinition(task.payload_id, [task.expected_results[0]])]),
        lambda: TaskHandler.send_results(Late(old, task), {task.expected_results[0]: b"stolen"}),
    ):
        try:
            ask()
        except grpc.RpcError as refusal:
            said.append(refusal.code().name)
        else:
            said.append("OK")
    task.send_results({task.expected_results[0]: json.dumps(said).encode()})


class Late:
    """A task that is over, with the folder of one that is not."""

    def __init__(self, old, task):
        self._client, self.token, self.session_id = old._client, old.token, old.session_id
        self.data_folder = task.data_folder


def fetch(task, order):
    """Ask for a result that is no dependency; older packages have no method for it."""
    try:
        data = task.get_resource_data(order["result"])
    except grpc.RpcError as refusal:
        data = refusal.code().name.encode()
    task.send_results({task.expected_results[0]: data})


def ask(task, order):
    """Call what the package has stubs for and no methods: bring a result, submit as older workers do, and the rest."""
    stub, said = task._client, []
    asked = agent.DataRequest(communication_token=task.token, result_id=order["result"])
    brought = stub.GetResourceData(asked).result_id
    said.append(Path(task.data_folder, brought).read_text())
    for method in (stub.GetCommonData, stub.GetDirectData):
        try:
            method(asked)
        except grpc.RpcError as refusal:
            said.append(refusal.code().name)
    reply = stub.CreateTask(older(task, order))
    said += [reply.error, *(one.task_info.task_id for one in reply.creation_status_list.creation_statuses)]
    task.send_results({task.expected_results[0]: json.dumps(said).encode()})


def older(task, order):
    """Give the messages in which an older worker submits a task; `cut` leaves out the last."""
    header = objects.TaskRequestHeader(expected_output_keys=task.expected_results[1:])
    payload = json.dumps({"data": "older"}).encode()
    parts = [
        {"init_request": agent.CreateTaskRequest.InitRequest()},
        {"init_task": objects.InitTaskRequest(header=header)},
        *({"task_payload": objects.DataChunk(data=part)} for part in (payload[:4], payload[4:])),
        {"task_payload": objects.DataChunk(data_complete=True)},
        {"init_task": objects.InitTaskRequest(last_task=True)},
    ]
    for part in parts[:-1] if order.get("cut") else parts:
        yield agent.CreateTaskRequest(communication_token=task.token, **part)


def fill(task, order):
    """Write into its folder without end."""
    with Path(task.data_folder, "heap").open("wb") as heap:
        while True:
            heap.write(b"x" * (1 << 20))
            heap.flush()


def large(task, order):
    task.send_results({task.expected_results[0]: bytes(order["size"])})


@armonik_worker()
def process(task: TaskHandler) -> Output:
    order = json.loads(task.payload or b"{}")
    begin(task, order)
    answer = globals()[order.get("do", "copy")](task, order)
    return answer if answer is not None else Output()


if __name__ == "__main__":
    sys.exit(process.run())
