"""The worker of the first sample: it finishes a greeting."""

import sys

from armonik.common import Output
from armonik.worker import TaskHandler, armonik_worker


@armonik_worker()
def greet(task: TaskHandler) -> Output:
    words = task.payload.decode()
    task.send_results({task.expected_results[0]: f"{words} World".encode()})
    return Output()


if __name__ == "__main__":
    sys.exit(greet.run())
