"""Containers as the outpost of a node asks for them: nested ones, their ends, use, and files of sandboxes.

A nested container is a child Run on its parent's node that claims nothing: it lives on what its parent holds. Promises:
only Runs of this door on the asking node are spoken of; a name within a container is used once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from portico.control.cluster import runs
from portico.control.queries import GetRun
from portico.domain.errors import Conflict, Invalid, NotFound, Unavailable
from portico.domain.events import Selector
from portico.domain.frames import Answer
from portico.domain.identity import Micros
from portico.domain.runs import Claim, Form, Outcome, Run, RunSpec, RunState, StopOrder, StopReason
from portico.doors.mesos.extension import node_state
from portico.doors.mesos.extension.standing import DOOR, Standing
from portico.doors.mesos.inbound import commands, containers, executors
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator.naming import check_name, nested_run
from portico.doors.mesos.outpost.words import Word
from portico.wire.mesos import mesos_pb2 as pb

if TYPE_CHECKING:
    from portico.control.plane import Plane

NAME = node_state.NAME
START_PATIENCE = 20.0
"""Seconds that a nested container may take to start, or to fail to, before the outpost is told that it has not."""

LONGEST_WAIT = 25.0
"""Seconds for which one question may wait for an end; the outpost gives a question up after more."""

_ABOUT_TO_RUN = frozenset({RunState.LAUNCHING, RunState.RUNNING})


async def answer(standing: Standing, node: str, word: Word) -> Word:
    """Answer a question about the containers of a node; raises PorticoError."""
    plane = standing.plane
    reply: Word
    match word:
        case words.TellState():
            reply = await node_state.tell(standing, node)
        case words.TellUsage():
            reply = words.Usages((await plane.gateway.inquire(node, "usage")).usage)
        case words.BrowseFiles():
            run = await _run(plane, node, word.run)
            reply = words.Files(_found(await plane.gateway.inquire(node, "list", run.id, word.path)).files)
        case words.ReadFiles():
            run = await _run(plane, node, word.run)
            found = _found(await plane.gateway.inquire(node, "read", run.id, word.path, word.offset, word.length))
            reply = words.Bytes(found.data, found.size)
        case words.Nest():
            reply = await _nest(standing, node, word)
        case words.AwaitEnd():
            reply = await _await_end(plane, node, word)
        case words.Kill():
            reply = await _kill(plane, node, word)
        case _:
            raise Invalid(f"{type(word).__name__} is no question about containers")
    return reply


async def _run(plane: Plane, node: str, identity: str) -> Run:
    """Find a Run of this door on this node, however long ended."""
    run: Run = await plane.ask(GetRun(identity))
    if run.door != DOOR or run.node != node:
        raise NotFound(f"Container '{identity}' is not on this agent")
    return run


def _found(found: Answer) -> Answer:
    if found.error:
        raise NotFound(found.error)
    return found


# ---- nested containers ---------------------------------------------------------------------------------------------


async def _nest(standing: Standing, node: str, word: words.Nest) -> words.Nested:
    """Start a container in another one, and wait until it runs or has failed to."""
    plane = standing.plane
    check_name(word.name)
    parent = await _run(plane, node, word.parent)
    if parent.ended or parent.spec.form is Form.HOSTED:
        raise NotFound(f"Container '{word.parent}' cannot be found")
    if parent.state not in _ABOUT_TO_RUN or parent.stop is not None:
        raise Conflict(f"Container '{word.parent}' is not running")
    identity = nested_run(parent.id, word.name)
    if await _exists(plane, identity):
        raise Conflict(f"Container '{word.name}' in '{word.parent}' has been started before")
    spec = nested_spec(parent, word)
    with plane.begin() as tx:
        run = Run(
            id=identity,
            door=DOOR,
            pool=parent.pool,
            job=parent.job,
            spec=spec,
            amounts={},
            created_at=tx.now,
            parent=parent.id,
            labels={NAME: word.name},
            grace=parent.grace,
            absence=parent.absence,
            revocable=parent.revocable,
        )
        runs.launch_claimed(plane, tx, (run, Claim(node)))
    run = await _follow(plane, identity, START_PATIENCE, lambda run: run.ended or run.state is RunState.RUNNING)
    if run.started_at:
        return words.Nested(identity)
    return words.Nested(identity, run.outcome.message if run.outcome is not None else "it has not started in time")


async def _exists(plane: Plane, identity: str) -> bool:
    try:
        await plane.ask(GetRun(identity))
    except NotFound:
        return False
    return True


def nested_spec(parent: Run, word: words.Nest) -> RunSpec:
    """Say what a nested container is to start; raises Invalid for what it cannot have.

    One with a session is there to look into its parent: it runs in its parent's container, or folder, with its
    variables.
    """
    size = len(word.command) + len(word.container)
    if size > executors.LARGEST:
        raise Invalid(f"Nested container has {size} bytes, more than {executors.LARGEST}", "command")
    command = pb.CommandInfo.FromString(word.command)
    info = pb.ContainerInfo.FromString(word.container) if word.container else None
    if info is not None and info.type != pb.ContainerInfo.MESOS:
        raise Invalid("'NestedContainer.container' must be of type MESOS", "container.type")
    setting = containers.setting(info, command) if info is not None else containers.on_host(command)
    container = setting.container
    environment = dict(parent.spec.environment) if word.attach else {}
    if setting.sandbox:
        environment["MESOS_SANDBOX"] = setting.sandbox
    environment |= commands.environment(command)
    inside = word.attach and container is None
    joins = inside and (parent.spec.container is not None or parent.spec.join_parent)
    return RunSpec(
        argv=setting.argv,
        environment=environment,
        working_directory=_folder(parent) if inside and not joins else "",
        user=command.user or parent.spec.user,
        fetch=commands.fetches(command),
        limits=parent.spec.limits,  # its own group is inside its parent's only if it has something to enforce
        container=container,
        rlimits=setting.rlimits,
        join_parent=joins,
        folder_names=setting.folder_names,
        attach=_attach(info, session=word.attach),
        window=setting.window,
    )


def _folder(parent: Run) -> str:
    """Name the parent's folder as seen from the sandbox beside it."""
    return f"../{parent.id}/{parent.spec.working_directory}".rstrip("/")


def _attach(info: pb.ContainerInfo | None, *, session: bool) -> str:
    kind = "tty" if info is not None and info.HasField("tty_info") else "pipes"
    if session:
        return f"{kind}+session"
    return kind if kind == "tty" else ""


async def _await_end(plane: Plane, node: str, word: words.AwaitEnd) -> words.Ended:
    await _run(plane, node, word.run)
    seconds = min(max(0.0, word.seconds), LONGEST_WAIT)
    run = await _follow(plane, word.run, seconds, lambda run: run.ended)
    return words.Ended(run.ended, wait_status(run.outcome) if run.outcome is not None else None)


async def _kill(plane: Plane, node: str, word: words.Kill) -> words.Done:
    run = await _run(plane, node, word.run)
    if run.ended:
        raise NotFound(f"Container '{word.run}' cannot be found (or is already killed)")
    with plane.begin() as tx:
        order = StopOrder(StopReason.CANCELLED, tx.now, Micros(0), "killed by an operator")
        runs.order_stop(plane, tx, plane.state.runs[run.id], order)
    await plane.committer.settled(plane.committer.revision)
    return words.Done()


def wait_status(outcome: Outcome) -> int | None:
    """Give the raw wait status of an outcome; None when there was no process, or nobody knows how it ended."""
    if outcome.signal is not None:
        return outcome.signal
    return outcome.exit_code << 8 if outcome.exit_code is not None else None


async def _follow(plane: Plane, identity: str, seconds: float, reached: Callable[[Run], bool]) -> Run:
    """Wait until a Run has come as far as that, or the time is over; gives it as it is then."""
    watcher = plane.hub.open(Selector(frozenset({"runs"}), identity))
    try:
        run: Run = await plane.ask(GetRun(identity))
        async with asyncio.timeout(seconds):
            while not reached(run):
                events = await watcher.take()
                if not events:
                    raise Unavailable("the server is stopping")
                run = next((event.record for event in reversed(events) if isinstance(event.record, Run)), run)
    except TimeoutError:
        return run
    finally:
        plane.hub.close(watcher)
    return run
