"""Queries: how each is answered, always from durable state.

Small answers come from memory, once what they saw is durable; lists and history come from rows, off the loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from portico.control.cluster.scheduling import pool_tree
from portico.control.explaining import ExplainRun, explain_run
from portico.control.jobs.catalogue import KIND_PREFIX
from portico.control.listing import each_state, page_instances, read, wanted_instances
from portico.control.queries import (
    FileRange,
    GetInstance,
    GetOverview,
    GetRun,
    GetUsage,
    ListFiles,
    ListInstances,
    ListJobs,
    ListNodes,
    ListPools,
    ListRuns,
    NodeView,
    Overview,
    PageInstances,
    PoolView,
    Query,
    ReadFile,
    RecentSessions,
    SessionView,
)
from portico.deciding.entitlement import entitle
from portico.domain.calls.states import CallState
from portico.domain.errors import Invalid, NotFound, Unavailable
from portico.domain.frames import FileFact, Usage
from portico.domain.jobs import Instance, Job
from portico.domain.nodes import Pool
from portico.domain.runs import RUN_LIFE, Run
from portico.domain.slices import sums
from portico.store.port import Condition, Operator

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.shaping import Shape

YOUNG = 50_000
"""Microseconds since it was scheduled for which a lookup of one Instance waits a moment for its end."""

A_MOMENT = 0.005
"""Seconds."""


async def ask(plane: Plane, query: Query, shape: Shape) -> Any:
    """Answer a query; gives what `shape` makes of the answer."""
    if isinstance(query, ListInstances) and query.id:
        return await _look_up(plane, query, shape)
    answer = _ANSWERS.get(type(query))
    if answer is not None:
        return shape(await answer(plane, query))
    handler = plane.handlers.get(type(query))
    if handler is None:
        raise Invalid(f"unknown query {type(query).__name__}")
    return shape(await handler(query))


async def _look_up(plane: Plane, query: ListInstances, shape: Shape) -> Any:
    """Find one Instance that is named.

    A young one may end soon, and whoever asks for it is likely to ask again until it has: waiting a moment lets a
    caller that asks without pause hear of a quick end one round trip sooner, and ask half as often.
    """
    found = plane.instance(query.id)
    if found is not None and not found.ended and plane.clock.now() - found.scheduled_at < YOUNG:
        await plane.awaiting.end(found.id, A_MOMENT)
        found = plane.instance(query.id)
    revision = plane.committer.revision
    shaped = shape([found] if found is not None and _fits(query, found) else [])
    await plane.committer.settled(revision)
    return shaped


async def _get_instance(plane: Plane, query: GetInstance) -> Instance:
    revision = plane.committer.revision
    instance = plane.instance(query.id)
    if instance is None:
        raise NotFound(f"no instance {query.id}")
    await plane.committer.settled(revision)
    return instance


async def _list_instances(plane: Plane, query: ListInstances) -> list[Instance]:
    await plane.committer.settled(plane.committer.revision)
    return await read(plane, plane.state.tables["instances"], wanted_instances(query), query.newest)


def _fits(query: ListInstances, instance: Instance) -> bool:
    return (
        (not query.job or instance.job == query.job)
        and instance.job.startswith(query.jobs)
        and (not query.states or instance.state in query.states)
    )


async def _list_jobs(plane: Plane, query: ListJobs) -> list[Job]:
    jobs = [
        job
        for job in plane.state.jobs.values()
        if not job.retired
        and (not query.door or job.door == query.door)
        and (query.mode is None or job.mode is query.mode)
    ]
    return sorted(jobs, key=lambda job: job.id)


async def _get_run(plane: Plane, query: GetRun) -> Run:
    identity = query.id
    revision = plane.committer.revision
    run = plane.state.runs.get(identity)
    if run is None:
        row = plane.history.now(lambda reader: reader.get("runs", identity))
        if row is None:
            raise NotFound(f"no Run {identity}")
        run = plane.state.tables["runs"].load(row)
    await plane.committer.settled(revision)
    return run


async def _list_runs(plane: Plane, query: ListRuns) -> list[Run]:
    await plane.committer.settled(plane.committer.revision)
    common: tuple[Condition, ...] = ()
    if query.instance:
        common = (*common, Condition("instance", Operator.EQ, query.instance))
    if query.node:
        common = (*common, Condition("node", Operator.EQ, query.node))
    any_of = each_state(common, query.states, RUN_LIFE.final, past=not query.active_only)
    return await read(plane, plane.state.tables["runs"], any_of, query.newest)


async def _list_nodes(plane: Plane, _query: Query) -> list[NodeView]:
    views = []
    matrix = plane.capacity.matrix
    for node in sorted(plane.state.nodes.values(), key=lambda node: node.id):
        row = matrix.row(node.id)
        free = {kind: int(matrix.free[row, column]) for kind, column in matrix.kinds.items()}
        views.append(
            NodeView(
                node.id,
                node.state.value,
                node.id in plane.gateway.sessions,
                sums(node.capacity),
                {kind: amount for kind, amount in free.items() if amount},
                plane.node_runs.count(node.id),
                node.attributes,
                node.registered_at,
                node.warnings,
            )
        )
    return views


async def _list_pools(plane: Plane, _query: Query) -> list[PoolView]:
    capacity = plane.capacity
    tree = pool_tree(plane.state.pools, capacity.known_pools(), capacity.demand, capacity.allocation)
    entitled = entitle(tree, capacity.total)
    views = []
    for entry in tree:
        pool = plane.state.pools.get(entry.path, Pool(id=entry.path))
        views.append(
            PoolView(
                entry.path,
                pool.reservation,
                pool.limit,
                pool.share,
                entitled[entry.path],
                dict(entry.allocation),
                dict(entry.demand),
            )
        )
    return views


async def _overview(plane: Plane, _query: Query) -> Overview:
    return Overview(
        revision=plane.committer.durable,
        nodes=len(plane.state.nodes),
        connected_nodes=len(plane.gateway.sessions),
        runs=dict(Counter(run.state.value for run in plane.state.runs.values())),
        instances=dict(
            Counter(instance.state.value for instance in plane.state.instances.values() if not instance.ended)
        ),
        kinds=sum(1 for job in plane.state.jobs.values() if job.id.startswith(KIND_PREFIX) and not job.retired),
        workers=sum(len(fleet.workers) for fleet in plane.fleets.fleets.values()),
        calls=_by_state(plane.calls.book.tallies.values()),
    )


async def _recent_sessions(plane: Plane, query: RecentSessions) -> list[SessionView]:
    await plane.committer.settled(plane.committer.revision)
    book = plane.calls.book
    numbers = sorted(nlargest(query.newest, book.sessions))
    return [
        SessionView(
            id=plane.calls.session_text(number),
            state=str(session.state),
            created_at=session.created_at,
            partitions=session.partitions,
            calls=_by_state([book.tallies.get(number, [])]),
        )
        for number in numbers
        for session in [book.sessions[number]]
    ]


def _by_state(tallies: Iterable[Sequence[int]]) -> dict[str, int]:
    """Add up counts by the number of a state; gives those above 0 by its name."""
    sums: Counter[int] = Counter()
    for tally in tallies:
        sums.update(dict(enumerate(tally)))
    return {str(state): sums[state] for state in CallState if sums[state]}


async def _list_files(plane: Plane, query: ListFiles) -> tuple[FileFact, ...]:
    run = await _run_with_sandbox(plane, query.run)
    answer = await plane.gateway.inquire(run.node, "list", run.id, query.path)
    if answer.error:
        raise NotFound(answer.error)
    return answer.files


async def _read_file(plane: Plane, query: ReadFile) -> FileRange:
    run = await _run_with_sandbox(plane, query.run)
    answer = await plane.gateway.inquire(run.node, "read", run.id, query.path, query.offset, query.length)
    if answer.error:
        raise NotFound(answer.error)
    return FileRange(answer.data, answer.size)


async def _run_with_sandbox(plane: Plane, identity: str) -> Run:
    run = await _get_run(plane, GetRun(identity))
    if not run.node:
        raise Unavailable(f"Run {identity} is {run.state.value}: it has no sandbox yet")
    return run


async def _usage(plane: Plane, query: GetUsage) -> tuple[Usage, ...]:
    if query.node not in plane.state.nodes:
        raise NotFound(f"no node {query.node}")
    answer = await plane.gateway.inquire(query.node, "usage")
    return answer.usage


_ANSWERS: dict[type[Query], Callable[[Plane, Any], Awaitable[Any]]] = {
    GetInstance: _get_instance,
    ListInstances: _list_instances,
    PageInstances: page_instances,
    ListJobs: _list_jobs,
    GetRun: _get_run,
    ListRuns: _list_runs,
    ListNodes: _list_nodes,
    ListPools: _list_pools,
    GetOverview: _overview,
    RecentSessions: _recent_sessions,
    ListFiles: _list_files,
    ReadFile: _read_file,
    GetUsage: _usage,
    ExplainRun: explain_run,
}
