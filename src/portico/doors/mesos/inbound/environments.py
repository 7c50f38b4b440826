"""The variables that tasks and executors find beside their own, as far as they are known before anything is placed.

Where the sandbox is only the node knows, unless a container says so: MESOS_DIRECTORY, and MESOS_SANDBOX without an
image, are the node's to fill in (`RunSpec.folder_names`).
"""

from __future__ import annotations

from portico.domain.identity import MINUTE, SECOND, Micros
from portico.doors.mesos.inbound import durations
from portico.doors.mesos.inbound.surroundings import Surroundings

RECOVERY_TIMEOUT = Micros(15 * MINUTE)
"""How long an executor of a framework that checkpoints tries to find its agent again."""

SUBSCRIPTION_BACKOFF = Micros(2 * SECOND)
"""What it waits at most between two tries."""


def agent_environment(around: Surroundings, executor: str, grace: Micros, sandbox: str = "") -> dict[str, str]:
    """Give what an agent says to a process; `executor` is its framework's name, `sandbox` the path in an image."""
    said = {
        "MESOS_FRAMEWORK_ID": around.framework,
        "MESOS_EXECUTOR_ID": executor,
        "MESOS_SLAVE_ID": around.agent,
        "MESOS_SLAVE_PID": around.slave_pid,
        "MESOS_AGENT_ENDPOINT": around.endpoint,
        "MESOS_CHECKPOINT": "1" if around.checkpoint else "0",
        "MESOS_HTTP_COMMAND_EXECUTOR": "0",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": durations.text(grace),
        "LIBPROCESS_PORT": "0",
    }
    if around.checkpoint:
        said["MESOS_RECOVERY_TIMEOUT"] = durations.text(RECOVERY_TIMEOUT)
        said["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = durations.text(SUBSCRIPTION_BACKOFF)
    if sandbox:
        said["MESOS_SANDBOX"] = sandbox
    return said
