"""LoadBalancerService: which jobs may have balancers, how they are listed, and when they go."""

from __future__ import annotations

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, batch, service
from doors.titus.neighbours.neighbour_stage import CONTEXT, NeighbourStage

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.balancers import MOST_OF_A_JOB, AddBalancer, RemoveBalancer
from portico.doors.titus.neighbours.load_balancers import LoadBalancers
from portico.wire.titus import base_pb2, job_api_pb2
from portico.wire.titus import loadbalancer_api_pb2 as pb

NOBODY = "11111111-1111-1111-1111-111111111111"


class Trial:
    def __init__(self, stage=None):
        self.stage = stage or NeighbourStage()
        self.service = LoadBalancers(self.stage.plane)

    async def add(self, job, balancer="b"):
        request = pb.AddLoadBalancerRequest(jobId=job, loadBalancerId=pb.LoadBalancerId(id=balancer))
        await self.stage.call(self.service.AddLoadBalancer, request)

    async def remove(self, job, balancer="b"):
        request = pb.RemoveLoadBalancerRequest(jobId=job, loadBalancerId=pb.LoadBalancerId(id=balancer))
        await self.stage.call(self.service.RemoveLoadBalancer, request)

    async def of(self, job):
        found = await self.stage.call(self.service.GetJobLoadBalancers, job_api_pb2.JobId(id=job))
        assert found.jobId == job
        return [balancer.id for balancer in found.loadBalancers]

    async def all(self, **page):
        request = pb.GetAllLoadBalancersRequest(page=base_pb2.Page(**page))
        return await self.stage.call(self.service.GetAllLoadBalancers, request)


def test_balancers_come_and_go():
    async def play():
        trial = Trial()
        job = await trial.stage.create(service(1))
        for balancer in ("two", "one", "two"):
            await trial.add(job, balancer)
        assert await trial.of(job) == ["two", "one"]
        await trial.remove(job, "two")
        await trial.remove(job, "never")
        assert await trial.of(job) == ["one"]
        await trial.remove(job, "one")
        assert await trial.of(job) == await trial.of(NOBODY) == []
        await trial.remove(NOBODY, "one")

    asyncio.run(play())


@pytest.mark.parametrize("command", [AddBalancer, RemoveBalancer])
def test_a_change_is_answered_when_it_is_durable(command):
    async def play():
        trial = Trial()
        stage = trial.stage
        job = await stage.create(service(1))
        await trial.add(job, "one")
        stage.writer.hold = True
        told = asyncio.ensure_future(stage.plane.submit(command(job, "two" if command is AddBalancer else "one")))
        await stage.settle()
        assert not told.done()
        stage.writer.hold = False
        stage.writer.flush()
        await told

    asyncio.run(play())


def test_every_refusal_is_an_invalid_argument():
    async def play():
        trial = Trial()
        fixed, ending = await trial.stage.create(batch(1)), await trial.stage.create(service(1))
        await trial.stage.node()
        await trial.stage.started(trial.stage.tasks(ending)[0].id)
        await trial.stage.do(commands.KillJob(ending, ALICE))
        good = await trial.stage.create(service(1))
        for job, balancer in (
            (NOBODY, "b"),
            (fixed, "b"),
            (ending, "b"),
            (good, " "),
            (good, "b" * 1_025),
            ("no uuid", "b"),
        ):
            with pytest.raises(TitusError) as caught:
                await trial.add(job, balancer)
            assert caught.value.code is Code.INVALID_ARGUMENT
        for number in range(MOST_OF_A_JOB):
            await trial.add(good, f"b{number}")
        with pytest.raises(TitusError) as caught:
            await trial.add(good, "one too many")
        assert caught.value.code is Code.INVALID_ARGUMENT
        await trial.add(good, "b0")
        assert len(await trial.of(good)) == MOST_OF_A_JOB

    asyncio.run(play())


def test_pages_are_in_order_of_job():
    async def play():
        trial = Trial()
        jobs = sorted([await trial.stage.create(service(0)) for _ in range(5)])
        for job in reversed(jobs):
            await trial.add(job)
        first = await trial.all(pageSize=2)
        assert [one.jobId for one in first.jobLoadBalancers] == jobs[:2]
        assert (first.pagination.totalPages, first.pagination.totalItems) == (1, 2)
        assert first.pagination.hasMore
        second = await trial.all(pageSize=2, cursor=first.pagination.cursor)
        await trial.remove(jobs[3])
        third = await trial.all(pageSize=2, cursor=second.pagination.cursor)
        assert [one.jobId for page in (second, third) for one in page.jobLoadBalancers] == jobs[2:]
        assert not third.pagination.hasMore
        assert [one.jobId for one in (await trial.all(pageSize=3, pageNumber=1)).jobLoadBalancers] == [jobs[4]]

    asyncio.run(play())


def test_a_page_must_have_a_size():
    async def play():
        with pytest.raises(TitusError) as caught:
            await Trial().all()
        assert caught.value.code is Code.INVALID_ARGUMENT

    asyncio.run(play())


def test_balancers_live_as_long_as_their_job():
    async def play():
        trial = Trial()
        kept, gone = await trial.stage.create(service(0)), await trial.stage.create(service(0))
        await trial.add(kept)
        await trial.add(gone)
        await trial.stage.do(commands.KillJob(gone, ALICE))
        assert await trial.of(gone) == []
        trial = Trial(trial.stage.restart())
        assert await trial.of(kept) == ["b"]
        assert CONTEXT.invocation_metadata() == ()

    asyncio.run(play())
