"""LoadBalancerService: which balancers jobs have."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from google.protobuf import empty_pb2

from portico.doors.titus.control import Control
from portico.doors.titus.extension.balancers import AddBalancer, FindBalancers, JobBalancers, RemoveBalancer
from portico.doors.titus.inbound.identities import job_id
from portico.doors.titus.inbound.pages import read_page
from portico.doors.titus.outbound.pages import pagination, span
from portico.wire.titus import job_api_pb2, loadbalancer_api_pb2_grpc
from portico.wire.titus import loadbalancer_api_pb2 as api


class LoadBalancers(loadbalancer_api_pb2_grpc.LoadBalancerServiceServicer):
    """The servicer."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def GetJobLoadBalancers(self, request: job_api_pb2.JobId, context: Any) -> api.GetJobLoadBalancersResult:
        """List the balancers of one job; a job that nobody knows has none."""
        found: list[JobBalancers] = await self._control.ask(FindBalancers(job_id(request.id)))
        return _told(found[0]) if found else api.GetJobLoadBalancersResult(jobId=request.id)

    async def GetAllLoadBalancers(
        self, request: api.GetAllLoadBalancersRequest, context: Any
    ) -> api.GetAllLoadBalancersResult:
        """List the balancers of all jobs that have some, a page of jobs at a time, in order of job."""
        page = read_page(request.page)
        found: list[JobBalancers] = await self._control.ask(FindBalancers())
        covered = span(page, len(found), lambda key: bisect_right(found, key[1], key=lambda record: record.id))
        items = found[covered.start : covered.end]
        last = (0, found[covered.last].id) if found else None
        told = pagination(page, covered, last)
        if page.after is None:
            told.totalPages, told.totalItems = 1, len(items)
        return api.GetAllLoadBalancersResult(jobLoadBalancers=[_told(record) for record in items], pagination=told)

    async def AddLoadBalancer(self, request: api.AddLoadBalancerRequest, context: Any) -> empty_pb2.Empty:
        """Give a job a balancer."""
        await self._control.submit(AddBalancer(job_id(request.jobId), request.loadBalancerId.id))
        return empty_pb2.Empty()

    async def RemoveLoadBalancer(self, request: api.RemoveLoadBalancerRequest, context: Any) -> empty_pb2.Empty:
        """Take a balancer from a job."""
        await self._control.submit(RemoveBalancer(job_id(request.jobId), request.loadBalancerId.id))
        return empty_pb2.Empty()


def _told(record: JobBalancers) -> api.GetJobLoadBalancersResult:
    balancers = [api.LoadBalancerId(id=balancer) for balancer in record.balancers]
    return api.GetJobLoadBalancersResult(jobId=record.id, loadBalancers=balancers)
