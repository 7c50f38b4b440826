"""Where a task's files are, found as tools find them: the agent's state names each executor's directory."""

from __future__ import annotations

import json
from urllib.request import urlopen

from clients.mesos.messages import decode


def state(address):
    """Give an agent's or a master's old-style state."""
    with urlopen(f"http://{address}/state", timeout=10) as answer:
        return json.load(answer)


def sandbox_of(agent, framework_id, executor_id):
    """Give the directory of an executor that runs; that of a command task has the task's name."""
    (framework,) = [each for each in state(agent)["frameworks"] if each["id"] == framework_id]
    (executor,) = [each for each in framework["executors"] if each["id"] == executor_id]
    return executor["directory"]


def read(operator, path, offset=0, length=10_000):
    """Read a file through an agent's operator driver."""
    return decode(operator.call("readFile", path, length, offset)["read_file"].get("data", ""))
