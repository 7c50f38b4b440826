"""A worker on Portico's library whose tasks are a KiB in and a KiB out.

A payload that begins `split N` is cut into tasks for N ones, ten parts at each step, and a task that adds up what they
give; one that begins `add` is that task; any other is a one.
"""

from __future__ import annotations

from portico.armonik_worker import Subtask, Task, serve

SIZE = 1024
PARTS = 10


async def process(task: Task) -> None:
    match task.payload.rstrip(b"\0").split():
        case [b"split", count] if int(count) > 1:
            await split(task, int(count))
        case [b"add"]:
            await send(task, sum(int(data.rstrip(b"\0")) for data in task.dependencies.values()))
        case _:
            await send(task, 1)


async def send(task: Task, number: int) -> None:
    await task.send_result(task.expected_outputs[0], str(number).encode().ljust(SIZE, b"\0"))


async def split(task: Task, count: int) -> None:
    """Leave the task's own output to the one that adds up."""
    parts = min(PARTS, count)
    shares = [count // parts + (number < count % parts) for number in range(parts)]
    payloads = {f"part{number}": f"split {share}".encode() for number, share in enumerate(shares)} | {"sum": b"add"}
    ids = await task.create_results({name: data.ljust(SIZE, b"\0") for name, data in payloads.items()})
    outputs = await task.create_results({f"out{number}": None for number in range(parts)})
    subtasks = [Subtask(ids[f"part{number}"], [outputs[f"out{number}"]]) for number in range(parts)]
    await task.submit([*subtasks, Subtask(ids["sum"], task.expected_outputs, list(outputs.values()))])


if __name__ == "__main__":
    serve(process)
