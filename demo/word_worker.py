"""A worker of the demo: counts words, and adds up what other tasks have counted.

A task's payload says what to do: `count TEXT`, `sum` over the tasks it depends on, or `fail TEXT`.
"""

from __future__ import annotations

from portico.armonik_worker import Task, serve


async def process(task: Task) -> str | None:
    """Carry out one task; a text is an error that is final."""
    verb, _, text = task.payload.decode().partition(" ")
    match verb:
        case "count":
            number = len(text.split())
        case "sum":
            number = sum(int(data) for data in task.dependencies.values())
        case _:
            return text
    await task.send_result(task.expected_outputs[0], str(number).encode())
    return None


if __name__ == "__main__":
    serve(process)
