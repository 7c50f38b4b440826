"""Workers for ArmoniK in a few lines, fast and small.

    from portico.armonik_worker import Task, serve

    async def process(task: Task) -> None:
        await task.send_result(task.expected_outputs[0], task.payload.upper())

    if __name__ == "__main__":
        serve(process)

It listens where ComputePlane__WorkerChannel__Address says and calls the agent at ComputePlane__AgentChannel__Address,
so it works beside any ArmoniK agent; beside Portico's it needs one message less for each task. A task ends well when
`process` returns; it ends with an error for good when `process` returns a text or calls `task.fail(text)`; when
`process` raises anything else, the task is tried again while it has retries left.
"""

from portico.armonik_worker.serving import serve
from portico.armonik_worker.task import Options, Subtask, Task, TaskFailed

__all__ = ["Options", "Subtask", "Task", "TaskFailed", "serve"]
