"""The gateway: every route becomes its RPC's message, and every reply and error has the API's JSON."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest
from google.protobuf import empty_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.requests import Request

from portico.doors.titus import errors
from portico.doors.titus.callers import NOBODY, current_caller
from portico.doors.titus.rest.gateway import Gateway
from portico.doors.titus.rest.routes import ROUTES
from portico.wire.titus import (
    autoscale_api_pb2,
    base_pb2,
    cluster_membership_api_pb2,
    eviction_api_pb2,
    health_pb2,
    job_api_pb2,
    jobs_pb2,
    loadbalancer_api_pb2,
    master_api_pb2,
    scheduler_api_pb2,
    task_relocation_api_pb2,
)

FILES = (
    autoscale_api_pb2,
    cluster_membership_api_pb2,
    eviction_api_pb2,
    health_pb2,
    job_api_pb2,
    loadbalancer_api_pb2,
    master_api_pb2,
    scheduler_api_pb2,
    task_relocation_api_pb2,
)
SERVICES = {service.name: service for module in FILES for service in module.DESCRIPTOR.services_by_name.values()}


def method(service: str, rpc: str) -> MethodDescriptor:
    return SERVICES[service].methods_by_name[rpc]


def proven(request: Request) -> str:
    return request.headers.get("x-test-certificate", "")


class Recorder:
    """Stands where a service would: keeps what it was asked and answers what it was told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.caller = NOBODY
        self.reply: Message | bytes | Exception = empty_pb2.Empty()

    def __getattr__(self, rpc: str) -> Any:
        async def call(request: Any, context: Any) -> Any:
            self.asked.append((rpc, request))
            self.caller = current_caller()
            if isinstance(self.reply, Exception):
                raise self.reply
            return self.reply

        return call


class Bench:
    """A gateway before one recorder."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        services = dict.fromkeys(SERVICES, self.recorder)
        self.app = Starlette(routes=list(Gateway(services, method, proven).routes()))

    def ask(self, verb: str, path: str, **more: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://titus") as client:
                return await client.request(verb, "/api" + path, **more)

        return asyncio.run(once())

    @property
    def request(self) -> Any:
        return self.recorder.asked[-1][1]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_every_route_names_an_rpc_and_builds_its_message() -> None:
    bench = Bench()
    for route in ROUTES:
        described = method(route.service, route.rpc)
        assert not described.server_streaming
        bench.recorder.reply = ValueError("the reply is not looked at")
        with pytest.raises(ValueError, match="not looked at"):
            bench.ask(route.method, route.path.replace("{id}", "critical") + "?keys=a&jobId=j&loadBalancerId=l")
        rpc, request = bench.recorder.asked[-1]
        assert rpc == route.rpc
        assert request.DESCRIPTOR.full_name == described.input_type.full_name


def test_a_created_job_is_202_with_its_id(bench: Bench) -> None:
    bench.recorder.reply = job_api_pb2.JobId(id="abc")
    answer = bench.ask("POST", "/v3/jobs", json={"applicationName": "app", "batch": {"size": 2}})
    assert (answer.status_code, answer.json()) == (202, {"id": "abc"})
    assert bench.request.batch.size == 2


def test_an_unknown_field_is_named(bench: Bench) -> None:
    answer = bench.ask("POST", "/v3/jobs", json={"applicationName": "app", "colour": 1})
    assert answer.status_code == 400
    assert answer.json()["statusCode"] == 400
    assert "Unrecognized field(s) [colour]" in answer.json()["message"]
    assert not bench.recorder.asked


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"batch": 3}', b"\xff\xfe", b'{"batch":' * 200])
def test_a_body_that_does_not_read_is_400(bench: Bench, body: bytes) -> None:
    answer = bench.ask("POST", "/v3/jobs", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) >= {"statusCode", "message", "errorDetails"}


def test_texts_end_with_one_full_stop(bench: Bench) -> None:
    network = {"networkConfiguration": {"networkMode": "Foo"}}
    for body in (json.dumps(network), json.dumps({"container": {"volumeMounts": [{"mountPropagation": "x"}]}}), "{"):
        said = bench.ask("POST", "/v3/jobs", content=body).json()["message"]
        assert said.endswith("."), said
        assert ".." not in said, said


def test_a_long_body_is_read_whole(bench: Bench) -> None:
    env = {f"NAME_{number}": "x" * 100 for number in range(500)}
    assert bench.ask("POST", "/v3/jobs", json={"container": {"env": env}}).status_code == 202
    assert dict(bench.request.container.env) == env
    answer = bench.ask("POST", "/v3/jobs", json={"container": {"env": env}, "nonsense": 1})
    assert (answer.status_code, answer.json()["message"]) == (400, "Unrecognized field(s) [nonsense]")
    answer = bench.ask("POST", "/v3/jobs", content=b"{" + b" " * (4 << 20))
    assert (answer.status_code, answer.json()["message"]) == (400, "The body is larger than 4194304 bytes")


def test_lists_have_a_page_of_ten_and_filters_from_the_rest(bench: Bench) -> None:
    bench.recorder.reply = job_api_pb2.JobQueryResult()
    bench.ask("GET", "/v3/jobs?appName=a&fields=id,%20status&debug=true&accesstoken=x&attributes=k:v")
    assert bench.request.page == base_pb2.Page(pageNumber=0, pageSize=10)
    assert dict(bench.request.filteringCriteria) == {"appName": "a", "attributes": "k:v"}
    assert list(bench.request.fields) == ["id", "status"]
    bench.ask("GET", "/v3/jobs?page=3&pageSize=7&cursor=c")
    assert bench.request.page == base_pb2.Page(pageNumber=3, pageSize=7, cursor="c")


@pytest.mark.parametrize("query", ["page=x", "pageSize=99999999999", "page=1.5"])
def test_a_page_that_is_no_number_is_400(bench: Bench, query: str) -> None:
    assert bench.ask("GET", f"/v3/tasks?{query}").status_code == 400


def test_replies_print_defaults_and_long_integers_as_text(bench: Bench) -> None:
    status = jobs_pb2.JobStatus(state=jobs_pb2.JobStatus.Accepted, timestamp=5)
    bench.recorder.reply = jobs_pb2.Job(id="j", status=status).SerializeToString()
    said = bench.ask("GET", "/v3/jobs/j").json()
    assert said["status"] == {"state": "Accepted", "reasonCode": "", "reasonMessage": "", "timestamp": "5"}
    assert said["statusHistory"] == []


def test_a_long_reply_is_written_whole_and_packed_on_demand(bench: Bench) -> None:
    jobs = [jobs_pb2.Job(id=f"{number}", jobDescriptor={"applicationName": "a" * 50}) for number in range(2_000)]
    bench.recorder.reply = job_api_pb2.JobQueryResult(items=jobs)
    plain = bench.ask("GET", "/v3/jobs", headers={"Accept-Encoding": "identity"})
    assert len(plain.json()["items"]) == 2_000
    packed = bench.ask("GET", "/v3/jobs", headers={"X-Titus-Compression": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert json.loads(gzip.decompress(gzip.compress(plain.content))) == plain.json()


def test_quiet_routes_answer_with_nothing(bench: Bench) -> None:
    answer = bench.ask("DELETE", "/v3/tasks/t?shrink=true&preventMinSizeUpdate=")
    assert (answer.status_code, answer.content) == (200, b"")
    assert bench.request == job_api_pb2.TaskKillRequest(taskId="t", shrink=True, preventMinSizeUpdate=True)
    assert bench.ask("POST", "/v3/loadBalancers?jobId=j&loadBalancerId=l").status_code == 204


def test_numbers_stand_for_wrapped_capacities(bench: Bench) -> None:
    bench.ask("PUT", "/v3/jobs/j/capacityAttributes", json={"min": 0, "desired": 4})
    said = bench.request.jobCapacityWithOptionalAttributes
    assert (said.HasField("min"), said.HasField("max"), said.desired.value) == (True, False, 4)


def test_attributes_of_another_job_are_refused(bench: Bench) -> None:
    answer = bench.ask("PUT", "/v3/jobs/j/attributes", json={"jobId": "other", "attributes": {"a": "b"}})
    assert answer.status_code == 400
    assert bench.ask("PUT", "/v3/jobs/j/attributes", json={"attributes": {"a": "b"}}).status_code == 200
    assert bench.ask("DELETE", "/v3/jobs/j/attributes").status_code == 400


def test_the_member_is_the_one_of_the_path(bench: Bench) -> None:
    for verb, path in (("POST", "labels"), ("DELETE", "labels"), ("POST", "enable")):
        place = f"/v3/clustermembership/members/m/{path}"
        assert bench.ask(verb, place, json={"memberId": "other"}).status_code == 400
        bench.ask(verb, place, json={})
        assert bench.request.memberId == "m"


def test_errors_have_the_status_of_their_code(bench: Bench) -> None:
    for error, status in (
        (errors.job_not_found("j"), 404),
        (errors.too_many_jobs(3, 3), 429),
        (errors.job_terminating("j"), 409),
        (errors.unimplemented("no"), 501),
    ):
        bench.recorder.reply = error
        answer = bench.ask("GET", "/v3/jobs/j")
        assert answer.status_code == answer.json()["statusCode"] == status


def test_debug_adds_the_context(bench: Bench) -> None:
    bench.recorder.reply = errors.broken_rules([errors.Violation("owner.teamEmail", "must not be empty")])
    assert "errorContext" not in bench.ask("GET", "/v3/jobs/j").json()
    for more in ({"path": "?debug=true"}, {"path": "", "headers": {"X-Titus-Debug": "true"}}):
        answer = bench.ask("GET", "/v3/jobs/j" + more.pop("path"), **more)
        assert "owner.teamEmail" in json.dumps(answer.json()["errorContext"])


def test_headers_reach_the_service(bench: Bench) -> None:
    bench.recorder.reply = jobs_pb2.Job()
    bench.ask("GET", "/v3/jobs/j", headers={"X-Titus-CallerId": "me"})
    assert bench.recorder.caller.id == "me"
    bench.ask("GET", "/v3/jobs/j", headers={"X-Test-Certificate": "cert"})
    assert bench.recorder.caller.id == "cert"


def test_call_metadata_that_does_not_read_is_refused(bench: Bench) -> None:
    answer = bench.ask("GET", "/v3/status", headers={"X-Titus-CallMetadata-bin": "****"})
    assert answer.status_code == 400
    assert not bench.recorder.asked


def test_services_may_name_their_methods_as_python_does() -> None:
    class Jobs:
        async def find_job(self, request: Any, context: Any) -> bytes:
            return jobs_pb2.Job(id=request.id).SerializeToString()

        def __getattr__(self, name: str) -> Any:
            if not name.islower():
                raise AttributeError(name)
            return self.find_job

    async def once() -> httpx.Response:
        app = Starlette(routes=list(Gateway({"JobManagementService": Jobs()}, method, proven).routes()))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://titus") as client:
            return await client.get("/api/v3/jobs/j")

    assert asyncio.run(once()).json()["id"] == "j"


def test_an_unknown_path_is_404_in_the_same_shape(bench: Bench) -> None:
    answer = bench.ask("GET", "/v3/nothing")
    assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)


def test_a_known_path_with_another_method_is_405_in_the_same_shape(bench: Bench) -> None:
    for verb, path, allowed in (
        ("DELETE", "/v3/jobs", "GET, HEAD, POST"),
        ("PATCH", "/v3/jobs/j", "DELETE, GET, HEAD"),
        ("OPTIONS", "/v3/tasks/move", "DELETE, GET, HEAD, POST"),
    ):
        answer = bench.ask(verb, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        said = {"statusCode": 405, "message": f"{verb} is not allowed: /api{path}", "errorDetails": None}
        assert answer.json() == said
