"""Processes of a data directory seen from outside: waiting for their end, and ending nodes that have no server.

Promises: no process is signalled, so that none is mistaken for another; nodes end themselves, and keep what they have
to report for the next server. While nodes are dismissed the data directory is locked, so that no server starts.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Mapping
from pathlib import Path

from portico.cli.failures import Failed
from portico.domain import framing
from portico.domain.errors import PorticoError
from portico.domain.frames import Register, Shutdown, Welcome
from portico.node.config import read_config
from portico.node.starting import keeper_alive
from portico.store.directory import open_directory

DISMISS_SECONDS = 30.0
_CHUNK = 1 << 16


def open_process(pid: int) -> int | None:
    """Give a descriptor of a process; None when there is none of this number."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def wait_for_end(process: int, seconds: float) -> bool:
    """Wait for the end of a process and close its descriptor; false when it has not come in time."""
    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(process)


def live_keepers(directory: Path) -> dict[str, int]:
    """Give the nodes of a data directory that run, with the pids of their keepers."""
    found = {node.parent.name: keeper_alive(node.parent) for node in sorted(directory.glob("nodes/*/node.json"))}
    return {name: pid for name, pid in found.items() if pid is not None}


def describe(keepers: Mapping[str, int]) -> str:
    """Name nodes with their pids."""
    named = [f"{name} (pid {pid})" for name, pid in keepers.items()]
    return ("node " if len(named) == 1 else "nodes ") + ", ".join(named)


def dismiss(directory: Path) -> None:
    """End every node with its Runs, in the place of a server that is gone; raises Failed when one does not end."""
    try:
        with open_directory(directory) as held:
            asyncio.run(_dismiss(held.path))
    except PorticoError as error:
        raise Failed(str(error)) from error


async def _dismiss(directory: Path) -> None:
    """Listen where the nodes look for their server, and tell each one to end."""
    keepers = live_keepers(directory)
    processes = [process for pid in keepers.values() if (process := open_process(pid)) is not None]
    paths = {_socket(read_config(directory / "nodes" / name).link) for name in keepers}
    servers = [await _listen(path) for path in paths]
    try:
        waiting = [asyncio.to_thread(wait_for_end, process, DISMISS_SECONDS) for process in processes]
        ended = await asyncio.gather(*waiting)
    finally:
        for server in servers:
            server.close()
    if not all(ended):
        raise Failed(f"{describe(live_keepers(directory))} did not end in {DISMISS_SECONDS:g} s")


def _socket(link: str) -> str:
    """Give the free path of the socket to which a node's link leads."""
    kind, _, path = link.partition(":")
    if kind != "unix":
        raise Failed(f"a node looks for its server at {link}, which is not on this machine: stop it there")
    Path(path).unlink(missing_ok=True)
    return path


async def _listen(path: str) -> asyncio.Server:
    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(_tell, path)
    finally:
        os.umask(before)


async def _tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Welcome an agent without taking its reports, and tell it to end with its Runs; send others away."""
    splitter = framing.Splitter()
    told = False
    try:
        while data := await reader.read(_CHUNK):
            for body in splitter.feed(data):
                if told:
                    continue  # a report: kept by the agent, since nobody acknowledges it
                if not isinstance(framing.decode(framing.from_peer, body), Register):
                    return
                writer.write(framing.encode(Welcome(0, 0)) + framing.encode(Shutdown(stop_runs=True)))
                told = True
    except ConnectionError:
        return
    finally:
        writer.close()
