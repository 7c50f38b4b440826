"""A worker whose payload says what it does: a verb, and after a colon what the verb needs."""

# ruff: noqa: ASYNC240 — it may block

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from pathlib import Path

import grpc

from portico.armonik_worker import Options, Subtask, Task, quick, serve
from portico.wire.armonik import agent_pb2, objects_pb2


async def process(task: Task) -> str | None:
    verb, _, rest = task.payload.decode().partition(":")
    return await VERBS[verb](task, rest)


async def echo(task, rest):
    for result in task.expected_outputs:
        await task.send_result(result, rest.encode())


async def large(task, rest):
    for result in task.expected_outputs:
        await task.send_result(result, b"x" * int(rest))


async def pile(task, rest):
    for result in task.expected_outputs:
        await task.send_result(result, result.encode() * 600)


async def twice(task, rest):
    first, second, third = task.expected_outputs
    await task.send_result(first, b"x" * 50_000)
    await task.send_result(first, b"small")
    await task.send_result(second, b"small")
    await task.send_result(second, b"x" * 50_000)
    await task.send_result(third, b"told")
    await task.notify()
    await task.send_result(third, b"later")


async def told_early(task, rest):
    await task.send_result(task.expected_outputs[0], b"early")
    await task.notify()
    await task.send_result(task.expected_outputs[1], b"late")


async def files(task, rest):
    names = sorted(path.name for path in Path(task._request.data_folder).iterdir())
    return f"{task.payload == b'files'} {','.join(names)}"


async def leave(task, rest):
    """Go on without the quick way."""
    quick.QuickEnd.connect = unconnected
    next(one for one in gc.get_objects() if isinstance(one, quick.QuickEnd)).close()
    await asyncio.sleep(60)


async def nothing(task, rest):
    return None


async def say(task, rest):
    return rest


async def fail(task, rest):
    task.fail(rest)


async def crash(task, rest):
    raise ValueError(rest)


async def odd(task, rest):
    """Answer with something that is hard to tell."""
    return await ODD[rest](task)


async def named_by_a_number(task):
    await task.send_result(5, b"x")


async def raise_odd_letters(task):
    raise FileNotFoundError(ODD_LETTERS)


async def fail_with_odd_letters(task):
    task.fail(ODD_LETTERS)


async def say_odd_letters(task):
    return ODD_LETTERS


async def say_too_much(task):
    return "long" * 1_000_000


async def say_an_object(task):
    return object()


ODD_LETTERS = os.fsdecode(b"no \xff")
ODD = {
    "raised": raise_odd_letters,
    "failed": fail_with_odd_letters,
    "said": say_odd_letters,
    "long": say_too_much,
    "object": say_an_object,
    "number": named_by_a_number,
}


async def die(task, rest):
    os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(60)


async def wait(task, rest):
    await asyncio.sleep(float(rest))


async def block(task, rest):
    time.sleep(float(rest))  # noqa: ASYNC251 — a worker that hangs


async def joined(task, rest):
    data = b"+".join(task.dependencies.values())
    await task.send_result(task.expected_outputs[0], data)


async def split(task, rest):
    ids = await task.create_results({"in": b"small", "big": b"b" * (3 << 20), "bare": None})
    created = await task.submit(
        [Subtask(ids["in"], [task.expected_outputs[0]], [ids["big"]], Options(priority=3, max_duration=1.5))],
        Options(max_retries=4, options={"a": "b"}),
    )
    await task.send_result(ids["bare"], b"late")
    return f"{rest}{created[0]}" if rest else None


async def many(task, rest):
    for _ in range(int(rest)):
        await task.create_results({"one": b"1"})


async def fetch(task, rest):
    await task.send_result(task.expected_outputs[0], await task.fetch(rest))


async def told(task, rest):
    options = task.options
    return f"{task.id} {task.session_id} {options.max_duration} {options.options} {os.getpid()}"


async def fill(task, rest):
    Path(task._request.data_folder, "scratch").write_bytes(b"x" * int(rest))
    await asyncio.sleep(60)


async def vanish(task, rest):
    await task.send_result(task.expected_outputs[0], b"x" * (1 << 20))
    Path(task._request.data_folder, task.expected_outputs[0]).unlink()


async def raw(task, rest):
    """Call the agent in some wrong way, and end with what it says."""
    stub = task._agent._agent()
    token = task._request.communication_token
    try:
        return str(await RAW[rest](stub, task, token))
    except grpc.aio.AioRpcError as error:
        return f"{error.code().name}: {error.details()}"


def metadata(stub, task, token, session=""):
    return stub.CreateResultsMetaData(
        agent_pb2.CreateResultsMetaDataRequest(
            results=[agent_pb2.CreateResultsMetaDataRequest.ResultCreate(name="n")],
            session_id=session or task.session_id,
            communication_token=token,
        )
    )


def notify(stub, task, token, result=""):
    named = agent_pb2.NotifyResultDataRequest.ResultIdentifier(
        session_id=task.session_id, result_id=result or task.expected_outputs[0]
    )
    return stub.NotifyResultData(agent_pb2.NotifyResultDataRequest(ids=[named], communication_token=token))


def submit(stub, task, token, **options):
    creation = agent_pb2.SubmitTasksRequest.TaskCreation(
        payload_id=task.payload_id, expected_output_keys=task.expected_outputs
    )
    return stub.SubmitTasks(
        agent_pb2.SubmitTasksRequest(
            session_id=task.session_id,
            communication_token=token,
            task_creations=[creation] if options.pop("creations", True) else [],
            task_options=objects_pb2.TaskOptions(**options) if options else None,
        )
    )


async def legacy(stub, task, token, *, complete=True, outputs=None):
    async def stream():
        options = objects_pb2.TaskOptions(max_retries=5)
        yield agent_pb2.CreateTaskRequest(
            communication_token=token, init_request=agent_pb2.CreateTaskRequest.InitRequest(task_options=options)
        )
        header = objects_pb2.TaskRequestHeader(expected_output_keys=outputs or task.expected_outputs)
        yield agent_pb2.CreateTaskRequest(
            communication_token=token, init_task=objects_pb2.InitTaskRequest(header=header)
        )
        for piece in (b"pay", b"load"):
            yield agent_pb2.CreateTaskRequest(communication_token=token, task_payload=objects_pb2.DataChunk(data=piece))
        yield agent_pb2.CreateTaskRequest(
            communication_token=token, task_payload=objects_pb2.DataChunk(data_complete=True)
        )
        if complete:
            yield agent_pb2.CreateTaskRequest(
                communication_token=token, init_task=objects_pb2.InitTaskRequest(last_task=True)
            )

    reply = await stub.CreateTask(stream())
    if reply.error:
        return f"error: {reply.error}"
    return reply.creation_status_list.creation_statuses[0].task_info.task_id if outputs else ""


RAW = {
    "wrong token": lambda stub, task, token: metadata(stub, task, "wrong"),
    "no token": lambda stub, task, token: metadata(stub, task, ""),
    "other session": lambda stub, task, token: metadata(stub, task, token, "other"),
    "missing file": notify,
    "strange result": lambda stub, task, token: notify(stub, task, token, "../../etc/passwd"),
    "partition": lambda stub, task, token: submit(stub, task, token, partition_id="strange"),
    "priority": lambda stub, task, token: submit(stub, task, token, priority=101),
    "nothing": lambda stub, task, token: submit(stub, task, token, creations=False),
    "closed": submit,
    "common": lambda stub, task, token: stub.GetCommonData(agent_pb2.DataRequest(communication_token=token)),
    "direct": lambda stub, task, token: stub.GetDirectData(agent_pb2.DataRequest(communication_token=token)),
    "unknown data": lambda stub, task, token: stub.GetResourceData(
        agent_pb2.DataRequest(communication_token=token, result_id=task.expected_outputs[0])
    ),
    "legacy cut": lambda stub, task, token: legacy(stub, task, token, complete=False),
    "legacy outputs": lambda stub, task, token: legacy(stub, task, token, outputs=["strange"]),
    "legacy token": lambda stub, task, token: legacy(stub, task, "wrong"),
}


async def old(task, rest):
    """Submit in the way of older workers."""
    answer = await legacy(task._agent._agent(), task, task._request.communication_token)
    return answer or None


async def late(task, rest):
    """Call the agent when the task is over, and leave what it says in a file."""

    async def ask():
        await asyncio.sleep(0.05)
        stub = task._agent._agent()
        try:
            said = str(await metadata(stub, task, task._request.communication_token))
        except grpc.aio.AioRpcError as error:
            said = f"{error.code().name}: {error.details()}"
        Path(rest + ".new").write_text(said)
        Path(rest + ".new").rename(rest)

    KEPT.append(asyncio.create_task(ask()))


KEPT = []
VERBS = {
    name: value
    for name, value in list(globals().items())
    if asyncio.iscoroutinefunction(value) and name not in {"process", "legacy"}
}


async def unconnected(self, path):
    """Leave it to gRPC."""


if __name__ == "__main__":
    if os.environ.get("PLAIN"):
        quick.QuickEnd.connect = unconnected
    serve(process)
