"""A worker on the genuine package whose tasks are a KiB in and a KiB out.

Runs in an environment of its own that has armonik, beside an agent of Portico's and in the bare loop alike.
"""

import sys

from armonik.common import Output
from armonik.worker import TaskHandler, armonik_worker

DATA = bytes(1024)


@armonik_worker()
def process(task: TaskHandler) -> Output:
    if task.payload is None:
        return Output("no payload")
    task.send_results({task.expected_results[0]: DATA})
    return Output()


if __name__ == "__main__":
    sys.exit(process.run())
