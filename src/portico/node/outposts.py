"""Outposts: parts of doors that run beside the agent, started once control has taken its registration.

Owns their processes and logs (DIR/outpost-<name>.log). Promises: one process at a time of each name, started again
with a growing pause when it ends; never counted as Runs; killed with the agent. An outpost is a child of the agent in
its session: it asks the kernel to be killed with its parent, and the next agent's recovery kills it if it did not. A
node.json that is written anew is heeded within LOOK_EVERY.

What an outpost is told by its environment, beside what its configuration says:

    PORTICO_NODE, PORTICO_NODE_DIRECTORY    the node and its directory
    PORTICO_LINK, PORTICO_LINK_SECRET       where control listens, and what to show there
    PORTICO_HOST_SOCKET                     where hosts of hosted Runs speak to the agent
    PORTICO_AGENT_PID                       its parent; anyone else means that the agent is gone
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from pathlib import Path

from portico.domain.errors import Invalid
from portico.node.config import FILE, OutpostConfig, read_config
from portico.node.site import Site

log = logging.getLogger("portico.node")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY_AFTER = 10.0
LOOK_EVERY = 1.0
LOG_BYTES = 8 << 20
"""Size of a log beyond which the next start begins a new one; the last one is kept beside it."""


class Outposts:
    """The outposts of one agent."""

    def __init__(self, site: Site) -> None:
        self._directory = site.directory
        self._config = site.config
        self._host_socket = site.host_socket
        self._written = _written(site.directory)
        self._begun = asyncio.Event()
        self._kept: dict[str, tuple[OutpostConfig, asyncio.Task[None]]] = {}

    def begin(self) -> None:
        """Start them now; said again it changes nothing."""
        self._begun.set()

    async def run(self) -> None:
        """Keep them running until cancelled, then kill them."""
        await self._begun.wait()
        wanted = self._config.outposts
        async with asyncio.TaskGroup() as group:
            while True:
                await self._keep_these(wanted, group)
                await asyncio.sleep(LOOK_EVERY)
                wanted = self._look_again(wanted)

    def _look_again(self, wanted: tuple[OutpostConfig, ...]) -> tuple[OutpostConfig, ...]:
        written = _written(self._directory)
        if written == self._written:
            return wanted
        self._written = written
        try:
            return read_config(self._directory).outposts
        except Invalid as error:
            log.error("outposts stay as they are: %s", error)  # noqa: TRY400 — the sentence is all there is to know
            return wanted

    async def _keep_these(self, wanted: tuple[OutpostConfig, ...], group: asyncio.TaskGroup) -> None:
        """Start what is new; what has changed is ended first, since it holds its port."""
        named = {outpost.name: outpost for outpost in wanted}
        for name, (outpost, task) in list(self._kept.items()):
            if named.get(name) != outpost:
                del self._kept[name]
                task.cancel()
                await asyncio.wait((task,))
        for name, outpost in named.items():
            if name not in self._kept:
                self._kept[name] = (outpost, group.create_task(self._keep(outpost)))

    async def _keep(self, outpost: OutpostConfig) -> None:
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                code = await self._live(outpost)
            except OSError as error:
                log.error("outpost %s cannot be started: %s", outpost.name, error)  # noqa: TRY400 — likewise
            else:
                log.warning("outpost %s ended with %d", outpost.name, code)
            if time.monotonic() - started > STEADY_AFTER:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _live(self, outpost: OutpostConfig) -> int:
        """Run an outpost to its end, or kill it when cancelled; gives its exit code."""
        pid = self._spawn(outpost)
        ended = os.pidfd_open(pid)
        loop = asyncio.get_running_loop()
        dead = asyncio.Event()
        loop.add_reader(ended, dead.set)
        try:
            await dead.wait()
        finally:
            loop.remove_reader(ended)
            os.close(ended)
            code = _end(pid)
        return code

    def _spawn(self, outpost: OutpostConfig) -> int:
        config = self._config
        environment = {
            **os.environ,
            **outpost.environment,
            "PORTICO_NODE": config.node,
            "PORTICO_NODE_DIRECTORY": str(self._directory),
            "PORTICO_LINK": config.link,
            "PORTICO_LINK_SECRET": config.secret,
            "PORTICO_HOST_SOCKET": str(self._host_socket),
            "PORTICO_AGENT_PID": str(os.getpid()),
        }
        output = self._open_log(outpost.name)
        try:
            return os.posix_spawn(
                outpost.argv[0],
                outpost.argv,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                ],
                setsigmask=[],
                setsigdef=[signal.SIGPIPE],
            )
        finally:
            os.close(output)

    def _open_log(self, name: str) -> int:
        path = self._directory / f"outpost-{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _end(pid: int) -> int:
    """Kill a child that may be dead, and reap it; gives its exit code."""
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _written(directory: Path) -> int:
    """Tell when the configuration was written, in nanoseconds; 0 when it is not there."""
    try:
        return (directory / FILE).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
