"""The order of checks and what each says; every answer but an endpoint's own is plain text."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode

import pytest
from doors.mesos.serving.asgi import Exchange, answer, exchange
from starlette.requests import ClientDisconnect
from structlog.testing import capture_logs

from portico.domain.errors import Conflict, Invalid
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.encoding.calls import decode_scheduler_call
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.encoding.recordio import frame
from portico.doors.mesos.serving.authentication import BasicAuthentication
from portico.doors.mesos.serving.endpoints import GET, CallType, Endpoint, Endpoints, Standing
from portico.doors.mesos.serving.exchange import ACCEPTED, OK, Refused, text_reply
from portico.doors.mesos.serving.routing import Routing, RoutingSettings
from portico.doors.mesos.serving.streams import Stream, StreamEnd
from portico.wire.mesos import agent_pb2, master_pb2, scheduler_pb2

SCHEDULER = "/api/v1/scheduler"
JSON = {"content-type": "application/json"}
PROTOBUF = {"content-type": "application/x-protobuf"}
TEARDOWN = b'{"type":"TEARDOWN"}'
REALM = "mesos-master-scheduler"


class Door:
    """Endpoints whose handlers tests steer."""

    def __init__(self, **settings):
        self.standing = Standing()
        self.requests = []
        self.answers = ACCEPTED
        self.raises = None
        scheduler = CallType(
            scheduler_pb2.Call,
            "scheduler::Call",
            decode=decode_scheduler_call,
            optional=frozenset({"revive", "suppress"}),
            check=self.check,
        )
        agent = CallType(agent_pb2.Call, "agent::Call", streams=True)
        self.app = Routing(
            [
                Endpoint(SCHEDULER, self.handle, scheduler, realm=REALM, standing=lambda: self.standing),
                Endpoint("/api/v1", self.handle, CallType(master_pb2.Call, "master::Call")),
                Endpoint("/slave(1)/api/v1", self.handle, agent),
                Endpoint("/version", self.handle, methods=GET),
            ],
            lambda error: text_reply(409 if isinstance(error, Conflict) else 400, f"table: {error}"),
            BasicAuthentication(
                {"alice": "secret"}, frozenset({REALM}) if settings.pop("closed", False) else frozenset()
            ),
            RoutingSettings(**settings),
        )

    def check(self, call):
        if call.type == scheduler_pb2.Call.KILL and call.kill.task_id.value == "":
            raise Invalid("Expecting 'task_id' to be present", "kill.task_id")

    async def handle(self, request):
        self.requests.append(request)
        if self.raises is not None:
            raise self.raises
        if request.records is not None:
            self.streamed = [message async for message in request.records]
        return self.answers(request) if callable(self.answers) else self.answers


def refused(made, status, text):
    """Tell whether an answer is a plain text of that status that begins so."""
    assert made.status == status
    assert made.headers["content-type"] == "text/plain; charset=utf-8"
    assert made.body.decode().startswith(text)
    return True


def test_a_call_is_read_checked_and_handed_over():
    door = Door()
    made = answer(
        door.app,
        path=SCHEDULER,
        headers={**JSON, "mesos-stream-id": "s"},
        pieces=[b'{"type":"REVIVE",', b'"revive":{"roles":["a","b"]}}'],
    )
    assert (made.status, made.body, made.headers) == (202, b"", {"content-length": "0"})
    (request,) = door.requests
    assert request.message.type == scheduler_pb2.Call.REVIVE
    assert request.roles == ("a", "b")
    assert request.header("mesos-stream-id") == "s"
    assert request.header("absent") is None
    assert request.content is Encoding.JSON
    assert request.principal is None


@pytest.mark.parametrize("accept", [None, "application/json", "application/x-protobuf"])
def test_a_reply_has_the_encoding_asked_for(accept):
    door = Door()
    response = master_pb2.Response(type="GET_HEALTH", get_health=master_pb2.Response.GetHealth(healthy=True))
    door.answers = lambda request: request.reply(response)
    headers = {**JSON, **({"accept": accept} if accept else {})}
    made = answer(door.app, path="/api/v1", headers=headers, pieces=[b'{"type":"GET_HEALTH"}'])
    assert made.status == 200
    assert made.headers["content-type"] == accept or "application/json"
    read = (
        master_pb2.Response.FromString
        if accept == "application/x-protobuf"
        else lambda body: jsonpb.decode(master_pb2.Response, body)
    )
    assert read(made.body) == response


def test_a_large_reply_is_written_aside_and_sent_in_slices():
    door = Door()
    response = master_pb2.Response(
        type="READ_FILE", read_file=master_pb2.Response.ReadFile(size=1, data=b"x" * 1_000_000)
    )

    async def handle(request):
        return await request.reply_aside(response)

    door.handle = handle
    app = Routing(
        [Endpoint("/api/v1", handle, CallType(master_pb2.Call, "master::Call"))],
        lambda error: text_reply(500, str(error)),
    )
    made = answer(app, path="/api/v1", headers=JSON, pieces=[b'{"type":"GET_HEALTH"}'])
    assert made.body == jsonpb.encode(response)
    assert int(made.headers["content-length"]) == len(made.body)
    assert len(made.chunks) > 3
    assert max(map(len, made.chunks)) == 256 << 10


@pytest.mark.parametrize("size", [1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 512 << 10])
def test_slices_add_up(size):
    door = Door()
    door.answers = text_reply(200, "x" * size)
    assert answer(door.app, method="GET", path="/version").body == b"x" * size


def test_the_order_of_checks():
    door = Door(closed=True)
    credentials = "Basic " + b64encode(b"alice:secret").decode()
    request = {"method": "GET", "path": SCHEDULER, "headers": {}, "pieces": [b"{"]}
    door.standing = Standing(leads=False, recovered=False)
    assert refused(answer(door.app, **request), 401, "Missing")
    request["headers"] = {"authorization": credentials}
    assert refused(answer(door.app, **request), 503, "No leader elected")
    door.standing = Standing(leads=False, leader="h:5050", recovered=False)
    made = answer(door.app, **request)
    assert (made.status, made.headers["location"]) == (307, "//h:5050/api/v1/scheduler")
    door.standing = Standing(recovered=False)
    assert refused(answer(door.app, **request), 503, "This server has not finished recovery")
    door.standing = Standing()
    made = answer(door.app, **request)
    assert refused(made, 405, "Expecting one of { 'POST' }, but received 'GET'")
    assert made.headers["allow"] == "POST"
    request |= {"method": "POST"}
    assert refused(answer(door.app, **{**request, "pieces": [b"{"]}), 400, "Expecting 'Content-Type' to be present")
    headers = {"authorization": credentials, "accept": "text/html"}
    request["headers"] = {**headers, "content-type": "text/plain"}
    assert refused(answer(door.app, **request), 415, "Expecting 'Content-Type' of application/json or")
    request["headers"] = {**headers, **JSON}
    assert refused(answer(door.app, **request), 400, "Failed to parse body into JSON: ")
    request["pieces"] = [b'{"type":"ACCEPT"}']
    assert refused(
        answer(door.app, **request), 400, "Failed to validate scheduler::Call: Expecting 'accept' to be present"
    )
    request["pieces"] = [b'{"type":"KILL","kill":{"task_id":{"value":""}}}']
    assert refused(answer(door.app, **request), 400, "Failed to validate scheduler::Call: Expecting 'task_id'")
    request["pieces"] = [b'{"type":"UNKNOWN"}']
    assert refused(answer(door.app, **request), 406, "Expecting 'Accept' to allow")
    request["headers"] = {**JSON, "authorization": credentials}
    request["pieces"] = [b'{"type":"UNKNOWN"}']
    assert refused(answer(door.app, **request), 501, "This server knows no scheduler::Call of that type")
    assert door.requests == []
    request["pieces"] = [TEARDOWN]
    assert answer(door.app, **request).status == 202
    assert door.requests[0].principal == "alice"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/api/v1", "/api/v1"),
        ("/api/v1/", "/api/v1"),
        ("/api/v1/operator", "/api/v1"),
        ("/api/v1/scheduler", "/api/v1/scheduler"),
        ("/api/v1/scheduler/deeper/still", "/api/v1/scheduler"),
        ("/api/v1/schedulers", "/api/v1"),
        ("/slave(1)/api/v1/executor", "/slave(1)/api/v1"),
        ("/api/v2", None),
        ("/", None),
        ("", None),
    ],
)
def test_the_longest_path_wins(path, found):
    async def handle(_request):
        return OK

    endpoints = Endpoints(Endpoint(known, handle) for known in ("/api/v1", "/api/v1/scheduler/", "/slave(1)/api/v1"))
    endpoint = endpoints.find(path)
    assert (endpoint and endpoint.path.rstrip("/")) == found


def test_an_endpoint_at_the_root_takes_what_no_other_does():
    async def handle(_request):
        return OK

    assert Endpoints([Endpoint("/", handle)]).find("/a/b") is not None


def test_a_path_without_an_endpoint_is_not_found():
    assert refused(answer(Door().app, path="/nothing"), 404, "No endpoint is at '/nothing'")


def test_plain_endpoints_get_query_and_body():
    door = Door()
    door.answers = text_reply(200, "1.3.0")
    made = answer(door.app, method="GET", path="/version", query=b"a=1&a=2&b=%2Fx&c=")
    assert (made.status, made.body) == (200, b"1.3.0")
    assert door.requests[0].parameters == {"a": "2", "b": "/x", "c": ""}
    assert answer(door.app, path="/version", method="PUT").headers["allow"] == "GET, HEAD"


def test_errors_of_handlers_are_answered_by_refusal_or_by_the_table():
    door = Door()
    door.raises = Refused(403, "Framework is not subscribed", ((b"x-a", b"b"),))
    made = answer(door.app, path=SCHEDULER, headers=JSON, pieces=[TEARDOWN])
    assert refused(made, 403, "Framework is not subscribed")
    assert made.headers["x-a"] == "b"
    door.raises = Conflict("no room")
    assert refused(answer(door.app, path=SCHEDULER, headers=JSON, pieces=[TEARDOWN]), 409, "table: no room")


def test_what_a_handler_did_not_expect_is_logged_and_told_in_plain_text():
    door = Door()
    door.raises = RuntimeError("a defect")
    with capture_logs() as logs:
        made = answer(door.app, path=SCHEDULER, headers=JSON, pieces=[TEARDOWN])
    assert refused(made, 500, "Internal error; the server's log has it")
    (entry,) = logs
    assert (entry["event"], entry["path"], entry["exc_info"]) == ("internal_error", SCHEDULER, True)


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {**JSON, "content-length": "11"}},
        {"headers": JSON, "pieces": [b"x" * 11]},
        {"headers": JSON, "pieces": [b"x" * 6, b"x" * 5, b""]},
    ],
)
def test_a_body_above_the_bound_is_refused(request_):
    door = Door(body_bytes=10)
    assert refused(answer(door.app, path=SCHEDULER, **request_), 413, "The body has more than 10 bytes")


@pytest.mark.parametrize("pieces", [[None], [b"x", None]])
def test_a_client_that_leaves_within_its_body_is_not_answered(pieces):
    with pytest.raises(ClientDisconnect):
        answer(Door().app, path=SCHEDULER, headers=JSON, pieces=pieces)


def test_a_large_body_is_read_in_a_thread():
    door = Door()
    offers = [{"value": f"offer-{number}"} for number in range(20_000)]
    body = json.dumps({"type": "DECLINE", "decline": {"offer_ids": offers}}).encode()
    assert len(body) > 256 << 10
    assert answer(door.app, path=SCHEDULER, headers=JSON, pieces=[body]).status == 202
    assert len(door.requests[0].message.decline.offer_ids) == 20_000
    assert refused(answer(door.app, path=SCHEDULER, headers=JSON, pieces=[body[:-1]]), 400, "Failed to parse body")


INPUT = [
    {
        "type": "ATTACH_CONTAINER_INPUT",
        "attach_container_input": {"type": "CONTAINER_ID", "container_id": {"value": "c"}},
    },
    {"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": {"type": "PROCESS_IO"}},
]
STREAM = {"content-type": "application/recordio", "message-content-type": "application/json"}


def records(*messages):
    return b"".join(frame(json.dumps(message).encode()) for message in messages)


def test_a_request_may_be_a_stream_of_records():
    door = Door()
    body = records(*INPUT, INPUT[1])
    made = answer(door.app, path="/slave(1)/api/v1", headers=STREAM, pieces=[body[:3], body[3:50], b"", body[50:]])
    assert made.status == 202
    assert door.requests[0].message.attach_container_input.container_id.value == "c"
    assert [message.attach_container_input.type for message in door.streamed] == [2, 2]


@pytest.mark.parametrize(
    ("headers", "body", "status", "text"),
    [
        (STREAM, b"", 400, "Failed to parse body into JSON"),
        (STREAM, b"x", 400, "Failed to decode length of a record"),
        (STREAM, b"5\n{", 400, "the body ends inside a record"),
        (STREAM, records(INPUT[0]) + b"1\nx", 400, "table: Failed to parse body into JSON"),
        (STREAM, records(INPUT[0], {"type": "ATTACH_CONTAINER_INPUT"}), 400, "table: Failed to validate agent::Call"),
        ({"content-type": "application/recordio"}, b"", 400, "Expecting 'Message-Content-Type' to be set"),
        ({**JSON, "message-content-type": "application/json"}, TEARDOWN, 415, "'Message-Content-Type' should not"),
    ],
)
def test_a_broken_stream_of_records_is_refused(headers, body, status, text):
    assert refused(answer(Door().app, path="/slave(1)/api/v1", headers=headers, pieces=[body]), status, text)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ({}, {"content-type": "application/json"}),
        ({"accept": "application/x-protobuf"}, {"content-type": "application/x-protobuf"}),
        (
            {"accept": "application/recordio", "message-accept": "application/x-protobuf"},
            {"content-type": "application/recordio", "message-content-type": "application/x-protobuf"},
        ),
    ],
)
def test_a_stream_says_what_it_is_and_is_marked_endless(accept, expected):
    door = Door()
    ends = []

    def stream(request):
        stream = Stream(ends.append)
        stream.send(request.record(agent_pb2.ProcessIO(type="CONTROL")))
        stream.close()
        return request.reply_stream(stream, ((b"x-id", b"1"),))

    door.answers = stream
    body = b'{"type":"GET_HEALTH"}'
    made = answer(door.app, path="/slave(1)/api/v1", headers={**JSON, **accept}, pieces=[body])
    assert made.start["portico.endless"]
    assert made.headers == {**expected, "x-id": "1", "cache-control": "no-store"}
    assert len(made.chunks) == 1
    assert ends == [StreamEnd.CLOSED]


def test_a_stream_whose_response_cannot_begin_is_told_so():
    ends = []
    door = Door()
    door.answers = lambda request: request.reply_stream(Stream(ends.append))

    async def run():
        made = Exchange(path=SCHEDULER, headers=JSON, pieces=[TEARDOWN])
        made.reading.clear()
        task = asyncio.create_task(door.app(made.scope, made.receive, made.send))
        while not door.requests:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert ends == [StreamEnd.LEFT]


def test_two_requests_at_once_do_not_wait_for_each_other():
    door = Door()
    entered, release = asyncio.Event(), asyncio.Event()

    async def wait(_request):
        entered.set()
        await release.wait()
        return OK

    async def run():
        app = Routing(
            [Endpoint("/slow", wait), Endpoint("/version", door.handle)], lambda error: text_reply(500, str(error))
        )
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(exchange(app, path="/slow"))
            await entered.wait()
            assert (await exchange(app, path="/version")).status == 202
            assert not slow.done()
            release.set()

    asyncio.run(run())
