"""CreateJob: identity, who asked, group sequences, bounds."""

import asyncio
import uuid

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, service

from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.standing import Site
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2


def story(play):
    """Run an async test."""
    asyncio.run(play())


def grouped(sequence, stack="st", detail="d"):
    return service(0, jobGroupInfo=jobs_pb2.JobGroupInfo(stack=stack, detail=detail, sequence=sequence))


async def refused(stage, command):
    with pytest.raises(TitusError) as caught:
        await stage.do(command)
    return caught.value


def test_a_job_begins_accepted_with_who_asked_and_why():
    async def play():
        stage = Stage(site=Site(cell="c1", stack="s1"))
        job = await stage.create(batch(1))
        uuid.UUID(job)
        found = stage.job(job)
        assert (found.status.state, found.status.code) == ("Accepted", "normal")
        assert found.status.message == "New Job created. Next tasks will be launched."
        assert found.history == ()
        attributes = stage.descriptor(job).attributes
        assert dict(attributes) == {
            "titus.createdBy": "alice",
            "titus.callReason": "a trial",
            "titus.cell": "c1",
            "titus.stack": "s1",
        }
        (task,) = stage.tasks(job)
        assert (task.context["titus.cell"], task.context["titus.stack"]) == ("c1", "s1")

    story(play)


def test_a_federated_id_is_taken_and_noted():
    async def play():
        stage = Stage()
        identity = str(uuid.uuid4())
        descriptor = batch(1)
        descriptor.attributes["titus.federatedJobId"] = identity
        assert await stage.create(descriptor) == identity
        attributes = stage.descriptor(identity).attributes
        assert "titus.federatedJobId" not in attributes
        assert attributes["titus.originalFederatedJobId"] == identity
        assert (await refused(stage, commands.CreateJob(descriptor, ALICE))).code is Code.ALREADY_EXISTS
        await stage.do(commands.KillJob(identity, ALICE))
        assert identity not in stage.standing.jobs
        assert (await refused(stage, commands.CreateJob(descriptor, ALICE))).code is Code.ALREADY_EXISTS
        descriptor.attributes["titus.federatedJobId"] = "my-job"
        assert (await refused(stage, commands.CreateJob(descriptor, ALICE))).code is Code.INVALID_ARGUMENT

    story(play)


def test_a_group_sequence_is_held_by_one_unfinished_job():
    async def play():
        stage = Stage()
        job = await stage.create(grouped("001"))
        error = await refused(stage, commands.CreateJob(grouped("001"), ALICE))
        assert error.code is Code.INVALID_SEQUENCE_ID
        assert str(error) == f"Constraint violation - job with group sequence app-st-d-001 exists ({job})"
        await stage.create(grouped("002"))
        await stage.create(grouped("001", stack="other"))
        await stage.create(grouped(""))
        await stage.create(grouped(""))
        await stage.do(commands.KillJob(job, ALICE))
        await stage.create(grouped("001"))

    story(play)


def test_a_group_sequence_stays_held_over_a_restart_and_while_the_job_is_being_killed():
    async def play():
        stage = Stage()
        await stage.node()
        job = await stage.create(service(1, jobGroupInfo=jobs_pb2.JobGroupInfo(sequence="001")))
        await stage.started(stage.tasks(job)[0].id)
        await stage.do(commands.KillJob(job, ALICE))
        again = stage.restart()
        same = service(1, jobGroupInfo=jobs_pb2.JobGroupInfo(sequence="001"))
        assert (await refused(again, commands.CreateJob(same, ALICE))).code is Code.INVALID_SEQUENCE_ID

    story(play)


def test_a_second_job_of_a_sequence_that_is_not_durable_yet_is_told_to_come_again():
    async def play():
        stage = Stage()
        stage.writer.hold = True
        first = asyncio.ensure_future(stage.plane.submit(commands.CreateJob(grouped("001"), ALICE)))
        await stage.settle()
        assert not first.done()
        error = await refused(stage, commands.CreateJob(grouped("001"), ALICE))
        assert error.code is Code.JOB_CREATE_LIMITED
        stage.writer.hold = False
        stage.writer.flush()
        await first
        error = await refused(stage, commands.CreateJob(grouped("001"), ALICE))
        assert error.code is Code.INVALID_SEQUENCE_ID

    story(play)


def test_a_sequence_is_free_again_when_its_job_could_not_be_written(monkeypatch):
    async def play():
        stage = Stage()
        with monkeypatch.context() as patch:
            patch.setattr(stage.plane.state.tables["titus_jobs"], "encode", lambda _: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                await stage.create(grouped("001"))
        await stage.create(grouped("001"))

    story(play)


def test_active_jobs_are_bounded():
    async def play():
        stage = Stage(limits=Limits(max_active_jobs=2))
        first = await stage.create(service(0))
        await stage.create(service(0))
        assert (await refused(stage, commands.CreateJob(service(0), ALICE))).code is Code.JOB_CREATE_LIMITED
        await stage.do(commands.KillJob(first, ALICE))
        await stage.create(service(0))

    story(play)


def test_a_job_waits_in_the_pool_of_its_group():
    async def play():
        stage = Stage()
        descriptor = service(0)
        descriptor.capacityGroup = "nobody-knows"
        job = await stage.create(descriptor)
        assert stage.plane.state.jobs[job].pool == "/titus/DEFAULT"
        assert stage.descriptor(job).capacityGroup == "nobody-knows"

    story(play)
