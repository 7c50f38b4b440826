"""The command that adds a worker to a partition of the ArmoniK door by hand: an agent for it, in the foreground."""

from __future__ import annotations

import os
import re
import socket as sockets
import sys
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from portico.cli.connection import endpoints, unreachable
from portico.cli.failures import Misused
from portico.cli.options import Target

AGENT_MODULE = "portico.doors.armonik.outpost"
LINK = ("link", "link.sock")
"""Where the server hears agents, in its data directory."""
SECRET = "secret"  # noqa: S105 — the name of the file
WORKER = Group("Worker", sort_key=10)

_HOST_AND_PORT = re.compile(r"(http://)?(\[[0-9A-Fa-f:.]+\]|[^\s/:]+):[0-9]{1,5}/?")


def attach(
    partition: str,
    /,
    *command: str,
    worker_address: Annotated[str | None, Parameter(group=WORKER)] = None,
    agent_address: Annotated[str | None, Parameter(group=WORKER)] = None,
    socket: Annotated[Literal["unix", "tcp"], Parameter(group=WORKER)] = "unix",
    target: Target = Target(),  # noqa: B008 — a frozen value
) -> None:
    """Let a worker take tasks of an ArmoniK partition until Ctrl-C.

    The worker is the command behind `--`, or one that runs already; it must be on the server's machine.

    Parameters
    ----------
    partition
        The partition whose tasks it takes.
    command
        What starts the worker, after --.
    worker_address
        Where a worker listens that was started by hand (its ComputePlane__WorkerChannel__Address): a socket's path,
        or HOST:PORT with --socket tcp.
    agent_address
        Where the agent is to listen for it (its ComputePlane__AgentChannel__Address): likewise.
    socket
        How the two reach each other; over tcp, a worker that is started here is given free ports of 127.0.0.1.
    """
    words = agent_command(partition, command, worker_address, agent_address, target, socket)
    sys.stdout.flush()
    os.execv(words[0], words)  # noqa: S606 — this program becomes the agent, so that signals reach it


def agent_command(
    partition: str,
    command: tuple[str, ...],
    worker_address: str | None,
    agent_address: str | None,
    target: Target,
    socket: Literal["unix", "tcp"] = "unix",
) -> list[str]:
    """Give the words that start the agent; raises Misused, or Unreachable where no server is."""
    if target.server is not None:
        raise Misused("attach works on the server's own machine: name its data directory instead of --server")
    if bool(command) == (worker_address is not None):
        raise Misused("name the worker either by a command after -- or by --worker-address, where it runs already")
    if worker_address is not None and agent_address is None:
        raise Misused("--agent-address is missing: a worker that runs already knows where it calls its agent")
    if socket == "tcp" and command:
        worker_address, agent_address = _free_addresses(agent_address)
    given = {"--worker-address": worker_address, "--agent-address": agent_address}
    for option, value in given.items():
        if socket == "tcp" and not _HOST_AND_PORT.fullmatch(value or ""):
            raise Misused(f"{option} must be HOST:PORT with --socket tcp, and not {value!r}")
    directory = target.directory.absolute()
    if not endpoints(directory):
        raise unreachable(target)
    words = [sys.executable, "-m", AGENT_MODULE, "--partition", partition]
    words += ["--link", f"unix:{directory.joinpath(*LINK)}", "--secret-file", str(directory / SECRET)]
    for side in ("worker", "agent") if socket == "tcp" else ():
        words += [f"--{side}-socket-type", "tcp"]
    for option, value in given.items():
        words += [option, value] if value is not None else []
    return [*words, "--", *command] if command else words


def _free_addresses(agent_address: str | None) -> tuple[str, str]:
    """Choose where a worker listens that is not there yet, and its agent unless that is said."""
    with sockets.create_server(("127.0.0.1", 0)) as worker, sockets.create_server(("127.0.0.1", 0)) as agent:
        chosen = [f"127.0.0.1:{each.getsockname()[1]}" for each in (worker, agent)]
    return chosen[0], agent_address or chosen[1]
