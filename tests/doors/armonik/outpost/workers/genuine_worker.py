"""A worker on the PyPI package; its payload says what it does."""

import os
import signal
import time
from datetime import timedelta

from armonik.common import Output, TaskDefinition, TaskOptions
from armonik.worker import armonik_worker


def split(task, rest):
    results = task.create_results({"in": b"small", "big": b"b" * (1 << 20)})
    bare = task.create_results_metadata(["bare"])["bare"]
    options = TaskOptions(max_duration=timedelta(seconds=1.5), priority=3, max_retries=4, options={"a": "b"})
    created = task.submit_tasks(
        [
            TaskDefinition(
                payload_id=results["in"].result_id,
                expected_output_ids=[task.expected_results[0]],
                data_dependencies=[results["big"].result_id],
            )
        ],
        default_task_options=options,
    )
    task.send_results({bare.result_id: b"late"})
    return Output(rest + created[0].id) if rest else Output()


def process(task):  # noqa: C901 — one branch for each verb
    verb, _, rest = task.payload.decode().partition(":")
    if verb == "echo":
        task.send_results(dict.fromkeys(task.expected_results, rest.encode()))
    elif verb == "large":
        task.send_results({task.expected_results[0]: b"x" * int(rest)})
    elif verb == "joined":
        task.send_results({task.expected_results[0]: b"+".join(task.data_dependencies.values())})
    elif verb == "fetch":
        task.send_results({task.expected_results[0]: task.get_resource_data(rest)})
    elif verb == "split":
        return split(task, rest)
    elif verb == "say":
        return Output(rest)
    elif verb == "crash":
        raise ValueError(rest)
    elif verb == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "wait":
        time.sleep(float(rest))
    elif verb == "token":
        task.token = rest
        task.create_results_metadata(["x"])
    return Output()


if __name__ == "__main__":
    armonik_worker()(process).run()
