"""The worker of the second sample: by what its options say, a task has others greet, greets, or joins their greetings."""

import sys
from datetime import timedelta

from armonik.common import Output, TaskDefinition, TaskOptions
from armonik.worker import TaskHandler, armonik_worker

PARTS = 5


def launch(task):
    """Submit the greeters, and one who joins what they say into this task's own output."""
    words = task.payload
    names = [f"greeting {number}" for number in range(PARTS)]
    payloads = task.create_results({name: words + b" " + name.encode() for name in names})
    greetings = task.create_results_metadata([f"{name}: said" for name in names])
    said = [greetings[f"{name}: said"].result_id for name in names]
    greeters = [
        TaskDefinition(payload_id=payloads[name].result_id, expected_output_ids=[one])
        for name, one in zip(names, said, strict=True)
    ]
    task.submit_tasks(greeters, as_a("greet", task))
    joint = TaskDefinition(
        payload_id=task.payload_id, expected_output_ids=task.expected_results, data_dependencies=said
    )
    task.submit_tasks([joint], as_a("join", task))


def greet(task):
    task.send_results({task.expected_results[0]: task.payload + b" World"})


def join(task):
    said = sorted(data for _, data in task.data_dependencies.items())
    task.send_results({task.expected_results[0]: b"\n".join(said)})


def as_a(part, task):
    """Give options that say which part a task plays."""
    return TaskOptions(
        max_duration=timedelta(minutes=1),
        priority=1,
        max_retries=2,
        partition_id=task.task_options.partition_id,
        options={"part": part},
    )


PLAYS = {"launch": launch, "greet": greet, "join": join}


@armonik_worker()
def play(task: TaskHandler) -> Output:
    PLAYS[task.task_options.options["part"]](task)
    return Output()


if __name__ == "__main__":
    sys.exit(play.run())
