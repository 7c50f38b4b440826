"""JobManagementService through a real server: every RPC answers, errors look as clients know them."""

import asyncio
import contextlib
import uuid
from types import SimpleNamespace

import grpc
import grpc.aio
import pytest
from doors.titus.extension.stage import Stage, batch, service
from google.protobuf.wrappers_pb2 import UInt32Value
from google.rpc import error_details_pb2, status_pb2

from portico.domain.errors import NotFound, Unavailable
from portico.doors.titus.calling import ReadingServer
from portico.doors.titus.errors import translate
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.service import SERVICE, JobManagementService, add_to_server
from portico.doors.titus.services import ENDLESS
from portico.doors.titus.watching.streams import Streams
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration
from portico.wire.titus import base_pb2, job_api_pb2, job_api_pb2_grpc, jobs_pb2

CALLER = (("x-titus-callerid", "carol"), ("x-titus-callreason", "because"))
UNKNOWN = str(uuid.uuid4())
LOOPBACK = Address("127.0.0.1", 0)
DIGEST = "sha256:" + "ab" * 32
SKIPPED = "titus.sanitization.skipped.image"


class Shelf:
    """Images as a source would have them, by name."""

    async def digest_of(self, image):
        if image == "acme/known:1":
            return DIGEST
        if image == "acme/nobody:1":
            raise NotFound("the registry has no such tag")
        if image == "acme/silent:1":
            raise Unavailable("the registry is down")
        return ""


class Served:
    def __init__(self, stage, stub):
        self.stage = stage
        self.stub = stub

    async def create(self, descriptor):
        return (await self.stub.CreateJob(descriptor, metadata=CALLER)).id

    async def refused(self, method, request, **more):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(self.stub, method)(request, **more)
        return caught.value


@contextlib.asynccontextmanager
async def served():
    stage = Stage()
    await stage.node()
    encodings = Encodings()
    streams = Streams(stage.standing, encodings)
    rpcs = JobManagementService(stage.plane, streams, encodings, stage.standing.settings, Shelf())
    registration = Registration(
        lambda server: add_to_server(rpcs, ReadingServer(server, lambda _context: "")),
        (SERVICE,),
        "titus",
        translate,
        ENDLESS,
    )
    server = GrpcServer([registration], Metrics())
    (address,) = await server.start([LOOPBACK])
    await server.open()

    async def go_on():
        while True:
            await stage.settle(1)
            await asyncio.sleep(0.001)

    going = [asyncio.ensure_future(go_on()), asyncio.ensure_future(streams.run())]
    try:
        async with grpc.aio.insecure_channel(str(address)) as channel:
            yield Served(stage, job_api_pb2_grpc.JobManagementServiceStub(channel))
    finally:
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        await server.stop(0)


def story(play):
    """Run an async test against a server."""

    async def run():
        async with served() as at:
            await play(at)

    asyncio.run(run())


def test_a_job_is_created_found_and_killed():
    async def play(at):
        job = await at.create(service(1))
        found = await at.stub.FindJob(job_api_pb2.JobId(id=job))
        assert found.id == job
        assert found.status.state == jobs_pb2.JobStatus.Accepted
        assert found.jobDescriptor.attributes["titus.createdBy"] == "carol"
        assert found.jobDescriptor.attributes["titus.callReason"] == "because"
        page = base_pb2.Page(pageSize=10)
        jobs = await at.stub.FindJobs(job_api_pb2.JobQuery(page=page, fields=["status"]))
        assert [(item.id, item.jobDescriptor.applicationName) for item in jobs.items] == [(job, "")]
        tasks = await at.stub.FindTasks(job_api_pb2.TaskQuery(page=page, filteringCriteria={"jobIds": job}))
        (task,) = tasks.items
        assert await at.stub.FindTask(job_api_pb2.TaskId(id=task.id)) == task
        await at.stub.KillJob(job_api_pb2.JobId(id=job), metadata=CALLER)
        killed = await at.stub.FindJob(job_api_pb2.JobId(id=job))
        assert killed.status.state == jobs_pb2.JobStatus.KillInitiated
        assert killed.status.reasonMessage == "carol because"

    story(play)


def test_every_update_reaches_the_job():
    async def play(at):
        job = await at.create(service(2))
        other = await at.create(service(0))
        await at.stub.UpdateJobCapacity(
            job_api_pb2.JobCapacityUpdate(jobId=job, Capacity=jobs_pb2.Capacity(min=1, desired=2, max=5))
        )
        optional = jobs_pb2.JobCapacityWithOptionalAttributes(max=UInt32Value(value=9))
        await at.stub.UpdateJobCapacityWithOptionalAttributes(
            job_api_pb2.JobCapacityUpdateWithOptionalAttributes(jobId=job, jobCapacityWithOptionalAttributes=optional)
        )
        await at.stub.UpdateJobStatus(job_api_pb2.JobStatusUpdate(id=job, enableStatus=False))
        processes = jobs_pb2.ServiceJobSpec.ServiceJobProcesses(disableIncreaseDesired=True)
        await at.stub.UpdateJobProcesses(job_api_pb2.JobProcessesUpdate(jobId=job, serviceJobProcesses=processes))
        budget = jobs_pb2.JobDisruptionBudget()
        budget.relocationLimit.limit = 4
        await at.stub.UpdateJobDisruptionBudget(
            job_api_pb2.JobDisruptionBudgetUpdate(jobId=job, disruptionBudget=budget)
        )
        await at.stub.UpdateJobAttributes(job_api_pb2.JobAttributesUpdate(jobId=job, attributes={"a": "1", "b": "2"}))
        await at.stub.DeleteJobAttributes(job_api_pb2.JobAttributesDeleteRequest(jobId=job, keys=["a"]))
        descriptor = (await at.stub.FindJob(job_api_pb2.JobId(id=job))).jobDescriptor
        assert descriptor.service.capacity == jobs_pb2.Capacity(min=1, desired=2, max=9)
        assert not descriptor.service.enabled
        assert descriptor.service.serviceJobProcesses == processes
        assert descriptor.disruptionBudget.relocationLimit.limit == 4
        assert "a" not in descriptor.attributes
        assert descriptor.attributes["b"] == "2"
        task = at.stage.tasks(job)[0].id
        await at.stub.UpdateTaskAttributes(job_api_pb2.TaskAttributesUpdate(taskId=task, attributes={"x": "1"}))
        await at.stub.DeleteTaskAttributes(job_api_pb2.TaskAttributesDeleteRequest(taskId=task, keys=["y"]))
        await at.stub.MoveTask(job_api_pb2.TaskMoveRequest(sourceJobId=job, targetJobId=other, taskId=task))
        moved = await at.stub.FindTask(job_api_pb2.TaskId(id=task))
        assert (moved.jobId, dict(moved.attributes)) == (other, {"x": "1"})
        await at.stub.KillTask(job_api_pb2.TaskKillRequest(taskId=task, shrink=True), metadata=CALLER)
        killed = await at.stub.FindTask(job_api_pb2.TaskId(id=task))
        assert (killed.status.reasonCode, killed.status.reasonMessage) == ("scaledDown", "carol because(shrink=true)")

    story(play)


def test_ids_that_are_no_uuids_are_refused_by_every_rpc():
    async def play(at):
        api = job_api_pb2
        requests = {
            "UpdateJobCapacity": api.JobCapacityUpdate(jobId="x"),
            "UpdateJobCapacityWithOptionalAttributes": api.JobCapacityUpdateWithOptionalAttributes(jobId="x"),
            "UpdateJobStatus": api.JobStatusUpdate(id="x"),
            "UpdateJobProcesses": api.JobProcessesUpdate(jobId="x"),
            "UpdateJobDisruptionBudget": api.JobDisruptionBudgetUpdate(jobId="x"),
            "UpdateJobAttributes": api.JobAttributesUpdate(jobId="x"),
            "DeleteJobAttributes": api.JobAttributesDeleteRequest(jobId="x"),
            "KillJob": api.JobId(id="x"),
            "FindJob": api.JobId(id="x"),
            "FindTask": api.TaskId(id="x"),
            "KillTask": api.TaskKillRequest(taskId="x"),
            "UpdateTaskAttributes": api.TaskAttributesUpdate(taskId="x"),
            "DeleteTaskAttributes": api.TaskAttributesDeleteRequest(taskId="x"),
            "MoveTask": api.TaskMoveRequest(sourceJobId=UNKNOWN, targetJobId=UNKNOWN, taskId="x"),
        }
        for method, request in requests.items():
            error = await at.refused(method, request)
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, method
            assert "id must be UUID string" in error.details(), method
        error = await at.refused("KillJob", api.JobId(id=UNKNOWN))
        assert (error.code(), UNKNOWN in error.details()) == (grpc.StatusCode.NOT_FOUND, True)

    story(play)


def test_a_wrong_descriptor_is_refused_with_its_fields_for_those_who_ask():
    async def play(at):
        wrong = batch(0)
        wrong.owner.teamEmail = "nobody"
        error = await at.refused("CreateJob", wrong, metadata=(("x-titus-debug", "true"),))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        trailers = dict(error.trailing_metadata())
        assert "owner.teamEmail" in trailers["x-titus-error"]
        status = status_pb2.Status.FromString(trailers["x-titus-error-bin"])
        bad = error_details_pb2.BadRequest()
        assert any(detail.Unpack(bad) for detail in status.details)
        assert {violation.field for violation in bad.field_violations} >= {"owner.teamEmail", "extensions.size"}
        plain = await at.refused("CreateJob", wrong)
        assert "x-titus-error-bin" not in dict(plain.trailing_metadata())

    story(play)


def test_a_long_descriptor_is_converted_like_any_other():
    async def play():
        async with served() as there:
            descriptor = service(1)
            for number in range(200):
                descriptor.container.env[f"NAME_{number}"] = "x" * 100
            job = await there.create(descriptor)
            assert len((await there.stub.FindJob(job_api_pb2.JobId(id=job))).jobDescriptor.container.env) == 200
            descriptor.container.env["MORE"] = "x" * 20_000
            error = await there.refused("CreateJob", descriptor)
            assert "container.env" in error.details()

    asyncio.run(play())


def of_image(name, digest=""):
    descriptor = service(0)
    image = descriptor.container.image
    image.name, _, image.tag = name.partition(":")
    image.digest = digest
    descriptor.attributes[SKIPPED] = "true"  # from a client: dropped
    return descriptor


@pytest.mark.parametrize(
    ("name", "given", "digest", "skipped"),
    [
        ("acme/known:1", "", DIGEST, False),
        ("acme/known:1", "no digest", "no digest", False),
        ("acme/silent:1", "", "", True),
        ("acme/other:1", "", "", False),
        ("acme/other:1", DIGEST, DIGEST, False),
        ("portico/host:latest", "", "", False),
    ],
)
def test_a_job_says_what_its_image_was_found_to_be(name, given, digest, skipped):
    async def play(at):
        job = await at.create(of_image(name, given))
        found = (await at.stub.FindJob(job_api_pb2.JobId(id=job))).jobDescriptor
        image = found.container.image
        assert (f"{image.name}:{image.tag}", image.digest) == (name, digest)
        assert found.attributes.get(SKIPPED) == ("true" if skipped else None)

    story(play)


def test_an_image_that_is_known_not_to_be_there_is_refused():
    async def play(at):
        error = await at.refused("CreateJob", of_image("acme/nobody:1"), metadata=(("x-titus-debug", "true"),))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "'field: 'container.image', description: 'image acme/nobody:1 is not known" in error.details()
        assert "the registry has no such tag" in error.details()
        status = status_pb2.Status.FromString(dict(error.trailing_metadata())["x-titus-error-bin"])
        bad = error_details_pb2.BadRequest()
        assert any(detail.Unpack(bad) for detail in status.details)
        assert [violation.field for violation in bad.field_violations] == ["container.image"]

    story(play)


def test_a_task_moves_between_jobs_of_which_one_could_not_ask_for_its_image():
    async def play(at):
        asked = of_image("acme/known:1")
        asked.service.capacity.desired = 1
        source = await at.create(asked)
        other, silent = await at.create(of_image("acme/other:1")), await at.create(of_image("acme/silent:1"))
        task = at.stage.tasks(source)[0].id
        move = job_api_pb2.TaskMoveRequest(sourceJobId=source, targetJobId=other, taskId=task)
        assert "container.image" in (await at.refused("MoveTask", move)).details()
        move.targetJobId = silent
        await at.stub.MoveTask(move)
        assert (await at.stub.FindTask(job_api_pb2.TaskId(id=task))).jobId == silent

    story(play)


def test_sizes_beyond_signed_numbers_are_negative():
    async def play(at):
        job = await at.create(service(1))
        wrong = jobs_pb2.Capacity(min=1 << 31, desired=1, max=2)
        error = await at.refused("UpdateJobCapacity", job_api_pb2.JobCapacityUpdate(jobId=job, Capacity=wrong))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT

    story(play)


def test_a_page_must_be_given():
    async def play(at):
        for method, request in (("FindJobs", job_api_pb2.JobQuery()), ("FindTasks", job_api_pb2.TaskQuery())):
            error = await at.refused(method, request)
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT

    story(play)


def test_a_job_is_observed_to_its_end():
    async def play(at):
        job = await at.create(batch(1))
        call = at.stub.ObserveJob(job_api_pb2.JobId(id=job))
        heard = []
        async for notification in call:
            kind = notification.WhichOneof("Notification")
            if kind == "jobUpdate":
                heard.append(jobs_pb2.JobStatus.JobState.Name(notification.jobUpdate.job.status.state))
            elif kind == "taskUpdate":
                heard.append(jobs_pb2.TaskStatus.TaskState.Name(notification.taskUpdate.task.status.state))
            else:
                heard.append(kind)
                (task,) = at.stage.tasks(job)
                await at.stage.started(task.id)
                await at.stage.ended(task.id)
        assert heard[heard.index("snapshotEnd") :] == ["snapshotEnd", "Started", "Finished", "Finished"]

    story(play)


def test_jobs_are_observed_with_keep_alive():
    async def play(at):
        call = at.stub.ObserveJobsWithKeepAlive()
        await call.write(job_api_pb2.ObserveJobsWithKeepAliveRequest(query=job_api_pb2.ObserveJobsQuery()))
        assert (await call.read()).WhichOneof("Notification") == "snapshotEnd"
        job = await at.create(service(0))
        assert (await call.read()).jobUpdate.job.id == job
        asked = job_api_pb2.ObserveJobsWithKeepAliveRequest()
        asked.keepAliveRequest.timestamp = 7
        await call.write(asked)
        assert (await call.read()).keepAliveResponse.request.timestamp == 7
        plain = at.stub.ObserveJobs(job_api_pb2.ObserveJobsQuery(filteringCriteria={"bad": "x"}))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await plain.read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        call.cancel()

    story(play)


def test_replies_are_packed_for_those_who_ask():
    async def play(at):
        job = await at.create(service(1))
        reply = await at.stub.FindJob(job_api_pb2.JobId(id=job), metadata=(("x-titus-compression", "gzip"),))
        assert reply.id == job

    story(play)


def test_every_method_of_the_service_is_served():
    handlers = []

    class Server:
        def add_generic_rpc_handlers(self, added):
            handlers.extend(added)

    add_to_server(JobManagementService(None, None, None, None, None), Server())
    methods = job_api_pb2.DESCRIPTOR.services_by_name["JobManagementService"].methods_by_name
    for name in methods:
        details = SimpleNamespace(method=f"/{SERVICE}/{name}", invocation_metadata=())
        assert handlers[0].service(details) is not None, name
