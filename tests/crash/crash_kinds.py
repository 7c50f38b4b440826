"""A function whose every start and end stands in a file, for the crash test; loaded by real workers only."""

import os
import time
from pathlib import Path

import portico


def note(path, *words):
    with Path(path).open("a") as file:
        file.write(" ".join(map(str, words)) + f" {time.clock_gettime(time.CLOCK_BOOTTIME):.2f}\n")


@portico.kind(retries=-1)
def call(path: str, seconds: float, context: portico.Context) -> str:
    attempt = f"{os.environ['PORTICO_RUN_ID']}/{context.call}/{context.lease}"
    note(path, "start", attempt, os.getpid())
    time.sleep(seconds)
    note(path, "end", attempt, os.getpid())
    return "done"
