"""The three streams of the API, as messages ready to be sent.

Promises: a stream begins with a snapshot of one durable moment, its end is marked, and then comes every later change
that is wanted, without a gap; a watcher that does not read is cut off and costs nobody anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from portico.doors.titus import errors
from portico.doors.titus.inbound.criteria import Criteria, read_criteria
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.outbound.fields import job_projection, task_projection
from portico.doors.titus.watching.follower import Follower
from portico.doors.titus.watching.groups import Wanted
from portico.doors.titus.watching.snapshots import Moments, Snapshot
from portico.doors.titus.watching.subscriptions import Bounds, Subscription
from portico.wire.titus import job_api_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portico.doors.titus.extension.standing import Standing

Requests = AsyncIterator[job_api_pb2.ObserveJobsWithKeepAliveRequest]


class Streams:
    """All streams of one server; `run` must be running while any of them is open."""

    def __init__(self, standing: Standing, encodings: Encodings, bounds: Bounds | None = None) -> None:
        self._standing = standing
        self._encodings = encodings
        self._bounds = bounds or Bounds()
        self._follower = Follower(standing, encodings)
        self._moments = Moments(standing)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Follow changes until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self._follower.run()

    async def observe_job(self, job: str) -> AsyncIterator[bytes]:
        """Yield a job with its tasks, then what happens to them, until the job is over. Raises JobNotFound."""
        standing_job = self._standing.jobs.get(job)
        if standing_job is None or standing_job.finished:
            raise errors.job_not_found(job)
        wanted = Wanted(Criteria(job_ids=frozenset({job})))
        async with aclosing(self._observe(wanted, archived=True, until_over=True)) as messages:
            async for message in messages:
                yield message

    async def observe_jobs(self, query: job_api_pb2.ObserveJobsQuery) -> AsyncIterator[bytes]:
        """Yield what fits, then what happens to it, without what is archived and without end. Raises TitusError."""
        async with aclosing(self._observe(read_wanted(query), archived=False)) as messages:
            async for message in messages:
                yield message

    async def keep_alive(self, requests: Requests) -> AsyncIterator[bytes]:
        """Yield as `observe_jobs` does, with what is archived, and answer requests in between.

        The first request is the query; a client that sends no more goes on hearing. Raises TitusError.
        """
        first = await anext(requests, None)
        if first is None or first.WhichOneof("Kind") != "query":
            raise errors.invalid_argument("The first message of the stream must be a query")
        wanted = read_wanted(first.query)
        async with aclosing(self._observe(wanted, archived=True, requests=requests)) as messages:
            async for message in messages:
                yield message

    async def _observe(
        self, wanted: Wanted, *, archived: bool, until_over: bool = False, requests: Requests | None = None
    ) -> AsyncGenerator[bytes]:
        moment = self._moments.now(wanted.criteria.job_ids)
        subscription = Subscription(moment.revision, archived=archived, until_over=until_over, bounds=self._bounds)
        self._follower.join(wanted, subscription)
        snapshot = Snapshot(self._standing, moment, wanted)
        del moment
        reading: asyncio.Task[None] | None = None
        try:
            if requests is not None:
                assert self._group is not None
                reading = self._group.create_task(self._listen(requests, subscription))
            async for message in snapshot.messages(self._encodings):
                yield message
            del snapshot
            async for message in subscription.messages():
                yield message
        finally:
            self._follower.leave(wanted, subscription)
            if reading is not None:
                reading.cancel()

    async def _listen(self, requests: Requests, subscription: Subscription) -> None:
        """Take requests until the client sends no more; one that cannot be read ends its own stream."""
        try:
            async for request in requests:
                if request.WhichOneof("Kind") == "keepAliveRequest":
                    self._follower.ask(subscription, request.keepAliveRequest)
        except Exception as error:  # noqa: BLE001 — raised again where the stream is written
            subscription.fail(error)


def read_wanted(query: job_api_pb2.ObserveJobsQuery) -> Wanted:
    """Read what a watcher asks for. Raises TitusError."""
    return Wanted(
        read_criteria(query.filteringCriteria), job_projection(query.jobFields), task_projection(query.taskFields)
    )
