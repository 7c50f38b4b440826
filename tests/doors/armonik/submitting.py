"""What clients of the older service say and are told, in short, and agents that end tasks for them."""

import asyncio

import grpc
from doors.armonik.serving import until

from portico.domain.calls.frames import Verdict
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb

Code = grpc.StatusCode
FOREIGN = "00000000-0000-0000-0000-000000000000"


def of_session(*sessions, **statuses):
    return pb.TaskFilter(session=pb.TaskFilter.IdsRequest(ids=sessions), **_statuses(statuses))


def of_tasks(*tasks, **statuses):
    return pb.TaskFilter(task=pb.TaskFilter.IdsRequest(ids=tasks), **_statuses(statuses))


def _statuses(given):
    return {name: pb.TaskFilter.StatusesRequest(statuses=statuses) for name, statuses in given.items()}


def counted(reply):
    return {value.status: value.count for value in reply.values}


async def data_of(at, session, result):
    """Download a Result's data piece by piece."""
    request = objects_pb2.ResultRequest(session=session, result_id=result)
    replies = [reply async for reply in at.submitter.TryGetResultStream(request)]
    assert [reply.result.WhichOneof("type") for reply in replies[:-1]] == ["data"] * (len(replies) - 1)
    assert replies[-1].result.data_complete
    return b"".join(reply.result.data for reply in replies[:-1])


async def run_one(at, agent, verdict=Verdict.OK, error=""):
    """Let an agent end the Call that it is given next."""
    done = agent.__dict__.setdefault("done", set())
    await until(lambda: [one for one in agent.given if (one.call, one.lease) not in done])
    given = next(one for one in agent.given if (one.call, one.lease) not in done)
    done.add((given.call, given.lease))
    agent.end(given, verdict, error=error)
    await at.settle()
    return given.id


async def begun(at, call, kind="_results"):
    """Let a call that waits get so far that it listens."""
    places = getattr(at.calls.watching, kind)
    before = len(places)
    waiting = asyncio.ensure_future(reply_of(call))
    await until(lambda: len(places) > before)
    await at.settle()
    assert not waiting.done()
    return waiting


async def reply_of(call):
    return await call
