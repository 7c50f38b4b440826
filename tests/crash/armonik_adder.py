"""The worker of the crash test's graph: it adds, or has others add for it."""

from __future__ import annotations

import json

from portico.armonik_worker import Subtask, Task, serve

PARTS = 3
MODULUS = 1 << 61


async def process(task: Task) -> None:
    order = json.loads(task.payload)
    total = (order["add"] + sum(int(task.dependencies[one]) for one in task.dependencies)) % MODULUS
    if order.get("split"):
        await split(task, total)
    else:
        await task.send_result(task.expected_outputs[0], str(total).encode())


async def split(task, total):
    shares = [total // PARTS] * (PARTS - 1)
    shares.append(total - sum(shares))
    orders = {f"order{place}": json.dumps({"add": share}).encode() for place, share in enumerate(shares)}
    made = await task.create_results(
        {**orders, "sum": b'{"add": 0}', **dict.fromkeys(f"part{n}" for n in range(PARTS))}
    )
    parts = [made[f"part{place}"] for place in range(PARTS)]
    subtasks = [Subtask(made[f"order{place}"], (parts[place],)) for place in range(PARTS)]
    await task.submit([*subtasks, Subtask(made["sum"], task.expected_outputs, tuple(parts))])


if __name__ == "__main__":
    serve(process)
